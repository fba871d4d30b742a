/**
 * CloudWatch Logs documents: what a subscription filter sends, and the event in which a Lambda function
 * gets it. Each message becomes a line of text; a document's messages of one account and region become
 * one segment.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
import { gunzipSync } from 'node:zlib';
import { RAW_LIMIT } from '../model/batch.ts';
import type { BadSegment, SegmentOrigin } from '../model/segment.ts';

/** Bytes of a document in which its telling names are looked for. */
export const TELLING_HEAD = 4096;
/** Names at the top of a document that no flow record has. */
const TELLING: ReadonlySet<string> = new Set(['messageType', 'logEvents', 'awslogs']);

const QUOTE = 34;
const BACKSLASH = 92;

/** Whether the JSON object that begins at `buf[at]` is a CloudWatch document, by the names of its first fields. */
export function isEnvelope(buf: Uint8Array, at: number): boolean {
  const to = Math.min(buf.length, at + TELLING_HEAD);
  let depth = 0;
  let name = -1;
  for (let i = at; i < to; i++) {
    const c = buf[i]!;
    if (c === QUOTE) {
      const from = i + 1;
      for (i++; i < to && buf[i] !== QUOTE; i++) if (buf[i] === BACKSLASH) i++;
      // A name is the text after `{` or `,` of the object itself.
      if (depth === 1 && name !== 0 && i < to && TELLING.has(String.fromCharCode(...buf.subarray(from, Math.min(i, from + 16))))) return true;
      name = 0;
    } else if (c === 123 || c === 91) {
      if (++depth > 16) return false;
      name = -1;
    } else if (c === 125 || c === 93) {
      if (--depth === 0) return false;
      name = 0;
    } else if (c === 44) {
      name = -1;
    } else if (c !== 32 && c !== 9 && c !== 10 && c !== 13) {
      // After a brace or a comma of the object only a name can stand.
      if (depth === 1 && name === -1) return false;
      name = 0;
    }
  }
  return false;
}

/** A document's records; several where its messages are of several accounts or regions. */
export interface Run {
  readonly kind: 'run';
  readonly origin: SegmentOrigin;
  readonly text: Uint8Array;
}

export type Part = Run | Omit<BadSegment, 'offset'> | { readonly kind: 'control' };

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

class NotADocument extends Error {}

/** What a document says. A text: why it is none. `limit`: bytes that a packed one may have; `depth`: levels of nesting. */
export function readDocument(bytes: Uint8Array, limit: number, depth: number): Iterable<Part> | string {
  try {
    return parts(bytes, limit, depth, false);
  } catch (error) {
    if (error instanceof NotADocument) return error.message;
    throw error;
  }
}

function parts(bytes: Uint8Array, limit: number, depth: number, inner: boolean): Iterable<Part> {
  let text: string;
  let damaged = false;
  try {
    text = strict.decode(bytes);
  } catch {
    text = lossy.decode(bytes);
    damaged = true;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NotADocument(`the document is no valid JSON: ${error instanceof Error ? error.message.slice(0, 120) : ''}`);
  }
  if (!isObject(value)) throw new NotADocument('the document is no JSON object');
  if (isObject(value.awslogs) && !inner) return parts(unpack(value.awslogs.data, limit, depth), limit, depth, true);
  if (value.messageType === 'CONTROL_MESSAGE') return [{ kind: 'control' }];
  if (!Array.isArray(value.logEvents)) throw new NotADocument('the document has no list logEvents');
  return readEvents(value, value.logEvents, damaged);
}

/** The document in a Lambda function's event: gzip in base64. */
function unpack(data: unknown, limit: number, depth: number): Uint8Array {
  if (typeof data !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) throw new NotADocument('awslogs.data is no base64 text');
  let bytes: Uint8Array;
  try {
    bytes = gunzipSync(Buffer.from(data, 'base64'), { maxOutputLength: limit });
  } catch (error) {
    throw new NotADocument(`awslogs.data is no gzip data that can be read: ${error instanceof Error ? error.message : ''}`);
  }
  if (deeper(bytes, depth)) throw new NotADocument(`the document is nested deeper than ${depth} levels`);
  return bytes;
}

