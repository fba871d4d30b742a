/**
 * Diagnostics are values with a closed list of codes. Each code has its explanation here; the
 * reference is generated from it. Codes are never reused.
 */
import type { Diagnostic } from './contract.ts';
import type { Span } from './tree.ts';

export const DIAGNOSTIC_CODES = {
  'unclosed-quote': 'A quotation mark is opened and not closed.',
  'unclosed-regex': 'A regular expression is opened with “/” and not closed.',
  'unexpected-character': 'A character has no meaning at this place.',
  'unexpected-end': 'The text ends where something more is needed.',
  'unexpected-token': 'Something else was expected here.',
  'unclosed-parenthesis': 'A parenthesis is opened and not closed.',
  'too-deep': 'The text is nested too deeply.',
  'too-long': 'The query is longer than its limit.',
  'unknown-operator': 'No operator has this name.',
  'unknown-function': 'No function has this name.',
  'unknown-field': 'No stored field has this name and no step of the query made it.',
  'field-not-grouped': 'The field exists in records, and the query has grouped them away.',
  'unknown-variable': 'A “{{name}}” has no value.',
  'wrong-arguments': 'A function is called with too few or too many values.',
  'wrong-type': 'A value is of a kind that cannot be used here.',
  'missing-alias': 'The step makes a value and does not say under which name.',
  'bad-regex': 'The regular expression is not valid RE2.',
  'bad-value': 'The value cannot be a value of its field.',
  'bad-path': 'The path into a JSON document is not valid.',
  'bad-duration': 'A duration is a number and “s”, “m”, “h”, “d” or “w”.',
  'names-do-not-match': 'The number of names differs from the number of extracted values.',
  'needs-aggregate': 'The operator works on groups: an aggregate must come before it.',
  'needs-window': 'The operator needs a time window with a start and an end.',
  'needs-timeslice': 'The operator needs timeslices.',
  'too-many-comparisons': 'A query compares with at most seven earlier windows.',
  'compare-once': 'A query can use “compare” once.',
  'duplicate-name': 'Two columns of the result would have the same name.',
  'not-supported': 'The public language has this and Bartizan does not; the message names what to write instead.',
  'too-many-rows': 'A step would make more rows than its limit.',
  'unknown-source': 'The lookup source is not available.',
  'not-last': 'The step ends a query: nothing can follow it.',
  'save-not-asked': 'The query would write a lookup table, and whoever runs it did not ask for that.',
  'no-compose': 'A subquery does not say which values it gives.',
  'unknown-table': 'A name after “on” does not begin with the name of a table of the join.',
  'not-first': 'The step reads its own rows, so it can only begin a query.',
  'no-indicators': 'No threat indicators are stored: the columns of the lookup are empty.',
  'no-administrators': 'The list of administrators is empty: “is_admin” is false for everybody.',
  'no-records': 'The rows of the query are not stored records, so there are none to show.',
  'words-not-steps': 'The search reads like a step that has no pipe in front of it.',
  'not-stored': 'Nothing is stored about this address: the new columns are empty.',
  'rule-operator': 'A field extraction rule cannot have this step: it does not make one record of each record.',
  'no-fields': 'A field extraction rule makes no field that is not stored already.',
  'bad-name': 'A field of a rule cannot have this name.',
  'broken-rule': 'A stored field extraction rule does not compile any more.',
} as const;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;

/** Thrown inside the query layer only; compile() and parse() turn it into a value. */
export class QueryError extends Error {
  readonly diagnostic: Diagnostic;
  constructor(code: DiagnosticCode, span: Span, message: string, hint?: string) {
    super(message);
    this.name = 'QueryError';
    this.diagnostic = { code, span, message, ...(hint ? { hint } : {}) };
  }
}

/** Characters of a name or text that a message shows, and names of a list. */
const MOST_SHOWN = 80;
const MOST_LISTED = 30;

/**
 * A name, a value or a piece of a query within a message. Messages are sentences: whatever is not prose stands in
 * these quotation marks, here and in what is written out, so that “count is not a field” cannot be misread.
 */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > MOST_SHOWN ? `“${line.slice(0, MOST_SHOWN).replace(/[\ud800-\udbff]$/, '')}…”` : `“${line}”`;
}

/** Names as a list: “a”, “b” and “c”. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).map(quoted);
  const last = names.length > MOST_LISTED ? `${names.length - MOST_LISTED} more` : shown.pop();
  return shown.length ? `${shown.join(', ')} and ${last}` : (last ?? 'nothing');
}

/** `1 value`, `1,000 values`; without a word the number alone. */
export function counted(count: number, word?: string): string {
  const written = count.toLocaleString('en-US');
  return word === undefined ? written : `${written} ${word}${count === 1 ? '' : 's'}`;
}

/** The candidate within a small edit distance of a name, in any letter case. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Hint that names the nearest candidate, if any. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(name, candidates);
  return found && `Did you mean “${found}”?`;
}

/** The name that a diagnostic suggests in the place of its span. */
export function suggestion({ hint }: Diagnostic): string | undefined {
  return /^Did you mean “(.+)”\?$/s.exec(hint ?? '')?.[1];
}

/** Optimal string alignment distance: a swap of neighbours counts one. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, older[j - 2]! + 1);
      row.push(best);
    }
    older = previous;
    previous = row;
  }
  return previous[b.length]!;
}
