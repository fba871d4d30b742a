/**
 * threatlookup and threatip: the threat indicator that matches an address. Indicators are matched when
 * records are stored; where none are, every row is kept and the columns are empty, as for an address
 * that no indicator names.
 */
import { didYouMean, QueryError } from '../diagnostics.ts';
import { printName, printString } from '../print-expression.ts';
import { sql } from '../sql.ts';
import type { State } from '../state.ts';
import type { Name, Span } from '../tree.ts';
import type { Typed } from '../typed.ts';
import type { Operator } from './kinds.ts';
import type { Wanted } from './places.ts';

const TEXT: Typed = { sql: sql`CAST(NULL, 'Nullable(String)')`, kind: 'text' };
const NUMBER: Typed = { sql: sql`CAST(NULL, 'Nullable(Float64)')`, kind: 'number' };

/** Columns that each lookup adds, in the public language's names. */
const COLUMNS: Readonly<Record<'threatlookup' | 'threatip', Readonly<Record<string, Typed>>>> = {
  threatlookup: {
    '_threatlookup.actors': TEXT,
    '_threatlookup.confidence': NUMBER,
    '_threatlookup.fields': TEXT,
    '_threatlookup.id': TEXT,
    '_threatlookup.imported': NUMBER,
    '_threatlookup.indicator': TEXT,
    '_threatlookup.kill_chain': TEXT,
    '_threatlookup.num_matches': NUMBER,
    '_threatlookup.source': TEXT,
    '_threatlookup.threat_type': TEXT,
    '_threatlookup.type': TEXT,
    '_threatlookup.updated': NUMBER,
    '_threatlookup.valid_from': NUMBER,
    '_threatlookup.valid_until': NUMBER,
  },
  threatip: { actor: TEXT, malicious_confidence: TEXT, raw_threat: TEXT, type: TEXT },
};

/** Columns of `lookup … from sumo://threat/cs` and its siblings. */
export const THREAT_COLUMNS: Readonly<Record<string, Typed>> = {
  threat: TEXT,
  type: TEXT,
  actor: TEXT,
  raw: TEXT,
  raw_threat: TEXT,
  threatlevel: TEXT,
  malicious_confidence: TEXT,
  confidence: NUMBER,
  indicator: TEXT,
  threat_type: TEXT,
  kill_chain: TEXT,
  labels: TEXT,
  published_date: NUMBER,
  last_updated: NUMBER,
  valid_from: NUMBER,
  valid_until: NUMBER,
};

/** `sumo://threat/cs`, `sumo://threat/i471`: all feeds are one table here. */
export function isThreatSource(source: string): boolean {
  return /^sumo:\/\/threat\/\w+$/i.test(source);
}

/** The columns of a lookup of threat indicators. Throws QueryError for a column that there is not. */
export function addThreat(state: State, on: Name, columns: readonly Wanted[], span: Span): State {
  state.resolve(on);
  noIndicators(state, span);
  return columns.reduce((next, column) => {
    const value = THREAT_COLUMNS[column.name.toLowerCase()];
    const known = Object.keys(THREAT_COLUMNS);
    if (value) return next.assign(column.as, value);
    const hint = didYouMean(column.name, known) ?? `It has ${known.join(', ')}.`;
    throw new QueryError('unknown-field', column.span, `This lookup has no column ${column.name}.`, hint);
  }, state);
}

/** The indicators as a table without rows: `cat sumo://threat-intel`. */
export function indicatorTable(state: State, span: Span): State {
  noIndicators(state, span);
  const columns = Object.entries(COLUMNS.threatlookup).map(([name, value]) => ({ name, value }));
  return state.with({ from: sql`(SELECT 1 AS row WHERE false)`, columns });
}

function noIndicators(state: State, span: Span): void {
  state.ctx.warnings.push({ code: 'no-indicators', span, message: 'No threat indicators are stored: the columns of this lookup are empty.' });
}

export const threat: Operator<'threat'> = {
  keywords: ['threatlookup', 'threatip'],
  syntax: 'threatlookup [singleIndicator] [source="name"] address, …  |  threatip address',
  doc: 'Adds what threat indicators say of an address: _threatlookup.indicator, .confidence (0–100), .threat_type, …, or actor and malicious_confidence. Rows without a match are kept.',
  example: 'threatlookup singleIndicator srcaddr | where !isNull(_threatlookup.indicator)',
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
  apply: (o, before) => {
    const state = before.parts.limit === undefined ? before : before.finished();
    for (const name of o.fields) state.resolve(name);
    noIndicators(state, o.span);
    return Object.entries(COLUMNS[o.fn]).reduce((next, [name, value]) => next.assign(name, value), state);
  },
};
