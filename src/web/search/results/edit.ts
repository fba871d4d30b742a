/**
 * What a click does to the text of a query. The text stays the person's own: a change inserts or replaces
 * its own few characters at places that the parser names, and touches nothing else. Pure.
 */
import type { OutputColumn, Window } from '../../../api/contract.ts';
import { canonicalName, findField } from '../../../model/fields.ts';
import { isExtractionRule, type Token } from '../../../query/lexer.ts';
import { type Parsed, parse } from '../../../query/parser.ts';
import { printName, printString } from '../../../query/print-expression.ts';
import type { GroupKey, Operation, OperationName, Scope } from '../../../query/tree.ts';
import { drillField } from '../../dashboard/drill.ts';
import { sliceAfter } from '../../format/times.ts';

/** A value, and the column that it stands in. */
export interface Cell {
  readonly column: OutputColumn;
  readonly value: unknown;
}

/** Steps that make groups of records: what stands before the first of them are the matches. */
const GROUPING: ReadonlySet<OperationName> = new Set(['aggregate', 'top', 'join', 'merge', 'sessionize', 'transaction', 'logreduce', 'logcompare', 'cat']);

function groupingOf(operations: readonly Operation[]): Operation | undefined {
  return operations.find((o) => GROUPING.has(o.op) || (o.op === 'transactionize' && o.merge !== undefined));
}

/** Does the query count, or list records? */
export function isGrouped(query: string): boolean {
  return groupingOf(parse(query).query.operations) !== undefined;
}

/** Does the query read a table? Then there are no messages behind its rows. */
export function isTable(query: string): boolean {
  return parse(query).query.operations[0]?.op === 'cat';
}

/** The query up to its first step that groups. */
export function matchesOf(query: string): string {
  return query.slice(0, endOfMatches(parse(query))).trimEnd();
}

/** Where the text of the matches ends: behind the last token before the pipe of the grouping step. */
function endOfMatches({ query, tokens }: Parsed): number {
  const grouping = groupingOf(query.operations);
  const before = grouping ? tokens.filter((t) => t.start < grouping.span.start) : tokens.filter((t) => t.kind !== 'end');
  const last = grouping ? before.at(-2) : before.at(-1);
  return last?.end ?? 0;
}

/** Names in the result of the first grouping step, in lower case: its keys. Empty when nothing is grouped. */
export function keyNames(query: string): ReadonlySet<string> {
  const grouping = groupingOf(parse(query).query.operations);
  if (grouping?.op === 'top') return new Set([grouping.field.name.toLowerCase()]);
  if (grouping?.op !== 'aggregate') return new Set();
  return new Set(grouping.by.map((key) => nameOf(key, query).toLowerCase()));
}

function nameOf(key: GroupKey, query: string): string {
  if (key.as !== undefined) return key.as;
  return key.expr.node === 'field' ? key.expr.name : query.slice(key.expr.span.start, key.expr.span.end);
}

/**
 * Adds `field="value"`, or `!field="value"`, to the scope. What is there already stays as it is; the
 * opposite of it is turned round in its place. A record that does not have the field is asked for by ''.
 */
export function withCondition(query: string, field: string, value: string, negate: boolean): string {
  const condition = `${negate ? '!' : ''}${scopeName(field)}=${printString(value)}`;
  const { query: tree, tokens } = parse(query);
  const scope = isExtractionRule(query) ? [] : scopeTokens(tokens);
  const [first, last] = [scope[0], scope.at(-1)];
  if (!first || !last) return query.trim() === '' ? condition : `${condition}${query.trimStart().startsWith('|') ? ' ' : ' | '}${query.trimStart()}`;
  for (const found of conditionsOf(tree.scope, tokens)) {
    if (!sameField(found.field, field) || found.value !== value) continue;
    return found.negate === negate ? query : query.slice(0, found.start) + condition + query.slice(found.end);
  }
  if (tree.scope.node === 'all' && scope.length === 1) return query.slice(0, first.start) + condition + query.slice(first.end);
  const [open, close] = tree.scope.node === 'or' ? ['(', ')'] : ['', ''];
  return `${query.slice(0, first.start)}${open}${query.slice(first.start, last.end)}${close} ${condition}${query.slice(last.end)}`;
}

