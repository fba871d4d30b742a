/**
 * geoip and lookup: what was known of an address when its record was stored. Place and autonomous
 * system lie beside source and destination addresses; for any other address nothing is stored, and
 * the new columns are empty.
 */
import type { Registry } from '../../model/registries.ts';
import type { Cursor } from '../cursor.ts';
import { didYouMean, QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import { AS_COLUMNS, PLACE_COLUMNS, partOf } from '../stored.ts';
import type { Span } from '../tree.ts';
import { literal, type Typed } from '../typed.ts';
import type { Operator } from './kinds.ts';

interface Source {
  readonly registry: Registry['name'];
  readonly columns: Readonly<Record<string, (stored: Sql) => Typed>>;
  readonly stored: (address: Typed) => (() => Sql) | undefined;
}

/** Sources of `lookup … from`, by name. The public language knows more columns; these are stored. */
const SOURCES: Readonly<Record<string, Source>> = {
  'geo://location': {
    registry: 'place',
    columns: { ...PLACE_COLUMNS, region: PLACE_COLUMNS.state as (place: Sql) => Typed },
    stored: (address) => address.place,
  },
  'asn://default': { registry: 'autonomous_system', columns: AS_COLUMNS, stored: (address) => address.as },
};

function addColumns(state: State, source: Source, address: Typed, wanted: readonly { name: string; as: string }[], span: Span): State {
  const stored = source.stored(address)?.();
  if (!stored) {
    const message = 'Place and network are stored for source and destination addresses only: these columns are empty.';
    state.ctx.warnings.push({ code: 'not-stored', span, message });
  }
  return wanted.reduce((next, { name, as }) => {
    const make = source.columns[name] as (stored: Sql) => Typed;
    return next.assign(as, stored ? partOf(stored, source.registry, name, make) : { ...make(sql`''`), sql: literal(null).sql });
  }, state);
}

export const geoip: Operator<'geoip'> = {
  keywords: ['geoip'],
  syntax: 'geoip address [column, …]',
  doc: 'Adds latitude, longitude, country_code, country_name, city and state of an address, as known when the record was stored; empty when unknown.',
  example: 'geoip srcaddr | count by country_name',
  parse: (cursor, start) => {
    const field = cursor.name('an address field');
    const names = cursor.done ? [] : cursor.names('a column of the place');
    return { op: 'geoip', field, names, span: cursor.span(start) };
  },
  print: (o) => `geoip ${printName(o.field.name)}${o.names.length ? ` ${o.names.map((n) => printName(n.name)).join(', ')}` : ''}`,
  apply: (o, state) => {
    const source = SOURCES['geo://location'] as Source;
    const names = o.names.length ? o.names.map((n) => columnOf(source, n.name, n.span)) : Object.keys(PLACE_COLUMNS);
    const ready = state.parts.limit === undefined ? state : state.finished();
    return addColumns(
      ready,
      source,
      ready.resolve(o.field),
      names.map((name) => ({ name, as: name })),
      o.field.span,
    );
  },
};

function columnOf(source: Source, name: string, span: Span): string {
  const known = Object.keys(source.columns);
  const found = known.find((k) => k === name.toLowerCase());
  if (found) return found;
  throw new QueryError('unknown-field', span, `This lookup has no column ${name}.`, didYouMean(name, known) ?? `It has ${known.join(', ')}.`);
}

/** `geo://location`: its parts come as several tokens. */
function parseSource(cursor: Cursor): { source: string; span: Span } {
  const { start } = cursor.peek();
  let source = '';
  while (!cursor.done && !cursor.is('on')) source += cursor.next().value;
  if (!source) throw cursor.unexpected('a source such as geo://location');
  return { source, span: cursor.span(start) };
}

export const lookup: Operator<'lookup'> = {
  keywords: ['lookup'],
  syntax: 'lookup column [as name], … from geo://location | asn://default on ip = address',
  doc: 'Adds columns of a table for a value: the place of an address, or its autonomous system (asn, organization).',
  example: 'lookup asn, organization from asn://default on ip = dstaddr | count by organization',
  parse: (cursor, start) => {
    const columns: { name: string; as: string; span: Span }[] = [];
    do {
      const { name, span } = cursor.name('a column of the table');
      columns.push({ name, as: cursor.alias() ?? name, span });
    } while (cursor.take(','));
    cursor.expect('from');
    const { source, span: sourceSpan } = parseSource(cursor);
    cursor.expect('on');
    const key = cursor.name('the key of the table').name;
    cursor.take('==') || cursor.expect('=');
    return { op: 'lookup', columns, source, sourceSpan, key, on: cursor.name(), span: cursor.span(start) };
  },
  print: (o) => {
    const columns = o.columns.map((c) => printName(c.name) + (c.as === c.name ? '' : ` as ${printName(c.as)}`));
    return `lookup ${columns.join(', ')} from ${o.source} on ${printName(o.key)} = ${printName(o.on.name)}`;
  },
  apply: (o, state) => {
    const source = SOURCES[o.source];
    if (!source) {
      const known = Object.keys(SOURCES);
      throw new QueryError(
        'unknown-source',
        o.sourceSpan,
        `There is no lookup source ${o.source}.`,
        didYouMean(o.source, known) ?? `There are ${known.join(' and ')}.`,
      );
    }
    const ready = state.parts.limit === undefined ? state : state.finished();
    const wanted = o.columns.map((c) => ({ name: columnOf(source, c.name, c.span), as: c.as }));
    return addColumns(ready, source, ready.resolve(o.on), wanted, o.on.span);
  },
};
