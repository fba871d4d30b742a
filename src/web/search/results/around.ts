/** Links from one record: to itself alone, and to what was recorded around it. Pure. */

import type { Dataset } from '../../../model/log-formats.ts';
import { printString } from '../../../query/print-expression.ts';
import type { Search } from '../../app/search.ts';
import { eventJson, isEvent } from '../../records/event.ts';
import type { Rec } from '../../records/flow.ts';
import { absolute } from '../../time/range.ts';
import { withCondition } from './edit.ts';
import { valueIn } from './values.ts';

const MINUTE = 60;
/** What tells one flow of a second from another. */
const IDENTITY = ['interface-id', 'tgw-attachment-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'action'];

/** What tells one event from another: its id, or of the few that have none what they say. */
const OF_EVENT: readonly (readonly string[])[] = [['eventID'], ['eventName', 'userName', 'requestID']];
/** What an actor is told by, the surest first. */
const ACTOR: readonly (readonly string[])[] = [['userIdentity.arn'], ['userIdentity.principalId'], ['userName'], ['sourceIPAddress'], ['_sourceName']];
const QUARTER = 15 * MINUTE;
const HOUR = 60 * MINUTE;

/** The second of the record, and its own values. */
export function recordSearch(record: Rec): Search {
  const from = Math.floor(record.time / 1000);
  const names = isEvent(record) ? firstOf(record, OF_EVENT) : IDENTITY;
  return { ...absolute({ from, to: from + 1 }), q: scopeOf(record, names) };
}

/** A minute before and after on the same interface or attachment, or else from the same source; of an event, what its actor did around it. */
export function surroundingSearch(record: Rec): Search {
  const at = Math.floor(record.time / 1000);
  if (isEvent(record)) return { ...absolute({ from: at - QUARTER, to: at + QUARTER + 1 }), q: scopeOf(record, firstOf(record, ACTOR)) };
  const same = PLACES.find(({ name }) => has(record, name))?.name ?? '_sourceName';
  return { ...absolute({ from: at - MINUTE, to: at + MINUTE + 1 }), q: scopeOf(record, [same]) };
}

interface Way {
  readonly title: string;
  readonly search: Search;
}

/**
 * From an event to flows: of its source, and of the interfaces and security groups that its request or answer names. From a
 * flow to all flows of its interface or attachment, and to events of its external ends. An hour around; only of what is stored.
 */
export function waysFrom(record: Rec, present: readonly Dataset[]): Way[] {
  const at = Math.floor(record.time / 1000);
  const way = (title: string, q: string): Way => ({ title, search: { ...absolute({ from: at - HOUR, to: at + HOUR + 1 }), q } });
  if (isEvent(record)) {
    if (!present.includes('vpc_flow')) return [];
    const address = textIn(record, 'source.ip');
    const ends = ['srcaddr', 'dstaddr'].map((name) => `${name}=${printString(address)}`);
    const named = namedIn(record).map((id) => way(`Flows of ${id}`, `_index=vpc_flow ${fieldOfId(id)}=${printString(id)}`));
    return [...(address === '' ? [] : [way('Flows of this address', `_index=vpc_flow (${ends.join(' or ')})`)]), ...named];
  }
  const place = PLACES.find(({ name }) => has(record, name));
  const own = place === undefined ? [] : [way(`Flows of this ${place.what}`, scopeOf(record, [place.name]))];
  if (!present.includes('cloudtrail')) return own;
  const ends = (EXTERNAL[textIn(record, 'network.direction')] ?? []).map((name) => textIn(record, name)).filter((address) => address !== '');
  return [...own, ...ends.map((address) => way(`Events of ${address}`, `_index=cloudtrail src_ip=${printString(address)}`))];
}

/** Where a flow was recorded. */
const PLACES = [
  { name: 'interface-id', what: 'interface' },
  { name: 'tgw-attachment-id', what: 'attachment' },
] as const;

/** Ids of interfaces and security groups that a call is about or has made, as EC2 gives them, the first of many. */
function namedIn(record: Rec): string[] {
  const { requestParameters, responseElements } = eventJson(record) ?? {};
  const found = `${JSON.stringify(requestParameters) ?? ''} ${JSON.stringify(responseElements) ?? ''}`.matchAll(/"((?:eni|sg)-[0-9a-f]{8,17})"/g);
  return [...new Set([...found].map(([, id = '']) => id))].slice(0, MOST_NAMED);
}

const MOST_NAMED = 4;
const fieldOfId = (id: string): string => (id.startsWith('eni') ? 'interface-id' : 'interface.security_group.ids');

/** Ends that are outside, by direction. */
const EXTERNAL: Readonly<Record<string, readonly string[]>> = { inbound: ['srcaddr'], outbound: ['dstaddr'], external: ['srcaddr', 'dstaddr'] };

function textIn(record: Rec, name: string): string {
  return has(record, name) ? String(valueIn(record, name)) : '';
}

function firstOf(record: Rec, choices: readonly (readonly string[])[]): readonly string[] {
  return choices.find((names) => names.some((name) => has(record, name))) ?? [];
}

function has(record: Rec, name: string): boolean {
  const value = valueIn(record, name);
  return value !== undefined && value !== null && value !== '';
}

function scopeOf(record: Rec, names: readonly string[]): string {
  const own = names.filter((name) => has(record, name));
  return own.reduce((query, name) => withCondition(query, name, String(valueIn(record, name)), false), `_index=${record.dataset}`);
}
