/**
 * The language against a reference: random conditions over random records, evaluated by the engine and
 * by a plain interpreter of the tree that knows nothing of columns, null checks or folding.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile, parse, print } from '../../src/query/index.ts';
import type { BinaryOperator, Expr } from '../../src/query/tree.ts';
import { type Engine, type Line, openEngine, options } from './engine.ts';

const span = { start: 0, end: 0 };
const ADDRESSES = ['10.0.0.1', '10.0.1.2', '192.0.2.9', '2001:db8::1', '8.8.8.8'];
const INTERFACES = ['eni-a', 'eni-b', 'ENI-a', 'x%y', 'x_y'];

interface Row {
  readonly id: number;
  readonly srcaddr: string | null;
  readonly dstport: number | null;
  readonly bytes: number | null;
  readonly interface_id: string | null;
  readonly action: string | null;
}

const row = fc.record({
  srcaddr: fc.option(fc.constantFrom(...ADDRESSES)),
  dstport: fc.option(fc.constantFrom(0, 22, 443, 65535)),
  bytes: fc.option(fc.nat(3)),
  interface_id: fc.option(fc.constantFrom(...INTERFACES)),
  action: fc.option(fc.constantFrom('ACCEPT', 'REJECT')),
});

const literal = (value: string | number): Expr => ({ node: 'literal', value, text: String(value), span });
const field = (name: string): Expr => ({ node: 'field', name, span });
const comparison = fc.constantFrom<BinaryOperator>('=', '!=', '<', '<=', '>', '>=');
const equality = fc.constantFrom<BinaryOperator>('=', '!=');
const binary = (op: BinaryOperator, left: Expr, right: Expr): Expr => ({ node: 'binary', op, left, right, span });

const leaf: fc.Arbitrary<Expr> = fc.oneof(
  fc
    .tuple(comparison, fc.constantFrom('dstport', 'bytes'), fc.constantFrom(0, 1, 2, 22, 443))
    .map(([op, name, value]) => binary(op, field(name), literal(value))),
  fc.tuple(comparison, fc.constantFrom(0, 1, 443)).map(([op, value]) => binary(op, literal(value), field('dstport'))),
  fc.tuple(comparison).map(([op]) => binary(op, field('dstport'), field('bytes'))),
  fc.tuple(equality, fc.constantFrom(...ADDRESSES)).map(([op, value]) => binary(op, field('srcaddr'), literal(value))),
  fc.tuple(equality, fc.constantFrom('accept', 'REJECT')).map(([op, value]) => binary(op, field('action'), literal(value))),
  fc.tuple(comparison, fc.constantFrom('eni-a', 'eni-b', 'z')).map(([op, value]) => binary(op, field('interface_id'), literal(value))),
  fc
    .tuple(fc.constantFrom('interface_id', 'srcaddr'), fc.constantFrom('*', 'eni-*', '*-a', 'x%*', 'x_y', '10.0.*', '*.2', '*:*'), fc.boolean())
    .map(([name, pattern, negate]): Expr => ({ node: 'matches', left: field(name), pattern: literal(pattern), negate, span })),
  fc
    .tuple(fc.constantFrom('dstport', 'bytes'), fc.array(fc.constantFrom(0, 1, 22, 443), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([name, list, negate]): Expr => ({ node: 'in', left: field(name), list: list.map(literal), negate, span })),
  fc
    .tuple(fc.array(fc.constantFrom(...INTERFACES), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([list, negate]): Expr => ({ node: 'in', left: field('interface_id'), list: list.map(literal), negate, span })),
  fc.constantFrom('srcaddr', 'dstport', 'interface_id', 'action').map((name): Expr => ({ node: 'call', name: 'isNull', args: [field(name)], span })),
);

const condition: fc.Arbitrary<Expr> = fc.letrec<{ c: Expr }>((tie) => ({
  c: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaf,
    fc.tuple(fc.constantFrom<BinaryOperator>('and', 'or'), tie('c'), tie('c')).map(([op, left, right]) => binary(op, left, right)),
    tie('c').map((arg): Expr => ({ node: 'unary', op: '!', arg, span })),
    fc.tuple(tie('c'), tie('c'), tie('c')).map(([test, yes, no]): Expr => ({ node: 'choose', test, yes, no, span })),
  ),
})).c;

type Plain = string | number | boolean | null;

function evaluate(expr: Expr, given: Row): Plain {
  switch (expr.node) {
    case 'literal':
      return expr.value;
    case 'field':
      return given[expr.name as keyof Row];
    case 'unary':
      return !evaluate(expr.arg, given);
    case 'choose':
      return evaluate(expr.test, given) ? evaluate(expr.yes, given) : evaluate(expr.no, given);
    case 'call':
      return evaluate(expr.args[0] as Expr, given) === null;
    case 'in': {
      const value = evaluate(expr.left, given);
      return expr.list.some((item) => value !== null && evaluate(item, given) === value) !== expr.negate;
    }
    case 'matches': {
      const value = evaluate(expr.left, given);
      const parts = String(evaluate(expr.pattern, given))
        .split('*')
        .map((p) => p.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      return (value !== null && new RegExp(`^${parts.join('.*')}$`, 's').test(String(value))) !== expr.negate;
    }
    case 'binary':
      return evaluateBinary(expr.op, expr, given);
    case 'template':
    case 'regex':
    case 'subquery':
      throw new Error('not generated');
  }
}

function evaluateBinary(op: BinaryOperator, expr: Expr & { node: 'binary' }, given: Row): boolean {
  let left = evaluate(expr.left, given);
  let right = evaluate(expr.right, given);
  if (op === 'and') return Boolean(left) && Boolean(right);
  if (op === 'or') return Boolean(left) || Boolean(right);
  if (left === null || right === null) return op === '!=';
  if (expr.left.node === 'field' && expr.left.name === 'action') [left, right] = [String(left).toUpperCase(), String(right).toUpperCase()];
  switch (op) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}

const LAYOUT = 'srcaddr dstport bytes interface-id action packets';

function toLine(given: Row): Line {
  return {
    line: [given.srcaddr, given.dstport, given.bytes, given.interface_id, given.action, given.id].map((v) => v ?? '-').join(' '),
    layout: LAYOUT,
    columns: { start: 1773144000 },
  };
}

let engine: Engine;
const rows: Row[] = fc.sample(row, { numRuns: 200, seed: 42 }).map((r, id) => ({ id, ...r }));

beforeAll(async () => {
  engine = await openEngine();
  await engine.load(rows.map(toLine));
});
afterAll(() => engine.close());

/** Ids of the records that a query keeps. */
async function kept(text: string): Promise<number[]> {
  const result = compile(`${text} | fields packets | sort +packets`, options(engine));
  if (!result.ok) expect.fail(`${text}: ${JSON.stringify(result.diagnostics)}`);
  return (await engine.rows(result.compiled.statement)).map((r) => r[0] as number);
}