function deeper(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]!;
    if (quoted) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    else if (c === 123 || c === 91) {
      if (++depth > limit) return true;
    } else if (c === 125 || c === 93) depth--;
  }
  return false;
}

/** Made as they are read: a document may have millions of events. */
function* readEvents(document: Record<string, unknown>, events: readonly unknown[], damaged: boolean): Generator<Part> {
  const whole = {
    ...named('logGroup', document.logGroup),
    ...named('logStream', document.logStream),
    ...named('account', document['@aws.account'] ?? document.owner),
    ...named('region', document['@aws.region']),
  };
  let lines: string[] = [];
  let unread: Unread | undefined;
  let origin: SegmentOrigin = whole;
  function* close(): Generator<Part> {
    if (lines.length > 0) yield { kind: 'run', origin, text: encoder.encode(lines.join('')) };
    if (unread) yield unread.part(origin);
    lines = [];
    unread = undefined;
  }
  for (const event of events) {
    const next = originOf(event, whole);
    if (next.account !== origin.account || next.region !== origin.region) {
      yield* close();
      origin = next;
    }
    const message = isObject(event) ? event.message : undefined;
    if (typeof message === 'string' && message.isWellFormed() && !(damaged && message.includes('\ufffd'))) {
      if (unread) yield* close();
      lines.push(message.endsWith('\n') ? message : `${message}\n`);
      continue;
    }
    const code = typeof message === 'string' ? 'invalid-utf8' : 'envelope-damaged';
    if (unread?.code !== code) {
      yield* close();
      unread = new Unread(code);
    }
    unread.add(typeof message !== 'string' ? JSON.stringify(event) : message.isWellFormed() ? message : JSON.stringify(message));
  }
  yield* close();
}

/** Log events in a row that cannot be read, as one record: a small document may have millions of them. */
class Unread {
  readonly code: 'envelope-damaged' | 'invalid-utf8';
  private events = 0;
  private length = 0;
  /** As much as is kept, or a little more. */
  private raw: Uint8Array[] = [];

  constructor(code: Unread['code']) {
    this.code = code;
  }

  add(text: string): void {
    const next = this.events++ === 0 ? text : `\n${text}`;
    if (this.length < RAW_LIMIT) this.raw.push(encoder.encode(next));
    this.length += Buffer.byteLength(next);
  }

  part(origin: SegmentOrigin): Omit<BadSegment, 'offset'> {
    const what = this.code === 'invalid-utf8' ? 'not valid UTF-8' : 'without text in message';
    const message = this.events === 1 ? `the log event is ${what}` : `${this.events} log events in a row are ${what}`;
    return { kind: 'bad', origin, code: this.code, message, raw: Uint8Array.from(Buffer.concat(this.raw).subarray(0, RAW_LIMIT)), length: this.length };
  }
}

/** Account and region that the service adds where it is told to (`emitSystemFields`), beside the event or among its fields; else the document's. */
function originOf(event: unknown, whole: SegmentOrigin): SegmentOrigin {
  if (!isObject(event)) return whole;
  const fields = isObject(event.extractedFields) ? event.extractedFields : undefined;
  const account = fields?.['@aws.account'] ?? event['@aws.account'] ?? undefined;
  const region = fields?.['@aws.region'] ?? event['@aws.region'] ?? undefined;
  // Most events say nothing of it, and share one object.
  if (account === undefined && region === undefined) return whole;
  const { account: owner, region: home, ...group } = whole;
  return { ...group, ...named('account', account ?? owner), ...named('region', region ?? home) };
}

function named<K extends string>(key: K, value: unknown): { [P in K]?: string } {
  return typeof value === 'string' && value !== '' && value.length <= 1024 && value.isWellFormed() ? ({ [key]: value } as { [P in K]?: string }) : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
