/**
 * Which fields a record has, and in what order. A layout comes from a header line, a preset, the
 * person's own list, or, for lines without a header, from the number of values. AWS lets any subset in
 * any order be chosen, so a layout is data; decode follows it as a table.
 */
import { ABSENT_BIT, AWS_FIELDS } from '../../model/fields.ts';

/** Header names, in the record's order. */
export type Layout = readonly string[];

/** A wrong layout text of a person: `message` says what, `hint` the nearest right spelling. */
export class LayoutError extends Error {
  readonly code = 'unknown-layout';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'LayoutError';
    this.hint = hint;
  }
}

const VERSIONS = [2, 3, 4, 5, 7, 8, 9, 10, 11] as const;

function cumulative(version: number): string[] {
  return AWS_FIELDS.filter((f) => f.since !== undefined && f.since <= version).map((f) => f.aws as string);
}

/** The version 5 fields with reject-reason: a custom choice seen often enough to be known by its count. */
const V5_REJECT_REASON = [...cumulative(5), 'reject-reason'].sort();

/**
 * Layouts with a name: `v2` … `v11` hold every field up to that version in AWS's order (`v2` is AWS's
 * default format), `v5-alphabetical` the same fields in the order in which the AWS console sorts them.
 */
export const PRESETS: ReadonlyMap<string, Layout> = new Map([
  ...VERSIONS.map((v): [string, Layout] => [`v${v}`, cumulative(v)]),
  ...VERSIONS.map((v): [string, Layout] => [`v${v}-alphabetical`, cumulative(v).sort()]),
  ['v5-reject-reason-alphabetical', V5_REJECT_REASON],
]);

const PRESET_ALIASES: ReadonlyMap<string, string> = new Map([
  ['default', 'v2'],
  ['alphabetical', 'v5-alphabetical'],
]);

/** Presets with this many fields, AWS's order first: what a headerless line may be. */
export function presetsOfCount(count: number): readonly Layout[] {
  return BY_COUNT.get(count) ?? [];
}

const BY_COUNT: ReadonlyMap<number, readonly Layout[]> = Map.groupBy(PRESETS.values(), (layout) => layout.length);

/** The AWS header name for a spelling with hyphens or underscores, in any letter case; undefined when there is none. */
export function headerName(token: string): string | undefined {
  const name = token.toLowerCase().replaceAll('_', '-');
  return ABSENT_BIT.has(name) ? name : undefined;
}

/** Layout of a header line; undefined when the line is none. Every token must be a field's name, each once. */
export function readHeader(line: string): Layout | undefined {
  const names = line
    .trim()
    .split(/[ \t]+/)
    .map(headerName);
  if (names.length > AWS_FIELDS.length || new Set(names).size !== names.length) return undefined;
  return names.every((n) => n !== undefined) ? names : undefined;
}

/**
 * Names that a line has beside known ones, when it is plainly a header: words in the form of field
 * names, at least two and at least half of them known. Undefined when it is a readable header or none.
 */
export function unknownHeaderNames(line: string): readonly string[] | undefined {
  const tokens = line.trim().split(/[ \t]+/);
  const unknown = tokens.filter((t) => headerName(t) === undefined);
  const known = tokens.length - unknown.length;
  if (unknown.length === 0 || known < 2 || known < unknown.length) return undefined;
  return tokens.every((t) => /^[a-z][a-z0-9_-]*$/.test(t)) ? unknown : undefined;
}

/**
 * Layout that a person wrote: a preset's name, or field names separated by spaces or commas, plain or
 * as `${name}`. Throws LayoutError for anything else.
 */
export function parseLayout(text: string): Layout {
  const key = text.trim().toLowerCase();
  const preset = PRESETS.get(PRESET_ALIASES.get(key) ?? key);
  if (preset) return preset;
  const tokens = text
    .split(/[\s,]+/)
    .map((t) => t.replace(/^\$\{(.*)\}$/, '$1'))
    .filter((t) => t !== '');
  if (tokens.length === 0)
    throw new LayoutError('the layout is empty', `a preset (${[...PRESETS.keys()].slice(0, 4).join(', ')}, …) or field names such as "srcaddr dstaddr bytes"`);
  const names: string[] = [];
  for (const token of tokens) {
    const name = headerName(token);
    if (!name) throw new LayoutError(`the layout names an unknown field: ${token}`, nearestName(token, tokens.length === 1));
    if (names.includes(name)) throw new LayoutError(`the layout names ${name} twice`);
    names.push(name);
  }
  return names;
}

/** The nearest right spelling, as a hint; a guess far away would only mislead. */
function nearestName(token: string, presetsToo: boolean): string {
  const wanted = token.toLowerCase().replaceAll('_', '-');
  let best = '';
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const name of [...ABSENT_BIT.keys(), ...(presetsToo ? PRESETS.keys() : [])]) {
    const d = distance(wanted, name);
    if (d < bestDistance) {
      best = name;
      bestDistance = d;
    }
  }
  return best ? `did you mean ${best}?` : `write AWS names such as "srcaddr dstaddr bytes", or a preset (${[...PRESETS.keys()].slice(0, 4).join(', ')}, …)`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
