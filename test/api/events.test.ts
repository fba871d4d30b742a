/** Events over real HTTP: what is stored of them, their records, dashboards that read them, and what indicators say of their clients. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecordsResponse, RunEvent } from '../../src/api/contract.ts';
import { Dashboard } from '../../src/dashboards/schema.ts';
import { withValue } from '../../src/web/search/results/edit.ts';
import { event, type Json, trail } from '../ingest/events.ts';
import { openPlace, type Place } from '../ingest/helpers.ts';
import { eventsOf, NOW, startServer, type TestServer } from './helpers.ts';

const HOUR = 3600;
const DAY = 86_400;
const TODAY = Math.floor(NOW / DAY) * DAY;
const FLOWS_AT = TODAY - 20 * DAY;

const panel = (id: string, query: string, more = {}) => ({ id, title: id, description: 'D.', kind: 'table', query, ...more });
const dashboard = Dashboard.parse({
  id: 'of-events',
  title: 'Events',
  description: 'D.',
  useCase: 'D.',
  app: 'Test',
  sections: [
    {
      id: 'all',
      title: 'All',
      panels: [
        panel('actors', '_index=cloudtrail | count by userName'),
        panel('failed', '_index=cloudtrail outcome=failure | count by eventName'),
        panel('groups', '_index=cloudtrail | count by requestParameters.groupId'),
        panel('compared', '_index=cloudtrail | timeslice 1h | count by _timeslice | compare with timeshift 1d 2'),
      ],
    },
  ],
});

/** Today, yesterday and the day before: so many events in each of these hours. */
const COUNTS = [
  { day: 0, hour: 3, count: 4 },
  { day: 0, hour: 5, count: 2 },
  { day: 1, hour: 3, count: 7 },
  { day: 2, hour: 3, count: 1 },
  { day: 2, hour: 5, count: 3 },
];

