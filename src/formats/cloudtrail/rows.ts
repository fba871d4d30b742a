/**
 * Rows of the table of events. A record that has been taken apart becomes one row: texts are interned, what
 * is computed from a text or from an identity is computed once a batch for each that is different.
 */
import { ADDRESS_BYTES, parseAddress } from '../../model/address.ts';
import type { Batch, Column, RecordErrorCode } from '../../model/batch.ts';
import { AddressInterner, hashRange, type Source, SpellingTable, sourceOf } from '../intern.ts';
import { type Act, activityOf, isReadOnly } from './activity.ts';
import { clientOf } from './client.ts';
import { BytesColumn, stringContent, TextColumn } from './columns.ts';
import { actorOf, objectOf, textOf } from './identity.ts';
import { KEY, type Key } from './keys.ts';
import type { RecordSlices } from './record-slices.ts';

/** Earliest time that is believed: 2006-01-01, epoch seconds; and how far ahead of now. */
const EARLIEST = 1_136_073_600;
const MAX_AHEAD = 86_400;

/** Columns whose text is the value of a key as it is. */
const PLAIN: readonly (readonly [column: string, key: Key])[] = [
  ['event_version', 'eventVersion'],
  ['event_type', 'eventType'],
  ['api_version', 'apiVersion'],
  ['management_event', 'managementEvent'],
  ['error_code', 'errorCode'],
  ['vpc_endpoint_id', 'vpcEndpointId'],
  ['vpc_endpoint_account', 'vpcEndpointAccountId'],
  ['console_session', 'sessionCredentialFromConsole'],
  ['region', 'awsRegion'],
];
/** Columns of bytes that are the content of a string. */
const STRINGS: readonly (readonly [column: string, key: Key])[] = [
  ['request_id', 'requestID'],
  ['error_message', 'errorMessage'],
  ['shared_event_id', 'sharedEventID'],
];
/** Columns of JSON. */
const DOCUMENTS: readonly (readonly [column: string, key: Key])[] = [
  ['request', 'requestParameters'],
  ['response', 'responseElements'],
  ['additional', 'additionalEventData'],
  ['identity', 'userIdentity'],
  ['resources', 'resources'],
];
/** Keys whose values nothing else keeps as JSON. */
const IN_REST: readonly Key[] = ['tlsDetails', 'insightDetails', 'timeWindow', 'summary'];

/** Columns of an actor, in the order of `actorIds`. */
const ACTOR = [
  'user_type',
  'user_name',
  'principal_id',
  'user_arn',
  'user_account',
  'access_key_id',
  'invoked_by',
  'session_issuer',
  'session_name',
  'mfa',
] as const;
const TLS = ['tls_version', 'tls_cipher', 'tls_host'] as const;
const MADE = ['event_name', 'event_source', 'account_id', 'source_address', 'user_agent', 'user_agent_name'] as const;
const DERIVED = ['outcome', 'event_category', 'activity', 'read_only'] as const;

