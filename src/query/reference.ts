/**
 * The reference of the language as Markdown, generated from the tables that the compiler reads: what is
 * not in a table is not in the language. Every example in it is run by the tests.
 */
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
  'A search reads vpc_flow only. _index=… chooses otherwise; a scope or filter on log-status, NODATA or SKIPDATA reads vpc_flow_status as well. Transit gateways are in tgw_flow and tgw_flow_status, where nobody looks who does not name them. A query that names a field which only CloudTrail events have reads cloudtrail; one of words alone, or that takes JSON apart, reads flows and events.',
  'A keyword is looked for in any part of a field’s text; addresses, numbers and ids are compared as a whole.',
  'Rows that compare equal under sort come in a fixed order: that of the other columns.',
  'most_recent and least_recent read the record’s time themselves; withtime adds no time to the value.',
];

const INTRODUCTION = `
A query is a search, then steps behind \`|\`. Each step takes the rows of the one before it.

    action=REJECT dest_port in (22, 3389)
    | count as attempts, count_distinct(dstaddr) as targets by srcaddr
    | where attempts > 100
    | sort by attempts

## The search

What stands before the first \`|\` chooses records; an empty search, or \`*\`, is all of them.

| Write | To find |
|---|---|
| \`203.0.113.9\` | an address in any address field; also \`10.0.0.0/8\` and \`10.0.*\` |
| \`eni-0a1b REJECT\` | both words, in any field and letter case; AND may be written |
| \`22 OR 3389\`, \`NOT 443\`, \`!443\`, \`(a OR b) c\` | alternatives, the opposite, groups |
| \`"10.0.0.5 10.0.0.9"\` | a phrase in the record's text |
| \`dest_port=22\`, \`bytes>1000000\`, \`interface_id=eni-0*\`, \`dest_port in (22, 3389)\` | a field's value; \`field=*\` is any |
| \`_index=vpc_flow_status\` | another dataset: flows are \`vpc_flow\`, NODATA and SKIPDATA notes \`vpc_flow_status\`, those of transit gateways \`tgw_flow\` and \`tgw_flow_status\`, events of CloudTrail \`cloudtrail\`; \`_index=*\` is all |
| \`eventName=CreateUser\`, \`requestParameters.userName=eve\` | a field of CloudTrail events, or a path into one |
| \`_sourceCategory=prod/*\` | where records came from: \`_sourceName\`, \`_sourceHost\`, \`_collector\` as well |

## Names and values

A field answers to each of its names ([fields.md](fields.md)) in any letter case; one that a step made wins over a stored
one. A name with other characters is written \`%"like this"\`. Texts stand in double or single quotes, \`\\"\` is a quote.
Numbers may end in k, M, G, T (thousands) or Ki, Mi, Gi, Ti (1,024). Durations are a number and s, m, h, d or w.
\`{{name}}\` is the value of a dashboard's variable. \`//\` begins a comment, up to the end of the line.

Regular expressions are RE2 and run in the engine: there is no pattern that hangs it.

## Events of CloudTrail

What panels and searches ask for often are fields: \`eventName\`, \`userName\` (the actor), \`errorCode\`, \`outcome\`, \`readOnly\`,
\`mfa\`, \`is_admin\`. Everything else is reached by its path in the record: \`requestParameters.…\`, \`responseElements.…\`,
\`additionalEventData.…\`, \`userIdentity.…\`, \`resources[0].…\`, \`tlsDetails.…\`, \`serviceEventDetails.…\`. A path with
\`[*]\` gives a list, and is written in quotation marks: \`%"requestParameters.ipPermissions.items[*].toPort"\`. Names and
places of Elastic's integration answer as well: \`aws.cloudtrail.request_parameters.bucketName\`.

    eventName=AuthorizeSecurityGroupIngress outcome=success
    | requestParameters.groupId as group
    | count by userName, group

Who asks with such a name reads events without saying so; \`_index=cloudtrail\` says it, and \`bartizan query --explain\` tells what
is read and why.

## Nothing, and kinds

A value may be missing. It is unequal to everything, neither smaller nor larger than anything, left out by aggregates, and
shown as an empty cell; \`isNull\`, \`isEmpty\` and \`isBlank\` ask for it. Parsed values are text; where a number is needed,
text that is a number is one.

The times of a record, \`start\` and \`end\`, count seconds in computations, all other times milliseconds. They are compared with
other times as instants; a number beside them is epoch milliseconds, as times are shown, from 100,000,000,000 on, and epoch
seconds below.`;

/** The whole reference. */
export function reference(): string {
  const operators = Object.values(OPERATORS).map((o) =>
    entry(o === OPERATORS.assign ? 'as' : o === OPERATORS.aggregate ? 'aggregates' : o.keywords.join(', ') || o.syntax, o.syntax, o),
  );
  const aggregates = AGGREGATES.map((a) => entry(a.name, a.signature, a));
  const functions = [...FUNCTIONS]
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .map((f) => entry(f.name, signature(f), { ...f, doc: withAliases(f.doc, f.aliases) }));
  const codes = Object.entries(DIAGNOSTIC_CODES).map(([code, doc]) => `### ${code}\n\n${doc}`);
  return [
    '# Query language reference',
    INTRODUCTION,
    section('Operators', operators),
    section('Aggregates', ['They stand alone as a step, several separated by commas, with `by` and the keys of the groups behind them.', ...aggregates]),
    section('Functions', functions),
    section('Diagnostics', ['What can be wrong with a query. Every answer has the code, the place in the text, and mostly a way out.', ...codes]),
    section('Deliberate differences', ['From the public language that this one follows:\n', ...DIFFERENCES.map((d) => `- ${d}`)], '\n'),
    '',
  ].join('\n');
}

function withAliases(doc: string, aliases: readonly string[] = []): string {
  return aliases.length ? `${doc} Also written ${aliases.join(', ')}.` : doc;
}

function section(title: string, parts: readonly string[], separator = '\n\n'): string {
  return `\n## ${title}\n\n${parts.join(separator)}`;
}

/** A heading to link to, what one writes, what it does, an example that the tests run. */
function entry(name: string, syntax: string, { doc, example, differs }: { readonly doc: string; readonly example: string; readonly differs?: string }): string {
  const difference = differs ? `\n\n*Differs from the public language:* ${differs}` : '';
  return `### ${name}\n\n\`${syntax}\`\n\n${doc}${difference}\n\n    | ${example}`;
}
