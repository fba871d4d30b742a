/**
 * The operator table. A new operation in the tree does not compile until it has its entry here; an
 * entry is its keyword, its syntax, its documentation and three small functions.
 */

import { didYouMean, quoted } from '../../model/wording.ts';
import { findAggregate } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { FUNCTIONS, findFunction } from '../functions/index.ts';
import type { State } from '../state.ts';
import type { Operation, OperationName } from '../tree.ts';
import { aggregate } from './aggregate.ts';
import { bin } from './bin.ts';
import { cat } from './cat.ts';
import { compare } from './compare.ts';
import { dedup } from './dedup.ts';
import { keyvalue, split } from './delimited.ts';
import { parse, parseRegex } from './extract.ts';
import { fillmissing } from './fillmissing.ts';
import { compose, filter } from './filter.ts';
import { join } from './join.ts';
import { json } from './json.ts';
import type { Operator, Surroundings } from './kinds.ts';
import { logcompare, logreduce } from './logreduce.ts';
import { lookup } from './lookup.ts';
import { merge } from './merge.ts';
import { saidHere } from './other-languages.ts';
import { outlier } from './outlier.ts';
import { geoip } from './places.ts';
import { predict } from './predict.ts';
import { assign, fields, limit, sort, where, withtime } from './rows.ts';
import { save } from './save.ts';
import { sessionize } from './sessionize.ts';
import { threat } from './threat.ts';
import { timeslice } from './timeslice.ts';
import { top } from './top.ts';
import { trace } from './trace.ts';
import { transaction } from './transaction.ts';
import { transactionize } from './transactionize.ts';
import { transpose } from './transpose.ts';
import { refuse, refusedStep, refuseUnsupported } from './unsupported.ts';
import { running, topk } from './window.ts';
import { xml } from './xml.ts';

export const OPERATORS: { readonly [N in Exclude<OperationName, 'refused'>]: Operator<N> } = {
  where,
  assign,
  aggregate,
  timeslice,
  transpose,
  top,
  sort,
  limit,
  fields,
  compare,
  geoip,
  lookup,
  cat,
  save,
  join,
  filter,
  compose,
  threat,
  parse,
  'parse-regex': parseRegex,
  json,
  xml,
  split,
  keyvalue,
  topk,
  running,
  outlier,
  withtime,
  fillmissing,
  bin,
  logreduce,
  logcompare,
  merge,
  sessionize,
  trace,
  transaction,
  transactionize,
  dedup,
  predict,
};

const BY_KEYWORD: ReadonlyMap<string, Operator<OperationName>> = new Map(
  (Object.values(OPERATORS) as Operator<OperationName>[]).flatMap((operator) => operator.keywords.map((keyword) => [keyword, operator] as const)),
);

/** Words that begin a step. */
export const KEYWORDS: readonly string[] = [...BY_KEYWORD.keys()];

/** Operators that `parse` goes on with. */
const PARSERS: Readonly<Record<string, Operator<'parse-regex'> | Operator<'xml'> | Operator<'json'>>> = { regex: parseRegex, xml, json };

/** Operators whose step may go on with a symbol: `sort -a`, `cat /shared/hosts`. */
const TAKES_SYMBOL: ReadonlySet<readonly string[]> = new Set([sort.keywords, cat.keywords, save.keywords, trace.keywords]);

/** A keyword is a name where an expression goes on behind it: `count / 2 as half`. */
const EXPRESSION_GOES_ON = new Set(['=', '+', '/', '%', '?', '<', '>', '.']);

/** Reads one step, up to the next pipe; `parse "a*" as x, "b*" as y` is two operations. Throws QueryError. */
export function parseStep(cursor: Cursor): Operation[] {
  const { start } = cursor.peek();
  try {
    return readStep(cursor);
  } catch (error) {
    const refused = error instanceof QueryError ? refusedStep(error, cursor.rest(start), start) : undefined;
    if (refused) return [refused];
    throw error;
  }
}

function readStep(cursor: Cursor): Operation[] {
  const first = parseOperation(cursor);
  const operations = [first];
  if (first.op === 'parse' || first.op === 'parse-regex')
    while (cursor.take(',')) {
      const next = OPERATORS[first.op].parse(cursor, cursor.peek().start, first.op);
      operations.push(next.field ? next : { ...next, ...(first.field ? { field: first.field } : {}) });
    }
  if (!cursor.done) throw cursor.unexpected('“|” or the end of the query');
  // Words behind the last pattern are about all of them.
  const nodrop = operations.some((o) => 'nodrop' in o && o.nodrop);
  return operations.length === 1 ? operations : operations.map((o) => (o.op === 'parse' || o.op === 'parse-regex' ? { ...o, nodrop } : o));
}

