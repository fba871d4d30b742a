/** What a query searches, flows or events or both, and how a choice of it is written into the text. Pure. */
import { CLOUDTRAIL_ONLY } from '../../model/cloudtrail-fields.ts';
import { fieldsNamed } from '../../model/fields.ts';
import { CLOUDTRAIL, type Dataset, formatOf, VPC_FLOW } from '../../model/log-formats.ts';
import { isPartOfEvent } from '../../query/event-parts.ts';
import { isExtractionRule, type Token } from '../../query/lexer.ts';
import { parse } from '../../query/parser.ts';
import { someScope } from '../../query/scope.ts';
import { isIndexName } from '../../query/words.ts';

export const CHOICES = ['flows', 'events', 'both'] as const;
export type Choice = (typeof CHOICES)[number];

/** What datasets come to; undefined for none. */
export function choiceOf(datasets: readonly Dataset[]): Choice | undefined {
  const kinds = new Set(datasets.map((dataset) => formatOf(dataset).kind));
  if (kinds.size === 0) return undefined;
  return kinds.size > 1 ? 'both' : kinds.has('event') ? 'events' : 'flows';
}

/** Whether a query's scope asks for events: by the index, or by a name that only events have. */
export function readsEvents(query: string): boolean {
  return someScope(parse(query).query.scope, (s) => {
    if (s.node !== 'condition') return false;
    if (isIndexName(s.field)) return s.op === '=' && /^(?:cloudtrail|cloud\*)$/i.test(s.value);
    const fields = fieldsNamed(s.field);
    return isPartOfEvent(s.field) || (fields.length > 0 && fields.every((field) => CLOUDTRAIL_ONLY.includes(field)));
  });
}

/** `present`: what is stored. Flows are those of VPCs, for transit gateways see the same packets once more; where there are none, those of transit gateways. */
function indexOf(choice: Choice, present: readonly Dataset[]): string {
  const flows = present.includes('tgw_flow') && !present.includes(VPC_FLOW.flows) ? 'tgw_flow' : VPC_FLOW.flows;
  return { flows: `_index=${flows}`, events: `_index=${CLOUDTRAIL.main}`, both: `_index in (${flows}, ${CLOUDTRAIL.main})` }[choice];
}

/** The query with `_index=…` at its beginning, in place of what it said of it before. Everything else stays as it is written. */
export function withIndex(query: string, choice: Choice, present: readonly Dataset[]): string {
  const index = indexOf(choice, present);
  if (isExtractionRule(query)) return `${index} | ${query.trimStart()}`;
  const { query: tree, tokens } = parse(query);
  const end = tokens.findIndex((t) => t.kind === 'pipe' || t.kind === 'end');
  const scope = tokens.slice(0, end < 0 ? tokens.length : end);
  const [first, last] = [scope[0], scope.at(-1)];
  const rest = query.slice(last?.end ?? 0);
  if (!first || !last) return rest.trim() === '' ? index : `${index} ${rest.trimStart()}`;
  if (tree.scope.node === 'or' && !isIndexAlone(scope)) return `${index} (${query.slice(first.start, last.end)})${rest}`;
  const kept = withoutIndex(query, scope);
  return `${index}${kept === '' || /^\*+$/.test(kept) ? '' : ` ${kept}`}${rest}`;
}

function isIndexAlone(scope: readonly Token[]): boolean {
  return scope.every((token, at) => indexAt(scope, at) > 0 || token.value.toLowerCase() === 'or' || isInIndex(scope, at));
}

function isInIndex(scope: readonly Token[], at: number): boolean {
  return scope.some((_, from) => from <= at && at < from + indexAt(scope, from));
}

/** The text of the scope without its conditions on the index, those in brackets of other conditions aside. */
function withoutIndex(query: string, scope: readonly Token[]): string {
  const cut: { from: number; to: number }[] = [];
  let depth = 0;
  for (let at = 0; at < scope.length; at++) {
    const length = depth === 0 ? indexAt(scope, at) : 0;
    if (length > 0) {
      // The word that joins it to what stands before, or else behind, goes along.
      const isJoin = (i: number): boolean => /^(?:and|or)$/i.test(scope[i]?.value ?? '') && scope[i]?.kind === 'word';
      const negated = /^(?:!|not)$/i.test(scope[at - 1]?.value ?? '') ? 1 : 0;
      const before = at - negated - 1;
      const from = scope[isJoin(before) ? before : at - negated]?.start ?? 0;
      const next = at + length;
      cut.push({ from, to: scope[!isJoin(before) && isJoin(next) ? next : next - 1]?.end ?? from });
      at += length - 1;
    } else if (scope[at]?.value === '(') depth++;
    else if (scope[at]?.value === ')') depth--;
  }
  const starts = [scope[0]?.start ?? 0, ...cut.map(({ to }) => to)];
  const ends = [...cut.map(({ from }) => from), scope.at(-1)?.end];
  const pieces = starts.map((start, i) => query.slice(start, ends[i]).trim()).filter((piece) => piece !== '');
  return pieces.join(' ').replace(/^(?:and|or)\s+/i, '');
}

/** Tokens of a condition on the index that begins at a place: `_index = x`, `_index in (x, y)`, `(_index=x or _index=y)`; 0 for anything else. */
function indexAt(scope: readonly Token[], at: number): number {
  const value = (i: number): string => scope[i]?.value.toLowerCase() ?? '';
  if (value(at) === '(') {
    let i = at + 1;
    for (;;) {
      const length = value(i) === '(' ? 0 : indexAt(scope, i);
      if (length === 0) return 0;
      i += length;
      if (value(i) === ')') return i + 1 - at;
      if (value(i) !== 'or') return 0;
      i++;
    }
  }
  if (!/^_(?:index|view)$/.test(value(at)) || scope[at]?.kind !== 'word') return 0;
  if (/^(?:=|==|!=|<>)$/.test(value(at + 1))) return value(at + 2) === '(' ? closed(scope, at + 2) - at : 3;
  return value(at + 1) === 'in' && value(at + 2) === '(' ? closed(scope, at + 2) - at : 0;
}

/** Place behind the bracket that closes the one at `open`. */
function closed(scope: readonly Token[], open: number): number {
  const found = scope.findIndex((token, i) => i > open && token.value === ')');
  return found < 0 ? scope.length : found + 1;
}
