/**
 * Paths into JSON documents (JSONPath, with or without `$`) as ClickHouse's JSON functions. A path of
 * keys and indexes gives one value; one with `[*]`, a slice, a union, a filter or `..` gives the list of
 * what it finds, as JSON text.
 */
import { join, num, param, type Sql, sql } from '../sql.ts';

type Test = { readonly path: readonly Key[]; readonly op: '=' | '!='; readonly value: string } | { readonly path: readonly Key[] };

interface Key {
  readonly step: 'key';
  readonly key: string | number;
}

export type PathStep =
  | Key
  | { readonly step: 'all' }
  | { readonly step: 'slice'; readonly from: number; readonly to?: number }
  | { readonly step: 'union'; readonly keys: readonly (string | number)[] }
  | { readonly step: 'filter'; readonly test: Test }
  | { readonly step: 'deep'; readonly key: string }
  /** Only as the last step. */
  | { readonly step: 'length' };

const QUOTED = /^(?:"([^"]*)"|'([^']*)')$/;

/** What can follow in a path, with how it is read; undefined when it is not understood. */
const STEPS: readonly (readonly [RegExp, (m: readonly (string | undefined)[]) => PathStep | undefined])[] = [
  [/^\.?(?:length|size)\(\)$/, () => ({ step: 'length' })],
  [/^\.\.\[?["']?([^.[\]"'*]+)["']?\]?/, (m) => ({ step: 'deep', key: m[1] as string })],
  [/^\.?(?:\[\s*\*?\s*\]|\*)/, () => ({ step: 'all' })],
  [/^\.?\[\s*(-?\d+)\s*\]/, (m) => ({ step: 'key', key: Number(m[1]) })],
  [/^\.?\[\s*(\d*)\s*:\s*(-?\d*)\s*\]/, (m) => ({ step: 'slice', from: Number(m[1] || 0), ...(m[2] ? { to: Number(m[2]) } : {}) })],
  [/^\.?\[\s*((?:"[^"]*"|'[^']*'|-?\d+)(?:\s*,\s*(?:"[^"]*"|'[^']*'|-?\d+))*)\s*\]/, unionStep],
  [/^\.?([^.[\]]+)/, (m) => ({ step: 'key', key: (m[1] as string).trim() })],
];

function unquoted(text: string): string | undefined {
  const m = QUOTED.exec(text);
  return m ? (m[1] ?? m[2]) : undefined;
}

function unionStep(m: readonly (string | undefined)[]): PathStep {
  const parts = (m[1] as string).match(/"[^"]*"|'[^']*'|-?\d+/g) ?? [];
  const keys = parts.map((part) => unquoted(part) ?? Number(part));
  const [only] = keys;
  return keys.length === 1 && only !== undefined ? { step: 'key', key: only } : { step: 'union', keys };
}

/**
 * `[?(@.a.b == "c")]` at the start of a text, and its length. Read by hand: a pattern with this many optional
 * spaces takes time in a high power of their number.
 */
function filterStep(text: string): { readonly step: PathStep; readonly length: number } | undefined {
  const open = text.startsWith('.[') ? 2 : text.startsWith('[') ? 1 : 0;
  const end = closing(text, open);
  const body = text.slice(open, end).trim();
  const test = body.startsWith('?') ? body.slice(1).trim() : '';
  if (open === 0 || end < 0 || !test.startsWith('(') || !test.endsWith(')')) return undefined;
  const inner = test.slice(1, -1).trim();
  if (!inner.startsWith('@')) return undefined;
  const sign = /==?|!=/.exec(inner);
  const name = inner.slice(inner.startsWith('@.') ? 2 : 1, sign?.index).trim();
  const path = name === '' ? [] : /[<>()!]/.test(name) ? undefined : jsonPath(name);
  if (!path?.every((step) => step.step === 'key')) return undefined;
  const keys = path as readonly Key[];
  const length = end + 1;
  if (!sign) return { step: { step: 'filter', test: { path: keys } }, length };
  const value = inner.slice(sign.index + sign[0].length).trim();
  return { step: { step: 'filter', test: { path: keys, op: sign[0] === '!=' ? '!=' : '=', value: unquoted(value) ?? value } }, length };
}

/** Place of the bracket that closes one opened before `from`; -1 without one. Those in quotation marks do not count. */
function closing(text: string, from: number): number {
  let quote = '';
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text[i] as string;
    if (quote) quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && depth-- === 0) return i;
  }
  return -1;
}

/** Steps that a path may have; real ones have less than ten. */
const MAX_STEPS = 50;
/** Characters that a path may have. */
const MAX_LENGTH = 2000;

/** The steps of a path; undefined when it is none. */
export function jsonPath(path: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  if (path.length > MAX_LENGTH || path.trim() === '') return undefined;
  let rest = path.trim().replace(/^\$(?=$|[.[])/, '');
  while (rest !== '') {
    const filter = filterStep(rest);
    let found = filter?.step;
    if (filter) rest = rest.slice(filter.length);
    for (const [pattern, read] of filter ? [] : STEPS) {
      const m = pattern.exec(rest);
      if (!m) continue;
      found = read(m);
      rest = rest.slice(m[0].length);
      break;
    }
    if (!found || (found.step === 'length' && rest !== '') || steps.length >= MAX_STEPS) return undefined;
    steps.push(found);
  }
  return steps;
}

/** Arguments of a JSON function: the document and the way into it. */
function argumentsOf(document: Sql, keys: readonly PathStep[]): Sql {
  const list = keys.flatMap((step): Sql[] => {
    if (step.step !== 'key') return [];
    // JSON counts from 0 and from the end by -1, ClickHouse from 1 and by -1.
    return [typeof step.key === 'string' ? param('String', step.key) : num(step.key < 0 ? step.key : step.key + 1)];
  });
  return join([document, ...list], ', ');
}

/** Tokens of a document: texts, what is between, numbers with what is wrongly joined to them. */
const TOKENS = sql`'(?s)"(?:[^"\\\\\\\\]|\\\\\\\\.)*"|[^"0-9-]+|-?[0-9][-+.0-9A-Za-z_]*|.'`;
const NUMBER = sql`'^-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?$'`;
/** These surely fit. */
const SHORT_NUMBER = sql`'^-?[0-9.]{1,18}$'`;
/** Parts of a text: halves of a character outside of Unicode's first plane that are both there, other escapes, what is between. */
const PARTS = sql`'(?s)\\\\\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\\\\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\\\\\u[0-9a-fA-F]{4}|\\\\\\\\.|[^\\\\\\\\]+'`;
/** One half without the other. */
const HALF = sql`'^\\\\\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}$'`;

/**
 * The document as the engine can read it. Its parser takes one for none that has a number which neither 64 bits nor a double
 * hold, bytes that are no UTF-8, or half a character: the number becomes a text of its digits, the others U+FFFD. The document is
 * named once and the rest is a function of its own, so that documents in documents do not make the statement larger at each step.
 */
export function readable(document: Sql): Sql {
  const isLarge = sql`match(token, ${NUMBER}) AND NOT match(token, ${SHORT_NUMBER})`;
  const whole = sql`arrayStringConcat(arrayMap(part -> if(match(part, ${HALF}), '\\\\ufffd', part), extractAll(token, ${PARTS})))`;
  const mended = sql`multiIf(${isLarge}, concat('"', token, '"'), position(token, '\\\\u') > 0, ${whole}, token)`;
  const tokens = sql`extractAll(toValidUTF8(document), ${TOKENS})`;
  return sql`arrayElement(arrayMap(document -> if(isValidJSON(document), document, arrayStringConcat(arrayMap(token -> ${mended}, ${tokens}))), [${document}]), 1)`;
}

export interface Found {
  /** Text, or NULL. */
  readonly value: Sql;
  /** Whether the document has it. */
  readonly has: Sql;
}

/** What a path finds in a document. `fresh` makes names for the parameters of lambdas. */
export function findPath(document: Sql, path: readonly PathStep[], fresh: () => Sql): Found {
  const last = path.at(-1);
  if (last?.step === 'length') {
    const inner = path.slice(0, -1);
    if (inner.every((s) => s.step === 'key')) {
      const at = argumentsOf(document, inner);
      return { value: sql`if(${exists(document, inner)}, toString(JSONLength(${at})), NULL)`, has: exists(document, inner) };
    }
    const list = listOf(document, inner, fresh);
    return { value: sql`toString(length(${list}))`, has: sql`true` };
  }
  if (path.every((s) => s.step === 'key')) {
    const at = argumentsOf(document, path);
    const raw = sql`JSONExtractRaw(${at})`;
    // By what stands there and not by its type: the engine reads the document once for all who ask.
    const value = sql`multiIf(${raw} IN ('', 'null'), NULL, startsWith(${raw}, '"'), JSONExtractString(${at}), ${raw})`;
    return { value, has: exists(document, path) };
  }
  const list = listOf(document, path, fresh);
  return { value: sql`if(empty(${list}), NULL, concat('[', arrayStringConcat(${list}, ','), ']'))`, has: sql`notEmpty(${list})` };
}

function exists(document: Sql, keys: readonly PathStep[]): Sql {
  return sql`(JSONExtractRaw(${argumentsOf(document, keys)}) != '')`;
}

/** JSON texts of what a path finds. */
function listOf(document: Sql, path: readonly PathStep[], fresh: () => Sql): Sql {
  const at = path.findIndex((s) => s.step !== 'key');
  const step = path[at];
  if (!step) return sql`arrayFilter(v -> v != '', [JSONExtractRaw(${argumentsOf(document, path)})])`;
  const found = membersOf(document, path.slice(0, at), step, fresh);
  const rest = path.slice(at + 1);
  if (rest.length === 0) return found;
  const element = fresh();
  if (rest.some((s) => s.step !== 'key')) return sql`arrayFlatten(arrayMap(${element} -> ${listOf(element, rest, fresh)}, ${found}))`;
  return sql`arrayFilter(v -> v != '', arrayMap(${element} -> JSONExtractRaw(${argumentsOf(element, rest)}), ${found}))`;
}

function membersOf(document: Sql, keys: readonly PathStep[], step: PathStep, fresh: () => Sql): Sql {
  const at = argumentsOf(document, keys);
  const array = sql`JSONExtractArrayRaw(${at})`;
  switch (step.step) {
    case 'slice': {
      const from = num(step.from + 1);
      if (step.to === undefined) return sql`arraySlice(${array}, ${from})`;
      return step.to < 0 ? sql`arraySlice(${array}, ${from}, ${num(step.to)})` : sql`arraySlice(${array}, ${from}, ${num(Math.max(0, step.to - step.from))})`;
    }
    case 'union': {
      const members = step.keys.map((key) => sql`JSONExtractRaw(${argumentsOf(document, [...keys, { step: 'key', key }])})`);
      return sql`arrayFilter(v -> v != '', [${join(members, ', ')}])`;
    }
    case 'filter': {
      const element = fresh();
      const { test } = step;
      const value = findPath(element, test.path, fresh);
      if (!('op' in test)) return sql`arrayFilter(${element} -> ${value.has}, ${array})`;
      const equal = sql`ifNull(${value.value} = ${param('String', test.value)}, false)`;
      return sql`arrayFilter(${element} -> ${test.op === '=' ? equal : sql`NOT ${equal}`}, ${array})`;
    }
    case 'deep': {
      // Values are found by their key in the text: objects are not told from the text that they hold.
      const pattern = `"${step.key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*"|[^\\s,\\[\\]{}]+|\\[[^\\[\\]]*\\]|\\{[^{}]*\\})`;
      return sql`extractAll(${keys.length ? sql`JSONExtractRaw(${at})` : document}, ${param('String', pattern)})`;
    }
    default:
      return sql`if(JSONType(${at}) = 'Object', arrayMap(p -> p.2, JSONExtractKeysAndValuesRaw(${at})), ${array})`;
  }
}

/**
 * The value of a name in a document, in any letter case: a path (`users[0].name`), or a key that is
 * spelled like one. Text, or NULL.
 */
export function findName(document: Sql, name: string): Sql {
  const path = jsonPath(name);
  const keys = path?.every((s) => s.step === 'key') ? path : [];
  const plain: readonly PathStep[] = [{ step: 'key', key: name }];
  const ways = keys.length > 1 ? [keys, plain] : [plain];
  const values = ways.map((way) => {
    const at = argumentsOf(document, way);
    const raw = sql`JSONExtractRawCaseInsensitive(${at})`;
    return sql`if(startsWith(${raw}, '"'), JSONExtractStringCaseInsensitive(${at}), nullIf(nullIf(${raw}, ''), 'null'))`;
  });
  return values.length === 1 ? (values[0] as Sql) : sql`coalesce(${join(values, ', ')})`;
}
