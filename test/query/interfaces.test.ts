/** What is known of a record's interface, as of the record's start: before, at and after a change, and what the record says itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPEN } from '../../src/model/network-interface.ts';
import { compile, complete, recordsStatement, valuesStatement } from '../../src/query/index.ts';
import { createInterfaces } from '../../src/store/ddl.ts';
import { type Engine, openEngine, options, T0 } from './engine.ts';

let engine: Engine;

/** One version; `from` and `to` are seconds after T0. */
async function version(id: string, from: number, to: number, facts: Readonly<Record<string, string | readonly string[]>>, revision = 1) {
  const list = (names: readonly string[]) => `[${names.map((n) => `'${n}'`).join(', ')}]`;
  const given = Object.entries(facts);
  const names = ['interface_id', 'scope', 'valid_from', 'valid_to', 'revision', ...given.map(([name]) => name)];
  const end = to === OPEN ? OPEN : T0 + to;
  const values = [
    `'${id}'`,
    `'1'`,
    T0 + from,
    end,
    revision,
    ...given.map(([, value]) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : list(value))),
  ];
  await engine.command(`INSERT INTO bartizan.network_interface (${names.join(', ')}) VALUES (${values.join(', ')})`);
}

const V2_LAYOUT = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';

beforeAll(async () => {
  engine = await openEngine();
  await engine.clear();
  await engine.command('DROP DICTIONARY IF EXISTS bartizan.network_interface_at');
  await engine.command('DROP TABLE IF EXISTS bartizan.network_interface');
  for (const text of createInterfaces()) await engine.command(text);
  await engine.load([
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 1 $99 $160 ACCEPT OK' },
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 2 $100 $160 ACCEPT OK' },
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 4 $199 $260 ACCEPT OK' },
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 8 $200 $260 ACCEPT OK' },
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 16 $299 $360 ACCEPT OK' },
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 32 $300 $360 ACCEPT OK' },
    // Says itself what it is, and what a forwarder sent of it.
    {
      line: `2 1 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 64 $150 $160 ACCEPT OK vpc-own subnet-own i-own`,
      layout: `${V2_LAYOUT} vpc-id subnet-id instance-id`,
      columns: { security_group_ids: ['sg-own', 'sg-two'] },
    },
    // Never looked up, and one of the same name at other times.
    { line: '2 1 eni-b 10.0.0.2 8.8.8.8 1000 22 6 1 128 $150 $160 ACCEPT OK' },
    { line: '2 1 eni-c 10.0.0.3 8.8.8.8 1000 22 6 1 256 $150 $160 ACCEPT OK' },
  ]);
  await version('eni-a', 100, OPEN, { instance_id: 'i-1', instance_name: 'web-1', vpc_id: 'vpc-1', subnet_id: 'subnet-1', group_ids: ['sg-1', 'sg-2'] });
  await version('eni-a', 100, 200, { instance_id: 'i-1', instance_name: 'web-1', vpc_id: 'vpc-1', subnet_id: 'subnet-1', group_ids: ['sg-1', 'sg-2'] }, 2);
  await version('eni-a', 200, 300, { instance_id: 'i-2', instance_name: 'web-2', vpc_id: 'vpc-1', group_ids: ['sg-1'], group_names: ['front'] }, 2);
  await version('eni-c', 100, OPEN, { instance_name: "o'web-1", description: 'of a NAT', tags: ['env=prod', 'team=a,b'] });
  await engine.command('SYSTEM RELOAD DICTIONARY bartizan.network_interface_at');
});
afterAll(() => engine.close());

async function ask(query: string) {
  const result = compile(query, options(engine));
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  return engine.rows(result.compiled.statement);
}
/** Sum of the bytes of the records that a condition finds: each record has a bit of its own. */
const found = async (condition: string) => (await ask(`${condition} | sum(bytes) as b`))[0]?.[0];

