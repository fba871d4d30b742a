/** Links from one record: to itself alone, and to what was recorded around it. Pure. */
import type { Search } from '../../app/search.ts';
import type { Rec } from '../../records/flow.ts';
import { absolute } from '../../time/range.ts';
import { withCondition } from './edit.ts';
import { valueIn } from './values.ts';

const MINUTE = 60;
/** What tells one flow of a second from another. */
const IDENTITY = ['interface-id', 'tgw-attachment-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'action'];

/** The second of the record, and its own values. */
export function recordSearch(record: Rec): Search {
  const from = Math.floor(record.time / 1000);
  return { ...absolute({ from, to: from + 1 }), q: scopeOf(record, IDENTITY) };
}

/** A minute before and after on the same interface or attachment, or else from the same source. */
export function surroundingSearch(record: Rec): Search {
  const at = Math.floor(record.time / 1000);
  const same = ['interface-id', 'tgw-attachment-id'].find((name) => has(record, name)) ?? '_sourceName';
  return { ...absolute({ from: at - MINUTE, to: at + MINUTE + 1 }), q: scopeOf(record, [same]) };
}

function has(record: Rec, name: string): boolean {
  const value = valueIn(record, name);
  return value !== undefined && value !== null && value !== '';
}

function scopeOf(record: Rec, names: readonly string[]): string {
  const own = names.filter((name) => has(record, name));
  return own.reduce((query, name) => withCondition(query, name, String(valueIn(record, name)), false), `_index=${record.dataset}`);
}
