/** Gaps on rhythms that are known, beside a second reading of the rule, and what the API says of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../bench/flows.ts';
import type { CompletenessResponse, CompletenessRow, CompletenessSource } from '../../src/api/contract/completeness.ts';
import { lagClass, lagFrom, lagPercentile } from '../../src/model/lag.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { eventsOf, NOW, startServer, type TestServer } from './helpers.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** End of the window that most tests ask for: 12:30, a little before now. */
const TO = Math.floor(NOW / 300) * 300;
const FROM = TO - DAY;

let server: TestServer;
let collector: string;

beforeAll(async () => {
  server = await startServer();
  collector = (await server.metadata.sources.createCollector({ name: 'branch', description: '' })).id;
});
afterAll(() => server.close());

async function makeSource(name: string, kind: 'http' | 's3' = 'http'): Promise<string> {
  const empty = { sourceCategory: '', sourceName: '', sourceHost: '', records: DEFAULT_RECORD_SETTINGS, connection: {}, secrets: {} };
  return (await server.metadata.sources.create({ ...empty, collector, kind, name })).id;
}

interface Count {
  readonly source?: string;
  readonly category?: string;
  readonly account: string;
  readonly region?: string;
  /** Of records, epoch seconds. */
  readonly starts: readonly number[];
  readonly delay?: number;
  readonly kind?: 'records' | 'nodata' | 'skipdata';
  /** Events have none. */
  readonly bytes?: number;
}

/** Writes what ingest would count of records with these starts. */
async function count({
  source = '',
  category = '',
  account,
  region = 'eu-central-1',
  starts,
  delay = 120,
  kind = 'records',
  bytes = 100,
}: Count): Promise<void> {
  const rows = starts.map(
    (at) =>
      `(${Math.floor(at / 300) * 300}, '${source}', '', '${category}', '${account}', '${region}', ${lagClass(delay)}, ${Number(kind === 'records')}, ${Number(kind === 'nodata')}, ${Number(kind === 'skipdata')}, ${bytes}, ${at}, ${at}, ${at + 60 + delay})`,
  );
  await server.store.command({
    text: `INSERT INTO bartizan.ingest_counter (start, source, collector, category, account, region, lag, records, nodata, skipdata, bytes, first_start, last_start, last_received) VALUES ${rows.join(', ')}`,
    params: {},
  });
}

const every = (step: number, from: number, to: number, offset = 0): number[] => {
  const out = [];
  for (let at = from + offset; at < to; at += step) out.push(at);
  return out;
};
const without = (starts: readonly number[], from: number, to: number) => starts.filter((at) => at < from || at >= to);

