/**
 * The aggregate table: what `count`, `sum` and their siblings compute. Missing values are left out by
 * all of them.
 */
import { QueryError } from './diagnostics.ts';
import { join, num, type Sql, sql } from './sql.ts';
import type { AggregateCall } from './tree.ts';
import { addressToText, asNumber, asText, isNull, nullable, type Typed } from './typed.ts';

/** Percentiles that one call may ask for. */
const MAX_PERCENTILES = 20;

/** A row's place in an order. */
export interface Place {
  readonly sql: Sql;
  /** The largest comes first. */
  readonly descending: boolean;
}

export interface RowOrder {
  /** In the order of the rows. */
  readonly place: Place;
  /** Newest first. */
  readonly age: Place;
  /** How many records a row stands for; one when absent. */
  readonly records?: Sql;
}

export interface Aggregate {
  readonly name: string;
  readonly signature: string;
  /** Fewest and most values in the parentheses; [0, 0] may be written without parentheses. */
  readonly arity: readonly [number, number];
  readonly defaultName: (call: AggregateCall) => string;
  readonly compile: (values: readonly Typed[], call: AggregateCall, order: RowOrder) => Typed;
  /** It has a value where there are no rows. */
  readonly ofNothing?: true;
  /** The aggregate of the results of parts of a group, where it is the aggregate of the group. */
  readonly merge?: 'sum' | 'min' | 'max';
  readonly doc: string;
  readonly example: string;
  /** Where it differs from the public language on purpose. */
  readonly differs?: string;
}

function numeric(name: string, doc: string, template: (value: Sql, typed: Typed) => Sql): Aggregate {
  return {
    name,
    signature: `${name}(number)`,
    arity: [1, 1],
    defaultName: () => `_${name}`,
    compile: ([value]) => ({ sql: template(asNumber(value as Typed), value as Typed), kind: 'number' }),
    doc,
    example: `${name}(bytes) by action`,
  };
}

/** Smallest and largest keep the kind of times and addresses. */
function extreme(name: 'min' | 'max', doc: string): Aggregate {
  const apply = (value: Sql): Sql => (name === 'min' ? sql`min(${value})` : sql`max(${value})`);
  return {
    ...numeric(name, doc, apply),
    merge: name,
    compile: ([typed]) => {
      const value = typed as Typed;
      // What stands for no value is smaller than all values.
      const least = name === 'min' && value.emptyIsNull;
      const kept = { ...(value.emptyIsNull && !least ? { emptyIsNull: true as const } : {}), sql: apply(least ? nullable(value) : value.sql) };
      const { kind, datetime, field } = value;
      if (kind === 'time' || kind === 'address') return { kind, ...(datetime ? { datetime } : {}), ...(field ? { field } : {}), ...kept };
      if (kind === 'text' && field) return { kind, ...kept };
      return { sql: apply(asNumber(value)), kind: 'number' };
    },
  };
}

/** Kind and field of a value whose SQL is another now. */
export function plain(value: Typed): Omit<Typed, 'sql'> {
  return {
    kind: value.kind,
    ...(value.datetime ? { datetime: true } : {}),
    ...(value.field ? { field: value.field } : {}),
    ...(value.emptyIsNull ? { emptyIsNull: true } : {}),
    ...(value.link ? { link: true } : {}),
  };
}

/** The value of the first or last row of an order, among rows that have one. */
function picked(name: string, by: 'place' | 'age', end: 'first' | 'last', doc: string): Aggregate {
  return {
    name,
    signature: `${name}(value)`,
    arity: [1, 1],
    defaultName: () => `_${name.replace('_', '')}`,
    compile: ([typed], _, order) => {
      const value = typed as Typed;
      const given = sql`NOT ${isNull(value)}`;
      const { sql: key, descending } = order[by];
      const largest = (end === 'first') === descending;
      const picked = largest ? sql`argMaxIf(${value.sql}, ${key}, ${given})` : sql`argMinIf(${value.sql}, ${key}, ${given})`;
      return { ...plain(value), sql: picked };
    },
    doc,
    example: `${name}(srcaddr) by action`,
  };
}

function percentile(name: 'pct' | 'pct_sampling'): Aggregate {
  return {
    name,
    signature: `${name}(number, percentile = 50, …)`,
    arity: [1, 1 + MAX_PERCENTILES],
    defaultName: (call) => (call.args[0]?.node === 'field' ? `_${call.args[0].name}_pct_${percent(call)}` : `_pct_${percent(call)}`),
    compile: quantile,
    doc: 'The value below which that percentage of the values lie; between two values it is interpolated. Several percentiles give a column each: pct(bytes, 50, 95) gives _bytes_pct_50 and _bytes_pct_95.',
    example: `${name}(bytes, 50, 95) by action`,
    differs: `exact for any number of values. Also answers to the short name _pct_95 where only one column has it.`,
  };
}

const quantile: Aggregate['compile'] = ([value], call) => ({
  sql: sql`quantileExactInclusive(${num(percent(call) / 100)})(${asNumber(value as Typed)})`,
  kind: 'number',
});

