/** filter and compose: rows by what steps make of the same rows, and what a subquery gives. */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { among } from '../semi-join.ts';
import type { Operator } from './kinds.ts';

export const filter: Operator<'filter'> = {
  keywords: ['filter'],
  syntax: 'filter field, … in (steps)',
  doc: 'Behind an aggregate: keeps the rows whose fields have values that the steps in parentheses leave over, when they are run on the same rows.',
  example: 'timeslice 5m | count by _timeslice, srcaddr | filter srcaddr in (sum(_count) by srcaddr | top 2 srcaddr by _sum)',
  differs: 'There is no limit of 100,000 data points. Rows without a value are not kept.',
  parse: (cursor, start) => {
    const names = cursor.names('a field');
    cursor.expect('in');
    cursor.expect('(');
    const { operations } = cursor.query(')', false);
    return { op: 'filter', names, operations, span: cursor.span(start) };
  },
  print: (o, steps) => `filter ${o.names.map((n) => printName(n.name)).join(', ')} in (${steps(o.operations)})`,
  apply: (o, before, around) => {
    if (!before.parts.grouped)
      throw new QueryError(
        'needs-aggregate',
        o.span,
        '“filter” needs an aggregate before it.',
        'For example “count by srcaddr | filter srcaddr in (top 2 srcaddr by _count)”.',
      );
    const twice = o.operations.find((step) => step.op === 'compare' || step.op === 'filter');
    if (twice)
      throw new QueryError('not-supported', twice.span, `${quoted(twice.op)} cannot stand inside “filter”.`, `Write ${quoted(twice.op)} as a step of its own.`);
    const state = before.parts.limit === undefined ? before : before.finished();
    const child = around.inner(o.operations, state).finished();
    const pairs = o.names.map((name) => ({ own: state.resolve(name), other: child.resolve(name) }));
    return state.filter(among(pairs, (list) => child.select(list)));
  },
};

export const compose: Operator<'compose'> = {
  keywords: ['compose'],
  syntax: 'compose field, … [maxresults=N] [keywords]',
  doc: 'Ends a subquery: the fields whose values narrow the query around it, or with keywords the words that its records must have. In a query of its own it chooses columns.',
  example: 'count by srcaddr | compose srcaddr',
  differs:
    'Without maxresults a subquery may give 100,000 different rows, or 250 with keywords; one that gives more ends with an error and is never cut silently.',
  parse: (cursor, start) => {
    const names = cursor.names('a field');
    let keywords = false;
    let most: number | undefined;
    for (;;) {
      if (cursor.take('keywords')) keywords = true;
      else if (cursor.take('maxresults')) {
        cursor.expect('=');
        most = cursor.count('a number of rows');
      } else break;
    }
    return { op: 'compose', names, keywords, ...(most === undefined ? {} : { most }), span: cursor.span(start) };
  },
  print: (o) =>
    `compose ${o.names.map((n) => printName(n.name)).join(', ')}${o.most === undefined ? '' : ` maxresults=${o.most}`}${o.keywords ? ' keywords' : ''}`,
  apply: (o, before) => {
    const limit = o.most === undefined ? before.parts.limit : Math.min(o.most, before.parts.limit ?? o.most);
    const columns = o.names.map((name) => ({ name: name.name, value: before.resolve(name), ...(before.keyOf(name.name) ? { key: true as const } : {}) }));
    return before.with({ columns, limit, chosen: true });
  },
};