/** Other spellings are read in the machine's own zone. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T/;
const ZONE = /Z$|[+-]\d{2}:?\d{2}$/;

export interface EventProblem {
  readonly code: RecordErrorCode;
  readonly message: string;
}

const NOTHING = new Uint8Array(0);
const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class EventRows {
  rows = 0;
  /** Epoch seconds. */
  now = 0;
  private readonly texts = new Map<string, TextColumn>();
  private readonly bytes = new Map<string, BytesColumn>();
  private readonly addresses = new AddressInterner();
  private start = new Uint32Array(4096);
  private addressIds = new Uint32Array(4096);
  private listIds = new Uint32Array(4096);
  private times: Float64Array | undefined;
  private lists: string[][] = [[]];
  private readonly eventIds = new SpellingTable();
  /** Of JSON that many records share: what was made of it, by its spelling. */
  private readonly identities = new SpellingTable();
  private actorIds: number[][] = [];
  private readonly tls = new SpellingTable();
  private tlsIds: number[][] = [];
  private readonly resourceLists = new SpellingTable();
  private resourceIds: number[][] = [];
  /** By id of `source_address` and of `user_agent`. */
  private addressOf: number[] = [0];
  private clientIds: number[] = [0];
  private acts = new Map<string, readonly [readOnly: number, activity: number]>();

  constructor() {
    for (const name of [...PLAIN.map(([column]) => column), ...ACTOR, ...TLS, ...MADE, ...DERIVED]) this.texts.set(name, new TextColumn());
    for (const name of ['event_id', 'rest', 'raw_exact', ...[...STRINGS, ...DOCUMENTS].map(([column]) => column)]) this.bytes.set(name, new BytesColumn());
  }

  /** Bytes of text held. */
  get size(): number {
    let sum = 0;
    for (const column of this.bytes.values()) sum += column.size;
    for (const column of this.texts.values()) sum += column.size;
    return sum;
  }

  /**
   * Adds a record; `raw`: its text; `time`: what the source's locator found in it, epoch milliseconds. `copy`
   * where an event of this id is in the batch already; a problem where it is no event.
   */
  add(slices: RecordSlices, raw: Uint8Array, time: number | undefined): EventProblem | 'copy' | undefined {
    const start = this.timeOf(slices);
    if (typeof start !== 'number') return start;
    const source = sourceOf(slices.buf);
    const id = this.idOf(slices);
    if (id && this.isCopy(source, id)) return 'copy';
    const row = this.rows++;
    this.reserve(row);
    this.start[row] = start;
    if (time !== undefined && time !== start * 1000) {
      this.times ??= new Float64Array(this.start.length);
      this.times[row] = time;
    }
    for (const [column, key] of PLAIN) this.column(column).at(row, this.idIn(column, source, slices, KEY[key]));
    for (const [column, key] of STRINGS) this.put(column, row, contentOf(slices, KEY[key]));
    for (const [column, key] of DOCUMENTS) this.put(column, row, bytesOf(slices, KEY[key]));
    this.put('event_id', row, id ? slices.buf.subarray(id[0], id[1]) : NOTHING);
    this.put('rest', row, restOf(slices));
    this.put('raw_exact', row, raw);
    this.addActor(row, source, slices);
    this.addParts(row, source, slices);
    this.addClient(row, source, slices);
    this.addAct(row, source, slices);
    return undefined;
  }

  private column(name: string): TextColumn {
    return this.texts.get(name) as TextColumn;
  }

  private put(name: string, row: number, text: Uint8Array): void {
    (this.bytes.get(name) as BytesColumn).put(row, text);
  }

  private idIn(column: string, source: Source, slices: RecordSlices, key: number): number {
    const from = slices.from[key]!;
    if (from === 0) return 0;
    const quoted = source.bytes[from] === QUOTE ? 1 : 0;
    return this.column(column).ofBytes(source, from + quoted, slices.to[key]! - quoted);
  }

  private idOf(slices: RecordSlices): readonly [number, number] | undefined {
    const key = slices.kind(KEY.eventID) === QUOTE ? KEY.eventID : KEY.eventId;
    if (slices.kind(key) !== QUOTE) return undefined;
    const [from, to] = [slices.from[key]! + 1, slices.to[key]! - 1];
    return to > from ? [from, to] : undefined;
  }

  private isCopy(source: Source, [from, to]: readonly [number, number]): boolean {
    const hash = hashRange(source, from, to);
    if (this.eventIds.find(source, from, to, hash) >= 0) return true;
    this.eventIds.add(source.bytes, from, to, hash, 0, 0);
    return false;
  }

  private reserve(row: number): void {
    if (row < this.start.length) return;
    const grown = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const array = new Uint32Array(old.length * 2);
      array.set(old);
      return array;
    };
    this.start = grown(this.start);
    this.addressIds = grown(this.addressIds);
    this.listIds = grown(this.listIds);
    if (this.times) {
      const times = new Float64Array(this.times.length * 2);
      times.set(this.times);
      this.times = times;
    }
  }

  /** Epoch seconds. */
  private timeOf(slices: RecordSlices): number | EventProblem {
    const known = slices.has(KEY.eventVersion) || (slices.has(KEY.eventName) && slices.has(KEY.eventSource));
    if (!known) return { code: 'unknown-json-shape', message: 'the object is no CloudTrail event: it has no eventVersion' };
    if (isNotification(slices)) return { code: 'unknown-json-shape', message: 'the object is an event notification of S3, no CloudTrail event' };
    const text = slices.has(KEY.eventTime) ? stringContent(contentOf(slices, KEY.eventTime)) : textOf(objectOf(jsonOf(slices, KEY.timeWindow)).windowStart);
    if (text === '') return { code: 'time-missing', message: 'the event has no eventTime' };
    const start = Math.floor(Date.parse(ZONE.test(text) ? text : `${text}Z`) / 1000);
    if (Number.isNaN(start) || !ISO_TIME.test(text)) return { code: 'time-missing', message: `eventTime is no time: ${text.slice(0, 100)}` };
    if (start < EARLIEST || start > this.now + MAX_AHEAD)
      return { code: 'time-out-of-range', message: `eventTime ${text} lies before 2006-01-01 or more than 24 hours ahead of now` };
    return start;
  }

  private addActor(row: number, source: Source, slices: RecordSlices): void {
    const ids = this.idsOf(this.identities, this.actorIds, source, slices, KEY.userIdentity, (identity) => {
      const { type, name, principal, arn, account, accessKey, invokedBy, issuer, session, mfa } = actorOf(identity);
      const values = [type, name, principal, arn, account, accessKey, invokedBy, issuer, session, mfa];
      return ACTOR.map((column, i) => this.column(column).ofText(values[i] as string));
    });
    for (let i = 0; i < ACTOR.length; i++) this.column(ACTOR[i]!).at(row, ids?.[i] ?? 0);
    const account = slices.has(KEY.recipientAccountId) ? KEY.recipientAccountId : KEY.accountId;
    const own = this.idIn('account_id', source, slices, account);
    const column = this.column('account_id');
    column.at(row, own || column.ofText(this.column('user_account').text(ids?.[ACTOR.indexOf('user_account')] ?? 0)));
  }

  /** What `make` made of the value of a key, once for each spelling. */
  private idsOf(
    table: SpellingTable,
    made: number[][],
    source: Source,
    slices: RecordSlices,
    key: number,
    make: (value: unknown) => number[],
  ): readonly number[] | undefined {
    const [from, to] = [slices.from[key]!, slices.to[key]!];
    if (from === 0) return undefined;
    const hash = hashRange(source, from, to);
    const known = table.find(source, from, to, hash);
    if (known >= 0) return made[table.values[known]!];
    const ids = make(jsonOf(slices, key));
    table.add(source.bytes, from, to, hash, made.push(ids) - 1, 0);
    return ids;
  }

  private addParts(row: number, source: Source, slices: RecordSlices): void {
    const ids = this.idsOf(this.tls, this.tlsIds, source, slices, KEY.tlsDetails, (value) => {
      const { tlsVersion, cipherSuite, clientProvidedHostHeader } = objectOf(value);
      return [tlsVersion, cipherSuite, clientProvidedHostHeader].map((part, i) => this.column(TLS[i]!).ofText(textOf(part)));
    });
    for (let i = 0; i < TLS.length; i++) this.column(TLS[i]!).at(row, ids?.[i] ?? 0);
    const list = this.idsOf(this.resourceLists, this.resourceIds, source, slices, KEY.resources, (value) => {
      const arns = (Array.isArray(value) ? value : [value]).map((one) => textOf(objectOf(one).ARN) || textOf(objectOf(one).arn)).filter(Boolean);
      return [arns.length ? this.lists.push(arns) - 1 : 0];
    });
    this.listIds[row] = list?.[0] ?? 0;
  }

  private addClient(row: number, source: Source, slices: RecordSlices): void {
    const sourceAddress = this.column('source_address');
    const address = this.idIn('source_address', source, slices, KEY.sourceIPAddress);
    sourceAddress.at(row, address);
    this.addressOf[address] ??= this.internAddress(sourceAddress.text(address));
    this.addressIds[row] = this.addressOf[address]!;
    const userAgent = this.column('user_agent');
    const agent = this.idIn('user_agent', source, slices, KEY.userAgent);
    userAgent.at(row, agent);
    const name = this.column('user_agent_name');
    this.clientIds[agent] ??= name.ofText(clientOf(userAgent.text(agent)));
    name.at(row, this.clientIds[agent]!);
  }

  private internAddress(text: string): number {
    const bytes = parseAddress(text);
    return bytes ? this.addresses.intern(bytes) : 0;
  }

  private addAct(row: number, source: Source, slices: RecordSlices): void {
    const names = this.column('event_name');
    const services = this.column('event_source');
    let name = this.idIn('event_name', source, slices, KEY.eventName);
    let service = this.idIn('event_source', source, slices, KEY.eventSource);
    const insight = slices.has(KEY.insightDetails) ? objectOf(jsonOf(slices, KEY.insightDetails)) : undefined;
    if (insight) {
      name ||= names.ofText(textOf(insight.eventName));
      service ||= services.ofText(textOf(insight.eventSource));
    }
    if (name === 0 && slices.has(KEY.summary)) name = names.ofText(textOf(objectOf(jsonOf(slices, KEY.summary)).primaryDimension));
    names.at(row, name);
    services.at(row, service);
    const type = stringContent(contentOf(slices, KEY.eventType));
    const category = this.categoryOf(slices, type);
    this.column('event_category').at(row, this.column('event_category').ofText(category));
    const readOnly = stringContent(contentOf(slices, KEY.readOnly)).toLowerCase();
    const key = `${service} ${name} ${type} ${category} ${readOnly}`;
    let act = this.acts.get(key);
    if (!act) {
      const given: Act = { source: services.text(service), name: names.text(name), type, category, readOnly };
      act = [this.column('read_only').ofText(isReadOnly(given)), this.column('activity').ofText(activityOf(given))];
      this.acts.set(key, act);
    }
    this.column('read_only').at(row, act[0]);
    this.column('activity').at(row, act[1]);
    const isSignIn = services.text(service) === 'signin.amazonaws.com';
    this.column('outcome').at(row, this.column('outcome').ofText(insight || category === 'Aggregated' ? '' : outcomeOf(slices, isSignIn)));
    if (!isSignIn) return;
    const used = textOf(objectOf(jsonOf(slices, KEY.additionalEventData)).MFAUsed).toLowerCase();
    if (used !== '') this.column('mfa').at(row, this.column('mfa').ofText(String(used === 'yes' || used === 'true')));
  }

  private categoryOf(slices: RecordSlices, type: string): string {
    const given = stringContent(contentOf(slices, KEY.eventCategory));
    if (given !== '') return given;
    if (type === 'AwsCloudTrailInsight' || slices.has(KEY.insightDetails)) return 'Insight';
    if (type === 'AwsVpceEvent') return 'NetworkActivity';
    return slices.kind(KEY.managementEvent) === 102 ? 'Data' : 'Management';
  }

  /** The rows; it goes on with none. The arrays are valid until the next row. */
  take(): Batch {
    const columns = new Map<string, Column>();
    columns.set('start', { type: "DateTime('UTC')", values: this.start });
    columns.set('srcaddr', { type: 'IPv6', ids: this.addressIds });
    columns.set('resource_arns', { type: 'Array(String)', ids: this.listIds, lists: this.lists });
    columns.set('layout', { type: 'Constant', value: 'cloudtrail' });
    for (const [name, column] of this.texts) columns.set(name, column.take());
    for (const [name, column] of this.bytes) columns.set(name, column.take());
    if (this.times) columns.set('message_time', { type: 'UInt64', values: this.times });
    const { count } = this.addresses;
    const batch: Batch = { rows: this.rows, columns, addresses: { count, bytes: this.addresses.bytes.slice(0, count * ADDRESS_BYTES) } };
    this.clear();
    return batch;
  }

  private clear(): void {
    this.rows = 0;
    this.times = undefined;
    this.lists = [[]];
    for (const table of [this.eventIds, this.identities, this.tls, this.resourceLists]) table.clear();
    this.actorIds = [];
    this.tlsIds = [];
    this.resourceIds = [];
    this.addressOf = [0];
    this.clientIds = [0];
    this.acts.clear();
    this.addresses.clear();
  }
}

