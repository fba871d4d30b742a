/**
 * The reference of the language as Markdown, generated from the tables that the compiler reads: what is
 * not in a table is not in the language. Every example in it is run by the tests.
 */
import { FIELDS, namesOf } from '../model/fields.ts';
import { AGGREGATES } from './aggregates.ts';
import { DIAGNOSTIC_CODES } from './diagnostics.ts';
import { FUNCTIONS } from './functions/index.ts';
import { signature } from './functions/kinds.ts';
import { OPERATORS } from './operators/index.ts';

/** Where the language differs from the public one that it follows, on purpose. */
export const DIFFERENCES: readonly string[] = [
  'Addresses of both families are known everywhere: isPublicIP, cidr, compareCIDRPrefix and getCIDRPrefix take IPv6 as well.',
  'Conditions are true or false: what has no value is unequal to everything, and neither smaller nor larger than anything.',
  'isPublicIP and its siblings are false for text that is no address; the row is kept.',
  'Unknown fields are errors with a suggestion, unless a step of the query made them.',
  'count_distinct, count_frequent and percentiles are exact.',
  'The current window of compare keeps its column names; only earlier windows get a suffix.',
  'A search reads vpc_flow only. _index=… chooses otherwise; a scope or filter on log-status, NODATA or SKIPDATA reads vpc_flow_status as well.',
  'A keyword is looked for in any part of a field’s text; addresses, numbers and ids are compared as a whole.',
  'Rows that compare equal under sort come in a fixed order: that of the other columns.',
  'most_recent and least_recent read the record’s time themselves; withtime adds no time to the value.',
];

/** The whole reference. */
export function reference(): string {
  const operators = Object.values(OPERATORS).map((o) => entry(o.syntax, o));
  const aggregates = AGGREGATES.map((a) => entry(a.signature, a));
  const functions = FUNCTIONS.map((f) => entry(signature(f), f));
  const fields = FIELDS.map((f) => `| ${[cell(f.name), f.type, namesOf(f).slice(1).map(cell).join(', '), f.doc].join(' | ')} |`);
  const codes = Object.entries(DIAGNOSTIC_CODES).map(([code, doc]) => `- \`${code}\` ${doc}`);
  return [
    '# Query language reference',
    '',
    'A query is a search, then steps behind `|`. Names of fields and functions may be written in any letter case.',
    section('Operators', operators),
    section('Aggregates', aggregates),
    section('Functions', functions),
    section('Fields', ['| Name | Kind | Also called | Meaning |\n|---|---|---|---|', ...fields], '\n'),
    section('Diagnostics', codes, '\n'),
    section(
      'Deliberate differences',
      DIFFERENCES.map((d) => `- ${d}`),
      '\n',
    ),
    '',
  ].join('\n');
}

function section(title: string, parts: readonly string[], separator = '\n\n'): string {
  return `\n## ${title}\n\n${parts.join(separator)}`;
}

function entry(syntax: string, { doc, example, differs }: { readonly doc: string; readonly example: string; readonly differs?: string }): string {
  return `**\`${syntax}\`** — ${doc}${differs ? ` *Differs:* ${differs}` : ''}\n\n    | ${example}`;
}

/** Bars inside a table's cell are escaped. */
function cell(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
