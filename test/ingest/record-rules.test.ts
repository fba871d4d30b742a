/** What a source's settings do, as it is stored: decoded with rules, staged, and inserted by the pipeline into the real engine. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FlowDecoder } from '../../src/formats/flow/decode.ts';
import { enrichedDocument } from '../../src/formats/flow/ecs.ts';
import { compileRecordRules } from '../../src/formats/record-rules.ts';
import { stageBatch } from '../../src/ingest/batch-writer.ts';
import { IdCache } from '../../src/ingest/registry.ts';
import { VPC_FLOW } from '../../src/model/log-formats.ts';
import { DEFAULT_RECORD_SETTINGS, type RecordSettings } from '../../src/model/source.ts';
import { type CompileOptions, compile } from '../../src/query/index.ts';
import { ident, join as joined, sql } from '../../src/query/sql.ts';
import { HEADER, openPlace, type Place, START } from './helpers.ts';

const line = (i: number, more: { source?: string; destination?: string; action?: string; start?: number } = {}) =>
  `2 123456789012 eni-${i} ${more.source ?? '198.51.100.7'} ${more.destination ?? '10.0.0.9'} 40000 443 6 3 180 ${more.start ?? START + i} ${START + i + 30} ${more.action ?? 'ACCEPT'} OK`;

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

/** Stores one delivery as a worker would; its counts, and the bytes that were staged. */
async function deliver(id: string, text: string, settings: Partial<RecordSettings>): Promise<{ counts: Record<string, number>; staged: string }> {
  const all = { ...DEFAULT_RECORD_SETTINGS, ...settings };
  const now = () => START + 86_400;
  const decoder = new FlowDecoder({ layout: all.layout, now, capacity: 10_000, rules: compileRecordRules(all) });
  decoder.push(new TextEncoder().encode(text), true);
  await place.metadata.open({ id, name: id, size: text.length, head: '' });
  const origin = { sourceName: id, sourceCategory: '', sourceHost: '', collector: '' };
  const deliveries = new Map([[0, { id, source: '', origin, internalTraffic: all.internalTraffic }]]);
  const staging = join(place.directory, 'staging');
  const context = { staging, enricher: undefined, ids: new IdCache(async (_, texts) => texts.map(() => 0)), now };
  const manifest = await stageBatch(`batch-${id}`, decoder.take(), deliveries, decoder.state, context);
  const staged = readdirSync(staging)
    .map((name) => readFileSync(join(staging, name), 'latin1'))
    .join('');
  await place.pipeline.storeBatch(manifest);
  return { counts: { ...(await place.metadata.delivery(id))?.counts }, staged };
}

/** Rows of a query over everything. */
async function ask(query: string): Promise<unknown[][]> {
  const table = (name: string) => joined([ident('bartizan'), sql`.`, ident(name)], ' ');
  const options: CompileOptions = {
    from: START - 1e6,
    to: START + 1e6,
    now: START,
    timeZone: 'UTC',
    relations: { table, absentMask: (1n << 64n) - 1n },
    maxRows: 1000,
  };
  const result = compile(query, options);
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  return (await place.store.rows(result.compiled.statement)).rows as unknown[][];
}

it('counts what rules and the internal-traffic filter drop, in the ledger', async () => {
  const text = [HEADER, line(1), line(2, { source: '10.0.1.1' }), line(3, { action: 'REJECT' }), line(4, { source: '10.1.0.1' }), 'junk', ''].join('\n');
  const { counts } = await deliver('a', text, {
    rules: [
      { kind: 'exclude', name: 'header', pattern: '^version account-id' },
      { kind: 'exclude', name: 'refused', pattern: 'REJECT' },
    ],
    internalTraffic: ['10.0.'],
  });
  expect(counts).toMatchObject({ records: 5, stored: 2, filtered: 2, quarantined: 1, nodata: 0 });
  const kept = await deliver('b', text, {});
  expect(kept.counts).toMatchObject({ records: 5, stored: 4, filtered: 0, quarantined: 1 });
  expect(await ask('_sourceName=a | count by interface_id | sort interface_id asc')).toEqual([
    ['eni-1', 1],
    ['eni-4', 1],
  ]);
});

it('keeps masked text out of blocks, rows and quarantine', async () => {
  const secret = 'eni-5ec2e7';
  const text = [line(1), line(2), line(3).replace('443', 'x'), `{"message":"${line(4)}","logStream":"${secret}"}`, `{"${secret}":1}`]
    .join('\n')
    .replaceAll(/eni-\d/g, secret);
  const masked: RecordSettings['rules'] = [{ kind: 'mask', name: 'interfaces', pattern: 'eni-([0-9a-f]+)', replacement: 'hidden' }];
  expect((await deliver('open', text, {})).staged).toContain(secret);
  await place.store.command({ text: 'TRUNCATE TABLE bartizan.vpc_flow', params: {} });
  await place.store.command({ text: 'TRUNCATE TABLE bartizan.quarantine', params: {} });
  const { counts, staged } = await deliver('masked', text, { rules: masked });
  expect(counts).toMatchObject({ records: 5, stored: 3, quarantined: 2 });
  expect(staged).toContain('eni-hidden');
  expect(staged).not.toContain('5ec2e7');
  expect(await ask('| count by interface_id')).toEqual([['eni-hidden', 3]]);
  expect((await ask('| fields _raw')).flat().sort()).toEqual(
    [
      line(1).replace('eni-1', 'eni-hidden'),
      line(2).replace('eni-2', 'eni-hidden'),
      `{"message":"${line(4).replace('eni-4', 'eni-hidden')}","logStream":"eni-hidden"}`,
    ].sort(),
  );
  const { records } = await place.quarantine.list();
  expect(records.map((r) => r.raw).sort()).toEqual([line(3).replace('eni-3', 'eni-hidden').replace('443', 'x'), '{"eni-hidden":1}'].sort());
  // What is quarantined whole can be read again.
  expect(await place.quarantine.retry()).toMatchObject({ retried: 2, resolved: 0 });
});

