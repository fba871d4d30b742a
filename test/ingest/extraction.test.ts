/** Field extraction rules from the moment that a record is stored: through restarts, deletions and crashes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CompileOptions, compile, shape, valuesStatement } from '../../src/query/index.ts';
import { EXTRACTED_FIELDS, type RuleBody } from '../../src/store/catalog.ts';
import { tableName } from '../../src/store/ddl.ts';
import type { Manifest } from '../../src/store/metadata.ts';
import type { Statement } from '../../src/store/store.ts';
import { readSpec } from '../query/spec.ts';
import { HEADER, lines, openPlace, type Place, START } from './helpers.ts';

/** The rule of the source: the first steps of the spec that runs it, without what the spec asks of them. */
const SOURCE_RULE = (readSpec(join(import.meta.dirname, '../query/spec/sources.yaml')).evals[0]?.query ?? '').split('\n').slice(0, 3).join('\n');

let directory: string;
let place: Place;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-extraction-'));
  place = await openPlace({ directory });
});
afterEach(async () => {
  await place.close();
  await rm(directory, { recursive: true, force: true });
});

const body = (expression: string, fields: string[], more: Partial<RuleBody> = {}): RuleBody => ({
  scope: '',
  expression,
  at: 'ingest',
  enabled: true,
  fields,
  samples: [],
  ...more,
});

async function addRule(name: string, rule: RuleBody): Promise<string> {
  const item = await place.metadata.library.create({ kind: 'rule', name, body: rule });
  await place.catalogs.reload();
  return item.id;
}

function options(): CompileOptions {
  const relations = { table: tableName, absentMask: place.metadata.absentMask() };
  return { from: null, to: null, now: START + 9999, timeZone: 'UTC', relations, maxRows: 1000, catalog: place.catalogs.current() };
}

async function run(statement: Statement): Promise<unknown> {
  return (await place.store.rows(statement)).rows;
}

async function ask(query: string): Promise<unknown> {
  const result = compile(query, options());
  if (!result.ok) return result.diagnostics.map((d) => [d.code, d.hint]);
  const { rows } = await place.store.rows(result.compiled.statement);
  return shape(result.compiled, rows as never).rows;
}

async function restart(): Promise<void> {
  await place.close();
  place = await openPlace({ directory });
}

const LINE = '2 123456789012 eni-0a1 10.0.0.5 198.51.100.7 51000 443 6 10 840 1700000000 1700000060 ACCEPT OK';
const OTHER = '2 123456789012 eni-0b2 10.0.0.6 198.51.100.8 51001 22 6 1 40 1700000010 1700000070 REJECT OK';

it('runs the rule of the source verbatim on a forwarder’s objects and on plain lines, for ever after', async () => {
  const id = await addRule('VPCFlowLogFER', body(SOURCE_RULE, ['msg'], { scope: '_sourceCategory=Labs/vpc' }));
  const forwarder = [
    JSON.stringify({ logStream: 'eni-0a1-all', logGroup: 'flows', message: LINE, direction: 'outbound' }),
    OTHER,
    '2 123456789012 eni-0c3 - - - - - - - 1700000020 1700000080 - NODATA',
  ];
  const summary = await place.pipeline.ingest([await place.file('a.log', `${forwarder.join('\n')}\n`)], { sourceCategory: 'Labs/vpc' });
  expect(summary).toMatchObject({ stored: 2, nodata: 1, quarantined: 0, notes: [] });
  await place.pipeline.ingest([await place.file('b.log', `${lines(3)}`)], { sourceCategory: 'Prod' });
  const found = [
    [null, 3],
    [LINE, 1],
    [OTHER, 1],
  ];
  const counted = async () => ((await ask('| count by msg | sort + msg')) as unknown[][]).sort((a, b) => String(a[0] ?? '').localeCompare(String(b[0] ?? '')));
  expect(await counted()).toEqual(found);
  // Names of the field table keep their columns; nothing is stored twice.
  expect(await place.rows('SELECT arraySort(groupUniqArrayArray(mapKeys(extracted))) FROM bartizan.vpc_flow')).toEqual([[['msg']]]);
  expect(await ask('msg="*eni-0b2*" | count by action')).toEqual([['REJECT', 1]]);
  expect(await ask('_index=* | where msg matches "*NODATA" | count')).toEqual([[1]]);
  await restart();
  expect(await counted()).toEqual(found);
  await place.metadata.library.remove(id);
  await restart();
  expect(await place.metadata.setting(EXTRACTED_FIELDS)).toBe('["msg"]');
  expect(await counted()).toEqual(found);
  expect(await ask('MSG=2*51000* | count')).toEqual([[1]]);
  const values = valuesStatement('msg', '2 1', options());
  expect(values.ok && (await run(values.statement))).toEqual([
    [LINE, 1],
    [OTHER, 1],
  ]);
  expect(await ask('mgs=a')).toEqual([['unknown-field', expect.stringContaining('msg')]]);
});

