/** lookupContains: whether a lookup table has a key. */
import { QueryError } from '../diagnostics.ts';
import { rowsWith, tableKey } from '../keys.ts';
import { join, sql, subquery } from '../sql.ts';
import { cell, findTable, pairOf } from '../tables.ts';
import type { Expr, Name } from '../tree.ts';
import { boolean } from '../typed.ts';
import type { QueryFunction } from './kinds.ts';

/** `a = b and c = d` */
function pairsOf(expr: Expr): { readonly left: Name; readonly right: Name }[] {
  if (expr.node === 'binary' && expr.op === 'and') return [...pairsOf(expr.left), ...pairsOf(expr.right)];
  if (expr.node === 'binary' && expr.op === '=' && expr.left.node === 'field' && expr.right.node === 'field') return [{ left: expr.left, right: expr.right }];
  throw new QueryError(
    'wrong-arguments',
    expr.span,
    '“lookupContains” compares a field with a column of the table.',
    'Write “lookupContains(path://"hosts", srcaddr = ip)”.',
  );
}

export const LOOKUP_FUNCTIONS: readonly QueryFunction[] = [
  {
    name: 'lookupContains',
    args: [
      { name: 'table', kind: 'text' },
      { name: 'field = key', kind: 'condition' },
    ],
    returns: 'boolean',
    sql: () => sql`false`,
    compile: (call, names) => {
      const [table, keys] = call.args;
      if (!table || !keys || call.args.length > 2)
        throw new QueryError('wrong-arguments', call.span, '“lookupContains” takes a table and keys.', 'Write “lookupContains(path://"hosts", srcaddr = ip)”.');
      const name = table.node === 'literal' && typeof table.value === 'string' ? table.value : table.node === 'field' ? table.name : undefined;
      if (name === undefined) throw new QueryError('wrong-type', table.span, 'A table is expected here.', 'Write “path://"hosts"”.');
      const found = findTable(names.ctx.options.catalog, { name, span: table.span });
      const known = (own: Name): boolean => {
        try {
          names.resolve(own);
          return true;
        } catch (error) {
          if (error instanceof QueryError) return false;
          throw error;
        }
      };
      const pairs = pairsOf(keys).map((pair) => {
        const { own, place } = pairOf(found, pair, known);
        return tableKey(names.resolve(own), cell(place));
      });
      const left = join(
        pairs.map((pair) => pair.left),
        ', ',
      );
      const right = join(
        pairs.map((pair) => pair.right),
        ', ',
      );
      return boolean(sql`ifNull((${left}) IN ${subquery(sql`SELECT ${right} FROM ${found.relation}${rowsWith(pairs)}`)}, false)`);
    },
    doc: 'Is there a row with this key in a lookup table? Keys are compared as lookup does; several are joined with and.',
    example: 'where lookupContains(bartizan://ports, dstport = port)',
  },
];
