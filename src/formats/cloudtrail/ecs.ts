/**
 * An event as an Elastic Common Schema document, as Elastic's own integration maps it where it does
 * (https://www.elastic.co/docs/reference/integrations/aws/cloudtrail); what ECS has no field for is below `aws.cloudtrail`.
 */
import { DERIVED_FIELDS, type Field } from '../../model/fields.ts';
import { CLOUDTRAIL, hasField } from '../../model/log-formats.ts';
import { add, addThreat, type Document, type DocumentValue, isoTime, LOCATED, prune, RecordValues, type StoredRecord } from '../document.ts';

/** ECS categories and types of each activity. */
const KINDS: Readonly<Record<string, { readonly category: string[]; readonly type: string[] }>> = {
  'sign-in': { category: ['authentication'], type: ['start'] },
  permissions: { category: ['iam'], type: ['change'] },
  read: { category: ['configuration'], type: ['access'] },
  write: { category: ['configuration'], type: ['change'] },
  data: { category: ['configuration'], type: ['access'] },
  insight: { category: ['intrusion_detection'], type: ['indicator'] },
  summary: { category: ['configuration'], type: ['info'] },
};

/** Only what the record says. */
export function baseEventDocument(record: StoredRecord): Document {
  const v = new RecordValues(record);
  const { category, type } = KINDS[v.text('activity') ?? ''] ?? { category: ['configuration'], type: ['info'] };
  const address = v.address('srcaddr');
  const names = [v.text('user_name'), v.text('session_name')].filter((name) => name !== undefined);
  const document = prune({
    message: v.text('raw') ?? v.text('raw_exact'),
    '@timestamp': isoTime(v.start),
    event: prune({ kind: v.text('activity') === 'insight' ? 'alert' : 'event', category, type }),
    cloud: { provider: 'aws', service: { name: 'cloudtrail' } },
    related: prune({ ip: address === undefined || address === '::' ? undefined : [address], user: names.length ? [...new Set(names)] : undefined }),
  });
  for (const field of CLOUDTRAIL.fields) {
    if (field.column === 'start') continue;
    const value = stored(v, field);
    if (value !== undefined) add(document, field.name, value);
  }
  const source = v.text('source_address');
  if (source !== undefined) add(document, 'source.address', source);
  for (const field of CLOUDTRAIL.documents) {
    const value = jsonValue(v.text(field.column));
    if (value !== undefined) add(document, `aws.cloudtrail.json.${field.aliases[0] ?? 'rest'}`, value);
  }
  return document;
}

/** With everything else that is known. */
export function enrichedEventDocument(record: StoredRecord): Document {
  const document = baseEventDocument(record);
  const v = new RecordValues(record);
  for (const field of DERIVED_FIELDS) {
    const make = (LOCATED as Readonly<Partial<Record<string, (v: RecordValues, field: Field) => DocumentValue | undefined>>>)[field.derived ?? ''];
    const value = make && hasField(CLOUDTRAIL, field) ? make(v, field) : undefined;
    if (value !== undefined) add(document, field.name, value);
  }
  for (const name of ['log_group', 'log_stream']) {
    const value = v.text(name);
    if (value !== undefined) add(document, `aws.cloudwatch.${name}`, value);
  }
  addThreat(document, v);
  return document;
}

function stored(v: RecordValues, field: Field): DocumentValue | undefined {
  if (field.type === 'address') {
    const address = v.address(field.column);
    return address === '::' ? undefined : address;
  }
  return field.columnType === 'Array(String)' ? v.list(field.column) : v.text(field.column);
}

function jsonValue(text: string | undefined): DocumentValue | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as DocumentValue;
  } catch {
    return text;
  }
}
