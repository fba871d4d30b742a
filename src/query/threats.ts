/**
 * Which threat indicators hold for values. For the ends of a record that was decided as it was stored, or was
 * found later, and a number beside the address says it. Any other value (an address out of a text, a domain, a
 * hash) is compared with what is stored of indicators now, as of the row's time: the query's rows are read once
 * more for their different values, and those are joined with the indicators that fit them.
 */
import type { Threats } from './contract.ts';
import { all, inRange, not } from './match.ts';
import { type AddressRange, addressText, addressValue, PRIVATE_NETWORKS, parseNetwork } from './network.ts';
import { EMPTY, join, num, param, type Sql, sql } from './sql.ts';
import type { State } from './state.ts';
import type { Name } from './tree.ts';
import { asAddress, asText, nullable, type Typed } from './typed.ts';

/** What a step asks of indicators. */
export interface Asked {
  /** The best one of a row; else a row for each. */
  readonly single: boolean;
  /** Of this feed alone. */
  readonly source?: string | undefined;
  /** How many there are. */
  readonly counted: boolean;
  /** Domains, URLs, hashes and user agents too; else addresses alone. */
  readonly texts: boolean;
}

export interface Found {
  readonly state: State;
  /** Number of the indicator; 0 where there is none. */
  readonly number: Sql;
  /** Holds where there is none, on stored columns alone where it can. */
  readonly missing: Sql;
  /** How many hold; absent unless they are counted. */
  readonly matches?: Sql;
}

const DICTIONARY = sql`'bartizan.indicator_by_number'`;
/** Block lists hold them, and no one of them is anybody on the internet. */
const NEVER: readonly AddressRange[] = [...PRIVATE_NETWORKS, '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'].flatMap(
  (network) => parseNetwork(network) ?? [],
);

/** An attribute of an indicator (store/indicator-ddl.ts INDICATOR_ATTRIBUTES); empty or 0 for number 0. */
export function indicatorAttribute(number: Sql, name: string): Sql {
  return sql`dictGet(${DICTIONARY}, ${param('String', name)}, ${number})`;
}

/** Indicators of the values of names. Throws QueryError for a name that nothing has. */
export function findIndicators(before: State, names: readonly Name[], threats: Threats, asked: Asked): Found {
  const known = storedNumbers(before, names);
  if (known && asked.single && !asked.counted && asked.source === undefined) {
    return { state: before, number: bestOf(known), missing: none(known) };
  }
  const lists = names.map((_, i) => `\0valid${i}`);
  const looked = names.reduce((state, name, i) => withValid(state, name, lists[i] as string, threats, asked), before);
  const valid = lists.map((list) => hidden(looked, list));
  const sorted = valid.length === 1 ? (valid[0] as Sql) : sql`arraySort(arrayConcat(${join(valid, ', ')}))`;
  const counted = made(looked, NUMBERS, sql`arrayDistinct(arrayMap(t -> tupleElement(t, 3), ${sorted}))`);
  const list = hidden(counted, NUMBERS);
  if (!asked.single) {
    const state = made(counted, NUMBER, sql`arrayJoin(if(empty(${list}), [toUInt64(0)], ${list}))`);
    return found(state, none([hidden(state, NUMBER)]));
  }
  // What is stored decides; where its indicator is forgotten, it counts all the same.
  const own = asked.source === undefined ? storedNumbers(counted, names) : undefined;
  const state = made(counted, NUMBER, own ? bestOf(own) : sql`arrayElement(${list}, 1)`);
  const stored = asked.source === undefined ? storedNumbers(state, names) : undefined;
  return found(state, none(stored ?? [hidden(state, NUMBER)]));
}

const NUMBERS = '\0indicators';
const NUMBER = '\0indicator';

function found(state: State, missing: Sql): Found {
  const number = hidden(state, NUMBER);
  return { state, number, missing, matches: sql`greatest(length(${hidden(state, NUMBERS)}), toUInt64(${number} != 0))` };
}

