/**
 * What a JSON object says: a flow record by field names, or a forwarder's envelope around a record
 * (Sumo Logic's Lambda, Firehose). Either way it becomes a line of text in some layout, which the
 * decode loop reads like any other; the object itself is kept as the record's raw bytes.
 */
import type { RecordErrorCode } from '../../model/batch.ts';
import { FIELDS } from '../../model/fields.ts';
import { FLOW_FORMATS, type FlowFormat } from '../../model/log-formats.ts';
import { type Diagnosis, shorten } from './diagnose.ts';
import { formatOfLayout } from './layout.ts';
import { FORWARDER_COLUMNS, SLOTS, slotOf } from './plan.ts';
import { percentEncode } from './spellings.ts';

/** A line to decode, with what the forwarder said beside it. */
export interface JsonRecord {
  readonly line: string;
  /** Header names of the line's values; undefined: a line as AWS wrote it, in the layout in force. */
  readonly layout: readonly string[] | undefined;
  /** Text by slot (plan.ts). */
  readonly extras: ReadonlyMap<number, string>;
}

/** `accountId`, `account_id`, `account-id` → `accountid`. */
function key(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

const AWS_BY_KEY: ReadonlyMap<string, string> = new Map(FIELDS.flatMap(({ aws }) => (aws === undefined ? [] : [[key(aws), aws] as const])));

/** Names that forwarders use beside a message, and the column that each fills. */
const EXTRAS: ReadonlyMap<string, number> = new Map([
  ['direction', slotOf('forwarder_direction')],
  ['securitygroupids', slotOf('security_group_ids')],
  ['loggroup', slotOf('log_group')],
  ['logstream', slotOf('log_stream')],
  ['vpcid', slotOf('vpc_id')],
  ['subnetid', slotOf('subnet_id')],
  ['awsregion', slotOf('region')],
]);
const FORWARDERS_OWN: ReadonlySet<number> = new Set([...FORWARDER_COLUMNS.map(slotOf), slotOf('region')]);

/** A record must have one of these: other logs have versions and regions too. */
const TELLING: ReadonlySet<string> = new Set(['srcaddr', 'dstaddr', 'start', 'end', 'log-status', 'interface-id', 'tgw-id', 'tgw-attachment-id']);

function wrong(code: RecordErrorCode, message: string): Diagnosis {
  return { code, message };
}

/** Reads the JSON text of an object: a record of one of the formats. */
export function readJson(text: string, formats: readonly FlowFormat[] = FLOW_FORMATS): JsonRecord | Diagnosis {
  const value = parsed(text);
  if (value instanceof SyntaxError) return wrong('not-json', shorten(value.message));
  if (!isObject(value)) return wrong('unknown-json-shape', 'the JSON is no object');
  if (!('message' in value)) return readRecord(value, formats);
  const { message } = value;
  const extras = readExtras(value);
  if (isObject(message)) return withExtras(readRecord(message, formats), extras);
  if (typeof message !== 'string') return wrong('unknown-json-shape', 'message is neither a text nor an object');
  const line = message.replace(/\r?\n$/, '');
  if (line.startsWith('{')) {
    const inner = parsed(line);
    return isObject(inner) && !(inner instanceof SyntaxError)
      ? withExtras(readRecord(inner, formats), extras)
      : wrong('not-json', 'message starts like JSON and is not valid JSON');
  }
  return { line, layout: undefined, extras };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a text says, or why it is no JSON. Where it failed within this program tells nothing, and costs more than all the rest of a short record. */
function parsed(text: string): unknown {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function withExtras(record: JsonRecord | Diagnosis, extras: ReadonlyMap<number, string>): JsonRecord | Diagnosis {
  return 'line' in record ? { ...record, extras: new Map([...extras, ...record.extras]) } : record;
}

function readExtras(value: Record<string, unknown>): Map<number, string> {
  const extras = new Map<number, string>();
  for (const [name, v] of Object.entries(value)) {
    const slot = EXTRAS.get(key(name));
    const text = Array.isArray(v) ? v.filter((x) => typeof x === 'string').join(',') : v;
    if (slot !== undefined && typeof text === 'string' && text !== '' && text !== '-' && text.isWellFormed()) extras.set(slot, text);
  }
  return extras;
}

/** An object with a flow record's fields. Strict: a name that is none makes the record unreadable, for it may be a field to come. */
function readRecord(value: Record<string, unknown>, formats: readonly FlowFormat[]): JsonRecord | Diagnosis {
  const layout: string[] = [];
  const values: string[] = [];
  for (const [name, v] of Object.entries(value)) {
    const aws = AWS_BY_KEY.get(key(name));
    if (aws === undefined) {
      const extra = EXTRAS.get(key(name));
      if (extra === undefined || !FORWARDERS_OWN.has(extra)) return wrong('unknown-json-shape', `${shorten(name)} is no field of a flow record`);
      continue;
    }
    if (layout.includes(aws)) return wrong('unknown-json-shape', `${aws} is there twice`);
    const text = valueText(aws, v);
    if (typeof text !== 'string') return text;
    layout.push(aws);
    values.push(text);
  }
  if (!layout.some((name) => TELLING.has(name))) return wrong('unknown-json-shape', 'the object has no field that tells a flow record');
  if (!formatOfLayout(layout, formats))
    return wrong('unknown-json-shape', `the object has fields that ${formats.length > 1 ? 'are of more than one format' : `${formats[0]?.title} do not have`}`);
  const extras = readExtras(value);
  for (const slot of extras.keys()) if (layout.includes(SLOTS[slot]?.field.aws ?? '')) extras.delete(slot);
  return { line: values.join(' '), layout, extras };
}

function valueText(aws: string, value: unknown): string | Diagnosis {
  if (value === null || value === '') return '-';
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return String(value);
    return wrong(Number.isInteger(value) && value > 0 ? 'number-out-of-range' : 'not-a-number', `${aws}: ${value} is not a whole number up to 2^53 - 1`);
  }
  if (typeof value !== 'string') return wrong('unknown-json-shape', `${aws} is neither a text nor a number`);
  if (!value.isWellFormed()) return wrong('invalid-utf8', `${aws} is not valid Unicode`);
  if (!/[\x00-\x20\x7f]/.test(value)) return value;
  if (FIELDS.some((f) => f.aws === aws && f.percentEncoded)) return percentEncode(value);
  return /[\x00-\x1f\x7f]/.test(value) ? wrong('binary-data', `${aws} holds a control character`) : wrong('unknown-json-shape', `${aws} holds a space`);
}
