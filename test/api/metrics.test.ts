/** Readiness and metrics of a server that collects: real pushes, a spool that is full, a disk without room, batches that a crash left. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { METRICS } from '../../src/api/metric-table.ts';
import { stageResolved } from '../../src/ingest/batch-writer.ts';
import type { Collection } from '../../src/ingest/collection.ts';
import { DiskGuard } from '../../src/ingest/disk-guard.ts';
import { Pipeline } from '../../src/ingest/pipeline.ts';
import { openRegistries } from '../../src/ingest/registry.ts';
import { Spool } from '../../src/ingest/spool.ts';
import { NOT_READY, reasonsOf, vitalsOf } from '../../src/ingest/vitals.ts';
import { HEADER, lines, openCollection, openPlace, type Place } from '../ingest/helpers.ts';
import { COMMAND_LINE_TOKEN, signIn, startServer, type TestServer } from './helpers.ts';

const MAX = 64 * 1024;

let place: Place;
let server: TestServer;
let collection: Collection;
let minFreeBytes = 0;
let token: string;
let id: string;

beforeAll(async () => {
  place = await openPlace();
  collection = await openCollection(place, MAX);
  const watched = { pipeline: place.pipeline, folder: place.directory };
  server = await startServer({
    deps: {
      store: place.store,
      collection,
      sources: place.metadata.sources,
      clock: Date.now,
      notReady: () => reasonsOf({ ...watched, collection, minFreeBytes }),
      vitals: () => vitalsOf(watched),
    },
  });
  const collector = (await (await server.post('/api/v1/collectors', { name: 'edge' })).json()) as { id: string };
  const made = await (await server.post('/api/v1/sources', { collector: collector.id, kind: 'http', name: 'web "1"\\' })).json();
  ({ token } = (made as { address: { token: string } }).address);
  ({ id } = (made as { source: { id: string } }).source);
});
afterAll(async () => {
  await server.close();
  await collection.close();
  await place.close();
});

const push = (body: BodyInit) => fetch(`${server.base}/v1/http/${token}`, { method: 'POST', body });
const ready = async () => {
  const response = await fetch(`${server.base}/readyz`);
  const { reasons } = (await response.json()) as { reasons: { code: string; message: string }[] };
  return [response.status, ...reasons.map((reason) => reason.code)];
};
/** Samples by name and labels. */
async function scrape(): Promise<Map<string, number>> {
  const response = await fetch(`${server.base}/metrics`);
  expect(response.status).toBe(200);
  return new Map(
    (await response.text())
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
const of = (name: string, more = '') => `${name}{source="${id}",name="web \\"1\\"\\\\"${more}}`;

it('counts what was pushed, by source and outcome, and once however often it is read', async () => {
  expect(await ready()).toEqual([200]);
  const body = `${HEADER}\n${lines(50)}broken\n`;
  expect((await push(body)).status).toBe(200);
  await expect.poll(async () => (await scrape()).get(of('bartizan_source_records_total', ',outcome="stored"'))).toBe(50);
  await scrape();
  const expected: [string, number][] = [
    ['bartizan_build_info{version="1.2.3"}', 1],
    ['bartizan_sources', 1],
    [of('bartizan_source_info', ',kind="http",paused="false"'), 1],
    [of('bartizan_source_trouble'), 0],
    [of('bartizan_source_deliveries_total'), 1],
    [of('bartizan_source_repeated_deliveries_total'), 0],
    [of('bartizan_source_received_bytes_total'), body.length],
    [of('bartizan_source_records_total', ',outcome="stored"'), 50],
    [of('bartizan_source_records_total', ',outcome="quarantined"'), 1],
    [of('bartizan_source_records_total', ',outcome="filtered"'), 0],
    [of('bartizan_source_lag_seconds_count'), 1],
    [of('bartizan_source_spool_bytes'), 0],
    [of('bartizan_source_spool_oldest_age_seconds'), 0],
    ['bartizan_spool_limit_bytes', MAX],
    ['bartizan_ingest_deliveries_in_flight', 0],
    ['bartizan_ingest_queue_length', 0],
    ['bartizan_ingest_open_manifests', 0],
    ['bartizan_store_batches_total', 1],
    // Quarantine, flows, counters, external addresses of the day.
    ['bartizan_store_inserts_total', 4],
    ['bartizan_store_insert_failures_total', 0],
  ];
  // What is stored is counted first, then its delivery leaves the spool and the queue.
  let metrics = await scrape();
  await expect
    .poll(async () => {
      metrics = await scrape();
      return expected.map(([name]) => [name, metrics.get(name)]);
    })
    .toEqual(expected);
  expect([...metrics.keys()].filter((name) => name.startsWith('bartizan_not_ready'))).toEqual([]);
  expect(metrics.get('bartizan_disk_free_bytes')).toBeGreaterThan(0);
  expect(metrics.get(of('bartizan_source_last_delivery_timestamp_seconds'))).toBeGreaterThan(Date.now() / 1000 - 600);
});

it('follows the conventions of names, and gives every metric of the table a type and a help', async () => {
  const text = await (await fetch(`${server.base}/metrics`)).text();
  for (const { name, type, help } of METRICS) {
    expect(text).toContain(`# HELP ${name} ${help.replace(/\\/g, '\\\\')}\n# TYPE ${name} ${type}\n`);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).toMatch(/^bartizan_[a-z0-9_]+$/);
  }
});

it('is not ready while the spool is full, and while the disk is, until there is room', async () => {
  // Nothing reads it: what is taken stays in it.
  const spool = await Spool.open({ folder: join(place.directory, 'full'), maxBytes: MAX, minFreeBytes: 0, clock: Date.now });
  const watched = () => ({ pipeline: place.pipeline, folder: place.directory, collection: { spool: spool.status() } });
  const reasons = async () => (await reasonsOf({ ...watched(), minFreeBytes })).map(({ code }) => code);
  const origin = { sourceName: '', sourceCategory: '', sourceHost: '', collector: '' };
  const append = () => spool.append('s', [{ header: { id: 'x', name: 'x', origin, received: 1 }, body: Buffer.alloc(MAX / 2) }]);
  await append();
  expect(await reasons()).toEqual([]);
  await expect(append()).rejects.toMatchObject({ code: 'spool-full' });
  expect(await reasons()).toEqual(['spool-full']);
  minFreeBytes = Number.MAX_SAFE_INTEGER;
  expect(await reasons()).toEqual(['spool-full', 'disk-nearly-full']);
  expect(await ready()).toEqual([503, 'disk-nearly-full']);
  expect((await scrape()).get('bartizan_not_ready{code="disk-nearly-full"}')).toBe(1);
  minFreeBytes = 0;
  const entry = (await spool.next('s')) ?? expect.fail('nothing to read');
  spool.settled('s', entry);
  expect(await reasons()).toEqual([]);
  await spool.close();
});

it('refuses what is more than the whole spool for good, tells of it with the source, and is ready for the others', async () => {
  const answer = await push('x'.repeat(2 * MAX));
  expect([answer.status, await answer.text()]).toEqual([413, expect.stringContaining('spoolMaxMib')]);
  expect(await ready()).toEqual([200]);
  expect((await scrape()).get(of('bartizan_source_errors_total', ',code="spool-exceeded"'))).toBe(1);
});

it('is not ready while batches of before are stored', async () => {
  const { store, metadata, directory } = place;
  const staging = join(directory, 'crashed');
  mkdirSync(staging);
  for (const batch of ['a', 'b']) {
    const blocks = [stageResolved(staging, batch, [{ batch, seq: 1 }], 1)];
    await metadata.commit({ batch, ranges: [], blocks, absentMask: '0' });
  }
  // What stores is busy until it has been seen.
  const seen = new AbortController();
  const busy = store.rows(
    { text: 'SELECT sleepEachRow(1) FROM numbers(600) SETTINGS max_block_size = 1', params: {} },
    { lane: 'ingest', signal: seen.signal, maxSeconds: 600 },
  );
  const registries = await openRegistries(store, metadata);
  const settings = {
    databases: {},
    internalNetworks: [],
    workers: 1,
    batchRows: 100,
    clock: () => performance.now(),
    untilDone: true,
    disk: new DiskGuard({ folder: directory, minFreeBytes: 0, store }),
  };
  const pipeline = await Pipeline.open({ store, metadata, registries, staging, ...settings });
  const reasons = () => reasonsOf({ pipeline, collection, folder: directory, minFreeBytes: 0 });
  expect((await reasons()).find((reason) => reason.code === 'store-repairing')?.message).toContain('2 to go');
  seen.abort();
  await expect(busy).rejects.toMatchObject({ code: 'query-cancelled' });
  await expect.poll(async () => (await reasons()).map((reason) => reason.code)).not.toContain('store-repairing');
  expect(pipeline.load).toMatchObject({ openBatches: 0, batches: 2, rows: 2 });
  expect(await place.rows('SELECT batch FROM bartizan.quarantine_resolved ORDER BY batch')).toEqual([['a'], ['b']]);
  await pipeline.close();
});

it('is ready with a source in trouble, which the metrics tell', async () => {
  collection.traffic.failed(id, 'not-stored', 'It could not be stored.');
  expect(await ready()).toEqual([200]);
  expect((await scrape()).get(of('bartizan_source_errors_total', ',code="not-stored"'))).toBe(1);
});

it('tells paths and the words of the machine only to who is signed in', async () => {
  const folder = join(place.directory, 'spool', id);
  renameSync(folder, `${folder}-aside`);
  writeFileSync(folder, 'no folder');
  const refused = await push(lines(1));
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('The spool cannot be written.')]);
  const said = async (headers: Record<string, string>) => {
    const { reasons } = (await (await fetch(`${server.base}/readyz`, { headers })).json()) as { reasons: { code: string; message: string }[] };
    return reasons.find(({ code }) => code === 'spool-failing')?.message;
  };
  const { session } = await signIn(server);
  for (const stranger of [{}, { cookie: 'bartizan_session=x' }, { authorization: 'Bearer x' }])
    expect(await said(stranger as Record<string, string>)).toBe(NOT_READY['spool-failing']);
  for (const known of [{ cookie: `bartizan_session=${session}` }, { authorization: `Bearer ${COMMAND_LINE_TOKEN}` }])
    expect(await said(known as Record<string, string>)).toContain(place.directory);
  rmSync(folder);
  renameSync(`${folder}-aside`, folder);
});

it('says what the store answers when it is gone, and forgets a source that is', async () => {
  expect((await server.call(`/api/v1/sources/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect([...(await scrape()).keys()].filter((name) => name.includes(id))).toEqual([]);
  await place.store.close();
  const response = await fetch(`${server.base}/readyz`);
  const { reasons } = (await response.json()) as { reasons: { code: string; message: string }[] };
  expect([response.status, reasons.at(-1)?.code]).toEqual([503, 'store-unavailable']);
  expect(reasons.at(-1)?.message).toBe(NOT_READY['store-unavailable']);
});
