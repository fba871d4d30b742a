/** save: the result goes into a lookup table. The statement only reads; who runs it writes (api/queries.ts). */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { parseSource, printSource, RESERVED, tableName } from '../tables.ts';
import type { Operator } from './kinds.ts';

export const save: Operator<'save'> = {
  keywords: ['save'],
  syntax: 'save [append] table',
  doc: 'Writes the result into a lookup table, which is made where there is none: in place of its rows, or behind them with append. It ends a query, which must be run with the permission to write: save in the request, or from the command line.',
  example: 'count by srcaddr | save "talkers"',
  differs: 'A table need not exist before. append adds every row; of rows with the same key a lookup takes the last.',
  parse: (cursor, start) => {
    const append = cursor.take('append');
    return { op: 'save', append, source: parseSource(cursor, 'a table such as path://"talkers"'), span: cursor.span(start) };
  },
  print: (o) => `save ${o.append ? 'append ' : ''}${printSource(o.source)}`,
  apply: (o, state, around) => {
    const name = tableName(o.source.name);
    if (around.after.length)
      throw new QueryError('not-last', o.span, '“save” ends a query: nothing can follow it.', 'Save in a query of its own, then look the table up.');
    if (RESERVED.test(name)) throw new QueryError('unknown-source', o.source.span, `Nothing can be saved as ${quoted(name)}.`, 'Choose a name of your own.');
    if (!state.ctx.options.maySave)
      throw new QueryError(
        'save-not-asked',
        o.span,
        `This query would write the table ${quoted(name)}, and was not asked to.`,
        'Run it with “"save": true” in the request, or with “bartizan query”.',
      );
    state.ctx.save = { name, mode: o.append ? 'append' : 'replace' };
    return state;
  },
};
