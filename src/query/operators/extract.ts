/**
 * parse, parse regex and json: columns out of text, `_raw` unless field= is written. Without nodrop a
 * row that does not match is dropped.
 */
import { DEFAULT_FIELDS } from '../../model/default-layout.ts';
import type { Field } from '../../model/fields.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { compileExpr } from '../expression.ts';
import { any } from '../match.ts';
import { printExpr, printName, printString } from '../print-expression.ts';
import { defaultValues, isDefault, joined } from '../raw.ts';
import { anchorRegex, checkedRegex, namedGroups } from '../regex.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import { storedField } from '../stored.ts';
import type { Expr, Name, Span } from '../tree.ts';
import { asText, type Typed, text } from '../typed.ts';
import type { Operator } from './kinds.ts';

export interface Extraction {
  readonly field?: Expr;
  readonly nodrop: boolean;
}

export function parseField(cursor: Cursor): Expr | undefined {
  if (!cursor.is('field') || !cursor.is('=', 1)) return undefined;
  cursor.next();
  cursor.next();
  const { name, span } = cursor.name('the field to parse');
  return { node: 'field', name, span };
}

export function optional(field: Expr | undefined): { field?: Expr } {
  return field ? { field } : {};
}

export function printTail(o: Extraction): string {
  return o.nodrop ? ' nodrop' : '';
}

export function printFieldOf(o: Extraction): string {
  return o.field ? ` field=${printExpr(o.field)}` : '';
}

export function printNames(names: readonly Name[]): string {
  return names.map((n) => printName(n.name)).join(', ');
}

/** Text that is parsed, in a state where it can be asked for twice. */
export function subject(o: Extraction, before: State, span: Span): { state: State; source: Sql } {
  const state = before.parts.limit === undefined ? before : before.finished();
  if (!o.field && !state.parts.stored)
    throw new QueryError(
      'field-not-grouped',
      span,
      'There is no _raw here: the query has grouped the records.',
      'Parse before the aggregate, or name a field with field=.',
    );
  return { state, source: sql`toString(${asText(compileExpr(o.field ?? { node: 'field', name: '_raw', span }, state))})` };
}

/** Adds the groups of the first match as columns. */
function addGroups(o: Extraction, before: State, pattern: string, names: readonly { name: string; index: number }[], span: Span, multi = false): State {
  const { state, source } = subject(o, before, span);
  const regex = param('String', pattern);
  const found = multi
    ? sql`arrayJoin(${o.nodrop ? orOneEmpty(sql`extractAllGroupsVertical(${source}, ${regex})`) : sql`extractAllGroupsVertical(${source}, ${regex})`})`
    : sql`extractGroups(${source}, ${regex})`;
  const groups = state.assign(HELPER, { sql: found, kind: 'list' }, true).finished();
  const list = groups.column(HELPER)?.value.sql as Sql;
  const filtered = o.nodrop ? groups : groups.filter(sql`notEmpty(${list})`);
  const done = names.reduce((next, { name, index }) => {
    const value = sql`arrayElement(${list}, ${num(index)})`;
    return next.assign(name, text(o.nodrop ? sql`if(empty(${list}), NULL, ${value})` : value));
  }, filtered);
  return done.with({ columns: done.parts.columns.filter((c) => c.name !== HELPER) });
}

/** Column that holds what was found until the names are made. */
export const HELPER = '__groups';

function orOneEmpty(list: Sql): Sql {
  return sql`if(empty(${list}), [[]], ${list})`;
}

/**
 * The text of a record in the default layout is its values joined by spaces, so a pattern of stars and
 * single spaces takes columns, as text. Records in any other form go the slow way in the same statement.
 */
