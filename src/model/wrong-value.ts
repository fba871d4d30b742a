/**
 * What a schema says of a value that it does not take, in words for people: what is to be written in its place. The one
 * home of these words, for the API's requests, settings, files and commands alike; of the library's own nothing is shown.
 */
import { counted, listed, nearest, quoted } from './wording.ts';

/** Wrong places that a message names. */
const MOST_NAMED = 20;
/** Names that a schema does not know, of one place. */
const MOST_UNKNOWN = 5;
const MOST_OF_STEP = 80;

/** An issue of zod, as its map of messages gets it. */
export interface WrongValue {
  readonly code: string;
  readonly input?: unknown;
  readonly expected?: string | undefined;
  readonly values?: readonly unknown[] | undefined;
  readonly origin?: string | undefined;
  readonly minimum?: number | bigint | undefined;
  readonly maximum?: number | bigint | undefined;
  readonly inclusive?: boolean | undefined;
  readonly exact?: boolean | undefined;
  readonly divisor?: number | bigint | undefined;
  /** Names that are not known. */
  readonly keys?: readonly string[] | undefined;
  /** The schema that says so; of an object its `shape` has the names that are known. */
  readonly inst?: unknown;
  /** Of a union: what each of its choices says; where a field tells them apart, that field and its values. */
  readonly errors?: readonly (readonly Told[])[] | undefined;
  readonly discriminator?: string | undefined;
  readonly options?: readonly unknown[] | undefined;
  /** What is wrong with the name of an entry. */
  readonly issues?: readonly Told[] | undefined;
}

/** An issue that has its message. */
export interface Told {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  readonly expected?: string;
}

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  boolean: '“true” or “false”',
  stringbool: '“true” or “false”',
  string: 'text',
  array: 'a list',
  tuple: 'a list',
  object: 'fields with their values',
  record: 'names with their values',
  null: '“null”',
};
const UNITS: Readonly<Record<string, [one: string, many: string]>> = { string: ['character', 'characters'], array: ['entry', 'entries'] };

/** Of what no row of the table has words for. */
const OTHERWISE = 'what is written here is not taken';

type Words = (wrong: WrongValue) => string | undefined;

/** The library's codes → words. What is undefined is said by OTHERWISE. */
const WORDS: Readonly<Record<string, Words>> = {
  invalid_type: ({ expected = '', input }) => written(KINDS[expected], input, expected),
  invalid_value: ({ expected = '', values = [], input }) => written(KINDS[expected] ?? choice(values), input),
  too_small: (wrong) => size(wrong, wrong.minimum, 'at least', 'above'),
  too_big: (wrong) => size(wrong, wrong.maximum, 'at most', 'below'),
  not_multiple_of: ({ divisor, input }) => written(`a multiple of ${divisor}`, input),
  unrecognized_keys: unknown,
  invalid_union: union,
  invalid_key: ({ issues = [] }) => issues[0] && `of its name: ${issues[0].message}`,
};

/** What is to be written in place of a value. */
export function inPlaceOf(wrong: WrongValue): string {
  return WORDS[wrong.code]?.(wrong) ?? OTHERWISE;
}

/** Each wrong place with what is to be written there: `body.filters.0.values: write at least 1 entry; …`. */
export function wrongPlaces({ issues }: { readonly issues: readonly Told[] }, root?: string): string {
  const named = issues.slice(0, MOST_NAMED).map(({ path, message }) => {
    const place = placeOf(root === undefined ? path : [root, ...path]);
    return place ? `${place}: ${message}` : message;
  });
  return (issues.length > MOST_NAMED ? [...named, `${counted(issues.length - MOST_NAMED)} more are wrong`] : named).join('; ');
}

/** `sections.0.title`; a name that somebody gave may be of any length. */
export function placeOf(path: readonly PropertyKey[]): string {
  return path.map((step) => (String(step).length > MOST_OF_STEP ? `${String(step).slice(0, MOST_OF_STEP)}…` : String(step))).join('.');
}

function written(kind: string | undefined, input: unknown, expected = ''): string | undefined {
  if (kind === undefined) return undefined;
  return input === undefined ? `it is missing: write ${kind}` : `write ${kind}${instead(input, expected)}`;
}

/** What was given. Where text is expected, or fields, it may be a secret: only what it is, then. */
function instead(input: unknown, expected: string): string {
  if (Array.isArray(input)) return ', not a list';
  if (typeof input === 'object' && input !== null) return ', not fields with their values';
  // What was no number before it was made one is not known any more.
  if (Number.isNaN(input)) return '';
  if (expected === 'string') return typeof input === 'number' ? ' in quotation marks, not a bare number' : `, not a bare ${quoted(String(input))}`;
  if ((expected === 'object' || expected === 'record') && typeof input === 'string') return ', not text';
  // “write a number, not “5”” would not be understood.
  const looksRight = typeof input === 'string' && expected !== '' && /^\s*(-?\d+(\.\d+)?|true|false)\s*$/.test(input);
  return `, not ${looksRight ? 'the text ' : ''}${quoted(String(input))}`;
}

function choice(values: readonly unknown[]): string | undefined {
  if (values.length === 0) return undefined;
  return values.length === 1 ? quoted(String(values[0])) : `one of ${values.map((value) => quoted(String(value))).join(', ')}`;
}

function size(wrong: WrongValue, bound: number | bigint | undefined, including: string, beyond: string): string | undefined {
  const { origin = '', input, inclusive, exact } = wrong;
  if (bound === undefined) return undefined;
  const most = bound.toLocaleString('en-US');
  const unit = UNITS[origin];
  if (!unit) return `write a number ${inclusive === false ? beyond : `of ${including}`} ${most}${instead(input, 'number')}`;
  const has = Array.isArray(input) ? input.length : typeof input === 'string' ? characters(input) : 0;
  return `write ${exact ? 'exactly' : including} ${most} ${unit[bound === 1 ? 0 : 1]}${has > 0 ? `, not ${counted(has)}` : ''}`;
}

/** As the schema counts: a character beyond the first 65,536 is one. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function unknown({ keys = [], inst }: WrongValue): string {
  const { shape = {} } = ((inst as { _zod?: { def?: unknown } } | undefined)?._zod?.def ?? {}) as { shape?: object };
  const known = Object.keys(shape);
  const shown = keys.slice(0, MOST_UNKNOWN).map((key) => ({ key, meant: nearest(key, known) }));
  const told = shown.map(({ key, meant }) => `${quoted(key)} is not known here${meant === undefined ? '' : `, write ${quoted(meant)}`}`);
  if (keys.length > MOST_UNKNOWN) told.push(`${counted(keys.length - MOST_UNKNOWN)} more are not`);
  const named = shown.some(({ meant }) => meant !== undefined) || known.length === 0;
  return told.join(', ') + (named ? '' : `: what may stand here is ${listed(known)}`);
}

function union({ errors = [], discriminator, options = [], input }: WrongValue): string | undefined {
  if (discriminator !== undefined)
    return written(choice(options), typeof input === 'object' ? (input as Record<string, unknown> | null)?.[discriminator] : input);
  const kinds = errors.map(([first]) => (first?.code === 'invalid_type' && first.path.length === 0 ? KINDS[first.expected ?? ''] : undefined));
  if (kinds.every((kind) => kind !== undefined)) return written([...new Set(kinds)].join(' or ') || undefined, input);
  // What came closest: a choice whose kind it has.
  const [closest] = errors.filter((_, i) => kinds[i] === undefined).sort((a, b) => a.length - b.length);
  return closest && wrongPlaces({ issues: closest });
}
