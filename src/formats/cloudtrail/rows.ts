/**
 * Rows of the table of events. A record that has been taken apart becomes one row: texts are interned, what
 * is computed from a text or from an identity is computed once a batch for each that is different.
 */
import { ADDRESS_BYTES, parseAddress } from '../../model/address.ts';
import type { Batch, Column, RecordErrorCode } from '../../model/batch.ts';
import { AddressInterner, hashRange, type Source, SpellingTable } from '../intern.ts';
import { type Act, activityOf, isReadOnly } from './activity.ts';
import { clientOf } from './client.ts';
import { BytesColumn, TextColumn } from './columns.ts';
import { EventTime } from './event-time.ts';
import { addFrame } from './frame.ts';
import { actorOf, objectOf, textOf } from './identity.ts';
import { KEY, type Key } from './keys.ts';
import { addContent, addRest, contentText, idIn, jsonOf } from './parts.ts';
import { type OtherSpellings, readableParts } from './readable.ts';
import { categoryOf, dimensionOf, isNotification, outcomeOf, READ_ONLY, readOnlyOf } from './record-facts.ts';
import type { RecordSlices } from './record-slices.ts';
import { SharedValues } from './shared-values.ts';

/** Earliest time that is believed: 2006-01-01, epoch seconds; and how far ahead of now. */
const EARLIEST = 1_136_073_600;
const MAX_AHEAD = 86_400;
/** More than a batch has rows, and so texts of a column. */
const MAX_IDS = 2 ** 24;

/** Columns whose text is the value of a key as it is. */
const PLAIN = [
  ['event_version', 'eventVersion'],
  ['event_type', 'eventType'],
  ['api_version', 'apiVersion'],
  ['management_event', 'managementEvent'],
  ['error_code', 'errorCode'],
  ['vpc_endpoint_id', 'vpcEndpointId'],
  ['vpc_endpoint_account', 'vpcEndpointAccountId'],
  ['console_session', 'sessionCredentialFromConsole'],
  ['region', 'awsRegion'],
] as const satisfies readonly (readonly [column: string, key: Key])[];
/** Columns of bytes that are the content of a string. */
const STRINGS = [
  ['request_id', 'requestID'],
  ['error_message', 'errorMessage'],
  ['shared_event_id', 'sharedEventID'],
] as const satisfies readonly (readonly [column: string, key: Key])[];
/** Columns of JSON. */
const DOCUMENTS = [
  ['request', 'requestParameters'],
  ['response', 'responseElements'],
  ['additional', 'additionalEventData'],
  ['resources', 'resources'],
] as const satisfies readonly (readonly [column: string, key: Key])[];

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
const MADE = [
  'event_name',
  'event_source',
  'account_id',
  'source_address',
  'user_agent',
  'user_agent_name',
  'outcome',
  'event_category',
  'activity',
  'read_only',
] as const;
const USER_ACCOUNT = ACTOR.indexOf('user_account');