it('stores fields only of records in the scope that no step missed, and every record', async () => {
  await addRule('ports', body('parse "* 6 * * 17" as before, a, b | where a > 5', ['before', 'a', 'b'], { scope: 'REJECT' }));
  await addRule(
    'half',
    body('parse regex "eni-(?<seed>\\d)(?<rest>\\d)" | concat(seed, "-", rest) as both | "x" as always', ['seed', 'rest', 'both', 'always']),
  );
  await place.pipeline.ingest([await place.file('a.log', `${HEADER}\n${lines(70, 4)}`)]);
  // Interfaces are eni-40 … eni-46, ten of each. Refused are lines 0, 5, 10 …; every other of them has 6 packets.
  expect(await ask('| count by both | sort + both | limit 2')).toEqual([
    ['4-0', 10],
    ['4-1', 10],
  ]);
  expect(await ask('always=x | count')).toEqual([[70]]);
  expect(await ask('| count, sum(a) by a')).toEqual([
    [null, 63, null],
    ['6', 7, 42],
  ]);
  expect(await ask('| where isNull(before) and isNull(b) | count')).toEqual([[63]]);
  // A keyword looks into extracted values as well.
  expect(await ask('"4-6" | count')).toEqual([[10]]);
});

it('stores a batch that a crash left by the rules of its time, once', async () => {
  const id = await addRule('seed', body('parse regex "(?<eni>eni-\\d+)" | concat("old ", eni) as tag', ['tag']));
  // A store that ends before its answer arrives: the manifest is committed and the rows are, or are not, there.
  const path = await place.file('a.log', `${HEADER}\n${lines(200, 1)}`);
  const commits: Manifest[] = [];
  const { metadata, store } = place;
  const finish = metadata.finish.bind(metadata);
  metadata.finish = async (manifest) => {
    commits.push(manifest);
    throw new Error('power is gone');
  };
  await expect(place.pipeline.ingest([path])).rejects.toThrow('power is gone');
  metadata.finish = finish;
  expect(commits).toHaveLength(1);
  expect(commits[0]?.blocks[0]?.extraction?.statement.text).toContain('extractGroups');
  await metadata.library.update(id, { body: body('parse regex "(?<eni>eni-\\d+)" | concat("new ", eni) as tag', ['tag']) });
  expect((await store.rows({ text: 'SELECT count() FROM bartizan.vpc_flow', params: {} })).rows).toEqual([[200]]);
  await restart();
  expect(await ask('| count')).toEqual([[200]]);
  expect(await ask('tag=old* | count')).toEqual([[200]]);
  expect(await ask('tag=new* | count')).toEqual([[0]]);
  // And where nothing of it was stored.
  await place.store.command({ text: 'TRUNCATE TABLE bartizan.vpc_flow', params: {} });
  await place.pipeline.ingest([await place.file('b.log', `${HEADER}\n${lines(100, 2)}`)]);
  expect(await ask('tag=new* | count')).toEqual([[100]]);
});

it('stores records without the fields of rules that the engine fails on, and says so', async () => {
  await addRule('seed', body('parse regex "(?<eni>eni-\\d+)"', ['eni']));
  const { catalogs } = place;
  const broken = Object.assign(catalogs, {
    extraction: async () => ({ statement: { text: "SELECT *, throwIf(1, 'no') AS extracted FROM staged", params: {} }, lacks: [] }),
  });
  expect(broken).toBe(catalogs);
  const summary = await place.pipeline.ingest([await place.file('a.log', `${HEADER}\n${lines(50, 1)}`)]);
  expect(summary).toMatchObject({ stored: 50, notes: [expect.stringContaining('field extraction rules failed on 50 records')] });
  expect(await ask('| count')).toEqual([[50]]);
});

