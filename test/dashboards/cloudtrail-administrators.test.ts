/** The panels about administrators: without a list, with one, and after it was changed. Events are the calls of trail-calls.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../src/api/contract.ts';
import { eventsOf, NOW } from '../api/helpers.ts';
import { startTrailServer, type TrailServer } from './raw-events.ts';
import { ACCOUNT, CALLS, NAMES, type RawEvent, rawEvent } from './trail-calls.ts';

type PanelEvent = Extract<RunEvent, { type: 'panel' }>;
type Keep = (e: RawEvent) => boolean;
type Cell = string | number | null;

const HOUR = 3600;
const DAY = 24 * HOUR;
const PLACES: Readonly<Record<string, readonly [code: string, country: string, city: string, latitude: number, longitude: number]>> = {
  '203.0.113.7': ['DE', 'Germany', 'Frankfurt am Main', 50.1109, 8.6821],
  '8.8.8.8': ['US', 'United States', 'Mountain View', 37.4223, -122.085],
};
const WHO = Object.keys(NAMES) as (keyof typeof NAMES)[];
const events: RawEvent[] = CALLS.flatMap((call, i) =>
  [0, 1, 2].map((k) => {
    const who = call.who ?? (WHO[(i + k) % WHO.length] as keyof typeof NAMES);
    const address = k === 1 && !call.address && who !== 'service' ? '8.8.8.8' : call.address;
    // The last is of the day before.
    const at = k === 2 ? NOW - DAY - 1 - i : NOW - 1 - ((i * 997 + k * 313) % DAY);
    return rawEvent({ ...call, ...(address ? { address } : {}) }, { who, at, id: `e${i}-${k}`, region: 'us-east-1' });
  }),
);
const inWindow: Keep = (e) => e.at >= NOW - DAY && e.at < NOW;

let trail: TrailServer;
beforeAll(async () => {
  trail = await startTrailServer(
    Object.entries(PLACES).map(([address, [iso_code, name, city, latitude, longitude]]) => [
      `${address}/32`,
      { country: { iso_code, names: { en: name } }, city: { names: { en: city } }, location: { latitude, longitude } },
    ]),
  );
  await trail.ingest(...events.map((e) => e.record));
});
afterAll(() => trail.close());

async function run(): Promise<Map<string, PanelEvent>> {
  const response = await trail.server.post('/api/v1/dashboards/cloudtrail-administrators/run', { from: '-24h', to: 'now' });
  const found = await eventsOf(response);
  expect(found.filter((e) => e.type === 'error')).toEqual([]);
  return new Map(found.filter((e) => e.type === 'panel').map((e) => [e.panel, e]));
}

/** Rows of a panel by the names of its columns. */
function rowsOf(panel: PanelEvent | undefined, names: readonly string[]): Cell[][] {
  expect(panel?.state).toBe('data');
  expect(panel?.columns.map((c) => c.name).toSorted()).toEqual(names.toSorted());
  const at = names.map((name) => panel?.columns.findIndex((c) => c.name === name) as number);
  return (panel?.rows ?? []).map((row) => at.map((i) => row[i] as Cell));
}

/** Keys of each group with the number of its events. */
function counts(of: readonly RawEvent[], keep: Keep, key: (e: RawEvent) => Cell[]): Cell[][] {
  return [
    ...Map.groupBy(
      of.filter((e) => inWindow(e) && keep(e)),
      (e) => JSON.stringify(key(e)),
    ),
  ].map(([id, group]) => [...(JSON.parse(id) as Cell[]), group.length]);
}

const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();
const shown = (text: string | undefined): string | null => text ?? null;
const isSignIn: Keep = (e) => e.record.eventName === 'ConsoleLogin';
const failed: Keep = (e) => e.outcome === 'failure';

/** What the record says, or what stands for it in records older than the field. */
const reads: Keep = ({ call }) => call.readOnly ?? /^(?:Describe|Get|List)/.test(call.name);

function activity(e: RawEvent): string {
  const { eventSource, eventName } = e.record;
  if (eventSource === 'signin.amazonaws.com') return 'sign-in';
  if (reads(e)) return 'read';
  return /^(?:iam|organizations)\./.test(eventSource) || /Policy|Acl|SecurityGroup/.test(eventName) ? 'permissions' : 'write';
}

/** Of single values: buckets that end at the window’s end. */
function expectBuckets(panel: PanelEvent | undefined, keep: Keep): void {
  const found = new Map(rowsOf(panel, ['_timeslice', '_count']).map(([at, count]) => [Number(at) / 1000, Number(count)]));
  expect(found.size).toBe(DAY / 900);
  for (const [at, count] of found) expect([at, count]).toEqual([at, events.filter((e) => keep(e) && e.at >= at && e.at < at + 900).length]);
}