/** Other spellings are read in the machine's own zone. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T/;
const ZONE = /Z$|[+-]\d{2}:?\d{2}$/;

export interface EventProblem {
  readonly code: RecordErrorCode;
  readonly message: string;
}

const QUOTE = 34;

function putPart(column: BytesColumn, slices: RecordSlices, key: number, other: OtherSpellings): void {
  const made = other?.get(key);
  if (made) column.put(made, 0, made.length);
  else column.put(slices.buf, slices.from[key]!, slices.to[key]!);
}

export class EventRows {
  rows = 0;
  /** Epoch seconds. */
  now = 0;
  private readonly texts = new Map([...PLAIN.map(([column]) => column), ...ACTOR, ...TLS, ...MADE].map((name) => [name, new TextColumn()] as const));
  private readonly bytes = new Map([...STRINGS, ...DOCUMENTS].map(([name]) => [name, new BytesColumn()] as const));
  private readonly frame = new BytesColumn();
  private readonly rest = new BytesColumn();
  private readonly eventId = new BytesColumn();
  private readonly identity = new BytesColumn();
  private identityTexts = 0;
  private readonly plain = PLAIN.map(([name, key]) => ({ column: this.text(name), key: KEY[key] }));
  private readonly strings = STRINGS.map(([name, key]) => ({ column: this.bytes.get(name) as BytesColumn, key: KEY[key] }));
  private readonly documents = DOCUMENTS.map(([name, key]) => ({ column: this.bytes.get(name) as BytesColumn, key: KEY[key] }));
  private readonly actor = ACTOR.map((name) => this.text(name));
  private readonly tls = TLS.map((name) => this.text(name));
  private readonly eventName = this.text('event_name');
  private readonly eventSource = this.text('event_source');
  private readonly eventType = this.text('event_type');
  private readonly category = this.text('event_category');
  private readonly activity = this.text('activity');
  private readonly readOnly = this.text('read_only');
  private readonly outcome = this.text('outcome');
  private readonly mfa = this.text('mfa');
  private readonly account = this.text('account_id');
  private readonly userAccount = this.text('user_account');
  private readonly sourceAddress = this.text('source_address');
  private readonly userAgent = this.text('user_agent');
  private readonly client = this.text('user_agent_name');
  private readonly addresses = new AddressInterner();
  private start = new Uint32Array(4096);
  private addressIds = new Uint32Array(4096);
  private listIds = new Uint32Array(4096);
  private identityIds = new Uint32Array(4096);
  private times: Float64Array | undefined;
  private lists: string[][] = [[]];
  private readonly eventIds = new SpellingTable();
  /** Of an identity: ids of ACTOR, and that of its text. */
  private readonly identities = new SharedValues();
  private readonly tlsDetails = new SharedValues();
  private readonly resourceLists = new SharedValues();
  /** By id of `source_address` and of `user_agent`. */
  private addressOf: number[] = [0];
  private clientIds: number[] = [0];
  /** Ids of `read_only` and `activity`, by the ids that decide them: those of the call, then the others. */
  private acts = new Map<number, Map<number, readonly [readOnly: number, activity: number]>>();
  private readonly clock = new EventTime();

  private text(name: (typeof PLAIN)[number][0] | (typeof ACTOR)[number] | (typeof TLS)[number] | (typeof MADE)[number]): TextColumn {
    return this.texts.get(name) as TextColumn;
  }

  constructor() {
    this.beginTexts();
  }

  /** Bytes of text held. */
  get size(): number {
    let sum = this.frame.size + this.rest.size + this.eventId.size + this.identity.size;
    for (const column of this.bytes.values()) sum += column.size;
    for (const column of this.texts.values()) sum += column.size;
    return sum;
  }

  /**
   * Adds a record. `time`: what the source's locator found in it, epoch milliseconds. `copy` where an event of this id
   * is in the batch already; a problem where it is no event.
   */
  add(slices: RecordSlices, time: number | undefined): EventProblem | 'copy' | undefined {
    const start = this.timeOf(slices);
    if (typeof start !== 'number') return start;
    const source = slices.source;
    const idKey = slices.kind(KEY.eventID) === QUOTE ? KEY.eventID : KEY.eventId;
    const hasId = slices.kind(idKey) === QUOTE;
    if (hasId && this.isCopy(source, slices.from[idKey]! + 1, slices.to[idKey]! - 1)) return 'copy';
    const row = this.rows++;
    this.reserve(row);
    this.start[row] = start;
    if (time !== undefined && time !== start * 1000) {
      this.times ??= new Float64Array(this.start.length);
      this.times[row] = time;
    }
    for (const { column, key } of this.plain) column.at(row, idIn(column, source, slices, key));
    for (const { column, key } of this.strings) {
      addContent(column, slices, key);
      column.end(row);
    }
    const other = readableParts(slices);
    for (const { column, key } of this.documents) {
      if (slices.from[key] !== 0) putPart(column, slices, key, other);
      column.end(row);
    }
    if (hasId) this.eventId.put(slices.buf, slices.from[idKey]! + 1, slices.to[idKey]! - 1);
    this.eventId.end(row);
    addRest(this.rest, slices);
    this.rest.end(row);
    addFrame(this.frame, slices, other);
    this.frame.end(row);
    this.addActor(row, source, slices, other);
    this.addParts(row, source, slices);
    this.addClient(row, source, slices);
    this.addAct(row, source, slices);
    return undefined;
  }

  private isCopy(source: Source, from: number, to: number): boolean {
    if (to <= from) return false;
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
    this.identityIds = grown(this.identityIds);
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
    let start = this.clock.read(slices);
    if (start < 0) {
      const text = slices.has(KEY.eventTime) ? contentText(slices, KEY.eventTime) : textOf(objectOf(jsonOf(slices, KEY.timeWindow)).windowStart);
      if (text === '') return { code: 'time-missing', message: 'the event has no eventTime' };
      start = Math.floor(Date.parse(ZONE.test(text) ? text : `${text}Z`) / 1000);
      if (Number.isNaN(start) || !ISO_TIME.test(text)) return { code: 'time-missing', message: `eventTime is no time: ${text.slice(0, 100)}` };
    }
    if (start >= EARLIEST && start <= this.now + MAX_AHEAD) return start;
    const given = new Date(start * 1000);
    const text = Number.isNaN(given.getTime()) ? String(start) : given.toISOString();
    return { code: 'time-out-of-range', message: `eventTime ${text} lies before 2006-01-01 or more than 24 hours ahead of now` };
  }

  private addActor(row: number, source: Source, slices: RecordSlices, other: OtherSpellings): void {
    const ids = this.identities.find(source, slices, KEY.userIdentity) ?? this.newActor(source, slices, other);
    for (let i = 0; i < this.actor.length; i++) this.actor[i]!.at(row, ids[i] ?? 0);
    this.identityIds[row] = ids[ACTOR.length] ?? 0;
    const key = slices.has(KEY.recipientAccountId) ? KEY.recipientAccountId : KEY.accountId;
    const own = idIn(this.account, source, slices, key);
    this.account.at(row, own || this.account.ofText(this.userAccount.text(ids[USER_ACCOUNT] ?? 0)));
  }

  private newActor(source: Source, slices: RecordSlices, other: OtherSpellings): readonly number[] {
    const { type, name, principal, arn, account, accessKey, invokedBy, issuer, session, mfa } = actorOf(jsonOf(slices, KEY.userIdentity));
    const values = [type, name, principal, arn, account, accessKey, invokedBy, issuer, session, mfa];
    const ids = this.actor.map((column, i) => column.ofText(values[i] as string));
    putPart(this.identity, slices, KEY.userIdentity, other);
    this.identity.end(this.identityTexts);
    return this.identities.add(source, slices, KEY.userIdentity, [...ids, this.identityTexts++]);
  }

  private addParts(row: number, source: Source, slices: RecordSlices): void {
    const ids = this.tlsDetails.find(source, slices, KEY.tlsDetails) ?? this.newTls(source, slices);
    for (let i = 0; i < this.tls.length; i++) this.tls[i]!.at(row, ids[i] ?? 0);
    const list = this.resourceLists.find(source, slices, KEY.resources) ?? this.newResources(source, slices);
    this.listIds[row] = list[0] ?? 0;
  }

  private newTls(source: Source, slices: RecordSlices): readonly number[] {
    const { tlsVersion, cipherSuite, clientProvidedHostHeader } = objectOf(jsonOf(slices, KEY.tlsDetails));
    const ids = [tlsVersion, cipherSuite, clientProvidedHostHeader].map((part, i) => this.tls[i]!.ofText(textOf(part)));
    return this.tlsDetails.add(source, slices, KEY.tlsDetails, ids);
  }

  private newResources(source: Source, slices: RecordSlices): readonly number[] {
    const value = jsonOf(slices, KEY.resources);
    const arns = (Array.isArray(value) ? value : [value]).map((one) => textOf(objectOf(one).ARN) || textOf(objectOf(one).arn)).filter(Boolean);
    return this.resourceLists.add(source, slices, KEY.resources, [arns.length ? this.lists.push(arns) - 1 : 0]);
  }

  private addClient(row: number, source: Source, slices: RecordSlices): void {
    const address = idIn(this.sourceAddress, source, slices, KEY.sourceIPAddress);
    this.sourceAddress.at(row, address);
    this.addressOf[address] ??= this.internAddress(this.sourceAddress.text(address));
    this.addressIds[row] = this.addressOf[address]!;
    const agent = idIn(this.userAgent, source, slices, KEY.userAgent);
    this.userAgent.at(row, agent);
    this.clientIds[agent] ??= this.client.ofText(clientOf(this.userAgent.text(agent)));
    this.client.at(row, this.clientIds[agent]!);
  }

  private internAddress(text: string): number {
    const bytes = parseAddress(text);
    return bytes ? this.addresses.intern(bytes) : 0;
  }

  private addAct(row: number, source: Source, slices: RecordSlices): void {
    let name = idIn(this.eventName, source, slices, KEY.eventName);
    let service = idIn(this.eventSource, source, slices, KEY.eventSource);
    const insight = slices.has(KEY.insightDetails) ? objectOf(jsonOf(slices, KEY.insightDetails)) : undefined;
    if (insight) {
      name ||= this.eventName.ofText(textOf(insight.eventName));
      service ||= this.eventSource.ofText(textOf(insight.eventSource));
    }
    if (name === 0 && slices.has(KEY.summary)) name = this.eventName.ofText(dimensionOf(jsonOf(slices, KEY.summary)));
    this.eventName.at(row, name);
    this.eventSource.at(row, service);
    const type = idIn(this.eventType, source, slices, KEY.eventType);
    const category = idIn(this.category, source, slices, KEY.eventCategory) || this.category.ofText(categoryOf(slices, this.eventType.text(type)));
    this.category.at(row, category);
    const given = readOnlyOf(slices);
    const call = service * MAX_IDS + name;
    const kind = (type * MAX_IDS + category) * READ_ONLY.length + given;
    const kinds = this.acts.get(call) ?? new Map<number, readonly [number, number]>();
    let act = kinds.get(kind);
    if (!act) {
      const of: Act = {
        source: this.eventSource.text(service),
        name: this.eventName.text(name),
        type: this.eventType.text(type),
        category: this.category.text(category),
        readOnly: READ_ONLY[given]!,
      };
      act = [this.readOnly.ofText(isReadOnly(of)), this.activity.ofText(activityOf(of))];
      this.acts.set(call, kinds.set(kind, act));
    }
    this.readOnly.at(row, act[0]);
    this.activity.at(row, act[1]);
    const isRequest = !insight && this.category.text(category) !== 'Aggregated';
    const isSignIn = this.eventSource.text(service) === 'signin.amazonaws.com';
    this.outcome.at(row, isRequest ? this.outcome.ofText(outcomeOf(slices, isSignIn)) : 0);
    if (!isSignIn) return;
    const used = textOf(objectOf(jsonOf(slices, KEY.additionalEventData)).MFAUsed).toLowerCase();
    if (used !== '') this.mfa.at(row, this.mfa.ofText(String(used === 'yes' || used === 'true')));
  }

  /** The rows; it goes on with none. The arrays are valid until the next row. */
  take(): Batch {
    const columns = new Map<string, Column>();
    columns.set('start', { type: "DateTime('UTC')", values: this.start });
    columns.set('srcaddr', { type: 'IPv6', ids: this.addressIds });
    columns.set('resource_arns', { type: 'Array(String)', ids: this.listIds, lists: this.lists });
    columns.set('layout', { type: 'Constant', value: 'cloudtrail' });
    columns.set('event_id', { type: 'String', ...this.eventId.take() });
    columns.set('identity', { type: 'SharedString', ids: this.identityIds, texts: this.identity.take(), count: this.identityTexts });
    columns.set('rest', { type: 'String', ...this.rest.take() });
    columns.set('frame', { type: 'String', ...this.frame.take() });
    for (const [name, column] of this.texts) columns.set(name, column.take());
    for (const [name, column] of this.bytes) columns.set(name, { type: 'String', ...column.take() });
    if (this.times) columns.set('message_time', { type: 'UInt64', values: this.times });
    const { count } = this.addresses;
    const batch: Batch = { rows: this.rows, columns, addresses: { count, bytes: this.addresses.bytes.slice(0, count * ADDRESS_BYTES) } };
    this.clear();
    return batch;
  }

  /** The first of the shared texts is the empty one. */
  private beginTexts(): void {
    this.identity.end(0);
    this.identityTexts = 1;
  }

  private clear(): void {
    this.rows = 0;
    this.times = undefined;
    this.lists = [[]];
    for (const table of [this.eventIds, this.identities, this.tlsDetails, this.resourceLists]) table.clear();
    this.beginTexts();
    this.addressOf = [0];
    this.clientIds = [0];
    this.acts.clear();
    this.addresses.clear();
  }
}
