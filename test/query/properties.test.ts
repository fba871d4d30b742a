import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { AGGREGATES } from '../../src/query/aggregates.ts';
import { FUNCTIONS } from '../../src/query/functions/index.ts';
import { type CompileOptions, compile, complete, explain, parse, print, reference, vocabulary } from '../../src/query/index.ts';
import { KEYWORDS, OPERATORS } from '../../src/query/operators/index.ts';
import { ident } from '../../src/query/sql.ts';
import type { Expr } from '../../src/query/tree.ts';
import { readSpec } from './spec.ts';

const options: CompileOptions = {
  from: 0,
  to: 3600,
  now: 3600,
  timeZone: 'UTC',
  maxRows: 100,
  relations: { table: ident, absentMask: 0n },
  variables: { x: '1' },
};

const folder = join(import.meta.dirname, 'spec');
const specs = readdirSync(folder).flatMap((name) => readSpec(join(folder, name)).evals.map((e) => e.query));
const bad = (parseYaml(readFileSync(join(import.meta.dirname, 'bad-queries.yaml'), 'utf8')) as { query: string }[]).map((b) => b.query);
const examples = [...Object.values(OPERATORS), ...FUNCTIONS, ...AGGREGATES].map((entry) => `| ${entry.example}`);

/** The tree without places. */
function bare(text: string): string {
  return JSON.stringify(parse(text).query, (key, value: unknown) => (key.toLowerCase().endsWith('span') ? undefined : value));
}

describe('printing', () => {
  it('reads back to the same tree and stays as it is', () => {
    for (const text of [...specs, ...examples]) {
      const { query, diagnostics } = parse(text);
      expect(diagnostics, text).toEqual([]);
      const printed = print(query);
      expect(bare(printed), `${text}\n${printed}`).toBe(bare(text));
      expect(print(parse(printed).query)).toBe(printed);
    }
  });

  const name = fc.constantFrom('srcaddr', 'bytes', 'a b', 'log-status', 'x.y', 'in', 'été', '"', '\\');
  const expr: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => ({
    expr: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.string().map((value): Expr => ({ node: 'literal', value, text: value, span: { start: 0, end: 0 } })),
      fc.nat().map((value): Expr => ({ node: 'literal', value, text: String(value), span: { start: 0, end: 0 } })),
      name.map((n): Expr => ({ node: 'field', name: n, span: { start: 0, end: 0 } })),
      fc
        .tuple(fc.constantFrom('+', '-', '*', '/', '%', '=', '!=', '<', '>=', 'and', 'or'), tie('expr'), tie('expr'))
        .map(([op, left, right]) => ({ node: 'binary', op, left, right, span: { start: 0, end: 0 } }) as Expr),
      tie('expr').map((arg): Expr => ({ node: 'unary', op: '!', arg, span: { start: 0, end: 0 } })),
      fc
        .tuple(tie('expr'), fc.array(tie('expr'), { maxLength: 3 }), fc.boolean())
        .map(([left, list, negate]): Expr => ({ node: 'in', left, list, negate, span: { start: 0, end: 0 } })),
      fc.tuple(tie('expr'), tie('expr'), tie('expr')).map(([test, yes, no]): Expr => ({ node: 'choose', test, yes, no, span: { start: 0, end: 0 } })),
      fc.array(tie('expr'), { maxLength: 3 }).map((args): Expr => ({ node: 'call', name: 'concat', args, span: { start: 0, end: 0 } })),
    ),
  })).expr;

  it('holds for made expressions', () => {
    fc.assert(
      fc.property(expr, (test) => {
        const printed = print({ scope: { node: 'all' }, operations: [{ op: 'where', test, span: { start: 0, end: 0 } }] });
        const { query, diagnostics } = parse(printed);
        expect(diagnostics, printed).toEqual([]);
        expect(print(query)).toBe(printed);
      }),
      { numRuns: 300 },
    );
  });
});

describe('texts of all kinds', () => {
  const pieces = [
    ...KEYWORDS,
    ...FUNCTIONS.map((f) => `${f.name}(`),
    'srcaddr',
    'bytes',
    '|',
    '| ',
    '(',
    ')',
    '"',
    '%"',
    '/',
    '=',
    '!',
    '*',
    ',',
    'as',
    'by',
    'in',
    'not',
    '5m',
    '1',
    '{{x}}',
    '//',
    '\\',
    ' ',
    '?',
    ':',
    '10.0.0.1',
  ];
  const soup = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 })), { maxLength: 30 }).map((parts) => parts.join(' '));

  it('neither crash nor hang, and every diagnostic lies in the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          soup,
          fc.string({ unit: 'binary', maxLength: 200 }),
          fc.constantFrom(...specs, ...bad).chain((s) => fc.nat(s.length).map((n) => s.slice(0, n))),
        ),
        (text) => {
          const result = compile(text, options);
          for (const d of result.ok ? [] : result.diagnostics) {
            expect(d.span.start).toBeGreaterThanOrEqual(0);
            expect(d.span.end).toBeGreaterThanOrEqual(d.span.start);
            expect(d.span.end).toBeLessThanOrEqual(text.length);
          }
          explain(text, options);
          complete(text, Math.floor(text.length / 2));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('deep and long texts end in a diagnostic', () => {
    for (const text of [
      '('.repeat(5000),
      `| where ${'('.repeat(5000)}`,
      `| where ${'!'.repeat(5000)}x`,
      '!'.repeat(5000),
      `| where ${'1?'.repeat(3000)}1`,
      'a'.repeat(70_000),
      `| where ${'-'.repeat(4000)}1 = 1`,
    ]) {
      expect(compile(text, options).ok).toBe(false);
    }
    const doubling = `| bytes as x ${'| x + x as x '.repeat(200)}| sum(x)`;
    const result = compile(doubling, options);
    expect(result.ok && result.compiled.statement.text.length).toBeLessThan(100_000);
  });
});

describe('explain and completion', () => {
  it('shows every stage', () => {
    const e = explain('"a b" | where dstport = 22 | count by srcaddr', options);
    expect(e.tokens.map((t) => t.text)).toEqual(['"a b"', '|', 'where', 'dstport', '=', '22', '|', 'count', 'by', 'srcaddr']);
    expect(e.printed).toBe('"a b"\n| where dstport = 22\n| count by srcaddr');
    expect(e.plan.join('\n')).toContain('rebuild the text');
    expect(e.statement?.text).toContain('GROUP BY');
    expect(explain('| wher', options)).toMatchObject({ plan: [], diagnostics: [{ code: 'unknown-operator' }] });
  });

  it('offers operators behind a pipe and fields elsewhere', () => {
    const names = (text: string): string[] => complete(text, text.length).items.map((i) => i.text);
    expect(names('* | tim')[0]).toBe('timeslice');
    expect(names('* | where dstp')).toContain('dstport');
    expect(names('inter')).toContain('interface_id');
    expect(names('* | where isPub')).toEqual(['isPublicIP']);
    expect(vocabulary().length).toBeGreaterThan(200);
  });
});

it('the reference names everything', () => {
  const text = reference();
  for (const name of [...KEYWORDS, ...FUNCTIONS.map((f) => f.name), ...AGGREGATES.map((a) => a.name), 'unknown-field']) expect(text).toContain(name);
});
