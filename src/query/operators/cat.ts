/** cat: the rows of a table in the place of records. It begins a query. */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { sql } from '../sql.ts';
import { cell, findTable, parseSource, printSource } from '../tables.ts';
import type { Operator } from './kinds.ts';
import { indicatorTable } from './threat.ts';

export const cat: Operator<'cat'> = {
  keywords: ['cat'],
  syntax: 'cat table',
  doc: 'Reads the rows of a lookup table in place of records: path://"…", a name in quotation marks, or bartizan://ports. It begins a query.',
  example: 'cat bartizan://ports | where port = 22',
  parse: (cursor, start) => ({ op: 'cat', source: parseSource(cursor, 'a table such as “path://"hosts"”'), span: cursor.span(start) }),
  print: (o) => `cat ${printSource(o.source)}`,
  apply: (o, state, around) => {
    if (around.steps.length > 0 || (around.scope && around.scope.node !== 'all'))
      throw new QueryError(
        'not-first',
        o.span,
        '“cat” begins a query: it reads a table and no records.',
        'To use a table beside records, look it up: “lookup … from … on …”.',
      );
    if (around.after.some((step) => step.op === 'compare'))
      throw new QueryError('not-supported', o.span, 'A table has no earlier windows to compare with.', 'Leave “compare” out.');
    const rows = state.with({ stored: false, where: [], order: [], limit: undefined, grouped: true, chosen: undefined, removed: undefined });
    if (/^sumo:\/\/threat(?:-intel$|\/)/i.test(o.source.name)) return indicatorTable(rows, o.source.span);
    if (/^(?:geo|asn|sumo):\/\//i.test(o.source.name))
      throw new QueryError(
        'unknown-source',
        o.source.span,
        `${quoted(o.source.name)} cannot be read as a whole.`,
        'Look addresses up in it: “lookup … from … on ip = srcaddr”.',
      );
    const table = findTable(state.ctx.options.catalog, o.source);
    const columns = table.columns.map((name, place) => ({ name, value: { sql: cell(place), kind: 'text' as const } }));
    const order = [{ value: { sql: sql`row`, kind: 'number' as const }, descending: false }];
    return rows.with({ from: table.relation, columns, order, table: table.name });
  },
};