function none(numbers: readonly Sql[]): Sql {
  const [only, ...more] = numbers.map((number) => sql`${number} = 0`);
  return only && more.length === 0 ? only : all(numbers.map((number) => sql`${number} = 0`));
}

/** A value under a name that nothing shows, computed once a row. */
function made(before: State, name: string, value: Sql): State {
  return before.assign(name, { sql: value, kind: 'list' }, true).finished();
}

function hidden(state: State, name: string): Sql {
  const column = state.column(name);
  if (!column) throw new Error(`the state has no column ${name}`);
  return column.value.sql;
}

/** The numbers that are stored beside addresses; undefined where one of them is no end of a record. */
function storedNumbers(state: State, names: readonly Name[]): readonly Sql[] | undefined {
  const numbers = names.flatMap((name) => storedNumber(state.resolve(name)) ?? []);
  return numbers.length === names.length ? numbers : undefined;
}

function storedNumber({ indicator, textOf }: Typed): Sql | undefined {
  return (indicator ?? (textOf?.when ? undefined : textOf?.value.indicator))?.();
}

/** Of several numbers that of the highest confidence, then the newest. */
function bestOf(numbers: readonly Sql[]): Sql {
  if (numbers.length === 1) return numbers[0] as Sql;
  const rank = sql`(-toInt16(${indicatorAttribute(sql`n`, 'confidence')}), -toInt64(${indicatorAttribute(sql`n`, 'newest')}))`;
  return sql`arrayElement(arraySort(n -> ${rank}, arrayFilter(n -> n != 0, [${join(numbers, ', ')}])), 1)`;
}

/** The rows with what holds for a value at each row's time: an array of tuples, the best first, its number in third place. */
function withValid(before: State, name: Name, as: string, threats: Threats, asked: Asked): State {
  const { ctx } = before;
  const value = before.resolve(name);
  const number = storedNumber(value);
  // What was not matched then, and was not found later, has no indicator: few rows are looked at.
  const rows = number ? before.filter(sql`${number} != 0`) : before;
  const key = keyOf(value);
  const [k, c] = [ctx.fresh(), ctx.fresh()];
  const distinct = sql`SELECT DISTINCT assumeNotNull(v) AS v FROM (${rows.select([sql`${key} AS v`])}) WHERE isNotNull(v)`;
  const ofSource = asked.source === undefined ? EMPTY : sql` AND i.feed = ${param('String', asked.source)}`;
  const isText = asked.texts && value.kind === 'text';
  const relations = [ofAddresses(value, distinct, threats), ...(isText ? [ofTexts(distinct, threats)] : [])];
  const shown = sql`(-toInt16(i.confidence), -toInt64(i.newest), i.number, i.valid_from, i.valid_until, i.removed)`;
  const fitting = join(
    relations.map((from) => sql`SELECT v, ${shown} AS t FROM ${from}${ofSource}`),
    ' UNION ALL ',
  );
  const joined = before.joined([key], sql`(SELECT v AS ${k}, arraySort(groupArray(t)) AS ${c} FROM (${fitting}) GROUP BY v)`, [k]);
  const valid = sql`arrayFilter(t -> ${holds(joined)}, ${c})`;
  const still = storedNumber(joined.resolve(name));
  return made(joined, as, still ? sql`if(${still} = 0, [], ${valid})` : valid);
}

function keyOf(value: Typed): Sql {
  if (value.kind === 'address') return nullable(value);
  return value.kind === 'text' ? nullable({ ...value, sql: asText(value) }) : asText(value);
}

/**
 * Whether the tuple `t` holds for a row: at the start of its record and before its feed dropped it. Grouped rows have
 * no one time: then whether it holds somewhere in the query's window.
 */