function expectAll(panels: Map<string, PanelEvent>, isAdmin: Keep): void {
  const and =
    (...keeps: Keep[]): Keep =>
    (e) =>
      isAdmin(e) && keeps.every((keep) => keep(e));
  expectBuckets(panels.get('admin-events'), isAdmin);
  expectBuckets(panels.get('admin-failures'), and(failed));
  expect(sorted(rowsOf(panels.get('admin-activity'), ['_timeslice', 'activity', '_count']))).toEqual(
    sorted(counts(events, isAdmin, (e) => [Math.floor(e.at / HOUR) * HOUR * 1000, activity(e)])),
  );
  expect(sorted(rowsOf(panels.get('top-admins'), ['userName', 'outcome', '_count']))).toEqual(sorted(counts(events, isAdmin, (e) => [e.actor, e.outcome])));

  const failures = events.filter((e) => inWindow(e) && and(failed)(e));
  const groups = Map.groupBy(failures, ({ actor, record: r }) =>
    JSON.stringify([actor, r.eventName, r.eventSource, shown(r.errorCode), r.sourceIPAddress, r.awsRegion, ACCOUNT]),
  );
  const table = rowsOf(panels.get('admin-failures-table'), [
    'newest',
    'userName',
    'eventName',
    'eventSource',
    'errorCode',
    'sourceIPAddress',
    'awsRegion',
    'recipientAccountId',
    '_count',
  ]);
  expect(sorted(table)).toEqual(
    sorted([...groups].map(([id, group]) => [Math.max(...group.map((e) => e.at)) * 1000, ...(JSON.parse(id) as Cell[]), group.length])),
  );
  expect(table.map((row) => row[0])).toEqual(table.map((row) => row[0]).toSorted((a, b) => Number(b) - Number(a)));

  const place = ({ record }: RawEvent): Cell[] => {
    const [code = null, country = null, city = null, latitude = null, longitude = null] = PLACES[record.sourceIPAddress] ?? [];
    return [latitude, longitude, code, country, null, city];
  };
  expect(sorted(rowsOf(panels.get('admin-sign-in-places'), ['latitude', 'longitude', 'country_code', 'country_name', 'state', 'city', '_count']))).toEqual(
    sorted(counts(events, and(isSignIn), place)),
  );
  const signIns = ['time', 'userName', 'outcome', 'mfa', 'sourceIPAddress', 'src_country', 'src_city', 'client', 'recipientAccountId', 'event_id'];
  // A row is an event: beside its id everything is compared.
  expect(sorted(rowsOf(panels.get('admin-sign-ins'), signIns).map((row) => [...row.slice(0, -1), 1]))).toEqual(
    sorted(
      counts(events, and(isSignIn), (e) => {
        const [, , code, , , city] = place(e) as [Cell, Cell, Cell, Cell, Cell, Cell];
        return [e.at * 1000, e.actor, e.outcome, e.mfa, e.record.sourceIPAddress, code, city, 'AWS CLI', ACCOUNT];
      }),
    ),
  );
  const changes = rowsOf(panels.get('admin-changes'), [
    'time',
    'userName',
    'eventName',
    'eventSource',
    'errorCode',
    'resource_arns',
    'sourceIPAddress',
    'awsRegion',
    'recipientAccountId',
    'event_id',
  ]).map((row) => [...row.slice(0, -1), 1]);
  const changed = counts(
    events,
    and((e) => !reads(e) && activity(e) !== 'sign-in'),
    ({ at, actor, record: r }) => [...[at * 1000, actor, r.eventName, r.eventSource, shown(r.errorCode), null], ...[r.sourceIPAddress, r.awsRegion, ACCOUNT]],
  );
  const newest = changed.toSorted((a, b) => Number(b[0]) - Number(a[0])).slice(0, 100);
  expect(changes.map((row) => row[0])).toEqual(newest.map((row) => row[0]));
  expect(sorted(changes)).toEqual(sorted(newest));
}

test('without a list each panel says that nobody is listed', async () => {
  const panels = await run();
  expect([...panels.values()].map((p) => [p.state, p.rows.length])).toEqual(Array.from({ length: 8 }, () => ['no-administrators', 0]));
});

test('with a list they are about those on it, and a change of the list about others', async () => {
  await trail.server.post('/api/v1/administrators', { entry: 'arn:aws:iam::*:role/ops/*' });
  expectAll(await run(), (e) => e.actor === 'Admin/zoe');
  await trail.server.post('/api/v1/administrators', { entry: 'root' });
  expectAll(await run(), (e) => e.actor === 'Admin/zoe' || e.actor === 'root');
  const { administrators } = (await (await trail.server.call('/api/v1/administrators')).json()) as { administrators: { id: string; entry: string }[] };
  const role = administrators.find(({ entry }) => entry.startsWith('arn:'));
  await trail.server.call(`/api/v1/administrators/${role?.id}`, { method: 'DELETE' });
  expectAll(await run(), (e) => e.actor === 'root');
});

test('a list of people who did nothing is no empty list', async () => {
  const { library, catalogs } = trail.server.deps;
  for (const item of await library.list('administrator')) await library.remove(item.id);
  await library.create({ kind: 'administrator', name: 'nobody', body: { note: '' } });
  await catalogs.reload();
  const panels = await run();
  expect(panels.get('top-admins')).toMatchObject({ rows: [] });
  expect([...panels.values()].filter((p) => p.state === 'no-administrators')).toEqual([]);
});
