/**
 * Tables that lookup, lookupContains, cat and save name: people's, found by name or path, and those that
 * are always there. Nothing is ever fetched: an address such as https://… is the name of a table too.
 */
import { PROTOCOL_NAMES, SERVICE_NAMES } from '../model/services.ts';
import { didYouMean, listed, quoted } from '../model/wording.ts';
import type { Catalog, LookupTable } from './contract.ts';
import type { Cursor } from './cursor.ts';
import { QueryError } from './diagnostics.ts';
import { ident, num, param, type Sql, sql } from './sql.ts';
import type { Name, Source } from './tree.ts';

/** Tables of this release, with what they are for. */
export const BUILT_IN: readonly (readonly [name: string, doc: string, columns: readonly string[]])[] = [
  ['bartizan://ports', 'Names of well-known ports: port, service.', ['port', 'service']],
  ['bartizan://protocols', 'Names of IP protocols by their number: protocol, name.', ['protocol', 'name']],
];

/** Sources that a table cannot be called like: they are no tables of people. */
export const RESERVED = /^(?:geo|asn|sumo|bartizan):\/\//i;

/** `sumo://threat/cs`, `sumo://threat/i471`: all feeds are one table here. */
export function isThreatSource(source: string): boolean {
  return /^sumo:\/\/threat\/\w+$/i.test(source.trim());
}

const NOT_YET: Readonly<Record<string, string>> = { 'bartizan://aws-ranges': 'The address ranges of AWS are not part of this release.' };

/** `path://"/Library/Users/ann/hosts"`, `"hosts"`, `shared/hosts`, `https://example.com/hosts.csv`, up to `on`, a comma or the end. */
export function parseSource(cursor: Cursor, what = 'a table such as "hosts" or geo://location'): Source {
  const { start } = cursor.peek();
  let name = '';
  for (let end = start; !cursor.done && !cursor.is('on') && !cursor.is(','); ) {
    const token = cursor.next();
    name += (token.start > end ? ' ' : '') + token.value + (token.suffix ?? '');
    end = token.end;
  }
  if (!name.trim()) throw cursor.unexpected(what);
  return { name: name.trim(), span: cursor.span(start) };
}

export function printSource({ name }: Source): string {
  return `"${name.replace(/[\\"]/g, '\\$&')}"`;
}

/** The name under which a table is kept. */
export function tableName(source: string): string {
  return source
    .trim()
    .replace(/^path:\/\//i, '')
    .trim();
}

/** A table that a query reads. Throws QueryError `unknown-source`. */
export function findTable(catalog: Catalog | undefined, { name, span }: Source): LookupTable {
  const found = builtIn(tableName(name)) ?? (catalog && ofPeople(catalog, name));
  if (found) return found;
  const wanted = tableName(name);
  const known = [...(catalog?.lookupNames ?? []), ...BUILT_IN.map(([builtInName]) => builtInName), 'geo://location', 'asn://default', 'sumo://threat/cs'];
  const later = Object.hasOwn(NOT_YET, wanted.toLowerCase()) && NOT_YET[wanted.toLowerCase()];
  if (later) throw new QueryError('unknown-source', span, later, 'Upload a table of your own and look it up by its name.');
  if (/^https?:\/\//i.test(wanted))
    throw new QueryError(
      'unknown-source',
      span,
      `Nothing is fetched while a query runs, and no table is called ${quoted(wanted)}.`,
      `Upload the file under this name, on the page “Lookups” or with ${quoted(`bartizan lookup add FILE --name ${wanted}`)}.`,
    );
  const hint = didYouMean(wanted, known) ?? 'Upload it on the page “Lookups”, or with “bartizan lookup add FILE --name NAME”.';
  throw new QueryError('unknown-source', span, `There is no lookup table ${quoted(wanted)}.`, hint);
}

/**
 * By the name as written, with or without the slash at its beginning; a path that is not here is found by its
 * last part, so that queries which name folders of another installation find the table.
 */
function ofPeople(catalog: Catalog, source: string): LookupTable | undefined {
  const name = tableName(source);
  const bare = name.replace(/^\/+/, '');
  return (
    catalog.lookup(name) ??
    catalog.lookup(bare) ??
    catalog.lookup(`/${bare}`) ??
    (name.includes('://') ? undefined : catalog.lookup(bare.split('/').at(-1) ?? bare))
  );
}

function builtIn(source: string): LookupTable | undefined {
  const name = source.toLowerCase();
  const entry = BUILT_IN.find(([known]) => known === name);
  if (!entry) return undefined;
  const pairs: (readonly [string, string])[] =
    name === 'bartizan://ports'
      ? [...SERVICE_NAMES].map(([port, service]) => [String(port), service])
      : PROTOCOL_NAMES.flatMap((protocol, i) => (protocol ? [[String(i), protocol] as const] : []));
  const list = (at: 0 | 1): Sql =>
    param(
      'Array(String)',
      pairs.map((pair) => pair[at]),
    );
  const line = sql`arrayJoin(arrayZip(range(${num(pairs.length)}), ${list(0)}, ${list(1)})) AS line`;
  const relation = sql`(SELECT tupleElement(line, 1) AS row, tupleElement(line, 2) AS v0, tupleElement(line, 3) AS v1 FROM (SELECT ${line}))`;
  return { name, columns: entry[2], relation };
}

/** Place of a column of a table, in any letter case; -1 when it has none of the name. */
export function placeOf(table: LookupTable, name: string): number {
  const key = name.toLowerCase();
  const exact = table.columns.indexOf(name);
  return exact >= 0 ? exact : table.columns.findIndex((column) => column.toLowerCase() === key);
}

/** The same. Throws QueryError `unknown-field`. */
export function columnPlace(table: LookupTable, { name, span }: Name): number {
  const place = placeOf(table, name);
  if (place >= 0) return place;
  throw new QueryError(
    'unknown-field',
    span,
    `The table ${quoted(table.name)} has no column ${quoted(name)}.`,
    didYouMean(name, table.columns) ?? `It has ${listed(table.columns)}.`,
  );
}

/** A cell of the table's relation. */
export function cell(place: number): Sql {
  return ident(`v${place}`);
}

/** `a = b` of `on`: the query's own name, and the table's column. */
export interface Pair {
  readonly own: Name;
  readonly place: number;
}

/** Which side is the table's column: either order is written. `known` says whether the query knows a name. */
export function pairOf(table: LookupTable, { left, right }: { readonly left: Name; readonly right: Name }, known: (name: Name) => boolean): Pair {
  const [a, b] = [placeOf(table, left.name), placeOf(table, right.name)];
  if (b >= 0 && (a < 0 || known(left))) return { own: left, place: b };
  if (a >= 0) return { own: right, place: a };
  const hint = didYouMean(right.name, table.columns) ?? didYouMean(left.name, table.columns) ?? `It has ${listed(table.columns)}.`;
  const span = { start: left.span.start, end: right.span.end };
  throw new QueryError('unknown-field', span, `Neither ${quoted(left.name)} nor ${quoted(right.name)} is a column of the table ${quoted(table.name)}.`, hint);
}
