/** Findings of the retro-hunt over real HTTP. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HuntStatus, RetroResponse } from '../../src/api/contract/findings.ts';
import { AddressBackfill } from '../../src/ingest/address-backfill.ts';
import { RetroHunts } from '../../src/ingest/retro-hunts.ts';
import { openMetadata } from '../../src/store/metadata.ts';
import { DAY, type Flow, MIDNIGHT, putFlows, putIndicators } from '../ingest/retro.ts';
import { openNew } from '../store/new-store.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

let folder: string;
let server: TestServer;
let retro: RetroHunts;
const closing: (() => Promise<void>)[] = [];

const FLOW: Flow = {
  dataset: 'vpc_flow',
  source: '198.51.100.7',
  destination: '10.0.0.1',
  direction: 'inbound',
  refused: false,
  bytes: 100,
  start: MIDNIGHT - DAY,
  received: MIDNIGHT - DAY + 60,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-findings-'));
  const store = await openNew(join(folder, 'store'));
  let clock = NOW;
  const metadata = await openMetadata(join(folder, 'metadata.db'), () => clock);
  await putFlows(store, [
    FLOW,
    { ...FLOW, refused: true, start: MIDNIGHT - 60, bytes: 20 },
    { ...FLOW, dataset: 'tgw_flow', bytes: 3 },
    { ...FLOW, source: '2001:db8::5', start: MIDNIGHT - 2 * DAY },
    { ...FLOW, source: '203.0.113.1' },
  ]);
  await putIndicators(store, [
    { number: '11', feed: 'first', value: '198.51.100.0/24', confidence: 90, validFrom: 0, validUntil: 0, imported: MIDNIGHT + 3600 },
    { number: '12', feed: 'second', value: '2001:db8::5', confidence: 20, validFrom: MIDNIGHT - 5 * DAY, validUntil: MIDNIGHT, imported: MIDNIGHT + 7200 },
    { number: '13', feed: 'second', value: '192.0.2.1', confidence: 20, validFrom: 0, validUntil: 0, imported: MIDNIGHT },
  ]);
  const backfill = await AddressBackfill.open({ store, metadata, now: () => clock++ });
  retro = await RetroHunts.open({ store, metadata, backfill, internalNetworks: [], allowed: async () => [], repairing: () => 0, now: () => clock++ });
  server = await startServer({ deps: { store, retro } });
  closing.push(
    () => server.close(),
    () => retro.close(),
    () => store.close(),
    () => metadata.close(),
  );
});
afterAll(async () => {
  for (const close of closing) await close();
  await rm(folder, { recursive: true, force: true });
});

const get = async (query = '') => {
  const response = await server.call(`/api/v1/findings/retro${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as RetroResponse;
};
const hunt = async (feed: string) => {
  const response = await server.post('/api/v1/findings/retro/hunt', { feed });
  expect(response.status).toBe(202);
  expect(((await response.json()) as HuntStatus).state).toMatch(/filling|running/);
  await retro.settled();
};

it('has nothing before a hunt, and lists what hunts find, newest first, with what the feeds say', async () => {
  expect(await get()).toEqual({ hunt: { state: 'idle', waiting: 0, last: null }, totals: { findings: 0, addresses: 0, indicators: 0 }, findings: [] });
  await hunt('first');
  await hunt('second');
  const { hunt: status, totals, findings } = await get();
  expect(status).toMatchObject({ state: 'idle', waiting: 0, last: { feed: 'second', state: 'done', indicators: 2, indicatorsTotal: 2, found: 1 } });
  expect(totals).toEqual({ findings: 3, addresses: 2, indicators: 2 });
  expect(findings.map(({ address, dataset, feed, indicator }) => [address, dataset, feed, indicator])).toEqual([
    ['2001:db8::5', 'vpc_flow', 'second', '2001:db8::5'],
    ['198.51.100.7', 'vpc_flow', 'first', '198.51.100.0/24'],
    ['198.51.100.7', 'tgw_flow', 'first', '198.51.100.0/24'],
  ]);
  expect(findings[1]).toMatchObject({
    confidence: 90,
    band: 'high',
    validFrom: 0,
    validUntil: 0,
    known: MIDNIGHT + 3600,
    first: MIDNIGHT - DAY,
    last: MIDNIGHT - 60,
    days: 1,
    accepted: 1,
    refused: 1,
    bytes: 120,
    text: 'Found later: known since 2026-03-10 01:00 UTC, flows from 2026-03-09 00:00 UTC to 2026-03-09 23:59 UTC',
  });
  expect(findings[0]).toMatchObject({
    validFrom: MIDNIGHT - 5 * DAY,
    validUntil: MIDNIGHT,
    band: 'low',
    text: expect.stringContaining('flows at 2026-03-08 00:00 UTC'),
  });
});

it('gives one feed, and pages', async () => {
  const first = await get('?feed=first&limit=1&offset=1');
  expect(first.totals).toEqual({ findings: 2, addresses: 1, indicators: 1 });
  expect(first.findings.map(({ dataset }) => dataset)).toEqual(['tgw_flow']);
  expect((await get("?feed=it's")).findings).toEqual([]);
});

it('says what is wrong with a request, and ends a hunt', async () => {
  for (const query of ['?limit=0', '?limit=1001', '?offset=-1', '?what=1']) expect((await server.call(`/api/v1/findings/retro${query}`)).status).toBe(400);
  expect((await server.post('/api/v1/findings/retro/hunt', {})).status).toBe(400);
  const ended = await server.call('/api/v1/findings/retro/hunt', { method: 'DELETE' });
  expect([ended.status, ((await ended.json()) as HuntStatus).state]).toEqual([200, 'idle']);
});