function pushedDown(o: Extraction & { pattern: string; names: readonly Name[] }, before: State, span: Span): State | undefined {
  const source = o.field?.node === 'field' ? o.field.name : '_raw';
  const stars = o.names.length;
  const { ctx } = before;
  if (source !== '_raw' || before.column('_raw') || !before.parts.stored || o.pattern !== Array(stars).fill('*').join(' ')) return undefined;
  const values = defaultValues(ctx);
  if (stars < 2 || stars > values.length) return undefined;
  const field = (i: number) => storedField(ctx, DEFAULT_FIELDS[i] as Field);
  const lastIsField = stars === values.length;
  const textOf = (i: number, when?: Sql): Pick<Typed, 'textOf'> =>
    i < stars - 1 || lastIsField ? { textOf: { value: field(i), ...(when ? { when } : {}) } } : {};
  const columns = (i: number): Sql => (i === stars - 1 ? joined(values.slice(i)) : (values[i] as Sql));
  if (ctx.defaultOnly) {
    const ready = before.parts.limit === undefined ? before : before.finished();
    return o.names.reduce((next, { name }, i) => next.assign(name, { ...text(columns(i)), ...textOf(i) }), ready);
  }
  const { state, source: raw } = subject(o, before, span);
  const slow = sql`extractGroups(${raw}, ${param('String', anchorRegex(o.pattern))})`;
  const groups = state.assign(HELPER, { sql: sql`if(${isDefault(ctx)}, [], ${slow})`, kind: 'list' }, true).finished();
  const list = groups.column(HELPER)?.value.sql as Sql;
  const filtered = o.nodrop ? groups : groups.filter(any([isDefault(ctx), sql`notEmpty(${list})`]));
  const done = o.names.reduce((next, { name }, i) => {
    const missing = o.nodrop ? sql`empty(${list}), NULL, ` : sql``;
    const found = text(sql`multiIf(${isDefault(ctx)}, ${columns(i)}, ${missing}arrayElement(${list}, ${num(i + 1)}))`);
    return next.assign(name, { ...found, ...textOf(i, isDefault(ctx)) });
  }, filtered);
  return done.with({ columns: done.parts.columns.filter((c) => c.name !== HELPER) });
}

export const parse: Operator<'parse'> = {
  keywords: ['parse'],
  syntax: 'parse [field=name] "text * text" as name, … [nodrop]',
  doc: 'Takes what stands at each * of an anchor text.',
  example: 'parse "* * * * * *" as a, b, c, d, e, f | count by c',
  parse: (cursor, start) => {
    cursor.take('anchor');
    const field = parseField(cursor);
    const pattern = cursor.kind('string', 'the pattern in quotation marks');
    cursor.expect('as');
    const names = cursor.names('a name');
    const nodrop = cursor.take('nodrop');
    const stars = pattern.value.split('*').length - 1;
    if (stars !== names.length) {
      throw new QueryError(
        'names-do-not-match',
        cursor.span(start),
        `The pattern has ${stars} *, and there are ${names.length} names.`,
        'Give one name for each *.',
      );
    }
    return { op: 'parse', pattern: pattern.value, names, nodrop, ...optional(field), span: cursor.span(start) };
  },
  print: (o) => `parse${printFieldOf(o)} ${printString(o.pattern)} as ${printNames(o.names)}${printTail(o)}`,
  apply: (o, state) =>
    pushedDown(o, state, o.span) ??
    addGroups(
      o,
      state,
      anchorRegex(state.ctx.fill(o.pattern, o.span)),
      o.names.map(({ name }, i) => ({ name, index: i + 1 })),
      o.span,
    ),
};