function printed(test: Expr): string {
  return print({ scope: { node: 'all' }, operations: [{ op: 'where', test, span }] });
}

it('conditions on stored fields', async () => {
  await fc.assert(
    fc.asyncProperty(condition, async (test) => {
      const text = printed(test);
      expect(await kept(text), text).toEqual(rows.filter((r) => evaluate(test, r)).map((r) => r.id));
    }),
    { numRuns: 150, seed: 7 },
  );
});

it('the same conditions on made fields of the same values', async () => {
  const made =
    '| if(isNull(dstport), null, dstport) as dstport | if(isNull(bytes), null, bytes) as bytes | if(isNull(interface_id), null, interface_id) as interface_id | if(isNull(srcaddr), null, srcaddr) as srcaddr';
  await fc.assert(
    fc.asyncProperty(condition, async (test) => {
      const text = `${made} ${printed(test).replace(/^\*\n/, '')}`;
      expect(await kept(text), text).toEqual(rows.filter((r) => evaluate(test, r)).map((r) => r.id));
    }),
    { numRuns: 100, seed: 8 },
  );
});

it('what the scope keeps and what it negates are all records', async () => {
  const term = fc.oneof(
    fc.constantFrom('10.0.0.1', '10.0.*', 'eni', 'ACCEPT', '443', '"22 1"', 'a*', 'x%', '2001:db8::/32', '-', '0'),
    fc.constantFrom(
      'srcaddr=10.0.0.0/16',
      'dstport=0',
      'dstport=20-500',
      'interface_id=*a',
      'action=accept',
      'bytes<2',
      'bytes!=1',
      'srcaddr=*',
      'interface_id=""',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(term, { minLength: 1, maxLength: 3 }), fc.constantFrom(' ', ' OR '), async (terms, joint) => {
      const scope = terms.join(joint);
      expect(parse(scope).diagnostics).toEqual([]);
      const both = [...(await kept(scope)), ...(await kept(`NOT (${scope})`))].sort((a, b) => a - b);
      expect(both, scope).toEqual(rows.map((r) => r.id));
    }),
    { numRuns: 60, seed: 9 },
  );
});
