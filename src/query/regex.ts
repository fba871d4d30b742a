/**
 * Regular expressions of people, in RE2 syntax (https://github.com/google/re2/wiki/Syntax), checked
 * before they reach the engine so that a mistake is a diagnostic with its place.
 */

import { quoted } from '../model/wording.ts';
import { QueryError } from './diagnostics.ts';
import type { Span } from './tree.ts';

/** Of what stands outside of escapes and classes. */
const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/\(\?<?[=!]/, 'Look-ahead and look-behind are not part of RE2.'],
  [/\(\?>|[*+?}]\+/, 'Possessive groups and repetitions are not part of RE2.'],
  [/\{\d{5,}|\{(?:\d+,)?(?:[1-9]\d{3})/, 'A repetition may have at most 1,000.'],
];

/** Escapes with letters that RE2 knows. */
const ESCAPES = /^[aftnrvxpPQEACzbBdDsSwWu]$/;

/** The pattern, if RE2 will take it. Throws QueryError `bad-regex`. */
export function checkedRegex(source: string, span: Span): string {
  const fail = (message: string): never => {
    throw new QueryError('bad-regex', span, message, 'Write it in the syntax of RE2: https://github.com/google/re2/wiki/Syntax');
  };
  if (source.length > 10_000) fail('The regular expression is too long.');
  const plain = source.replace(/\\\\/g, '__');
  const bare = withoutMembers(source);
  for (const [pattern, message] of UNSUPPORTED) if (pattern.test(bare)) fail(message);
  if (/\\[1-9]/.test(plain)) fail('Back-references are not part of RE2.');
  for (const [, letter] of plain.matchAll(/\\([A-Za-z])/g)) if (!ESCAPES.test(letter as string)) fail(`${quoted(`\\${letter}`)} is not an escape of RE2.`);
  const forCheck = withClasses(withoutNames(source))
    .replace(/\(\?[imsU-]+\)/g, '')
    .replace(/\(\?[imsU-]+:/g, '(?:');
  try {
    new RegExp(forCheck);
  } catch (error) {
    fail(`The regular expression is not valid: ${(error as Error).message.replace(/^Invalid regular expression: .*: /, '')}.`);
  }
  return source;
}

/** What stands outside of escapes and classes: groups and what closes them. */
interface Mark {
  readonly at: number;
  readonly kind: 'open' | 'close' | 'or';
}

function marks(source: string): Mark[] {
  const found: Mark[] = [];
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (char === '[') i = classEnd(source, i);
    else if (char === '(' || char === ')') found.push({ at: i, kind: char === '(' ? 'open' : 'close' });
    else if (char === '|') found.push({ at: i, kind: 'or' });
  }
  return found;
}

/** Place of the `]` that closes a class; one that stands first is a member. */
function classEnd(source: string, start: number): number {
  let i = start + (source[start + 1] === '^' ? 2 : 1);
  if (source[i] === ']') i++;
  for (; i < source.length && source[i] !== ']'; i++) {
    if (source[i] === '\\') i++;
    else if (source.startsWith('[:', i) && source.indexOf(':]', i) > i) i = source.indexOf(':]', i) + 1;
  }
  return i;
}

/** The pattern with classes as JavaScript reads them: `[]a]` is `[\\]a]` there. */
function withClasses(source: string): string {
  let text = '';
  for (let i = 0; i < source.length; i++) {
    const char = source[i] as string;
    if (char === '\\') text += char + (source[++i] ?? '');
    else if (char !== '[') text += char;
    else {
      const end = classEnd(source, i);
      text += source
        .slice(i, end + 1)
        .replace(/^(\[\^?)\]/, '$1\\]')
        .replace(/\[:\^?\w+:\]/g, 'a');
      i = end;
    }
  }
  return text;
}

/** The pattern with `_` in the place of each escape and class. */
function withoutMembers(source: string): string {
  let text = '';
  for (let i = 0; i < source.length; i++) {
    const char = source[i] as string;
    text += char === '\\' || char === '[' ? '_' : char;
    // `\p{Greek}` and `\x{1F600}` are one escape.
    if (char === '\\') i = /[pPx]\{/y.test(source.slice(i + 1, i + 3)) && source.indexOf('}', i) > i ? source.indexOf('}', i) : i + 1;
    else if (char === '[') i = classEnd(source, i);
  }
  return text;
}

const NAMED_GROUP = /\(\?P?<(\w+)>/y;

function groupName(source: string, at: number): string | undefined {
  NAMED_GROUP.lastIndex = at;
  return NAMED_GROUP.exec(source)?.[1];
}

/** Capturing groups of a pattern, named or not. */
export function groupCount(source: string): number {
  return marks(source).filter(({ at, kind }) => kind === 'open' && (source[at + 1] !== '?' || groupName(source, at) !== undefined)).length;
}

/** Named groups with their numbers among all capturing groups, from 1; alternatives may share a name, and `index` is the first. */
export function namedGroups(source: string): { readonly name: string; readonly index: number; readonly indexes: readonly number[] }[] {
  const groups = new Map<string, number[]>();
  let index = 0;
  for (const { at, kind } of marks(source)) {
    const name = kind === 'open' ? groupName(source, at) : undefined;
    if (kind !== 'open' || (name === undefined && source[at + 1] === '?')) continue;
    index++;
    if (name !== undefined) groups.set(name, [...(groups.get(name) ?? []), index]);
  }
  return [...groups].map(([name, indexes]) => ({ name, index: indexes[0] as number, indexes }));
}

/** The pattern with plain groups in place of named ones: names are ours, and numbers find the groups. */
export function withoutNames(source: string): string {
  let text = '';
  let last = 0;
  for (const { at, kind } of marks(source)) {
    const name = kind === 'open' ? groupName(source, at) : undefined;
    if (name === undefined) continue;
    text += `${source.slice(last, at)}(`;
    last = source.indexOf('>', at) + 1;
  }
  return text + source.slice(last);
}

/**
 * A first match has the same groups when what a look-ahead asks for is taken instead of looked at, if
 * nothing stands behind it (or any text, `.*`), and when a look-behind stands at the very beginning. Out of a
 * group it can be taken where the group has no alternatives and is not repeated.
 */
export function withoutLooks(source: string): string {
  const found = marks(source);
  const simple = (open: Mark | undefined): boolean => {
    const end = open && closing(found, open);
    if (!open || end === undefined || /^[*+?{]/.test(source.slice(end + 1))) return false;
    // Alternatives of a look itself stay inside it.
    const looks = found.filter((m) => m.kind === 'open' && /^\(\?<?=/.test(source.slice(m.at, m.at + 4)));
    return !found.some((m) => m.kind === 'or' && m.at > open.at && m.at < end && !looks.some((look) => look.at < m.at && m.at < (closing(found, look) ?? 0)));
  };
  const looks = found.filter((m) => m.kind === 'open' && source.startsWith('(?=', m.at));
  let text = source;
  for (const look of looks.toReversed()) {
    const end = closing(found, look);
    if (end === undefined) continue;
    const after = /^\)*/.exec(text.slice(end + 1))?.[0] ?? '';
    const rest = text.slice(end + 1 + after.length);
    const around = found.filter((m) => m.kind === 'open' && m.at < look.at && (closing(found, m) ?? 0) > end);
    if (after.length > 0 && !around.slice(-after.length).every(simple)) continue;
    if (rest === '' || rest.startsWith('.*')) text = `${text.slice(0, look.at)}${after}(?:${text.slice(look.at + 3, end)})${rest}`;
  }
  const groups = /^(?:\((?:\?P?<\w+>|\?:)?(?!\?))*(?=\(\?<=)/.exec(text)?.[0] ?? '';
  const behind = found.filter((m) => m.kind === 'open').findIndex((m) => m.at === groups.length);
  const end = closing(found, { at: groups.length, kind: 'open' });
  if (
    !text.startsWith('(?<=', groups.length) ||
    end === undefined ||
    !found
      .filter((m) => m.kind === 'open')
      .slice(0, behind)
      .every(simple)
  )
    return text;
  return `(?:${text.slice(groups.length + 4, end + 1)}${groups}${text.slice(end + 1)}`;
}

function closing(found: readonly Mark[], open: Mark): number | undefined {
  let depth = 0;
  for (const mark of found) {
    if (mark.at < open.at || mark.kind === 'or') continue;
    depth += mark.kind === 'open' ? 1 : -1;
    if (depth === 0) return mark.at;
  }
  return undefined;
}

/** RE2 pattern of an anchor text: `*` captures what stands between its neighbours, as little as possible. */
export function anchorRegex(pattern: string): string {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const last = parts.length - 1;
  return `(?s)${parts.map((part, i) => (i === 0 ? part : `${i === last && part === '' ? '(.*)' : '(.*?)'}${part}`)).join('')}`;
}
