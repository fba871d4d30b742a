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

/** The name that a diagnostic suggests in the place of its span. */
export function suggestion({ hint }: Diagnostic): string | undefined {
  return /^Did you mean “(.+)”\?$/s.exec(hint ?? '')?.[1];
}
