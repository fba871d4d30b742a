/** What a search looks for, marked in a text. Marks are elements around pieces of the text, which never becomes HTML. */
import { Fragment, memo } from 'react';
import { canonicalName } from '../../../model/fields.ts';
import { parse } from '../../../query/parser.ts';
import type { Scope } from '../../../query/tree.ts';

export interface Term {
  /** In lower case; pieces between wildcards. */
  readonly pieces: readonly string[];
  /** Only as a whole word: what a field was compared with, and numbers and addresses. */
  readonly whole: boolean;
  /** Canonical name of the field that it is a value of; undefined is anywhere. */
  readonly field: string | undefined;
  /** Every match has exactly this value in the field: not worth a mark in the field's own column. */
  readonly certain: boolean;
}

/** Words and values that a query's scope asks for; what it excludes or compares by size is not looked for. */
export function termsOf(query: string): Term[] {
  const found: Term[] = [];
  const visit = (scope: Scope, every: boolean): void => {
    if (scope.node === 'and' || scope.node === 'or') for (const item of scope.items) visit(item, every && scope.node === 'and');
    else if (scope.node === 'term' || scope.node === 'phrase') add(scope.text, undefined, false);
    else if (scope.node === 'condition' && scope.op === '=' && !scope.field.startsWith('_')) add(scope.value, canonicalName(scope.field) ?? scope.field, every);
  };
  const add = (text: string, field: string | undefined, every: boolean): void => {
    const pieces = text
      .toLowerCase()
      .split('*')
      .filter((piece) => piece !== '');
    if (pieces.length > 0)
      found.push({ pieces, whole: field !== undefined || (/^[\d.:a-f]+$/i.test(text) && /\d/.test(text)), field, certain: every && !text.includes('*') });
  };
  visit(parse(query).query.scope, true);
  return found;
}

/** Places of terms in a text, in order and apart. `field`: canonical name of what the text is a value of; undefined is a whole record. */
export function places(text: string, terms: readonly Term[], field?: string): (readonly [start: number, end: number])[] {
  const lower = text.toLowerCase();
  // A few letters change their length with their case: then places would be wrong.
  if (lower.length !== text.length) return [];
  const all = terms
    .filter((t) => field === undefined || t.field === undefined || (t.field === field && !t.certain))
    .flatMap((term) => occurrences(lower, term));
  all.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  let end = 0;
  return all.filter((place) => {
    if (place[0] < end) return false;
    end = place[1];
    return true;
  });
}

function occurrences(lower: string, { pieces, whole }: Term): [number, number][] {
  const list: [number, number][] = [];
  const [first = '', ...rest] = pieces;
  const following = rest.map((piece) => ({ piece, next: nextOf((from) => lower.indexOf(piece, from)), space: nextOf((from) => spaceIn(lower, from)) }));
  for (let at = lower.indexOf(first); at >= 0; at = lower.indexOf(first, at + 1)) {
    let end = at + first.length;
    for (const { piece, next, space } of following) {
      const found = next(end);
      // It is not in the rest of the text, or not in the same word.
      if (found < 0) return list;
      const gap = space(end);
      end = gap >= 0 && gap < found ? -1 : found + piece.length;
      if (end < 0) break;
    }
    if (end < 0) continue;
    if (whole && pieces.length === 1 && (isWord(lower[at - 1]) || isWord(lower[end]))) continue;
    list.push([at, end]);
  }
  return list;
}

/** The first place at or behind another, asked for places that only grow; looks at no part of a text twice, however often it is asked. */
function nextOf(find: (from: number) => number): (from: number) => number {
  let last = -2;
  return (from) => {
    if (last !== -1 && last < from) last = find(from);
    return last;
  };
}

function spaceIn(text: string, from: number): number {
  const space = /\s/g;
  space.lastIndex = from;
  return space.exec(text)?.index ?? -1;
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /[\w.-]/.test(char);
}

export const Highlighted = memo(function Highlighted({ text, terms, field }: { text: string; terms: readonly Term[]; field?: string | undefined }) {
  const marks = places(text, terms, field === undefined ? undefined : (canonicalName(field) ?? field));
  if (marks.length === 0) return text;
  return (
    <>
      {marks.map(([start, end], i) => (
        <Fragment key={start}>
          {text.slice(marks[i - 1]?.[1] ?? 0, start)}
          <mark>{text.slice(start, end)}</mark>
        </Fragment>
      ))}
      {text.slice(marks.at(-1)?.[1] ?? 0)}
    </>
  );
});
