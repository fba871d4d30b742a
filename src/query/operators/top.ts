/** top: the values of fields with most of something, or the first rows of groups. */
import { findAggregate } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { printName } from '../print-expression.ts';
import type { AggregateCall, GroupKey, Name } from '../tree.ts';
import { group, parseCall, printCall } from './aggregate.ts';
import type { Of, Operator } from './kinds.ts';

type TopOrder = { readonly by: AggregateCall | Name; readonly ascending?: true };

function topOrder(cursor: Cursor): TopOrder {
  const token = cursor.peek();
  const by = token.kind === 'name' && findAggregate(token.value) ? parseCall(cursor) : cursor.name();
  if (!cursor.take('asc')) {
    cursor.take('desc');
    return { by };
  }
  return { by, ascending: true };
}

export const top: Operator<'top'> = {
  keywords: ['top'],
  syntax: 'top N field, … [by aggregate [asc|desc], …]',
  doc: 'The N most frequent values of fields, or those with the largest aggregate; after an aggregate, the N first rows by its columns.',
  example: 'top 5 srcaddr by sum(bytes)',
  parse: (cursor, start) => {
    const count = cursor.count('a number of values');
    const [field, ...fields] = cursor.names();
    const step = { op: 'top' as const, count, field: field as Name, ...(fields.length ? { fields } : {}) };
    if (!cursor.take('by')) return { ...step, span: cursor.span(start) };
    const first = topOrder(cursor);
    const then: TopOrder[] = [];
    while (cursor.take(',')) then.push(topOrder(cursor));
    return { ...step, ...first, ...(then.length ? { then } : {}), span: cursor.span(start) };
  },
  print: (o) => {
    const names = [o.field, ...(o.fields ?? [])].map((n) => printName(n.name)).join(', ');
    const orders = ordersOf(o).map(({ by, ascending }) => ('fn' in by ? printCall(by) : printName(by.name)) + (ascending ? ' asc' : ''));
    return `top ${o.count} ${names}${orders.length ? ` by ${orders.join(', ')}` : ''}`;
  },
  apply: (o, before, around) => {
    const state = before.parts.limit === undefined ? before : before.finished();
    const fields = [o.field, ...(o.fields ?? [])];
    const isField = (name: string): boolean => fields.some((f) => f.name.toLowerCase() === name.toLowerCase());
    const orders = ordersOf(o);
    if (state.parts.grouped && orders.every(({ by }) => !('fn' in by) || by.args.length === 0)) {
      // `top 3 x by count` behind a count means its column, whatever that is called.
      const named = (orders.length ? orders : [{ by: { name: '_count', span: o.field.span } }]).map(({ by, ...rest }) => {
        const name = 'fn' in by ? (state.column(by.fn)?.name ?? findAggregate(by.fn)?.defaultName(by) ?? by.fn) : by.name;
        return { ...rest, name, value: state.resolve({ name, span: by.span }) };
      });
      const keys = fields.map((field) => ({ name: field.name, value: state.resolve(field), key: true as const }));
      const measures = named.filter(({ name }, i) => !isField(name) && named.findIndex((m) => m.name.toLowerCase() === name.toLowerCase()) === i);
      return state.with({
        columns: [...keys, ...measures.map(({ name, value }) => ({ name, value }))],
        order: named.map(({ value, ...rest }) => ({ value, descending: !('ascending' in rest) })),
        limit: o.count,
      });
    }
    const keys = fields.map((field): GroupKey => ({ expr: { node: 'field', name: field.name, span: field.span } }));
    const calls = (orders.length ? orders : [{ by: { fn: 'count', args: [], span: o.span } }]).map(({ by, ...rest }) => {
      const call: AggregateCall = 'fn' in by ? by : { fn: 'max', args: [{ node: 'field', ...by }], as: by.name, span: by.span };
      return { ...rest, call, key: !('fn' in by) && isField(by.name) };
    });
    const grouped = group(
      state,
      calls.flatMap((c) => (c.key ? [] : [c.call])),
      keys,
      around.after,
    );
    const measures = grouped.parts.columns.filter((c) => !c.key && !c.hidden);
    let next = 0;
    const order = calls.flatMap(({ call, key, ...rest }) => {
      const column = key ? grouped.column(call.as ?? '') : measures[next++];
      return column ? [{ value: column.value, descending: !('ascending' in rest) }] : [];
    });
    return grouped.with({ order, limit: o.count });
  },
};

function ordersOf(o: Of<'top'>): TopOrder[] {
  return o.by ? [{ by: o.by, ...(o.ascending ? { ascending: true } : {}) }, ...(o.then ?? [])] : [];
}