export const parseRegex: Operator<'parse-regex'> = {
  keywords: ['extract'],
  syntax: 'parse regex [field=name] "pattern with (?<name>…)" [nodrop] [multi]',
  doc: 'Takes the named groups of a regular expression (RE2); with multi every match gives a row.',
  example: 'parse regex "(?<eni>eni-[0-9a-f]+)" | count by eni',
  parse: (cursor, start) => {
    let field = parseField(cursor);
    const pattern = cursor.kind('string', 'the pattern in quotation marks');
    field ??= parseField(cursor);
    let nodrop = cursor.take('nodrop');
    const multi = cursor.take('multi');
    nodrop ||= cursor.take('nodrop');
    const source = pattern.raw ?? pattern.value;
    const patternSpan = { start: pattern.start, end: pattern.end };
    checkedRegex(source, patternSpan);
    if (namedGroups(source).length === 0)
      throw new QueryError('bad-regex', patternSpan, 'The pattern has no named group.', 'Write (?<name>…) around what you want.');
    return { op: 'parse-regex', pattern: source, patternSpan, nodrop, multi, ...optional(field), span: cursor.span(start) };
  },
  print: (o) => `parse regex${printFieldOf(o)} "${o.pattern.replace(/\\.|"/g, (c) => (c === '"' ? '\\"' : c))}"${printTail(o)}${o.multi ? ' multi' : ''}`,
  apply: (o, state) => addGroups(o, state, o.pattern, namedGroups(o.pattern), o.span, o.multi),
};

/** `a.b[0]['c d']` as the keys of ClickHouse's JSON functions; undefined when it is no path. */
function jsonPath(path: string): Sql[] | undefined {
  const keys: Sql[] = [];
  let rest = path.replace(/^\$\.?/, '');
  if (rest === '') return undefined;
  while (rest !== '') {
    const part = /^\.?([^.[\]]+)/.exec(rest) ?? /^\[(\d+)\]/.exec(rest) ?? /^\[["']([^"']+)["']\]/.exec(rest);
    if (!part) return undefined;
    keys.push(part[0].startsWith('[') && /^\d+$/.test(part[1] as string) ? num(Number(part[1]) + 1) : param('String', part[1] as string));
    rest = rest.slice(part[0].length);
  }
  return keys;
}

export const json: Operator<'json'> = {
  keywords: ['json'],
  syntax: 'json [field=name] "path", … [as name, …] [nodrop]',
  doc: 'Takes values out of a JSON document by path: a.b, a[0].c. Without as, a column is called like the path.',
  example: 'json "message" as msg nodrop | count by msg',
  parse: (cursor, start) => {
    let field = parseField(cursor);
    const paths: string[] = [];
    const names: Name[] = [];
    do {
      const token = cursor.kind('string', 'a path in quotation marks');
      if (!jsonPath(token.value)) throw new QueryError('bad-path', token, `“${token.value}” is no path.`, 'For example userIdentity.arn or Records[0].name.');
      paths.push(token.value);
      names.push({ name: token.value, span: { start: token.start, end: token.end } });
    } while (cursor.take(','));
    const as = cursor.take('as') ? cursor.names('a name') : names;
    if (as.length !== paths.length)
      throw new QueryError('names-do-not-match', cursor.span(start), `There are ${paths.length} paths and ${as.length} names.`, 'Give one name for each path.');
    let nodrop = cursor.take('nodrop');
    field ??= parseField(cursor);
    nodrop ||= cursor.take('nodrop');
    return { op: 'json', paths, names: as, nodrop, ...optional(field), span: cursor.span(start) };
  },
  print: (o) => `json${printFieldOf(o)} ${o.paths.map(printString).join(', ')} as ${printNames(o.names)}${printTail(o)}`,
  apply: (o, before) => {
    const { state, source } = subject(o, before, o.span);
    const document = state.assign(HELPER, text(source), true).finished();
    const held = document.column(HELPER)?.value.sql as Sql;
    const keys = o.paths.map((path) => join([held, ...(jsonPath(path) ?? [])], ', '));
    const filtered = o.nodrop ? document : keys.reduce((next, key) => next.filter(sql`JSONHas(${key})`), document);
    const done = o.names.reduce((next, { name }, i) => {
      const key = keys[i] as Sql;
      const value = sql`multiIf(NOT JSONHas(${key}), NULL, JSONType(${key}) = 'Null', NULL, JSONType(${key}) = 'String', JSONExtractString(${key}), JSONExtractRaw(${key}))`;
      return next.assign(name, text(value));
    }, filtered);
    return done.with({ columns: done.parts.columns.filter((c) => c.name !== HELPER) });
  },
};