function scopeTokens(tokens: readonly Token[]): Token[] {
  const end = tokens.findIndex((t) => t.kind === 'pipe' || t.kind === 'end');
  return tokens.slice(0, end < 0 ? tokens.length : end);
}

function scopeName(field: string): string {
  return /^[\w@.-]+$/.test(field) && !/^(?:and|or|not)$/i.test(field) ? field : `%${printString(field)}`;
}

interface Found {
  readonly field: string;
  readonly value: string;
  readonly negate: boolean;
  readonly start: number;
  readonly end: number;
}

/** Conditions of equality that every match satisfies: those beside each other, not those below OR. */
function conditionsOf(scope: Scope, tokens: readonly Token[]): Found[] {
  const items = scope.node === 'and' ? scope.items : [scope];
  return items.flatMap((item): Found[] => {
    const inner = item.node === 'not' ? item.item : item;
    if (inner.node !== 'condition' || (inner.op !== '=' && inner.op !== '!=')) return [];
    const negate = (item.node === 'not') !== (inner.op === '!=');
    const { field, value, span } = inner;
    const at = tokens.findIndex((t) => t.start === span.start);
    const start = item.node === 'not' ? (tokens[at - 1]?.start ?? span.start) : span.start;
    return [{ field, value, negate, start, end: span.end }];
  });
}

function sameField(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase() || (canonicalName(a) !== undefined && canonicalName(a) === canonicalName(b));
}

/** Adds a `where` step on a column that the query made, behind the last step of the matches. */
export function withWhere(query: string, column: OutputColumn, value: unknown, negate: boolean): string {
  return withStep(query, `where ${test(column, value, negate)}`);
}

function test({ name, kind }: OutputColumn, value: unknown, negate: boolean): string {
  const field = printName(name);
  if (value === null || value === undefined) return `${negate ? '!' : ''}isNull(${field})`;
  // A chart knows only that there is no text.
  if (value === '') return `${negate ? '!' : ''}isEmpty(${field})`;
  const literal = (kind === 'number' || kind === 'time') && Number.isFinite(Number(value)) ? String(value) : printString(String(value));
  return `${field} ${negate ? '!=' : '='} ${literal}`;
}

function withStep(query: string, step: string): string {
  const parsed = parse(query);
  if (parsed.query.operations.some((o) => query.slice(o.span.start, o.span.end).trim() === step)) return query;
  const end = endOfMatches(parsed);
  const separator = query.trim().includes('\n') ? '\n' : ' ';
  return `${query.slice(0, end)}${end > 0 ? separator : ''}| ${step}${query.slice(end)}`;
}

/** A condition on a value as it is shown: of a field in the scope, of a made column behind the steps that make it. In the scope a `*` would be any text. */
export function withValue(query: string, column: OutputColumn, value: unknown, negate: boolean): string {
  if (column.field === undefined) return withWhere(query, column, value, negate);
  if (String(value).includes('*')) return withWhere(query, { ...column, name: column.field }, value, negate);
  return withCondition(query, column.field, value === null || value === undefined ? '' : String(value), negate);
}

/**
 * The messages behind a row of a result: the matches, narrowed to the row's keys. A key that was computed
 * in the grouping step is computed before it; a column that came only later and is no field's says nothing.
 * Rows of a table have no messages: they are narrowed themselves.
 */
export function drilled(query: string, cells: readonly Cell[]): string {
  if (isTable(query)) return cells.reduce((text, { column, value }) => `${text.trimEnd()}\n| where ${test(column, value, false)}`, query);
  const grouping = groupingOf(parse(query).query.operations);
  const keys = grouping?.op === 'aggregate' ? grouping.by : [];
  const pivot = parse(query).query.operations.find((o) => o.op === 'transpose');
  return cells.reduce((text, { column, value }) => {
    if (column.kind === 'time') return text;
    const field = drillField(query, column);
    if (field !== undefined) return withValue(text, { ...column, field }, value, false);
    const name = column.name.toLowerCase();
    const key = keys.find((k) => nameOf(k, query).toLowerCase() === name);
    // Before the groups are made, a field has its own name.
    if (key?.expr.node === 'field') return withWhere(text, { ...column, name: key.expr.name }, value, false);
    if (key) {
      const computed = withStep(text, `${query.slice(key.expr.span.start, key.expr.span.end)} as ${printName(column.name)}`);
      return withWhere(computed, column, value, false);
    }
    if (pivot?.columns.length === 1 && key === undefined && column.kind === 'number')
      return withValue(text, pivoted(pivot), column.name === 'null' ? null : column.name, false);
    const made = !grouping || (grouping?.op === 'top' && grouping.field.name.toLowerCase() === name);
    return made ? withWhere(text, column, value, false) : text;
  }, withoutSlices(query));
}