function holds({ parts, ctx }: State): Sql {
  const { from, to } = ctx.options;
  const time = sql`toUnixTimestamp(${parts.stored ? ctx.column('start') : EMPTY})`;
  const [first, last] = parts.stored ? [time, time] : [from === null ? undefined : num(from), to === null ? undefined : num(to - 1)];
  return all([
    ...(last ? [sql`tupleElement(t, 4) <= ${last}`] : []),
    ...(first ? [sql`(tupleElement(t, 5) = 0 OR tupleElement(t, 5) > ${first})`, sql`(tupleElement(t, 6) = 0 OR tupleElement(t, 6) > ${first})`] : []),
  ]);
}

/** Indicators `i` of addresses among the values `v`: by every block that an address lies in, as far as there are blocks of that length. */
function ofAddresses(value: Typed, distinct: Sql, { allowed, prefixes }: Threats): Sql {
  const address = asAddress({ sql: sql`v`, kind: value.kind === 'address' ? 'address' : 'text' }).sql;
  const outside = NEVER.map((range) => not(inRange({ sql: sql`a`, kind: 'address' }, range)));
  const blocks = sql`arrayJoin(CAST([${join((prefixes.length ? prefixes : [128]).map(num), ', ')}], 'Array(UInt8)'))`;
  const keys = sql`SELECT v, a, ${blocks} AS p, tupleElement(IPv6CIDRToRange(a, p), 1) AS f FROM (SELECT v, assumeNotNull(${address}) AS a FROM (${distinct}) WHERE isNotNull(${address})) WHERE ${all(outside)}`;
  return sql`bartizan.indicator_shown AS i INNER JOIN (${keys}) AS k ON i.first = k.f AND i.prefix = k.p WHERE i.type = 'address'${withoutAllowed(allowed, true)}`;
}

/** Indicators `i` of other kinds among the texts `v`. Domains and hashes are compared in any letter case. */
function ofTexts(distinct: Sql, { allowed }: Threats): Sql {
  const forms = sql`arrayJoin([('domain', trimRight(lowerUTF8(v), '.')), ('file', lower(v)), ('url', v), ('user-agent', v)])`;
  const keys = sql`SELECT v, tupleElement(form, 1) AS type, tupleElement(form, 2) AS value FROM (SELECT v, ${forms} AS form FROM (${distinct}))`;
  return sql`bartizan.indicator_shown AS i INNER JOIN (${keys}) AS k ON i.type = k.type AND i.value = k.value WHERE i.type != 'address'${withoutAllowed(allowed, false)}`;
}

/** Without what is allow-listed for the feed of `i` or for all: by the address `k.a`, or by the value. */
function withoutAllowed(allowed: Threats['allowed'], addresses: boolean): Sql {
  const entries = Object.entries(allowed).flatMap(([feed, values]) => values.map((value) => ({ feed, value })));
  if (!addresses) {
    if (entries.length === 0) return EMPTY;
    const list = param(
      'Array(String)',
      entries.map(({ feed, value }) => `${feed}|${value.toLowerCase()}`),
    );
    return sql` AND NOT hasAny(${list}, [concat('|', lowerUTF8(i.value)), concat(i.feed, '|', lowerUTF8(i.value))])`;
  }
  const ranges = entries.flatMap(({ feed, value }) => {
    const single = addressValue(value);
    const range = parseNetwork(value) ?? (single === undefined ? undefined : { first: single, last: single });
    return range ? [{ feed, ...range }] : [];
  });
  if (ranges.length === 0) return EMPTY;
  const list = (part: 'first' | 'last'): Sql =>
    param(
      'Array(IPv6)',
      ranges.map((range) => addressText(range[part])),
    );
  const feeds = param(
    'Array(String)',
    ranges.map(({ feed }) => feed),
  );
  return sql` AND NOT arrayExists((feed, low, high) -> (feed = '' OR feed = i.feed) AND k.a BETWEEN low AND high, ${feeds}, ${list('first')}, ${list('last')})`;
}
