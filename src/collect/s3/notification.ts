/**
 * Messages of a queue as the objects that they name. Read as text from strangers: of bounded depth and number,
 * and only the fields that are known are looked at, each with its type checked.
 *
 * Shapes: S3's own event of versions 2.0 to 2.x (key URL-encoded), the same inside an SNS notification,
 * EventBridge (key as it is), CloudTrail's SNS message, S3's test event; and a record by itself: an event of
 * CloudTrail as EventBridge sends it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
 */
import { isRegion } from './problems.ts';

export interface NotifiedObject {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  /** Without quotes. */
  readonly etag?: string;
  readonly size?: number;
  /** The bucket's region. */
  readonly region?: string;
  /** Epoch milliseconds of the event. */
  readonly sentAt?: number;
  /** Order of events of one key: longer hex, then larger, is later. */
  readonly sequencer?: string;
}

export interface Notification {
  /** What was created, each object once; of one key and version the latest. */
  readonly objects: readonly NotifiedObject[];
  /** The message is a record by itself: its text as EventBridge wrote it, of whatever quality. */
  readonly record: string | undefined;
  /** Events that are known and mean nothing to read: removals, restores, tags, … */
  readonly ignored: number;
  /** It is S3's test message. */
  readonly test: boolean;
  /** Why a part of it is not known; empty: all of it is. A message with such a part is never deleted. */
  readonly unknown: string;
}

/** Characters of a message that are read. SQS allows 1 MiB. */
const LONGEST = 2 * 1024 * 1024;
const MOST_OBJECTS = 10_000;
const DEEPEST = 32;

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

type Json = Readonly<Record<string, unknown>>;

export function parseNotification(body: string): Notification {
  const found = new Found();
  found.unknown(readText(body, found, 0));
  return found.result();
}

class Found {
  #objects = new Map<string, NotifiedObject>();
  #ignored = 0;
  #test = false;
  #record: string | undefined;
  #unknown = '';

