/** What the editor can offer, made of the tables that the compiler reads. Columns of earlier steps come from compiling those steps. */

import { EVENT_PATHS } from '../model/cloudtrail-paths.ts';
import { columnOf, FIELDS, type Field, findField, namesOf } from '../model/fields.ts';
import { DATASETS } from '../model/log-formats.ts';
import { AGGREGATES } from './aggregates.ts';
import { compileQuery } from './compile.ts';
import type { CompileOptions, OutputColumn } from './contract.ts';
import { FUNCTIONS } from './functions/index.ts';
import { signature } from './functions/kinds.ts';
import { OPERATORS } from './operators/index.ts';
import { PLACE_SOURCES } from './operators/places.ts';
import { parse } from './parser.ts';
import { printName, printString } from './print-expression.ts';
import { rank } from './rank.ts';
import { BUILT_IN } from './tables.ts';
import { CONDITION_WORDS, FREQUENT_FIELDS, FREQUENT_STEPS, WORDS } from './words.ts';

export interface Completion {
  readonly kind: 'operator' | 'aggregate' | 'function' | 'column' | 'field' | 'keyword' | 'duration' | 'source';
  /** What is inserted. */
  readonly text: string;
  /** Syntax, signature or type. */
  readonly detail: string;
  readonly doc: string;
  /** A step that uses it. */
  readonly example?: string;
  /** Values follow in parentheses. */
  readonly call?: true;
}

const INDEX_DOC =
  'The dataset that a record is in: vpc_flow, or vpc_flow_status for NODATA and SKIPDATA; tgw_flow and tgw_flow_status of transit gateways; cloudtrail for events.';

export const OPERATOR_ITEMS: readonly Completion[] = Object.values(OPERATORS).flatMap((o) =>
  o === OPERATORS.aggregate ? [] : o.keywords.map((text): Completion => ({ kind: 'operator', text, detail: o.syntax, doc: o.doc, example: o.example })),
);
export const AGGREGATE_ITEMS: readonly Completion[] = AGGREGATES.map((a) => ({
  kind: 'aggregate',
  text: a.name,
  detail: a.signature,
  doc: a.doc,
  example: a.example,
  ...(a.arity[0] > 0 ? { call: true as const } : {}),
}));
export const FUNCTION_ITEMS: readonly Completion[] = FUNCTIONS.map((f) => ({
  kind: 'function',
  text: f.name,
  detail: signature(f),
  doc: f.doc,
  example: f.example,
  call: true,
}));

/** What begins a step: the most used first. */
export const STEP_ITEMS: readonly Completion[] = frequentFirst([...OPERATOR_ITEMS, ...AGGREGATE_ITEMS], FREQUENT_STEPS, (item) => item.text);
const FIELDS_BY_USE: readonly Field[] = frequentFirst(FIELDS, FREQUENT_FIELDS, (field) => field.name);

function frequentFirst<T>(items: readonly T[], names: readonly string[], nameOf: (item: T) => string): T[] {
  const place = (item: T): number => (names.indexOf(nameOf(item)) + names.length + 1) % (names.length + 1);
  return items.toSorted((a, b) => place(a) - place(b));
}

/** Every operator, aggregate, function and name of a field. */
export function vocabulary(): Completion[] {
  return [...OPERATOR_ITEMS, ...AGGREGATE_ITEMS, ...FUNCTION_ITEMS, ...FIELDS.flatMap((f) => namesOf(f).map((name) => fieldItem(f, name)))];
}

function fieldItem(field: Field, name: string): Completion {
  const aws = field.aws !== undefined && field.aws !== name ? ` (${field.aws})` : '';
  return { kind: 'field', text: printName(name), detail: field.type, doc: field.doc + (name === field.name ? aws : ` (${field.name})`) };
}

export const SCOPE_WORDS: readonly Completion[] = ['AND', 'OR', 'NOT'].map((word) => ({
  kind: 'keyword',
  text: word,
  detail: '',
  doc: WORDS[word.toLowerCase()]?.doc ?? '',
}));

export const DATASET_ITEMS: readonly Completion[] = DATASETS.map((text) => ({ kind: 'source', text, detail: 'dataset', doc: INDEX_DOC }));

/** Names of a field that need no quotation marks, the one that AWS gave it first. */
const NAMES: ReadonlyMap<Field, readonly string[]> = new Map(
  FIELDS.map((f) => [f, [...new Set([...(f.aws ? [columnOf(f.aws)] : []), ...namesOf(f)])].filter((n) => printName(n) === n)]),
);

/** The words and options of a step, which its syntax mentions; conditions have words of their own. */
export function stepWords(syntax: string, condition: boolean): Completion[] {
  const found = Object.entries(WORDS).filter(([word, { mention = word }]) => syntax.includes(mention) || (condition && CONDITION_WORDS.has(word)));
  const options = [...new Set(syntax.match(/\b[A-Za-z]+=/g))].filter((option) => !(option in WORDS));
  return [
    ...found.map(([text, { doc }]): Completion => ({ kind: 'keyword', text, detail: '', doc })),
    ...options.map((text): Completion => ({ kind: 'keyword', text, detail: '', doc: 'An option of this step.' })),
  ];
}