/** S3's own notifications have the same keys; their source is `aws:s3`. */
function isNotification({ buf, from, to }: RecordSlices): boolean {
  const source = from[KEY.eventSource]!;
  return source > 0 && to[KEY.eventSource]! - source > AWS.length && AWS.every((c, i) => buf[source + i] === c);
}

const AWS = [...'"aws:'].map((c) => c.charCodeAt(0));

/** Content of a string, or the value as it is. */
function contentOf(slices: RecordSlices, key: number): Uint8Array {
  const from = slices.from[key]!;
  if (from === 0) return NOTHING;
  const quoted = slices.buf[from] === QUOTE ? 1 : 0;
  const bytes = slices.buf.subarray(from + quoted, slices.to[key]! - quoted);
  // What is kept as bytes is the text, not its spelling.
  return quoted && bytes.includes(92) && key === KEY.errorMessage ? encoder.encode(stringContent(bytes)) : bytes;
}

function bytesOf(slices: RecordSlices, key: number): Uint8Array {
  const from = slices.from[key]!;
  return from === 0 ? NOTHING : slices.buf.subarray(from, slices.to[key]!);
}

/** The value of a key; undefined where there is none. It was scanned before, so that it is JSON. */
function jsonOf(slices: RecordSlices, key: number): unknown {
  const bytes = bytesOf(slices, key);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** All pairs that have no column of their own, as one object. */
function restOf(slices: RecordSlices): Uint8Array {
  const { buf, others } = slices;
  const pairs: Uint8Array[] = [];
  for (let i = 0; i < others.length; i += 2) pairs.push(buf.subarray(others[i]!, others[i + 1]!));
  for (const key of IN_REST) if (slices.has(KEY[key])) pairs.push(pairOf(key, bytesOf(slices, KEY[key])));
  if (pairs.length === 0) return NOTHING;
  const out = new Uint8Array(pairs.reduce((sum, pair) => sum + pair.length + 1, 1));
  let at = 0;
  for (const pair of pairs) {
    out[at] = at === 0 ? OPEN_BRACE : COMMA;
    at++;
    out.set(pair, at);
    at += pair.length;
  }
  out[at] = CLOSE_BRACE;
  return out;
}

function pairOf(key: Key, value: Uint8Array): Uint8Array {
  const name = encoder.encode(`"${key}":`);
  const pair = new Uint8Array(name.length + value.length);
  pair.set(name);
  pair.set(value, name.length);
  return pair;
}

/** A sign-in says in its answer whether it succeeded. */
function outcomeOf(slices: RecordSlices, isSignIn: boolean): string {
  if (slices.has(KEY.errorCode)) return 'failure';
  if (!isSignIn) return 'success';
  return Object.values(objectOf(jsonOf(slices, KEY.responseElements))).some((value) => textOf(value).toLowerCase() === 'failure') ? 'failure' : 'success';
}
