/** Fields of extraction rules in queries, on the real engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRule, stagedExtraction } from '../../src/query/extraction.ts';
import {
  type Catalog,
  type CompileOptions,
  compile,
  countStatement,
  EMPTY_CATALOG,
  type ExtractionRule,
  fieldStatement,
  recordsStatement,
  valuesStatement,
} from '../../src/query/index.ts';
import { type Engine, openEngine, options } from './engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  const line = (last: number, rest: string) => `2 123456789012 eni-0a 10.0.0.${last} 8.8.8.8 51000 443 6 10 ${rest}`;
  await engine.load([
    { line: line(5, '840 $0 $60 ACCEPT OK'), columns: { source_category: 'a', raw_exact: '{"user":"ann","team":"red","n":"9"}' } },
    { line: line(6, '99 $60 $70 REJECT OK'), columns: { source_category: 'a', raw_exact: '{"user":"bob","n":"10"}' } },
    { line: line(7, '1 $61 $70 REJECT OK'), columns: { source_category: 'b', raw_exact: '{"user":"cleo","team":"blue"}' } },
    { line: line(8, '7 $62 $70 ACCEPT OK'), columns: { source_category: 'a' } },
    { line: '2 123456789012 eni-0a - - - - - - - $80 $90 - NODATA', columns: { source_category: 'a', raw_exact: '{"user":"dan"}' } },
  ]);
  await engine.command("ALTER TABLE bartizan.vpc_flow UPDATE extracted = map('owner', 'kim', 'rank', '7') WHERE bytes = 840 SETTINGS mutations_sync = 2");
});
afterAll(() => engine.close());

const rule = (name: string, scope: string, expression: string, fields: string[]): ExtractionRule => ({ name, scope, expression, fields });
const USER = rule('users', '_sourceCategory=a', 'json "user", "team" as user, team nodrop', ['user', 'team']);
const STRICT = { ...USER, expression: 'json "user", "team" as user, team' };
const catalog = (rules: readonly ExtractionRule[], extracted: readonly string[] = ['owner', 'rank']): Catalog => ({
  ...EMPTY_CATALOG,
  rules,
  extractedNames: extracted,
  extracted: (name) => extracted.find((e) => e === name.toLowerCase()),
});
const given = (rules: readonly ExtractionRule[], more: Partial<CompileOptions> = {}) => options(engine, { catalog: catalog(rules), ...more });

async function rows(query: string, rules: readonly ExtractionRule[] = [], more: Partial<CompileOptions> = {}) {
  const result = compile(query, given(rules, more));
  if (!result.ok) return result.diagnostics.map(({ code, hint }) => [code, hint]);
  return engine.rows(result.compiled.statement);
}

describe('a rule that runs when a query asks', () => {
  it('makes its fields for the records of its scope and drops none', async () => {
    const all = [
      ['ann', 1],
      ['bob', 1],
      [null, 2],
    ];
    expect(await rows('| count by user | sort + user', [USER])).toEqual(all);
    expect(await rows('user=ann | count', [USER])).toEqual([[1]]);
    expect(await rows('action=REJECT (USER=ann or user=bob) | count', [USER])).toEqual([[1]]);
    expect(await rows('!user=bob | count', [USER])).toEqual([[3]]);
    expect(await rows('', [USER], { conditions: [{ field: 'user', values: ['b*'] }] })).toMatchObject([[expect.any(Number), expect.any(String), 'bob']]);
    expect(await rows('| fields user, src_ip | sort + src_ip', [USER])).toEqual([
      ['ann', '10.0.0.5'],
      ['bob', '10.0.0.6'],
      [null, '10.0.0.7'],
      [null, '10.0.0.8'],
    ]);
    expect(await rows('_index=* | count by user | where user = "dan"', [USER])).toEqual([['dan', 1]]);
  });

  it('makes none of its fields where one of its steps finds nothing', async () => {
    expect(await rows('| count by user | sort + user', [STRICT])).toEqual([
      ['ann', 1],
      [null, 3],
    ]);
    expect(await rows('| count by user', [{ ...USER, expression: 'json "user" as user | where user != "ann"' }])).toEqual([
      [null, 3],
      ['bob', 1],
    ]);
  });

  it('gives way to the query’s own steps and to stored fields', async () => {
    expect(await rows('| "x" as user | count by user', [USER])).toEqual([['x', 4]]);
    expect(await rows('| json "team" as user nodrop | count by user | where !isNull(user) | sort + user', [USER])).toEqual([
      ['blue', 1],
      ['red', 1],
    ]);
    const greedy = rule('greedy', '', 'json "user" as src_ip nodrop | src_ip as who', ['who']);
    expect(await rows('who=ann | count by src_ip, who', [greedy])).toEqual([['10.0.0.5', 'ann', 1]]);
  });

  it('shares a field with other rules and with records that have it: what is stored, then the first rule', async () => {
    const byTeam = rule('teams', '', 'json "team" as user', ['user']);
    const owner = rule('owners', '', 'json "user" as owner', ['owner']);
    expect(await rows('| count by user | where !isNull(user) | sort + user', [USER, byTeam])).toEqual([
      ['ann', 1],
      ['blue', 1],
      ['bob', 1],
    ]);
    expect(await rows('| count by owner | sort + owner', [owner])).toEqual([
      ['bob', 1],
      ['cleo', 1],
      ['kim', 1],
      [null, 1],
    ]);
  });

  it('runs only when it is needed', () => {
    const text = (query: string, rules: readonly ExtractionRule[]) => {
      const result = compile(query, given(rules));
      return result.ok ? result.compiled.statement.text : '';
    };
    const none = text('action=REJECT | count by dstport', []);
    expect(text('action=REJECT | count by dstport', [USER])).toBe(none);
    expect(text('| count by user', [USER, rule('other', '', 'parse regex "(?<x>z)"', ['x'])])).not.toContain('extractGroups');
  });

  it('serves records, counts, top values and completion alike', async () => {
    const asked = { ...given([USER]), query: 'action=REJECT user=*', limit: 10, offset: 0 };
    const records = recordsStatement(asked);
    const counted = countStatement(asked);
    const top = fieldStatement({ ...given([USER]), query: '' }, 'user', 5);
    const values = valuesStatement('user', 'B', given([USER]));
    if (!records.ok || !counted.ok || !top.ok || !values.ok) return expect.fail('does not compile');
    expect(records.made.map((m) => m.name)).toEqual(['user']);
    expect((await engine.rows(records.statement)).map((row) => row.at(-1))).toEqual(['bob']);
    expect(await engine.rows(counted.statement)).toEqual([[1]]);
    expect(await engine.rows(top.statement)).toEqual([
      ['ann', 1, 4, 2, 2],
      ['bob', 1, 4, 2, 2],
      [null, 2, 4, 2, 2],
    ]);
    expect(await engine.rows(values.statement)).toEqual([['bob', 1]]);
  });

  it('works under compare, whose windows are read as well', async () => {
    expect(await rows('| timeslice 5m | count by _timeslice, user | where user = "ann" | fields user, _count', [USER])).toEqual([['ann', 1]]);
    expect(await rows('user=ann | count | compare with timeshift 1d', [USER])).toEqual([[1, 0]]);
  });
});

describe('a field that a rule stored', () => {
  it('is text by its name in any letter case, null where it is missing', async () => {
    expect(await rows('Owner=k* | count')).toEqual([[1]]);
    expect(await rows('| where rank > 6 and rank < 70 | count by OWNER')).toEqual([['kim', 1]]);
    expect(await rows('| where isNull(owner) | count')).toEqual([[3]]);
    expect(await rows('| count, max(rank) as most by owner | sort + owner')).toEqual([
      ['kim', 1, '7'],
      [null, 3, null],
    ]);
    expect(await rows('kim | count')).toEqual([[1]]);
    expect(await rows('7 | count')).toEqual([[2]]);
    expect(await rows('', [], { conditions: [{ field: 'owner', values: ['kim'], negate: true }] })).toHaveLength(3);
  });

  it('is suggested, and told from what is not there', async () => {
    expect(await rows('ownr=x')).toEqual([['unknown-field', 'Did you mean “owner”?']]);
    expect(await rows('| where sausage = 1')).toEqual([['unknown-field', expect.stringContaining('field extraction rule')]]);
    expect(await rows('| count by action | where owner = 1')).toEqual([['field-not-grouped', expect.stringContaining('after “by”')]]);
    expect(await rows('| count by action | where user = 1', [USER])).toEqual([['field-not-grouped', expect.stringContaining('after “by”')]]);
    expect(await rows('kim | count', [], { catalog: catalog([], []) })).toEqual([[0]]);
  });
});

it('compiles what people write into parameters only', () => {
  const hostile = ['x`) FROM system.one --', "'; DROP TABLE vpc_flow; --", '\\', '}{p0:String}', '😀\u0000'];
  for (const text of hostile) {
    const quoted = text.replace(/["\\]/g, (c) => `\\${c}`);
    const expression = `parse "${quoted} * ${quoted}" as found nodrop | if (found = "${quoted}", "${quoted}", found) as other`;
    const check = checkRule({ scope: `"${quoted}"`, expression });
    expect(check).toMatchObject({ ok: true, fields: ['found', 'other'] });
    const staged = stagedExtraction(
      [rule(text, `"${quoted}"`, expression, ['found', 'other'])],
      { dataset: 'vpc_flow', columns: ['srcaddr'] },
      0,
      (name) => name,
    );
    const clean = stagedExtraction(
      [rule('r', '"x y"', 'parse "x * y" as found nodrop | if (found = "a", "b", found) as other', ['found', 'other'])],
      { dataset: 'vpc_flow', columns: ['srcaddr'] },
      0,
      (name) => name,
    );
    expect(staged?.statement.text).not.toContain('DROP');
    expect(staged?.lacks).toEqual(clean?.lacks);
  }
});

describe('a rule of another format', () => {
  it('is for the records of the datasets that its scope names', () => {
    const check = (scope: string, expression: string) => {
      const result = checkRule({ scope, expression });
      return result.ok ? [result.fields, result.formats.map((f) => f.name)] : result.diagnostics.map((d) => [d.code, d.in]);
    };
    const parse = 'parse field=tgw_id "tgw-*" as short';
    expect(check('_index=tgw_flow', parse)).toEqual([['short'], ['tgw-flow']]);
    expect(check('', parse)).toEqual([['unknown-field', 'expression']]);
    expect(check('_index=*', 'parse "* *" as first, more')).toEqual([
      ['first', 'more'],
      ['vpc-flow', 'tgw-flow', 'cloudtrail'],
    ]);
    // A name that only records of the other format have is free here.
    expect(check('', 'parse "* *" as resource_type, more')).toEqual([['resource_type', 'more'], ['vpc-flow']]);
    expect(check('_index=tgw_flow', 'parse "* *" as resource_type, more')).toEqual([['more'], ['tgw-flow']]);
  });

  it('is not asked by queries that read none of them', async () => {
    const tgw: ExtractionRule = { ...rule('gateways', '_index=tgw_flow', 'parse field=tgw_id "tgw-*" as short', ['short']), formats: ['tgw-flow'] };
    expect(await rows('| count by short', [tgw])).toMatchObject([['unknown-field', expect.anything()]]);
    expect(await rows('_index=tgw_flow | count by short', [tgw])).toEqual([]);
    expect(await rows('_index=*_flow short=1 | count', [tgw])).toEqual([[0]]);
  });
});