interface Table {
  readonly name: string;
  readonly detail: string;
  readonly doc: string;
  readonly columns: readonly string[];
}

/** What lookup and cat can name: tables of people, then those that are always there. */
function tables({ catalog }: Partial<CompileOptions> = {}): Table[] {
  const own = (catalog?.lookupNames ?? []).map((name): Table => ({ name, detail: 'lookup table', doc: '', columns: catalog?.lookup(name)?.columns ?? [] }));
  const places = Object.entries(PLACE_SOURCES).map(([name, { columns }]): Table => {
    const doc = name.startsWith('asn') ? 'The autonomous system of an address.' : 'The place of an address.';
    return { name, detail: 'built in', doc, columns: Object.keys(columns) };
  });
  const others = BUILT_IN.map(([name, doc, columns]): Table => ({ name, detail: 'built in', doc, columns }));
  return [...own, ...places, ...others];
}

export function sources(options: CompileOptions | undefined): Completion[] {
  return tables(options).map(({ name, detail, doc, columns }) => {
    const text = /^[\w:/.-]+$/.test(name) ? name : printString(name);
    return { kind: 'source', text, detail, doc: `${doc} Columns: ${columns.join(', ')}.`.trimStart() };
  });
}

/** Columns that tables have, each with the tables that have it. */
export function tableColumns(options: CompileOptions | undefined): Completion[] {
  const holders = new Map<string, string[]>();
  for (const { name, columns } of tables(options)) for (const column of columns) holders.set(column, [...(holders.get(column) ?? []), name]);
  return [...holders].map(([column, names]) => ({ kind: 'column', text: printName(column), detail: 'text', doc: `A column of ${names.join(', ')}.` }));
}

/** Stored fields, each under the name that fits the word best, and what rules extracted. */
export function fieldChoices(word: string, options: CompileOptions | undefined): Completion[] {
  const catalog = options?.catalog;
  const extracted = (catalog?.extractedNames ?? []).map(
    (n): Completion => ({ kind: 'field', text: printName(n), detail: 'text', doc: 'Extracted by a rule when its records were stored.' }),
  );
  const made = (catalog?.rules ?? []).flatMap((rule) =>
    rule.fields.map((n): Completion => ({ kind: 'field', text: printName(n), detail: 'text', doc: `Made by the rule ${rule.name} when a query asks for it.` })),
  );
  const stored = FIELDS_BY_USE.map((f) => fieldItem(f, rank(word, NAMES.get(f) ?? [], (n) => n)[0] ?? f.name));
  return rank(word, [...stored, ...extracted, ...made, INDEX, ...PATHS], (item) => item.text);
}

/** Beside these any path is right: what a record holds is open. */
const PATHS: readonly Completion[] = EVENT_PATHS.map(([path, doc]) => ({
  kind: 'field',
  text: printName(path),
  detail: 'text',
  doc: `${doc} Of CloudTrail events.`,
}));

const INDEX: Completion = {
  kind: 'field',
  text: '_index',
  detail: 'text',
  doc: INDEX_DOC,
};

/** What the steps before a place hand on: their columns, and whether records' own fields are still there. */
export function columnsBefore(text: string, options: CompileOptions | undefined): { items: readonly Completion[]; stored: boolean } {
  if (!options || !text.includes('|')) return { items: [], stored: true };
  const found = columnsOf(text, options);
  if (!found) return { items: [], stored: true };
  const items = found.columns
    .filter((c) => found.shape === 'aggregates' || (c.name !== '_raw' && c.name !== '_messageTime'))
    .map((c): Completion => {
      const field = c.field === undefined ? undefined : findField(c.field);
      return { kind: 'column', text: printName(c.name), detail: c.kind, doc: field ? field.doc : 'Made by an earlier step.' };
    });
  return { items, stored: found.shape === 'records' };
}

/** Compiles what is right of a text: a step with a mistake is left out, as it is while somebody types. */
function columnsOf(text: string, options: CompileOptions): { columns: readonly OutputColumn[]; shape: 'records' | 'aggregates' } | undefined {
  let { query } = parse(text);
  for (let tries = 0; tries < 10; tries++) {
    const result = compileQuery(query, options);
    if (result.ok) return result.compiled;
    const at = result.diagnostics[0]?.span.start ?? -1;
    const operations = query.operations.filter((o) => at < o.span.start || at > o.span.end);
    if (operations.length === query.operations.length) return undefined;
    query = { ...query, operations };
  }
  return undefined;
}

export function fieldOf(name: string): Completion | undefined {
  const field = findField(name);
  return field && fieldItem(field, name);
}