it('shows the time that the locator found, and the start where it found none', async () => {
  const text = [line(1), line(2), line(3).replace(` ${START + 3} `, ' - ')].join('\n');
  await deliver('same', text, { timestampLocator: '\\s(\\d{10,13})\\s\\d{10,13}' });
  expect(await place.rows('SELECT count() FROM bartizan.vpc_flow WHERE message_time != 0')).toEqual([[0]]);
  await deliver('ends', text, { timestampLocator: '(\\d{10}) ACCEPT' });
  const times = await ask('_sourceName=ends | fields interface_id, _messageTime, start | sort interface_id asc');
  expect(times).toEqual([
    ['eni-1', (START + 31) * 1000, (START + 1) * 1000],
    ['eni-2', (START + 32) * 1000, (START + 2) * 1000],
    ['eni-3', (START + 33) * 1000, (START + 33) * 1000],
  ]);
  expect(await ask('_sourceName=same | min(_messageTime) as a, max(_messageTime) as z')).toEqual([[(START + 1) * 1000, (START + 33) * 1000]]);
  expect(await ask('_sourceName=ends | where _messageTime > start * 1000 | count')).toEqual([[2]]);
});

it('stores security groups as a list, through the whole pipeline', async () => {
  const object = (i: number, groups: unknown) => JSON.stringify({ message: line(i), 'security-group-ids': groups, direction: 'inbound' });
  const text = [object(1, ['sg-1', 'sg-2']), object(2, 'sg-2, sg-3'), object(3, []), line(4), object(5, ['sg-1', 'sg-2'])].join('\n');
  // A rule that reads the list, of blocks that have it and of blocks that do not.
  const expression = 'where %"security-group-ids" = "sg-2" | "yes" as second';
  const body = { scope: '', expression, at: 'ingest', enabled: true, fields: ['second'], samples: [] };
  await place.metadata.library.create({ kind: 'rule', name: 'second', body });
  await place.catalogs.reload();
  const summary = await place.pipeline.ingest([await place.file('groups.json', `${text}\n`)]);
  expect(summary).toMatchObject({ records: 5, stored: 5, notes: [] });
  expect(await place.pipeline.ingest([await place.file('plain.log', `${line(4, { source: '10.9.9.9' })}\n`)])).toMatchObject({ stored: 1, notes: [] });
  expect(await place.rows("SELECT interface_id, extracted['second'] FROM bartizan.vpc_flow WHERE extracted['second'] != '' ORDER BY interface_id")).toEqual([
    ['eni-1', 'yes'],
    ['eni-2', 'yes'],
    ['eni-5', 'yes'],
  ]);
  await place.store.command({ text: "ALTER TABLE bartizan.vpc_flow DELETE WHERE srcaddr = toIPv6('10.9.9.9') SETTINGS mutations_sync = 1", params: {} });
  expect(await place.rows('SELECT interface_id, security_group_ids FROM bartizan.vpc_flow ORDER BY interface_id')).toEqual([
    ['eni-1', ['sg-1', 'sg-2']],
    ['eni-2', ['sg-2', 'sg-3']],
    ['eni-3', []],
    ['eni-4', []],
    ['eni-5', ['sg-1', 'sg-2']],
  ]);
  const found = async (condition: string) => (await ask(`${condition} | fields interface_id | sort interface_id asc`)).flat();
  expect(await found('security-group-ids=sg-2')).toEqual(['eni-1', 'eni-2', 'eni-5']);
  expect(await found('| where %"security-group-ids" = "sg-3"')).toEqual(['eni-2']);
  expect(await found('| where %"security-group-ids" != "sg-1"')).toEqual(['eni-2', 'eni-3', 'eni-4']);
  expect(await found('| where %"security-group-ids" in ("sg-3", "sg-9")')).toEqual(['eni-2']);
  expect(await found('| where %"security-group-ids" matches "*g-1,sg*"')).toEqual(['eni-1', 'eni-5']);
  expect(await found('| where isEmpty(%"security-group-ids")')).toEqual(['eni-3', 'eni-4']);
  expect(await found('| where %"security-group-ids" = "sg-1,sg-2"')).toEqual(['eni-1', 'eni-5']);
  expect(await found('"sg-3"')).toEqual(['eni-2']);
  expect(await ask('| count by %"security-group-ids" | sort _count desc, %"security-group-ids" asc')).toEqual([
    ['sg-1,sg-2', 2],
    [null, 2],
    ['sg-2,sg-3', 1],
  ]);
  const [row] = await place.rows("SELECT security_group_ids FROM bartizan.vpc_flow WHERE interface_id = 'eni-1'");
  expect(enrichedDocument({ security_group_ids: row?.[0] as string[], start: START, raw: line(1) }, VPC_FLOW)).toMatchObject({
    forwarder: { security_group_ids: ['sg-1', 'sg-2'] },
  });
});