  add(object: NotifiedObject): string {
    if (this.#objects.size >= MOST_OBJECTS) {
      return 'it names too many objects';
    }
    const id = JSON.stringify([object.bucket, object.key, object.versionId ?? '']);
    const known = this.#objects.get(id);
    if (!known || !isLater(known.sequencer, object.sequencer)) this.#objects.set(id, object);
    return '';
  }
  ignore(): '' {
    this.#ignored += 1;
    return '';
  }
  test(): void {
    this.#test = true;
  }
  record(text: string): '' {
    this.#record = text;
    return '';
  }
  /** Keeps the first reason; an empty one is none. */
  unknown(why: string): void {
    this.#unknown ||= why;
  }
  result(): Notification {
    return { objects: [...this.#objects.values()], record: this.#record, ignored: this.#ignored, test: this.#test, unknown: this.#unknown };
  }
}

/** Whether `a` is later than `b`; sequencers are hex texts, the shorter one padded with zeros on its left. */
function isLater(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const width = Math.max(a.length, b.length);
  return a.toLowerCase().padStart(width, '0') > b.toLowerCase().padStart(width, '0');
}

/** JSON of bounded size and depth, or undefined: JSON.parse itself would recurse as deep as a text says. */
function readJson(text: string): unknown {
  if (text.length > LONGEST) return undefined;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 92) i += 1;
      else if (c === 34) quoted = false;
    } else if (c === 34) quoted = true;
    else if (c === 123 || c === 91) {
      depth += 1;
      if (depth > DEEPEST) return undefined;
    } else if (c === 125 || c === 93) depth -= 1;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

// The readers below return why a part is not known, or an empty text.

function readText(text: string, found: Found, wrapped: number): string {
  const value = readJson(text);
  return value === undefined ? 'it is no JSON, or nested too deep' : readMessage(value, text, found, wrapped);
}

/** `written`: the text that the value was read from. */
function readMessage(value: unknown, written: string, found: Found, wrapped: number): string {
  const message = object(value);
  if (!message) return 'it is no JSON object';
  const records = own(message, 'Records');
  if (Array.isArray(records)) {
    for (const record of records) found.unknown(readRecord(record, found));
    return records.length === 0 ? 'its Records are empty' : '';
  }
  if (own(message, 'Event') === 's3:TestEvent') {
    found.test();
    return '';
  }
  // Before what S3 itself says: a call of S3's API comes from the same source.
  if (text(message, 'detail-type')?.endsWith(' via CloudTrail')) return found.record(written);
  if (own(message, 'source') === 'aws.s3') return readEventBridge(message, found);
  const files = own(message, 's3ObjectKey');
  if (text(message, 's3Bucket') !== undefined && (Array.isArray(files) || typeof files === 'string')) return readCloudTrail(message, files, found);
  const inner = text(message, 'Message');
  if (inner === undefined || text(message, 'TopicArn') === undefined) return 'its shape is not known';
  if (text(message, 'Type') === 'SubscriptionConfirmation') return 'it asks to confirm a subscription';
  return wrapped < 2 ? readText(inner, found, wrapped + 1) : 'it is wrapped too often';
}

/** One record of S3's own event. */
function readRecord(value: unknown, found: Found): string {
  const record = object(value);
  const s3 = object(record && own(record, 's3'));
  const name = record && text(record, 'eventName');
  if (!record || !s3 || name === undefined) return 'a record is no event of S3';
  const source = text(record, 'eventSource');
  // Services that speak S3's protocol name themselves in its place: minio:s3, ceph:s3.
  if (source !== undefined && !source.endsWith(':s3')) return 'a record comes from another service than S3';
  const version = text(record, 'eventVersion');
  // Minor versions only add fields; another major version may mean something else.
  if (version !== undefined && !/^2(\.\d{1,3})?$/.test(version)) return 'its event version is not known';
  if (!/^(s3:)?ObjectCreated(:|$)/.test(name)) return found.ignore();
  const bucket = object(own(s3, 'bucket'));
  const item = object(own(s3, 'object'));
  const encoded = item && text(item, 'key');
  if (!bucket || !item || encoded === undefined) return 'a record names no object';
  const key = decodeKey(encoded);
  if (key === undefined) return 'a record’s key is not URL-encoded';
  return add(found, {
    bucket: text(bucket, 'name'),
    key,
    versionId: text(item, 'versionId'),
    etag: text(item, 'eTag'),
    size: own(item, 'size'),
    region: text(record, 'awsRegion'),
    time: text(record, 'eventTime'),
    sequencer: text(item, 'sequencer'),
  });
}

function readEventBridge(message: Json, found: Found): string {
  const type = text(message, 'detail-type');
  if (type === undefined) return 'its shape is not known';
  if (type !== 'Object Created') return found.ignore();
  const detail = object(own(message, 'detail'));
  const bucket = object(detail && own(detail, 'bucket'));
  const item = object(detail && own(detail, 'object'));
  if (!bucket || !item) return 'it names no object';
  return add(found, {
    bucket: text(bucket, 'name'),
    key: text(item, 'key'),
    versionId: text(item, 'version-id'),
    etag: text(item, 'etag'),
    size: own(item, 'size'),
    region: text(message, 'region'),
    time: text(message, 'time'),
    sequencer: text(item, 'sequencer'),
  });
}

function readCloudTrail(message: Json, files: unknown, found: Found): string {
  const keys = Array.isArray(files) ? files : [files];
  for (const key of keys) found.unknown(add(found, { bucket: text(message, 's3Bucket'), key: typeof key === 'string' ? key : undefined }));
  return keys.length === 0 ? 'it names no object' : '';
}

interface Raw {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly versionId?: string | undefined;
  readonly etag?: string | undefined;
  readonly size?: unknown;
  readonly region?: string | undefined;
  readonly time?: string | undefined;
  readonly sequencer?: string | undefined;
}

function add(found: Found, raw: Raw): string {
  if (raw.bucket === undefined || !BUCKET.test(raw.bucket)) return 'it names no bucket';
  if (raw.key === undefined || raw.key === '' || Buffer.byteLength(raw.key) > 1024) return 'it names no key that S3 would have';
  const etag = raw.etag?.replace(/^"|"$/g, '');
  const time = raw.time === undefined ? Number.NaN : Date.parse(raw.time);
  return found.add({
    bucket: raw.bucket,
    key: raw.key,
    ...(raw.versionId && raw.versionId !== 'null' && raw.versionId.length <= 1024 ? { versionId: raw.versionId } : {}),
    ...(etag && /^[\w-]{1,128}$/.test(etag) ? { etag } : {}),
    ...(typeof raw.size === 'number' && Number.isSafeInteger(raw.size) && raw.size >= 0 ? { size: raw.size } : {}),
    ...(raw.region !== undefined && isRegion(raw.region) ? { region: raw.region } : {}),
    ...(Number.isFinite(time) ? { sentAt: time } : {}),
    ...(raw.sequencer && /^[0-9A-Fa-f]{1,64}$/.test(raw.sequencer) ? { sequencer: raw.sequencer } : {}),
  });
}

/** The key of S3's own event: as a form field is encoded, so that + is a space. */
function decodeKey(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** Own fields only: `__proto__` and its like in a message name nothing. */
function own(value: Json, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function text(value: Json, key: string): string | undefined {
  const found = own(value, key);
  return typeof found === 'string' ? found : undefined;
}
