/** What a source does with its records holds for those that a retry reads, too. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Delivery } from '../../src/collect/delivery.ts';
import { DEFAULT_RECORD_SETTINGS, type RecordSettings } from '../../src/model/source.ts';
import { HEADER, openPlace, type Place, START } from './helpers.ts';

const SECRET = 'eni-5ec2e7';
const line = (i: number, more: { source?: string; port?: string; action?: string } = {}) =>
  `2 123456789012 ${SECRET} ${more.source ?? '198.51.100.7'} 10.0.0.9 4000${i} ${more.port ?? '443'} 6 3 180 ${START + i} ${START + i + 30} ${more.action ?? 'ACCEPT'} OK`;
const TEXT = [line(1), line(2, { action: 'REJECT' }), line(3, { source: '10.0.1.1' }), line(4, { port: 'x' }), line(5)].join('\n');
/** Reads none of the lines. */
const WRONG = 'srcaddr dstaddr';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

async function source(name: string, records: Partial<RecordSettings> = {}): Promise<string> {
  const collector = (await place.metadata.sources.collectors())[0] ?? (await place.metadata.sources.createCollector({ name: 'tests', description: '' }));
  const body = { sourceCategory: '', sourceName: '', sourceHost: '', connection: {}, secrets: {}, records: { ...DEFAULT_RECORD_SETTINGS, ...records } };
  return (await place.metadata.sources.create({ collector: collector.id, kind: 'http', name, ...body })).id;
}

async function deliver(of: string, name: string, settings: Partial<RecordSettings>, text = TEXT): Promise<void> {
  const bytes = new TextEncoder().encode(`${text}\n`);
  const origin = { sourceName: name, sourceCategory: '', sourceHost: '', collector: '' };
  const delivery: Delivery = {
    id: `test:${name}`,
    source: of,
    name,
    size: bytes.length,
    content: { bytes },
    origin,
    settings: { ...DEFAULT_RECORD_SETTINGS, ...settings },
  };
  await place.pipeline.take(delivery);
}

const stored = (name: string) =>
  place.rows(`SELECT interface_id, srcport, message_time > 0 FROM bartizan.vpc_flow WHERE source_name = '${name}' ORDER BY srcport`);

it('stores masked what the source masks by now, and leaves out what it leaves out', async () => {
  const ruled = await source('ruled');
  const twin = await source('twin');
  const removed = await source('removed');
  for (const [id, name] of [
    [ruled, 'ruled'],
    [twin, 'twin'],
    [removed, 'removed'],
    ['', 'named'],
  ] as const)
    await deliver(id, name, { layout: WRONG });
  expect((await place.quarantine.list()).total).toBe(20);
  const rules: RecordSettings['rules'] = [
    { kind: 'exclude', name: 'refused', pattern: 'REJECT' },
    { kind: 'mask', name: 'interfaces', pattern: 'eni-([0-9a-f]+)', replacement: 'hidden' },
  ];
  const records = { ...DEFAULT_RECORD_SETTINGS, rules, timestampLocator: '(\\d{10}) ACCEPT', internalTraffic: ['10.0.0.0/16'] };
  await place.metadata.sources.update(ruled, { records });
  await place.metadata.sources.remove(removed);

  expect(await place.quarantine.retry(undefined, HEADER)).toEqual({ retried: 20, resolved: 14, filtered: 2, quarantined: 4 });
  expect(await stored('ruled')).toEqual([
    ['eni-hidden', 40001, 1],
    ['eni-hidden', 40005, 1],
  ]);
  const all = [40001, 40002, 40003, 40005].map((port) => [SECRET, port, 0]);
  for (const name of ['twin', 'removed', 'named']) expect(await stored(name)).toEqual(all);
  // Nothing of it is anywhere in what the source stored, and what it leaves out is not asked for again.
  const telling = (name: string) => place.rows(`SELECT count() FROM bartizan.vpc_flow WHERE source_name = '${name}' AND toString(tuple(*)) LIKE '%5ec2e7%'`);
  expect(await telling('ruled')).toEqual([[0]]);
  expect(await telling('twin')).toEqual([[4]]);
  expect(await place.quarantine.retry(undefined, HEADER)).toEqual({ retried: 4, resolved: 0, filtered: 0, quarantined: 4 });
});

it('stores nothing of a record that the rules match too often', async () => {
  const id = await source('often');
  await deliver(id, 'often', { layout: WRONG }, `${line(1)}\n${line(2)} ${'a'.repeat(1500)}`);
  await place.metadata.sources.update(id, { records: { ...DEFAULT_RECORD_SETTINGS, rules: [{ kind: 'mask', name: 'a', pattern: 'a' }] } });
  expect(await place.quarantine.retry(undefined, HEADER)).toEqual({ retried: 2, resolved: 1, filtered: 0, quarantined: 1 });
});

it('hashes a value once, whether it was hashed before it was kept or is only now', async () => {
  const rules: RecordSettings['rules'] = [{ kind: 'hash', name: 'interfaces', pattern: '123456789012 (\\S+)' }];
  const before = await source('before', { rules });
  const after = await source('after');
  await deliver(before, 'before', { rules, layout: WRONG }, line(1));
  await deliver(after, 'after', { layout: WRONG }, line(1));
  await place.metadata.sources.update(after, { records: { ...DEFAULT_RECORD_SETTINGS, rules } });
  const { records } = await place.quarantine.list();
  const hash = createHash('sha256').update(SECRET).digest('hex');
  expect(records.map(({ raw }) => [raw.includes(hash), raw.includes(SECRET)]).sort()).toEqual([
    [false, true],
    [true, false],
  ]);
  expect(await place.quarantine.retry(undefined, HEADER)).toMatchObject({ retried: 2, resolved: 2 });
  for (const name of ['before', 'after']) expect(await stored(name)).toEqual([[hash, 40001, 0]]);
});