it('leaves out only the rule that fails, and inserts what the manifest says', async () => {
  await addRule('seed', body('parse regex "(?<eni>eni-\\d+)"', ['eni']));
  await addRule('bad', body('parse regex "(?<srcs>10\\.)"', ['srcs']));
  const { catalogs, metadata, store } = place;
  const extraction = catalogs.extraction.bind(catalogs);
  // The engine fails on every statement that the second rule takes part in.
  catalogs.extraction = async (block, mask, now, only) => {
    const made = await extraction(block, mask, now, only);
    if (!made || only?.includes('bad') === false) return made;
    const text = `SELECT * REPLACE (if(throwIf(1, 'no'), extracted, extracted) AS extracted) FROM (${made.statement.text})`;
    return { ...made, statement: { ...made.statement, text } };
  };
  const named: unknown[] = [];
  const insert = store.insertNative.bind(store);
  store.insertNative = async (block) => {
    const open = (await metadata.openManifests()).flatMap((manifest) => manifest.blocks);
    if (block.table === 'vpc_flow') named.push(open.find((b) => b.token === block.token)?.extraction?.statement.text === block.extraction?.statement.text);
    return insert(block);
  };
  const summary = await place.pipeline.ingest([await place.file('a.log', `${HEADER}\n${lines(50, 1)}`)]);
  expect(summary).toMatchObject({ stored: 50, notes: [expect.stringContaining('rule “bad” failed on 50 records')] });
  expect(named).toEqual([true, true]);
  expect(await ask('| where !isNull(eni) | count')).toEqual([[50]]);
  expect(await ask('| where !isNull(srcs) | count')).toEqual([[0]]);
});

it('adds the column to a store of an earlier release, and takes fields out of records that a retry reads', async () => {
  for (const table of ['vpc_flow', 'vpc_flow_status']) await place.store.command({ text: `ALTER TABLE bartizan.${table} DROP COLUMN extracted`, params: {} });
  await restart();
  await place.pipeline.ingest([await place.file('odd.log', '10.0.0.1 198.51.100.7 ACCEPT 1700000100 1700000160\n')]);
  await addRule('last', body('parse regex "\\.(?<last>\\d+) "', ['last']));
  expect(await place.quarantine.retry(undefined, 'dstaddr srcaddr action start end')).toMatchObject({ resolved: 1 });
  expect(await ask('last=1 | count by srcaddr')).toEqual([['198.51.100.7', 1]]);
});

it('runs fifty rules of several steps over blocks of many layouts', async () => {
  const { library } = place.metadata;
  for (let i = 0; i < 50; i++) {
    const expression = `parse regex "eni-(?<a>\\d)(?<b>\\d)" | concat(a, "${i}") as f${i} | where b != "3" | fields f${i}`;
    await library.create({ kind: 'rule', name: `r${i}`, body: body(expression, [`f${i}`]) });
  }
  await place.catalogs.reload();
  const layouts = Array.from({ length: 3 }, (_, i) => {
    const [head, line] = [HEADER.split(' '), lines(1, i).trim().split(' ')];
    const moved = (values: readonly string[]) => [...values.slice(i), ...values.slice(0, i)].join(' ');
    return `${moved(head)}\n${moved(line)}\n`;
  });
  const files = [];
  for (const [i, text] of layouts.entries()) files.push(await place.file(`layout-${i}.log`, text));
  files.push(await place.file('many.log', `${HEADER}\n${lines(70, 5)}`));
  expect(await place.pipeline.ingest(files)).toMatchObject({ stored: 73, notes: [] });
  expect(await ask('| count by f0, f49 | sort + f0')).toEqual([
    ['00', '049', 1],
    ['10', '149', 1],
    ['20', '249', 1],
    ['50', '549', 60],
    [null, null, 10],
  ]);
});

it('cuts a value that is too long, between characters, and says so at its end', async () => {
  const longer = Array.from({ length: 5 }, (_, i) => `concat(${Array(8).fill(`v${i}`).join(', ')}) as v${i + 1}`).join(' | ');
  await addRule('long', body(`parse regex "(?<v0>eni-\\d+)" | concat(v0, "ü – 名") as v0 | ${longer} | fields v0, v5`, ['v0', 'v5']));
  await place.pipeline.ingest([await place.file('a.log', `${HEADER}\n${lines(1, 1)}`)]);
  // 16 bytes, eight times as long five times.
  const [row] = await place.rows(
    "SELECT length(extracted['v0']), length(extracted['v5']), isValidUTF8(extracted['v5']), extracted['v5'] LIKE 'eni-10ü – 名eni-10%… [cut]' FROM bartizan.vpc_flow",
  );
  expect(row?.[0]).toBe(16);
  expect(row?.[1]).toBeGreaterThan(65_000);
  expect(row?.[1]).toBeLessThanOrEqual(65_536);
  expect(row?.slice(2)).toEqual([1, 1]);
});