describe('facts of an interface as of the record’s start', () => {
  it('change with the first second of a version and end before the last', async () => {
    expect(await ask('interface-id=eni-a | where bytes != 64 | sort + bytes | fields bytes, cloud.instance.name, interface.instance.id')).toEqual([
      [1, null, null],
      [2, 'web-1', 'i-1'],
      [4, 'web-1', 'i-1'],
      [8, 'web-2', 'i-2'],
      [16, 'web-2', 'i-2'],
      [32, null, null],
    ]);
  });

  it('are given way to by what the record says itself', async () => {
    const fields = 'interface.instance.id, interface.vpc, interface.subnet.id, interface.security_group.ids';
    expect(await ask(`| where bytes = 64 | fields ${fields}`)).toEqual([['i-own', 'vpc-own', 'subnet-own', 'sg-own,sg-two']]);
    expect(await ask(`| where bytes = 4 | fields ${fields}`)).toEqual([['i-1', 'vpc-1', 'subnet-1', 'sg-1,sg-2']]);
    expect(await ask(`| where bytes = 128 | fields ${fields}`)).toEqual([[null, null, null, null]]);
  });

  it('find records in the scope and after it, equal and unequal', async () => {
    expect(await found('cloud.instance.name="web-1"')).toBe(2 + 4 + 64);
    expect(await found('| where cloud.instance.name = "web-2"')).toBe(8 + 16);
    expect(await found('| where instance_name != "web-1"')).toBe(1 + 8 + 16 + 32 + 128 + 256);
    expect(await found(`| where instance_name = "o'web-1"`)).toBe(256);
    expect(await found('| where instance_name matches "web-*"')).toBe(2 + 4 + 8 + 16 + 64);
    expect(await found('| where interface.instance.id = "i-1"')).toBe(2 + 4);
    expect(await found('| where interface.instance.id = "i-own"')).toBe(64);
    expect(await found('| where interface.vpc.id != "vpc-1"')).toBe(1 + 32 + 64 + 128 + 256);
    expect(await found('| where isNull(cloud.instance.name)')).toBe(1 + 32 + 128);
    expect(await found('| where cloud.instance.name in ("web-2", "nobody")')).toBe(8 + 16);
  });

  it('find a list by each of its elements and as a whole', async () => {
    expect(await found('interface.security_group.ids="sg-1"')).toBe(2 + 4 + 8 + 16);
    expect(await found('interface.security_group.ids="sg-2"')).toBe(2 + 4);
    expect(await found('interface.security_group.ids="sg-two"')).toBe(64);
    expect(await found('interface.security_group.ids="sg-1,sg-2"')).toBe(2 + 4);
    expect(await found('| where interface.security_group.ids in ("sg-own", "sg-2")')).toBe(2 + 4 + 64);
    expect(await found('| where interface.security_group.ids = "sg"')).toBe(0);
    expect(await found('interface.security_group.names=front')).toBe(8 + 16);
    expect(await found('interface.tags="env=prod"')).toBe(256);
    expect(await found('interface.tags="team=a,b"')).toBe(256);
    expect(await found('interface.tags="env=prod,team=a,b"')).toBe(256);
  });

  it('group, and pass through steps that group before', async () => {
    expect(await ask('| sum(bytes) as b by cloud.instance.name | sort + b')).toEqual([
      ['web-2', 24],
      ['web-1', 70],
      [null, 161],
      ["o'web-1", 256],
    ]);
    expect(await ask('| limit 100 | where cloud.instance.name = "web-1" | count')).toEqual([[3]]);
    expect(await ask('| timeslice 5m | count by _timeslice, interface.security_group.names | count')).toHaveLength(1);
  });
});

describe('elsewhere', () => {
  it('filters of dashboards ask for facts as for any field', async () => {
    const sum = async (field: string, values: readonly string[], negate = false) => {
      const result = compile('| sum(bytes) as b', options(engine, { conditions: [{ field, values, negate }] }));
      if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
      return (await engine.rows(result.compiled.statement))[0]?.[0];
    };
    expect(await sum('interface.security_group.ids', ['sg-1'])).toBe(2 + 4 + 8 + 16);
    expect(await sum('cloud.instance.name', ['web-1', 'web-2'], true)).toBe(1 + 32 + 128 + 256);
    expect(await sum('cloud.instance.name', ['web-*'])).toBe(2 + 4 + 8 + 16 + 64);
  });

  it('completion offers their names and their values', async () => {
    const names = (text: string) => complete(text, text.length).items.map((item) => item.text);
    expect(names('cloud.instance.n')).toContain('cloud.instance.name');
    expect(names('| count by interface.sec')).toEqual(expect.arrayContaining(['interface.security_group.ids', 'interface.security_group.names']));
    const values = valuesStatement('cloud.instance.name', 'web', options(engine));
    if (!values.ok) expect.fail(JSON.stringify(values.diagnostics));
    expect(await engine.rows(values.statement)).toEqual([
      ['web-1', 3],
      ['web-2', 2],
    ]);
  });
});

describe('records as documents', () => {
  it('have beside their columns what the record itself lacks', async () => {
    const result = recordsStatement({ ...options(engine), query: 'interface-id=eni-a | where bytes in (4, 32, 64) | sort + bytes', limit: 10, offset: 0 });
    if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
    const rows = await engine.rows(result.statement);
    const cells = (name: string) => rows.map((row) => row[result.columns.findIndex((c) => c.name === name)]);
    expect(cells('cloud.instance.name')).toEqual(['web-1', '', 'web-1']);
    expect(cells('interface.instance.id')).toEqual(['i-1', '', '']);
    expect(cells('interface.security_group.ids')).toEqual([['sg-1', 'sg-2'], [], []]);
    expect(cells('interface.security_group.names')).toEqual([[], [], []]);
  });
});
