/** From a feed, an indicator or a finding to the flows and events that it speaks of. Pure. */
import type { StoredIndicator } from '../../api/contract/feeds.ts';
import type { Search } from '../app/search.ts';

/** A value in quotes, as the language reads it. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** Flows whose best indicator is of the feed. */
export function matchesOf(feed: string, action?: 'ACCEPT' | 'REJECT'): string {
  return `${action ? `action=${action}` : '*'} | threatlookup singleIndicator source=${quoted(feed)} src_ip, dest_ip | where !isNull(_threatlookup.indicator)`;
}

/** Flows of the address or network at either end, whatever was known when they came; undefined for what flow logs do not have. */
export function flowsOf({ type, value }: Pick<StoredIndicator, 'type' | 'value'>): string | undefined {
  return type === 'address' ? endsOf(value) : undefined;
}

/** Events that came from the address or network, by the client, or that name the domain, URL or hash anywhere in their text. */
export function eventsOf({ type, value }: Pick<StoredIndicator, 'type' | 'value'>): string {
  if (type === 'address') return `_index=cloudtrail src_ip=${quoted(value)}`;
  // A `*` in a value of the scope stands for any text.
  if (type === 'user-agent')
    return value.includes('*') ? `_index=cloudtrail | where userAgent = ${quoted(value)}` : `_index=cloudtrail userAgent=${quoted(value)}`;
  return `_index=cloudtrail ${quoted(value)}`;
}

/** Matches are few and old: where no range goes along, the last days are searched. */
export function within({ from = '-30d', to = 'now', tz }: Search): Search {
  return { from, to, ...(tz && { tz }) };
}

/** Records of an address in a dataset. */
export function recordsOf(address: string, dataset: string): string {
  if (dataset === 'cloudtrail') return eventsOf({ type: 'address', value: address });
  return dataset === 'vpc_flow' ? endsOf(address) : `_index=${dataset} (${endsOf(address)})`;
}

function endsOf(address: string): string {
  return `srcaddr=${quoted(address)} or dstaddr=${quoted(address)}`;
}