/** A column of a transposed result is named after a value: the column that the value was in before. */
function pivoted({ columns }: Extract<Operation, { op: 'transpose' }>): OutputColumn {
  const name = columns[0]?.name ?? '';
  const field = findField(name);
  return { name, kind: field?.type ?? 'text', ...(field && { field: field.name }) };
}

/** The query without last steps that only add columns: behind them nothing chooses records any more. */
export function withoutAdded(query: string): string {
  const { query: tree, tokens } = parse(query);
  const kept = tree.operations.findLastIndex((step) => !ADDS_ONLY.has(step.op) || (step.op === 'threat' && step.fn === 'threatlookup' && !step.single));
  const first = tree.operations[kept + 1];
  return first ? query.slice(0, tokens.filter((t) => t.start < first.span.start).at(-2)?.end ?? 0) : query;
}

/** Of each row it leaves one row. */
const ADDS_ONLY: ReadonlySet<OperationName> = new Set(['assign', 'bin', 'timeslice', 'lookup', 'geoip', 'threat']);

/** The matches without a last step that only cuts time into slices: nothing behind it counts by them any more. */
function withoutSlices(query: string): string {
  const matches = matchesOf(query);
  const parsed = parse(matches);
  const last = parsed.query.operations.at(-1);
  return last?.op === 'timeslice' ? matches.slice(0, parsed.tokens.filter((t) => t.start < last.span.start).at(-2)?.end ?? 0) : matches;
}

/** The slice of time that a row of a result is of, if one of its cells is the start of one. `seconds`: width of the result's slices, which follow the clock of `zone`. */
export function sliceOf(cells: readonly Cell[], seconds: number | undefined, zone: string): Window | undefined {
  const start = cells.find((cell) => cell.column.kind === 'time')?.value;
  if (typeof start !== 'number' || seconds === undefined) return undefined;
  return { from: Math.floor(start / 1000), to: Math.ceil(sliceAfter(start, seconds * 1000, zone) / 1000) };
}

/** Number of matches by a field or made column. */
export function countBy(query: string, name: string): string {
  return `${followed(query)}| count by ${printName(name)}`;
}

/** What flowed by a field or made column, the most first. */
export function bytesBy(query: string, name: string): string {
  return `${followed(query)}| sum(bytes) as bytes by ${printName(name)}\n| sort by bytes`;
}

/** The most frequent values of a column over time, a line each. `seconds`: width of a bucket. */
export function topOverTime(query: string, column: OutputColumn, values: readonly string[], seconds: number): string {
  const name = printName(column.name);
  const list = values.map((v) => (column.kind === 'number' ? v : printString(v))).join(', ');
  const steps = [
    ...(list === '' ? [] : [`where ${name} in (${list})`]),
    `timeslice ${sliceText(seconds)}`,
    `count by _timeslice, ${name}`,
    `transpose row _timeslice column ${name}`,
  ];
  return followed(query) + steps.map((s) => `| ${s}`).join('\n');
}

/** The matches, ready for another step. */
function followed(query: string): string {
  const matches = matchesOf(query);
  return matches === '' ? '' : `${matches}\n`;
}

/** 300 → `5m`. */
function sliceText(seconds: number): string {
  const [unit, size] = (
    [
      ['d', 86_400],
      ['h', 3600],
      ['m', 60],
    ] as const
  ).find(([, s]) => seconds % s === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}

/** Do the matches have an order of the query's own? */
export function isSorted(query: string): boolean {
  return parse(matchesOf(query)).query.operations.some((o) => o.op === 'sort');
}

/** The matches, oldest first. Those that a query sorts keep its order. */
export function oldestFirst(query: string): string {
  return isSorted(query) ? matchesOf(query) : `${followed(query)}| sort by _messageTime asc`;
}