/** One call for each column that a call makes: percentiles can be several. */
export function eachColumn(call: AggregateCall): AggregateCall[] {
  const [value, ...percentiles] = call.args;
  if (!value || percentiles.length < 2 || !call.fn.startsWith('pct')) return [call];
  return percentiles.map((p) => {
    const one: AggregateCall = { ...call, args: [value, p] };
    return call.as === undefined ? one : { ...one, as: `${call.as}_pct_${percent(one)}` };
  });
}

/** A shorter name that a column without alias answers to as well. */
export function shortName(call: AggregateCall): string | undefined {
  return call.as === undefined && call.fn.startsWith('pct') ? `_pct_${percent(call)}` : undefined;
}

function percent(call: AggregateCall): number {
  const arg = call.args[1];
  if (!arg) return 50;
  const value = arg.node === 'literal' ? Number(arg.value) : Number.NaN;
  if (!(value >= 0 && value <= 100)) throw new QueryError('wrong-type', arg.span, 'A percentile is a number from 0 to 100.', 'For example “pct(bytes, 95)”.');
  return value;
}

/** Rows that lack one of the values are not counted. */
function different(values: readonly Typed[]): Sql {
  const [value, ...more] = values as readonly [Typed, ...Typed[]];
  if (more.length === 0) return value.emptyIsNull ? sql`uniqExactIf(${value.sql}, NOT ${isNull(value)})` : sql`uniqExact(${value.sql})`;
  const given = join(
    values.map((each) => sql`NOT ${isNull(each)}`),
    ' AND ',
  );
  return sql`uniqExactIf((${join(
    values.map((each) => each.sql),
    ', ',
  )}), ${given})`;
}

export const AGGREGATES: readonly Aggregate[] = [
  {
    name: 'count',
    ofNothing: true,
    signature: 'count, count(value)',
    arity: [0, 1],
    defaultName: () => '_count',
    merge: 'sum',
    compile: ([value], _, { records }) => {
      const all = records ? sql`sum(${records})` : sql`count()`;
      return { sql: value ? sql`countIf(NOT ${isNull(value)})` : all, kind: 'number' };
    },
    doc: 'Number of rows, or of rows that have the value. Bare names group: `count srcaddr` is `count by srcaddr`.',
    example: 'count by action',
  },
  {
    name: 'count_frequent',
    signature: 'count_frequent(field), count_frequent field, …',
    arity: [1, 16],
    defaultName: () => '_approxcount',
    merge: 'sum',
    compile: () => ({ sql: sql`count()`, kind: 'number' }),
    doc: 'Rows of each combination of the fields, the most frequent 10,000 first.',
    example: 'count_frequent srcaddr, dstaddr',
    differs: 'the count is exact.',
  },
  {
    name: 'count_distinct',
    ofNothing: true,
    signature: 'count_distinct(value, …)',
    arity: [1, 16],
    defaultName: () => '_count_distinct',
    compile: (values) => ({ sql: different(values), kind: 'number' }),
    doc: 'Number of different values, or of different combinations of several values.',
    differs: 'exact for any number of values; what has no value is not counted.',
    example: 'count_distinct(srcaddr) by action',
  },
  {
    ...numeric('sum', 'Sum of the values.', (value) => sql`sum(${value})`),
    merge: 'sum',
    ofNothing: true,
    compile: ([value]) => ({ sql: sql`sum(${value?.bare ?? asNumber(value as Typed)})`, kind: 'number' }),
  },
  numeric('avg', 'Mean of the values.', (value) => sql`avg(${value})`),
  extreme('min', 'Smallest value.'),
  extreme('max', 'Largest value.'),
  percentile('pct'),
  percentile('pct_sampling'),
  { ...numeric('median', 'The middle value, or between two the mean of them.', () => sql``), compile: quantile },
  numeric('stddev', 'Standard deviation of the values as a sample.', (value) => sql`stddevSamp(${value})`),
  picked('first', 'place', 'first', 'Value of the first row; without sort, records are newest first.'),
  picked('last', 'place', 'last', 'Value of the last row; without sort, records are newest first.'),
  picked('most_recent', 'age', 'first', 'Value of the newest row, whatever the order.'),
  picked('least_recent', 'age', 'last', 'Value of the oldest row, whatever the order.'),
  {
    name: 'values',
    signature: 'values(value)',
    arity: [1, 1],
    defaultName: () => '_values',
    compile: ([typed]) => {
      const value = typed as Typed;
      const shown = value.kind === 'address' ? addressToText(value.sql) : asText(value);
      return { sql: sql`arraySort(groupUniqArrayIf(100)(assumeNotNull(toString(${shown})), NOT ${isNull(value)}))`, kind: 'list' };
    },
    doc: 'The different values, at most 100, in alphabetical order.',
    example: 'values(action) by interface_id',
  },
];

const BY_NAME: ReadonlyMap<string, Aggregate> = new Map(AGGREGATES.map((a) => [a.name, a]));

/** Finds an aggregate by name, in any letter case. */
export function findAggregate(name: string): Aggregate | undefined {
  return BY_NAME.get(name.toLowerCase());
}
