/**
 * Regular expressions of people, in RE2 syntax (https://github.com/google/re2/wiki/Syntax), checked
 * before they reach the engine so that a mistake is a diagnostic with its place.
 */
import { QueryError } from './diagnostics.ts';
import type { Span } from './tree.ts';

const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/\(\?<?[=!]/, 'Look-ahead and look-behind are not part of RE2.'],
  [/\(\?>|[*+?}]\+/, 'Possessive groups and repetitions are not part of RE2.'],
  [/\\[1-9]/, 'Back-references are not part of RE2.'],
  [/\{\d{5,}|\{(?:\d+,)?(?:[1-9]\d{3})/, 'A repetition may have at most 1000.'],
];

/** Escapes with letters that RE2 knows. */
const ESCAPES = /^[aftnrvxpPQEACzbBdDsSwWu]$/;

/** The pattern, if RE2 will take it. Throws QueryError `bad-regex`. */
export function checkedRegex(source: string, span: Span): string {
  const fail = (message: string): never => {
    throw new QueryError('bad-regex', span, message, 'Regular expressions are RE2: https://github.com/google/re2/wiki/Syntax');
  };
  const plain = source.replace(/\\\\/g, '__');
  for (const [pattern, message] of UNSUPPORTED) if (pattern.test(plain)) fail(message);
  for (const [, letter] of plain.matchAll(/\\([A-Za-z])/g)) if (!ESCAPES.test(letter as string)) fail(`\\${letter} is no escape of RE2.`);
  if (source.length > 10_000) fail('The regular expression is too long.');
  const forCheck = source
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?[imsU-]+\)/g, '')
    .replace(/\(\?[imsU-]+:/g, '(?:');
  try {
    new RegExp(forCheck);
  } catch (error) {
    fail(`The regular expression is not valid: ${(error as Error).message.replace(/^Invalid regular expression: .*: /, '')}.`);
  }
  return source;
}

/** Names of the named groups with their number among all capturing groups, from 1. */
export function namedGroups(source: string): { readonly name: string; readonly index: number }[] {
  const groups: { name: string; index: number }[] = [];
  let index = 0;
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '(' && !inClass) {
      const name = /^\(\?P?<(\w+)>/.exec(source.slice(i, i + 80))?.[1];
      if (name === undefined && source[i + 1] === '?') continue;
      index++;
      if (name !== undefined) groups.push({ name, index });
    }
  }
  return groups;
}

/** RE2 pattern of an anchor text: `*` captures what stands between its neighbours, as little as possible. */
export function anchorRegex(pattern: string): string {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const last = parts.length - 1;
  return `(?s)${parts.map((part, i) => (i === 0 ? part : `${i === last && part === '' ? '(.*)' : '(.*?)'}${part}`)).join('')}`;
}
