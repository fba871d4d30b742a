/** The operators of expressions as data: how tight they bind, and which spellings are the same. */
import type { BinaryOperator } from './tree.ts';

/** Binding power of the infix operators: higher binds tighter. */
export const PRECEDENCE: Readonly<Record<string, number>> = {
  '?': 1,
  or: 2,
  '||': 2,
  and: 3,
  '&&': 3,
  '=': 5,
  '==': 5,
  '!=': 5,
  '<>': 5,
  '<': 5,
  '<=': 5,
  '>': 5,
  '>=': 5,
  matches: 5,
  contains: 5,
  in: 5,
  not: 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
};
/** Questions that are asked of a name without parentheses too: `isNull user`. */
export const ASKS = new Set([
  'isnull',
  'isempty',
  'isblank',
  'isnumeric',
  'ispublicip',
  'isprivateip',
  'isreservedip',
  'isvalidip',
  'isvalidipv4',
  'isvalidipv6',
]);

export const NOT_PRECEDENCE = 4;
export const MINUS_PRECEDENCE = 8;

export const SPELLINGS: Readonly<Record<string, BinaryOperator>> = { '||': 'or', '&&': 'and', '==': '=', '<>': '!=' };