function records(): Json[] {
  const list = COUNTS.flatMap(({ day, hour, count }) =>
    Array.from({ length: count }, (_, i) =>
      event(`${day}-${hour}-${i}`, TODAY - day * DAY + hour * HOUR + i, { requestParameters: { groupId: `sg-${i}`, ports: [22] } }),
    ),
  );
  return [
    ...list,
    event('hidden', TODAY + 7 * HOUR, {
      eventName: 'ConsoleLogin',
      eventSource: 'signin.amazonaws.com',
      userIdentity: { type: 'IAMUser', userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      responseElements: { ConsoleLogin: 'Failure' },
      userAgent: 'Evil/1.0',
      tlsDetails: { clientProvidedHostHeader: 'Evil.example' },
      requestParameters: { endpoint: 'sub.evil.example' },
    }),
    event('service', TODAY + 7 * HOUR + 1, {
      userIdentity: { type: 'AWSService', invokedBy: 'ec2.amazonaws.com' },
      sourceIPAddress: 'ec2.amazonaws.com',
      userAgent: 'evil/1.0',
    }),
    event('starred', TODAY - 29 * DAY, { requestParameters: { bucketName: 'logs-*' } }),
    event('plain', TODAY - 29 * DAY + 1, { requestParameters: { bucketName: 'logs-1' } }),
    event('early', TODAY - 30 * DAY, { userAgent: 'Evil/1.0', requestParameters: { endpoint: 'evil.example' } }),
  ];
}

let place: Place;
let server: TestServer;

beforeAll(async () => {
  place = await openPlace();
  await place.file('events.json.gz', trail(records()));
  await place.file(
    'flows.log',
    `start srcaddr dstaddr bytes action\n${FLOWS_AT} 198.51.100.7 10.0.0.1 7 REJECT\n${FLOWS_AT + 5} 198.51.100.8 10.0.0.1 7 ACCEPT\n`,
  );
  const summary = await place.pipeline.ingest([`${place.directory}/logs`]);
  expect(summary).toMatchObject({ stored: 24, quarantined: 0 });
  const put = `INSERT INTO bartizan.indicator (feed, type, value, confidence, valid_from, valid_until, imported, removed) VALUES`;
  const rows = [
    // Valid since the day before yesterday; one of lower confidence; an allowed one; one that is over.
    `('late', 'user-agent', 'Evil/1.0', 70, ${TODAY - 2 * DAY}, 0, ${NOW}, 0)`,
    `('weak', 'user-agent', 'Evil/1.0', 20, 0, 0, ${NOW}, 0)`,
    `('loose', 'user-agent', 'aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64', 90, 0, 0, ${NOW}, 0)`,
    `('over', 'user-agent', 'Evil/1.0', 99, 0, ${TODAY - DAY}, ${NOW}, 0)`,
    `('names', 'domain', 'evil.example', 80, 0, 0, ${NOW}, 0)`,
  ];
  await place.store.command({ text: `${put} ${rows.join(', ')}`, params: {} });
  const catalogs = Object.create(place.catalogs) as typeof place.catalogs;
  const threats = { allowed: { loose: ['AWS-CLI/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64'] }, prefixes: [128] };
  Object.defineProperty(catalogs, 'current', { value: () => ({ ...place.catalogs.current(), threats }) });
  server = await startServer({
    deps: { store: place.store, catalogs, dashboards: [dashboard], present: () => place.metadata.present(), absentMask: () => place.metadata.absentMask() },
  });
});
afterAll(async () => {
  await server?.close();
  await place.close();
});

async function found(query: string, from = TODAY, to = TODAY + DAY): Promise<RecordsResponse> {
  const response = await server.post('/api/v1/records', { query, from, to });
  expect(response.status).toBe(200);
  return (await response.json()) as RecordsResponse;
}
async function rows(query: string, from: number, to: number): Promise<unknown[][]> {
  const response = await server.post('/api/v1/query', { query, from, to });
  const answer = (await response.json()) as { rows: unknown[][] };
  expect([response.status, answer]).toEqual([200, expect.objectContaining({ rows: expect.any(Array) })]);
  return answer.rows;
}
const run = async (body: object) => {
  const events = await eventsOf(await server.post('/api/v1/dashboards/of-events/run', body));
  const panels = events.filter((e): e is Extract<RunEvent, { type: 'panel' }> => e.type === 'panel');
  return { panels: new Map(panels.map((p) => [p.panel, p])), end: events.at(-1), start: events[0] };
};

it('says of each dataset how much there is, and from when to when', async () => {
  const status = await (await server.call('/api/v1/status')).json();
  expect(status).toMatchObject({
    records: 24,
    extent: { from: TODAY - 30 * DAY, to: TODAY + 7 * HOUR + 2 },
    datasets: [
      { dataset: 'vpc_flow', records: 2, extent: { from: FLOWS_AT, to: FLOWS_AT + 6 } },
      { dataset: 'cloudtrail', records: 22, extent: { from: TODAY - 30 * DAY, to: TODAY + 7 * HOUR + 2 } },
    ],
  });
});

it('finds a value with a star as itself where a click asks for it, and as any text in the scope', async () => {
  const query = withValue('_index=cloudtrail', { name: 'bucket', kind: 'text', field: 'requestParameters.bucketName' }, 'logs-*', false);
  expect((await found(query, TODAY - 29 * DAY)).records.map((r) => r.fields.eventID)).toEqual(['starred']);
  expect((await found('_index=cloudtrail requestParameters.bucketName="logs-*"', TODAY - 29 * DAY)).total).toBe(2);
});

it('gives the fields of an event by their names at AWS, and what is hidden as it stands', async () => {
  const { records: list, total } = await found('_index=cloudtrail userName=HIDDEN_DUE_TO_SECURITY_REASONS');
  expect(total).toBe(1);
  expect(list[0]).toMatchObject({ dataset: 'cloudtrail', time: (TODAY + 7 * HOUR) * 1000 });
  expect(list[0]?.fields).toMatchObject({
    eventID: 'hidden',
    eventName: 'ConsoleLogin',
    eventTime: new Date((TODAY + 7 * HOUR) * 1000).toISOString().replace('.000Z', 'Z'),
    userName: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    'userIdentity.type': 'IAMUser',
    recipientAccountId: '123456789012',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '198.51.100.7',
    outcome: 'failure',
  });
  // An event of a service has no address.
  const [service] = (await found('_index=cloudtrail eventID=service')).records;
  expect([service?.fields.sourceIPAddress, service?.fields['source.ip'], service?.document.source]).toEqual([
    'ec2.amazonaws.com',
    undefined,
    { address: 'ec2.amazonaws.com' },
  ]);
});

it('tells the indicator of a client that holds at the event’s time, and no other', async () => {
  const indicatorOf = async (id: string, from = TODAY) => {
    const [record] = (await found(`_index=cloudtrail eventID=${id}`, from)).records;
    return (record?.document.threat as { indicator?: Json } | undefined)?.indicator;
  };
  expect(await indicatorOf('hidden')).toMatchObject({ name: 'Evil/1.0', type: 'user-agent', provider: 'late', confidence: 'Medium' });
  expect(await indicatorOf('hidden')).not.toHaveProperty('ip');
  // Before the better one held; another spelling; a client that is allowed for its feed.
  expect(await indicatorOf('early', TODAY - 31 * DAY)).toMatchObject({ provider: 'over' });
  expect(await indicatorOf('service')).toBeUndefined();
  expect(await indicatorOf('0-3-0')).toBeUndefined();
  const asked =
    '_index=cloudtrail | threatlookup singleIndicator src_ip, userAgent | where !isNull(_threatlookup.indicator) | count by eventID, _threatlookup.source';
  expect(await rows(asked, TODAY, TODAY + DAY)).toEqual([['hidden', 'late', 1]]);
});

it('compares hosts with indicators of domains where a query asks, and nowhere else', async () => {
  const asked = (name: string) =>
    `_index=cloudtrail | ${name} as host | threatlookup singleIndicator host | where !isNull(_threatlookup.indicator) | count by eventID, _threatlookup.source`;
  const direct =
    '_index=cloudtrail | threatlookup singleIndicator tlsDetails.clientProvidedHostHeader | where !isNull(_threatlookup.indicator) | count by eventID, _threatlookup.source';
  const all = [TODAY - 31 * DAY, TODAY + DAY] as const;
  expect(await rows(direct, ...all)).toEqual([['hidden', 'names', 1]]);
  expect(await rows(asked('tlsDetails.clientProvidedHostHeader'), ...all)).toEqual([['hidden', 'names', 1]]);
  // No subdomain of it.
  expect(await rows(asked('requestParameters.endpoint'), ...all)).toEqual([['early', 'names', 1]]);
  expect(await rows(asked('sourceIPAddress'), ...all)).toEqual([]);
});

it('runs a dashboard of events on events alone', async () => {
  const today = { from: TODAY, to: TODAY + DAY };
  const { panels, end } = await run(today);
  expect(panels.get('actors')?.rows).toEqual([
    ['ann', 6],
    ['HIDDEN_DUE_TO_SECURITY_REASONS', 1],
    ['ec2.amazonaws.com', 1],
  ]);
  expect(panels.get('failed')?.rows).toEqual([['ConsoleLogin', 1]]);
  expect(end).toMatchObject({ type: 'end', skipdata: 0 });
  const before = await run({ from: TODAY - 60 * DAY, to: TODAY - 50 * DAY });
  expect(before.panels.get('actors')).toMatchObject({ state: 'no-data', extent: { from: TODAY - 30 * DAY, to: TODAY + 7 * HOUR + 2 } });
  // A filter on a value in the JSON of events.
  const filtered = await run({ ...today, filters: [{ field: 'requestParameters.groupId', values: ['sg-0', 'sg-3'], negate: false }] });
  expect(filtered.panels.get('groups')?.rows).toEqual([
    ['sg-0', 2],
    ['sg-3', 1],
  ]);
  expect(filtered.panels.get('failed')).toMatchObject({ state: 'no-match', rows: [] });
  const wrong = await server.post('/api/v1/dashboards/of-events/run', { ...today, filters: [{ field: 'requestParameter.groupId', values: ['x'] }] });
  expect(wrong.status).toBe(400);
});

it('says that there are no events where there are flows alone, and begins all time with the first event', async () => {
  const flows = await run({ from: FLOWS_AT - HOUR, to: FLOWS_AT + HOUR });
  expect([...flows.panels.values()].map(({ panel: id, state }) => [id, state])).toEqual(
    expect.arrayContaining(['actors', 'failed', 'groups'].map((id) => [id, 'no-data'])),
  );
  expect((await run({ from: 'all', to: TODAY + DAY })).start).toMatchObject({ window: { from: TODAY - 30 * DAY, to: TODAY + DAY } });
});

it('compares windows of events as if each were read on its own', async () => {
  const { panels } = await run({ from: TODAY, to: TODAY + 6 * HOUR });
  const counted = async (day: number) =>
    new Map((await rows('_index=cloudtrail | timeslice 1h | count by _timeslice', TODAY - day * DAY, TODAY - day * DAY + 6 * HOUR)) as [number, number][]);
  const alone = await Promise.all([0, 1, 2].map(counted));
  const at = (day: number, hour: number) => alone[day]?.get((TODAY - day * DAY + hour * HOUR) * 1000) ?? null;
  expect(panels.get('compared')?.rows).toEqual([3, 5].map((hour) => [(TODAY + hour * HOUR) * 1000, at(0, hour), at(1, hour), at(2, hour)]));
  expect(COUNTS.map(({ day, hour }) => at(day, hour))).toEqual(COUNTS.map(({ count }) => count));
});
