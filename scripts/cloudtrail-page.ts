/**
 * The reference page of CloudTrail events: what they are, what their records and documents hold, and samples, raw
 * beside the document. Computed as those of flow logs (format-pages.ts).
 */
import { type Field, findField, namesOf } from '../src/model/fields.ts';
import { CLOUDTRAIL } from '../src/model/log-formats.ts';
import { type Json, kinds, leaves, type Sample, samplesAndRefusals, samplesOf } from './format-pages.ts';
import { code, ECS_TYPES, MADE, table } from './markdown.ts';

const DOCUMENTED: readonly (readonly [title: string, address: string])[] = [
  ['Contents of a record', 'https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html'],
  ['The userIdentity element', 'https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html'],
  ['Log file examples', 'https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html'],
  ['Insights events', 'https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html'],
  ['LookupEvents', 'https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html'],
];

/** By the names that MITRE ATT&CK had for them up to its version 8. */
const DATA_SOURCES: readonly (readonly [name: string, shows: string])[] = [
  ['AWS CloudTrail logs', 'Each call of an API: who made it, from where, with what, and whether it was let through.'],
  ['Authentication logs', 'Sign-ins to the console, and calls that give credentials of a role.'],
  ['Web logs', 'User agents and addresses of clients of the API.'],
];

const SAMPLES: Readonly<Record<string, string>> = {
  management: 'A call that changes something, by a role’s session',
  denied: 'A call that was denied, through a VPC endpoint',
  'create-user': 'A call of IAM',
  'console-login': 'A sign-in to the console',
  'console-login-failure': 'Failed sign-ins; a user name that does not exist is hidden',
  published: 'A sign-in in a record of version 1.01',
  versions: 'What the versions of records brought, from 1.02 to 1.11',
  'on-behalf': 'For whom an identity acted, and what its credentials were given to',
  'data-s3': 'Data events: objects of S3, the second without an identity',
  'data-lambda': 'Data events: Lambda',
  'data-dynamodb': 'Data events: DynamoDB',
  'service-event': 'What a service did by itself',
  'network-activity': 'Network activity: a VPC endpoint’s policy',
  insight: 'Insights: start and end',
  aggregated: 'A summary of data events of five minutes',
  addendum: 'An event that was delivered again with changes',
  'event-bridge': 'From EventBridge',
  'lookup-events': 'What `aws cloudtrail lookup-events` prints',
  lake: 'A saved result of CloudTrail Lake',
};

/** What documents have that is no field of a query. */
const DOCUMENT_ONLY: Readonly<Record<string, string>> = {
  message: 'The record as it was received.',
  'event.kind': '`alert` for Insights, otherwise `event`.',
  'event.category': 'By service and activity.',
  'event.type': 'By the call’s verb.',
  'cloud.provider': 'Always `aws`.',
  'cloud.service.name': 'Always `cloudtrail`.',
  'related.ip': 'The source’s address.',
  'related.user': 'Names of the actor, of the session, and of the user that a call of IAM is about.',
  'user.target.name': 'The user that a call of IAM is about.',
  'user.changes.name': 'The new name that a call of IAM gives.',
  'aws.cloudtrail.user_identity.credential_id': 'Id of the bearer token, where the request was made with one.',
  'group.name': 'The group that a call of IAM is about.',
};

/** Below these all is as the record has it. */
const OPEN: Readonly<Record<string, string>> = {
  'aws.cloudtrail.flattened':
    'An open part of the record, as it is: requestParameters, responseElements, additionalEventData, resources, serviceEventDetails, …; keys without a name of their own are in `other`.',
  'aws.cloudtrail.user_identity.session_context': 'Of the session, as the record has it.',
  'aws.cloudtrail.user_identity.in_scope_of':
    'What the credentials were given to (an instance, a function), or the resource for which a service made the request.',
  'aws.cloudtrail.user_identity.invoked_by_delegate': 'Account of a product provider that acted by temporary delegated access.',
  'aws.cloudtrail.user_identity.on_behalf_of': 'User of IAM Identity Center for whom the request was made.',
  'aws.cloudtrail.console_login': 'What a sign-in says of the browser.',
};

/** What fields that flows have too mean of an event. */
const SHARED: Readonly<Record<string, string>> = {
  'cloud.account.id': 'The account that got the record; the actor’s where the record does not say.',
  'cloud.region': 'The region that the request went to.',
  'event.start': 'The event’s time, epoch seconds; of a summary the start of its window. Time filters use it.',
  '@timestamp': 'The event’s time; of a summary the start of its window.',
  'source.ip': 'The source’s address, where it has one.',
  'source.address': 'The source as the record has it: an address, or the name of a service.',
};