function parseOperation(cursor: Cursor): Operation {
  const token = cursor.peek();
  const word = token.kind === 'name' ? token.value.toLowerCase() : undefined;
  const operator = word === undefined ? undefined : BY_KEYWORD.get(word);
  const next = cursor.peek(1);
  const isName =
    (!(operator && TAKES_SYMBOL.has(operator.keywords)) && next.kind === 'symbol' && EXPRESSION_GOES_ON.has(next.value)) || isFunctionOfTwo(cursor, word);
  let operation: Operation;
  if (operator && word !== undefined && !isName) {
    // An aggregate is its own keyword.
    if (operator.keywords !== aggregate.keywords) cursor.next();
    // `parse regex` is two words.
    const kind = operator === OPERATORS.parse ? Object.keys(PARSERS).find((second) => cursor.take(second)) : undefined;
    operation = (kind === undefined ? operator : (PARSERS[kind] as Operator<OperationName>)).parse(cursor, token.start, word);
  } else {
    if (word !== undefined && !operator) misspelled(cursor, word);
    operation = assign.parse(cursor, token.start, '');
  }
  return operation;
}

/** `min(a, b) as x` is the function, `min(a) by b` the aggregate. */
function isFunctionOfTwo(cursor: Cursor, word: string | undefined): boolean {
  if (word === undefined || operatorTakesOne(word) || !cursor.is('(', 1)) return false;
  for (let at = 2, depth = 1; depth > 0; at++) {
    const { kind } = cursor.peek(at);
    if (kind === 'end' || kind === 'pipe') return false;
    if (cursor.is('(', at)) depth++;
    else if (cursor.is(')', at)) depth--;
    else if (depth === 1 && cursor.is(',', at)) return true;
  }
  return false;
}

/** Whether a word is no name of both an aggregate of one value and a function of two. */
function operatorTakesOne(word: string): boolean {
  return findAggregate(word)?.arity[1] !== 1 || findFunction(word)?.args.length !== 2;
}

const BEGINNINGS = 'A step begins with an operator such as “where” or “count”, or is an expression with a name: “… as name”.';

/** `wher x = 1`: a word that something follows which no expression has. */
function misspelled(cursor: Cursor, word: string): void {
  const next = cursor.peek(1);
  const follows = ['name', 'number', 'string', 'quoted-name', 'end', 'pipe'].includes(next.kind) || (next.value === '*' && saidHere(word) !== undefined);
  if (next.value === '(') refuseUnsupported(word, cursor.peek());
  if (!follows || ['as', 'matches', 'in', 'and', 'or', 'not'].includes(next.value.toLowerCase()) || ['not', 'true', 'false', 'null'].includes(word)) return;
  refuseUnsupported(word, cursor.peek());
  const candidates = [...KEYWORDS, ...FUNCTIONS.map((f) => f.name)];
  throw new QueryError(
    'unknown-operator',
    cursor.peek(),
    `There is no operator ${quoted(cursor.peek().value)}.`,
    saidHere(word) ?? didYouMean(word, candidates) ?? BEGINNINGS,
  );
}

// One entry's functions belong together: the operation's own name picks them, which TypeScript cannot follow.
function operatorOf(operation: Exclude<Operation, { op: 'refused' }>): Operator<OperationName> {
  return OPERATORS[operation.op] as Operator<OperationName>;
}

export function printOperation(operation: Operation): string {
  if (operation.op === 'refused') return operation.text;
  return operatorOf(operation).print(operation, (inner) => inner.map(printOperation).join(' | '));
}

export function applyOperation(operation: Operation, state: State, around: Omit<Surroundings, 'inner'>): State {
  if (operation.op === 'refused') return refuse(operation);
  return operatorOf(operation).apply(operation, state, { ...around, inner: applyAll });
}

/** Steps inside a step, on its rows. They see no steps outside, and no other records. */
function applyAll(operations: readonly Operation[], state: State): State {
  return operations.reduce((rows, operation, i) => {
    const before = (): State => {
      throw new QueryError('not-supported', operation.span, '“compare” cannot stand inside another step.', 'Write it as a step of its own.');
    };
    return applyOperation(operation, rows, { steps: operations.slice(0, i), before, after: operations.slice(i + 1) });
  }, state);
}
