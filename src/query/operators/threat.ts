/**
 * threatlookup, threatip and the lookups of sumo://threat: what threat indicators say of a value. The ends of
 * records are matched as they are stored, at their time; other values are compared when a query asks
 * (query/threats.ts). Where no indicators are stored, rows are kept and the columns are empty.
 */

import { didYouMean, listed, quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { printName, printString } from '../print-expression.ts';
import { ident, type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import { type Asked, type Found, findIndicators, indicatorAttribute } from '../threats.ts';
import type { Name, Operation, Span } from '../tree.ts';
import { decidedBy, type Typed } from '../typed.ts';
import type { Operator } from './kinds.ts';
import type { Wanted } from './places.ts';

/** Where an attribute of an indicator is read, by its name (store/indicator-ddl.ts). */
type Read = (name: string) => Sql;

interface Column {
  readonly kind: 'text' | 'number';
  readonly of: (read: Read) => Sql;
  /** Every indicator has a value: where there is none, there is no indicator. */
  readonly always?: true;
}

const text = (name: string, always?: true): Column => ({ kind: 'text', of: (read) => read(name), ...(always ? { always } : {}) });
/** Times are epoch seconds; 0 is none. */
const time = (name: string): Column => ({ kind: 'number', of: (read) => sql`nullIf(${read(name)}, 0)` });
const CONFIDENCE: Column = { kind: 'number', of: (read) => read('confidence'), always: true };

const MATCHES = '_threatlookup.num_matches';

/** Columns of threatlookup and of `cat sumo://threat-intel`, in the public language's names; the number of matches is the lookup's own. */
const THREATLOOKUP: Readonly<Record<string, Column>> = {
  '_threatlookup.actors': text('actors_text'),
  '_threatlookup.confidence': CONFIDENCE,
  '_threatlookup.fields': text('raw', true),
  '_threatlookup.id': text('id'),
  '_threatlookup.imported': time('imported'),
  '_threatlookup.indicator': text('value', true),
  '_threatlookup.kill_chain': text('kill_chain_text'),
  [MATCHES]: { kind: 'number', of: () => sql`NULL` },
  '_threatlookup.source': text('feed', true),
  '_threatlookup.threat_type': text('threat_type'),
  '_threatlookup.type': text('stix_type', true),
  '_threatlookup.updated': time('newest'),
  '_threatlookup.valid_from': time('valid_from'),
  '_threatlookup.valid_until': time('valid_until'),
};

const THREATIP: Readonly<Record<string, Column>> = {
  actor: text('actors_text'),
  malicious_confidence: text('band', true),
  raw_threat: text('raw', true),
  type: text('falcon_type', true),
};

/** Columns of `lookup … from sumo://threat/cs` and its siblings. */
const LOOKUP: Readonly<Record<string, Column>> = {
  threat: text('value', true),
  type: text('falcon_type', true),
  actor: text('actors_text'),
  raw: text('raw', true),
  raw_threat: text('raw', true),
  threatlevel: text('band', true),
  malicious_confidence: text('band', true),
  confidence: CONFIDENCE,
  indicator: text('value', true),
  source: text('feed', true),
  threat_type: text('threat_type'),
  malware_families: text('malware_text'),
  kill_chain: text('kill_chain_text'),
  labels: text('labels_text'),
  published_date: time('published'),
  last_updated: time('newest'),
  valid_from: time('valid_from'),
  valid_until: time('valid_until'),
};

export const THREAT_COLUMNS: readonly string[] = Object.keys(LOOKUP);

const NOTHING: Readonly<Record<Column['kind'], Typed>> = {
  text: { sql: sql`CAST(NULL, 'Nullable(String)')`, kind: 'text' },
  number: { sql: sql`CAST(NULL, 'Nullable(Float64)')`, kind: 'number' },
};

/** A column of what was found. */
function shown({ kind, of, always }: Column, { number, missing }: Found): Typed {
  const make = (n: Sql): Typed => {
    const value = of((name) => indicatorAttribute(n, name));
    return kind === 'text' ? { sql: value, kind, emptyIsNull: true } : { sql: sql`if(${n} = 0, NULL, ${value})`, kind };
  };
  return { ...decidedBy(number, make), ...(always ? { missing } : {}) };
}

/** The columns of a lookup of threat indicators. Throws QueryError for a column that there is not. */
export function addThreat(before: State, on: Name, columns: readonly Wanted[], span: Span): State {
  before.resolve(on);
  const wanted = columns.map((column) => {
    const key = column.name.toLowerCase();
    if (Object.hasOwn(LOOKUP, key)) return { as: column.as, column: LOOKUP[key] as Column };
    const hint = didYouMean(column.name, THREAT_COLUMNS) ?? `It has ${listed(THREAT_COLUMNS)}.`;
    throw new QueryError('unknown-field', column.span, `This lookup has no column ${quoted(column.name)}.`, hint);
  });
  const threats = before.ctx.options.catalog?.threats;
  if (!threats) {
    noIndicators(before, span);
    return wanted.reduce((next, { as, column }) => next.assign(as, NOTHING[column.kind]), before);
  }
  const found = findIndicators(before, [on], threats, { single: true, counted: false, texts: true });
  return wanted.reduce((next, { as, column }) => next.assign(as, shown(column, found)), found.state);
}

/** The indicators that feeds have now, as a table: `cat sumo://threat-intel`. */
export function indicatorTable(state: State, span: Span): State {
  const known = state.ctx.options.catalog?.threats !== undefined;
  if (!known) noIndicators(state, span);
  const columns = Object.entries(THREATLOOKUP).map(([name, { kind, of }]) => {
    if (!known || name === MATCHES) return { name, value: NOTHING[kind] };
    const value = of(ident);
    return { name, value: (kind === 'text' ? { sql: value, kind, emptyIsNull: true } : { sql: value, kind }) satisfies Typed };
  });
  const from = known ? sql`(SELECT * FROM bartizan.indicator_shown WHERE removed = 0)` : sql`(SELECT 1 AS row WHERE false)`;
  return state.with({ from, columns, table: 'sumo://threat-intel' });
}

function noIndicators(state: State, span: Span): void {
  state.ctx.warnings.push({
    code: 'no-indicators',
    span,
    message: 'No threat indicators are stored: the columns of this lookup are empty.',
    hint: 'Add a feed on the page “Threats”.',
  });
}

/** Steps that show no column that they do not name. */
const NAMES_COLUMNS: ReadonlySet<Operation['op']> = new Set<Operation['op']>(['aggregate', 'top', 'topk', 'fields', 'compose']);

/** Whether somebody can see how many indicators there are. It is asked for rarely, and the rows are read once more for it. */
function isCounted(after: readonly Operation[]): boolean {
  const last = after.findIndex((step) => NAMES_COLUMNS.has(step.op));
  return JSON.stringify(last < 0 ? after : after.slice(0, last + 1)).includes('num_matches');
}

export const threat: Operator<'threat'> = {
  keywords: ['threatlookup', 'threatip'],
  syntax: 'threatlookup [singleIndicator] [source="name"] value, …  |  threatip address',
  doc: 'Adds what threat indicators say of a value: _threatlookup.indicator, .confidence (0–100; high from 85, medium from 50, low from 15), .threat_type, …, or actor and malicious_confidence. Times are epoch seconds. An indicator counts where it holds at the record’s start. Rows without a match are kept with empty columns. Without singleIndicator there is a row for each indicator that holds.',
  example: 'threatlookup singleIndicator srcaddr | where !isNull(_threatlookup.indicator)',
  differs:
    'Addresses of both families, and blocks of them, match; of internal addresses none does. _threatlookup.num_matches is computed where the query names it.',
  parse: (cursor, start, keyword) => {
    const single = cursor.take('singleindicator');
    let source: string | undefined;
    if (cursor.is('source') && cursor.is('=', 1)) {
      cursor.next();
      cursor.next();
      source = cursor.kind('string', 'the name of a source in quotation marks').value;
    }
    const fields = cursor.names('an address field');
    return { op: 'threat', fn: keyword as 'threatlookup', single, ...(source === undefined ? {} : { source }), fields, span: cursor.span(start) };
  },
  print: (o) => {
    const source = o.source === undefined ? '' : ` source=${printString(o.source)}`;
    return `${o.fn}${o.single ? ' singleIndicator' : ''}${source} ${o.fields.map((n) => printName(n.name)).join(', ')}`;
  },
  apply: (o, before, around) => {
    const ready = before.parts.limit === undefined ? before : before.finished();
    for (const name of o.fields) ready.resolve(name);
    const columns = o.fn === 'threatip' ? THREATIP : THREATLOOKUP;
    const threats = ready.ctx.options.catalog?.threats;
    if (!threats) {
      noIndicators(ready, o.span);
      return Object.entries(columns).reduce((next, [name, { kind }]) => next.assign(name, NOTHING[kind]), ready);
    }
    const asked: Asked =
      o.fn === 'threatip'
        ? { single: true, counted: false, texts: false }
        : { single: o.single, source: o.source, counted: isCounted(around.after), texts: true };
    const found = findIndicators(ready, o.fields, threats, asked);
    return Object.entries(columns).reduce((next, [name, column]) => {
      if (name !== MATCHES) return next.assign(name, shown(column, found));
      const matches = found.matches && sql`if(${found.missing}, NULL, ${found.matches})`;
      return next.assign(name, matches && o.single ? { sql: matches, kind: 'number' } : NOTHING.number);
    }, found.state);
  },
};