function meaning(path: string): string {
  const open = Object.keys(OPEN).find((start) => path.startsWith(`${start}.`));
  const text = open === undefined ? (DOCUMENT_ONLY[path] ?? SHARED[path] ?? findField(path)?.doc ?? byColumn(path)?.doc) : OPEN[open];
  if (text === undefined) throw new Error(`the documents have ${path}, which nothing describes`);
  return text;
}

function byColumn(path: string): Field | undefined {
  return CLOUDTRAIL.stored.find((field) => namesOf(field).includes(path));
}

/** An open part is one path, whatever is in it. */
function short(path: string): string {
  return path.startsWith('aws.cloudtrail.flattened.') ? path.split('.').slice(0, 4).join('.') : path;
}

function valuesOf(samples: ReadonlyMap<string, Sample>): Map<string, Json[]> {
  const values = new Map<string, Json[]>();
  for (const { documents } of samples.values()) {
    for (const document of documents) {
      if ('error' in document && !('event' in document)) continue;
      for (const [path, value] of leaves(document)) values.set(short(path), [...(values.get(short(path)) ?? []), value]);
    }
  }
  return values;
}

function typeOf(path: string, found: readonly Json[]): string {
  if (path.startsWith('aws.cloudtrail.flattened.')) return 'flattened';
  if (found.every((value) => typeof value === 'boolean')) return 'boolean';
  if (path === 'related.ip' || path === 'source.ip') return 'ip';
  return path === '@timestamp' ? 'date' : 'keyword';
}

function recordFields(): string {
  const rows = [...CLOUDTRAIL.fields, ...CLOUDTRAIL.documents].map((field) => {
    const others = namesOf(field).filter((name) => name !== field.name);
    return [code(field.name), others.map(code).join(' '), ECS_TYPES[field.type], SHARED[field.name] ?? field.doc];
  });
  return table(['Name', 'Also answers to', 'Type', 'Description'], rows);
}

export function cloudtrailPage(): string {
  const samples = samplesOf(CLOUDTRAIL);
  const values = valuesOf(samples);
  const documents = [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, found]) => [code(path), typeOf(path, found), meaning(path)]);
  return `# CloudTrail events

${MADE}

Who did what in an AWS account: calls of its APIs, sign-ins to its console, what services did by themselves, and, where a trail
has them on, reads and writes of data, activity at VPC endpoints, Insights, and summaries.

Format \`cloudtrail\`; dataset \`_index=cloudtrail\`. How it is told from others: [formats](../formats.md). How it gets here:
[AWS](../aws.md). AWS documents it here:

${DOCUMENTED.map(([name, address]) => `- [${name}](${address})`).join('\n')}

## What is read

- files of trails, \`{"Records":[…]}\`, and lists or single events one after another, in lines or not;
- events in CloudWatch Logs documents, in EventBridge’s, and in what \`aws cloudtrail lookup-events\` prints (\`{"Events":[…]}\`);
- saved results of CloudTrail Lake, CSV with a column \`eventJson\` (\`SELECT eventJson FROM …\`). A result without that column
  has no whole events in it, and is kept in quarantine. Sign files (\`result_sign.json\`) are passed over.

An event is stored once, by its \`eventID\`, however often it comes. Its text is kept byte for byte. An event may have 16 MiB;
where the source has rules or a timestamp locator, 1 MiB, for a pattern reads each byte many times. A larger one waits in
quarantine, without its text where a rule hides something.

## Data sources

By the names that MITRE ATT&CK had for them up to its version 8.

${table(['Data source', 'What of it is seen'], DATA_SOURCES)}

## Event kinds

What the documents of the samples below have in the fields that classify events.

${kinds(values)}

## Extracted fields: of a record

By our name (ECS where it has one), and by what else a query may call it. Inside of the JSON parts a path names a value:
\`requestParameters.groupId\`, \`additionalEventData.MFAUsed\`. What is added to each record, and what is computed when it is
read: [fields](../fields.md). A number in those parts that neither 64 bits nor a double hold is a text of its digits there, and what is no
Unicode is \`U+FFFD\`, so that everything beside them can be read; \`_raw\` keeps every byte.

${recordFields()}

## Extracted fields: of a document

What \`bartizan normalize\` writes, in the names of Elastic’s own integration where it has them.

${table(['Name', 'Type', 'Description'], documents)}

${samplesAndRefusals(SAMPLES, samples)}
`;
}