async function ask(query = `from=${FROM}&to=${TO}`): Promise<CompletenessResponse> {
  const response = await server.call(`/api/v1/completeness?${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as CompletenessResponse;
}

async function sourceOf(id: string, query?: string): Promise<CompletenessSource> {
  const found = (await ask(query)).sources.find((s) => s.id === id);
  if (!found) throw new Error('the source is not listed');
  return found;
}

const accounts = (source: CompletenessSource): Map<string, CompletenessRow> => new Map(source.rows.map((row) => [row.account, row]));

describe('trails', () => {
  const chain = (from: number, to: number, faults: object[] = []) =>
    JSON.stringify({
      runs: [{ from, to, digests: 3, logFiles: 5, signed: true, previous: null, last: { object: 'b/k', hash: 'a', signature: 'a' }, lastFrom: to - HOUR }],
      faults,
      dropped: 0,
    });

  it('are late where a source that runs brings no digest any more, and only there', async () => {
    const id = await makeSource('trail bucket', 's3');
    const paused = await makeSource('paused bucket', 's3');
    await server.metadata.sources.update(paused, { paused: true });
    const trail = { trail: 't', home: 'eu-central-1', region: 'eu-central-1' };
    const save = (source: string, account: string, text: string) => server.metadata.proofs.save({ ...trail, source, account }, text);
    await save(id, '200000000001', chain(FROM, TO - HOUR));
    await save(id, '200000000002', chain(FROM, TO - 5 * HOUR));
    await save(paused, '200000000003', chain(FROM, TO - 5 * HOUR));
    await save('', '200000000004', chain(FROM, TO - 5 * HOUR));
    await save(id, '200000000005', chain(FROM - 9 * DAY, FROM - 8 * DAY));
    await save('', '200000000006', chain(FROM - 9 * DAY, FROM - 8 * DAY));
    const fault = { code: 'log-file-missing', digest: 'b/k', from: FROM + HOUR, to: FROM + 2 * HOUR, message: 'b/x is missing.', count: 2 };
    await save('gone', '200000000007', chain(FROM, TO - HOUR, [fault]));
    const { trails, trailsTruncated } = await ask();
    expect(trailsTruncated).toBe(false);
    expect(trails.map(({ account, state, sourceName }) => [Number(account.slice(-1)), state, sourceName])).toEqual([
      [7, 'broken', 'a source that was removed'],
      [2, 'late', 'trail bucket'],
      [5, 'late', 'trail bucket'],
      [1, 'proven', 'trail bucket'],
      [3, 'proven', 'paused bucket'],
      [4, 'proven', 'files'],
    ]);
    expect(trails[0]).toMatchObject({
      since: FROM,
      until: FROM + HOUR,
      faults: [{ code: 'log-file-missing', count: 2, meaning: expect.stringContaining('missing') }],
    });
    expect(trails.find(({ account }) => account.endsWith('5'))).toMatchObject({ until: FROM - 8 * DAY, newest: FROM - 8 * DAY, ranges: [] });
    // In a window before the fault nothing is known against it.
    const before = (await ask(`from=${FROM}&to=${FROM + HOUR}`)).trails.find(({ account }) => account.endsWith('7'));
    expect(before).toMatchObject({ state: 'proven', faults: [] });
  });
});

describe('rhythms', () => {
  it('tells holes and silence from what is usual', async () => {
    const id = await makeSource('rhythms');
    const week = FROM - 3 * DAY;
    const regular = every(300, week, TO - 300, 7);
    const next = random(5);
    const irregular: number[] = [];
    for (let at = week; at < TO - 600; at += 60 + -Math.log(1 - next()) * 12 * MINUTE) irregular.push(Math.floor(at));
    const nightly = every(300, week, TO - 300).filter((at) => at % DAY < 20 * HOUR || at % (30 * MINUTE) === 0);
    await count({ source: id, account: '100000000001', starts: regular });
    await count({ source: id, account: '100000000002', starts: without(regular, FROM + 5 * HOUR, FROM + 5 * HOUR + 40 * MINUTE) });
    await count({ source: id, account: '100000000003', starts: regular.filter((at) => at < TO - 2 * HOUR) });
    await count({ source: id, account: '100000000004', starts: irregular });
    await count({ source: id, account: '100000000005', starts: without(irregular, FROM + 8 * HOUR, FROM + 14 * HOUR) });
    await count({ source: id, account: '100000000006', starts: nightly });
    // The newest records take an hour: silence for half of one says nothing.
    await count({ source: id, account: '100000000007', starts: every(300, week, TO - 50 * MINUTE), delay: HOUR });
    await count({ source: id, account: '100000000008', starts: [TO - 8 * HOUR, TO - 7 * HOUR, TO - 10 * MINUTE] });
    // A hole with NODATA in it is none; SKIPDATA is said where it is.
    await count({ source: id, account: '100000000009', starts: without(regular, FROM + 5 * HOUR, FROM + 6 * HOUR) });
    await count({ source: id, account: '100000000009', starts: every(600, FROM + 5 * HOUR, FROM + 6 * HOUR), kind: 'nodata' });
    await count({ source: id, account: '100000000010', starts: regular });
    await count({ source: id, account: '100000000010', starts: [FROM + 3 * HOUR + 1, FROM + 3 * HOUR + 2, FROM + 9 * HOUR], kind: 'skipdata' });
    // Its hole began before the window.
    await count({ source: id, account: '100000000011', starts: without(regular, FROM - 2 * HOUR, FROM + 2 * HOUR) });

    const source = await sourceOf(id);
    const rows = accounts(source);
    const states = Object.fromEntries([...rows].map(([account, row]) => [Number(account.slice(-2)), row.state]).sort());
    expect(states).toEqual({ 1: 'ok', 2: 'gap', 3: 'silent', 4: 'ok', 5: 'gap', 6: 'ok', 7: 'ok', 8: 'unknown', 9: 'ok', 10: 'skipped', 11: 'gap' });
    expect(rows.get('100000000002')?.gaps).toEqual([{ from: FROM + 5 * HOUR, to: FROM + 5 * HOUR + 40 * MINUTE, open: false }]);
    const silent = rows.get('100000000003') as CompletenessRow;
    expect(silent).toMatchObject({ gaps: [{ from: TO - 2 * HOUR, open: true }], lastRecord: TO - 2 * HOUR - 300 + 7, usual: 300 });
    expect(silent.gaps[0]?.to).toBeLessThanOrEqual(NOW - 120);
    expect(silent.gaps[0]?.to).toBeGreaterThan(NOW - 120 - 900);
    expect(rows.get('100000000011')?.gaps).toEqual([{ from: FROM, to: FROM + 2 * HOUR, open: false }]);
    expect(rows.get('100000000010')).toMatchObject({
      skipped: [
        { at: FROM + 3 * HOUR, count: 2 },
        { at: FROM + 9 * HOUR, count: 1 },
      ],
      skipdata: 3,
    });
    expect(rows.get('100000000008')).toMatchObject({ usual: null, gaps: [], records: 3 });
    expect(source.rows.map((r) => r.state)).toEqual(['silent', 'gap', 'gap', 'gap', 'skipped', 'unknown', 'ok', 'ok', 'ok', 'ok', 'ok']);
    // The longest hole first.
    expect(source.rows.slice(1, 4).map((r) => r.account.slice(-2))).toEqual(['05', '11', '02']);
  });

  it('sums what was counted, and cuts it into cells without losing any', async () => {
    const answer = await ask();
    const row = accounts(await sourceOf((answer.sources[0] as CompletenessSource).id)).get('100000000001') as CompletenessRow;
    const expected = every(300, FROM - 3 * DAY, TO - 300, 7).filter((at) => at >= FROM && at < TO);
    expect(answer.window).toEqual({ from: FROM, to: TO });
    expect(answer.cell).toBe(900);
    expect(row).toMatchObject({ records: expected.length, nodata: 0, bytes: expected.length * 100 });
    expect(row.strip).toEqual(Array.from({ length: 96 }, (_, i) => expected.filter((at) => Math.floor((at - FROM) / 900) === i).length));
    expect(row.lag?.p50).toBeGreaterThan(90);
    expect(row.lag?.p99).toBeLessThan(190);
  });

  it('says the same as a second reading of the rule, on random rhythms', async () => {
    const id = await makeSource('random');
    const next = random(99);
    const all = new Map<string, number[]>();
    for (let i = 0; i < 40; i++) {
      const account = String(200_000_000_000 + i);
      const mean = [2, 5, 10, 30, 60][i % 5] as number;
      const noise = next();
      const starts: number[] = [];
      for (let at = FROM - 2 * DAY + next() * HOUR; at < TO - 1200; at += MINUTE * mean * (1 - noise + 2 * noise * next()) + 1) starts.push(Math.floor(at));
      const hole = FROM + next() * 20 * HOUR;
      all.set(account, i % 3 === 0 ? starts : without(starts, hole, hole + next() * 4 * HOUR));
    }
    for (const [account, starts] of all) await count({ source: id, account, starts });
    const rows = accounts(await sourceOf(id));
    let gaps = 0;
    for (const [account, starts] of all) {
      const expected = second(starts);
      gaps += expected.length;
      expect([account, rows.get(account)?.gaps.filter((gap) => !gap.open)]).toEqual([account, expected]);
    }
    expect(gaps).toBeGreaterThan(5);
    expect([...rows.values()].filter((row) => row.state === 'ok').length).toBeGreaterThan(10);
  });

  /** The rule, read from the documentation: docs/completeness.md. */
  function second(starts: readonly number[]): { from: number; to: number; open: boolean }[] {
    const buckets = [...new Set(starts.map((at) => Math.floor(at / 300)))].sort((a, b) => a - b);
    const steps = buckets
      .slice(1)
      .map((b, i) => (b - (buckets[i] as number)) * 300)
      .sort((a, b) => a - b);
    const usual = steps[steps.length - 1 - Math.max(1, Math.ceil(steps.length / 50))] as number;
    return starts.slice(1).flatMap((at, i) => {
      const before = starts[i] as number;
      const [from, to] = [Math.max(FROM, Math.floor(before / 300) * 300 + 300), Math.min(TO, Math.floor(at / 300) * 300)];
      return at - before > Math.max(3 * usual, 900) && from < to ? [{ from, to, open: false }] : [];
    });
  }

  it('ends files where they end, and forgets them behind the window', async () => {
    const starts = without(every(300, FROM, FROM + 10 * HOUR), FROM + 4 * HOUR, FROM + 6 * HOUR);
    await count({ category: 'by-hand', account: '300000000000', starts });
    const files = (answer: CompletenessResponse) => answer.sources.find((s) => s.category === 'by-hand');
    expect(files(await ask())).toMatchObject({
      name: 'by-hand',
      kind: 'files',
      rows: [{ state: 'gap', gaps: [{ from: FROM + 4 * HOUR, to: FROM + 6 * HOUR, open: false }] }],
    });
    expect(files(await ask(`from=${FROM}&to=${FROM + HOUR}`))?.rows).toMatchObject([{ state: 'ok', gaps: [] }]);
    expect(files(await ask(`from=${FROM + 12 * HOUR}&to=${TO}`))).toBeUndefined();
  });

  it('lists a source that has nothing yet, and counts what was brought again', async () => {
    const id = await makeSource('new');
    await server.metadata.repeated(id, 12);
    await server.metadata.repeated(id, 30);
    const now = NOW + 60;
    expect(await sourceOf(id, `from=${now - HOUR}&to=${now}`)).toMatchObject({
      name: 'new',
      collector: 'branch',
      kind: 'http',
      rows: [],
      lastReceived: null,
      repeated: { deliveries: 2, records: 42 },
    });
    expect(await sourceOf(id, `from=${NOW - 3 * HOUR}&to=${NOW - 2 * HOUR}`)).toMatchObject({ repeated: { deliveries: 0, records: 0 } });
  });

  it('refuses what is no range', async () => {
    const response = await server.call('/api/v1/completeness?from=yesterdayish&to=now');
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([400, 'bad-time']);
  });
});

describe('a dashboard', () => {
  const run = async (body: object, id = 'vpc-overview') => {
    const events = await eventsOf(await server.post(`/api/v1/dashboards/${id}/run`, { from: FROM + 4 * HOUR, to: FROM + 7 * HOUR, panels: [], ...body }));
    const end = events.at(-1);
    if (end?.type !== 'end') throw new Error('the run has no end');
    return end.missing;
  };

  it('names what is missing in its window, as far as its filters reach', async () => {
    const hole = {
      kind: 'gap',
      account: '100000000002',
      region: 'eu-central-1',
      source: 'rhythms',
      from: FROM + 5 * HOUR,
      to: FROM + 5 * HOUR + 40 * MINUTE,
      open: false,
    };
    const account = (values: string[], negate = false) => ({ filters: [{ field: 'account-id', values, negate }] });
    expect(await run({})).toEqual(expect.arrayContaining([hole]));
    expect(await run(account(['100000000002']))).toEqual([hole]);
    expect(await run(account(['*0002']))).toEqual([hole]);
    expect(await run(account(['1*', '2*', '3*'], true))).toEqual([]);
    expect(await run({ filters: [...account(['100000000002']).filters, { field: 'region', values: ['us-*'] }] })).toEqual([]);
    expect(await run({ ...account(['100000000001']) })).toEqual([]);
    // SKIPDATA is known, too; and a window without either says nothing.
    expect(await run({ from: FROM + 2 * HOUR, to: FROM + 4 * HOUR, ...account(['100000000010']) })).toMatchObject([
      { kind: 'skipdata', from: FROM + 3 * HOUR },
    ]);
    expect(await run({ from: FROM + 4 * HOUR, to: FROM + 5 * HOUR, ...account(['100000000010']) })).toEqual([]);
  });

  it('of events is told of gaps in events, and one of flows is not', async () => {
    const [from, to] = [FROM + 5 * HOUR, FROM + 5 * HOUR + 40 * MINUTE];
    await count({ account: '100000000098', category: 'events', bytes: 0, starts: without(every(300, FROM, TO), from, to) });
    const all = { from: FROM + 4 * HOUR, to: FROM + 7 * HOUR };
    const [read] = server.deps.dashboards.find((d) => d.id === 'cloudtrail-overview')?.sections[0]?.panels ?? [];
    const ofEvents = await run({ ...all, panels: [read?.id] }, 'cloudtrail-overview');
    expect(ofEvents.map(({ account, kind }) => [account, kind])).toEqual([['100000000098', 'gap']]);
    const [accepted] = server.deps.dashboards.find((d) => d.id === 'vpc-overview')?.sections[1]?.panels ?? [];
    const ofFlows = (await run({ ...all, panels: [accepted?.id] })).map(({ account }) => account);
    expect(ofFlows).toContain('100000000002');
    expect(ofFlows).not.toContain('100000000098');
  });
});

describe('classes of lag', () => {
  it('hold every delay between their limits', () => {
    for (const delay of [0, 1, 2, 3, 4, 5, 7, 8, 100, 299, 300, 301, 86_400, 2 ** 31, -5]) {
      const index = lagClass(delay);
      expect([delay, lagFrom(index) <= Math.max(0, Math.min(delay, 2 ** 31 - 2))]).toEqual([delay, true]);
      expect([delay, lagFrom(index === 0 ? 2 : index + 1) > Math.max(0, Math.min(delay, 2 ** 31 - 2))]).toEqual([delay, true]);
    }
  });

  it('give percentiles within a class', () => {
    const counts = new Map<number, number>();
    for (let delay = 0; delay < 1000; delay++) counts.set(lagClass(delay), (counts.get(lagClass(delay)) ?? 0) + 1);
    for (const share of [0.1, 0.5, 0.95]) expect(Math.abs((lagPercentile(counts, share) ?? 0) - share * 1000)).toBeLessThan(60);
    expect(lagPercentile(new Map(), 0.5)).toBeNull();
  });
});
