/**
 * The URL is the state of a page: every parameter of every page, read from and written to the query
 * string. Plain `key=value` pairs, repeated for lists, so that a link can be read and edited by hand.
 */

export interface Search {
  readonly from?: string;
  readonly to?: string;
  /** Filter chips (filters/filter.ts). */
  readonly f?: readonly string[];
  /** `utc` or an IANA zone; the viewer's own when absent. */
  readonly tz?: string;
  /** Panel shown full screen. */
  readonly panel?: string;
  /** Panels' own windows: `panel:from..to`. */
  readonly w?: readonly string[];
  /** Panels' chosen measures: `panel:measure`. */
  readonly m?: readonly string[];
  /** Series that are hidden in panels: `panel:name~name` (panels/hidden.ts). */
  readonly hide?: readonly string[];
  /** Sections that are folded away. */
  readonly fold?: readonly string[];
  /** Dashboard: it is being edited; the id of a panel opens that one. */
  readonly edit?: string;
  /** Auto-refresh: `10s`, `30s`, `1m`, `5m`. */
  readonly refresh?: string;
  /** Query text; on the threats page what indicators are searched for. */
  readonly q?: string;
  /** Search page: id of the saved search that it began with. */
  readonly saved?: string;
  /** Search page: how the result is drawn, or `messages`. Threats: which part of the page. */
  readonly view?: string;
  /** Adding a source or a feed: what somebody has. */
  readonly kind?: string;
  /** Sources and threats: the step of adding one, or what is open of one. */
  readonly step?: string;
  /** Threats: the feed that is open, or whose indicators are listed. */
  readonly feed?: string;
  /** Threats: type and confidence of the indicators that are listed; `removed` with those that feeds have dropped. */
  readonly type?: string;
  readonly band?: string;
  readonly removed?: string;
  /** Threats: number of the indicator that is open. */
  readonly indicator?: string;
  /** Search page: `oldest` puts the first message first. */
  readonly order?: string;
  /** Search page: the first message is opened, and why it was refused. */
  readonly why?: string;
  /** Search page: columns of the message list. */
  readonly cols?: readonly string[];
}

/** Columns of the message list that tell a flow in a line. */
export const FLOW_COLUMNS: readonly string[] = ['action', 'direction', 'srcaddr', 'srcport', 'dstaddr', 'dstport', 'protocol', 'bytes'];

/** Columns of the message list that tell an event in a line. */
export const EVENT_COLUMNS: readonly string[] = ['eventName', 'userName', 'sourceIPAddress', 'outcome', 'errorCode'];

const SINGLE = [
  'from',
  'to',
  'tz',
  'panel',
  'edit',
  'refresh',
  'q',
  'saved',
  'view',
  'order',
  'why',
  'kind',
  'step',
  'feed',
  'type',
  'band',
  'removed',
  'indicator',
] as const;
const LISTS = ['f', 'w', 'm', 'hide', 'fold', 'cols'] as const;

export function parseSearch(text: string): Search {
  const params = new URLSearchParams(text);
  const search: Record<string, string | string[]> = {};
  for (const key of SINGLE) {
    const value = params.get(key);
    if (value) search[key] = value;
  }
  for (const key of LISTS) {
    const values = params.getAll(key).filter(Boolean);
    if (values.length > 0) search[key] = values;
  }
  return search;
}

export function stringifySearch(search: Search): string {
  const params = new URLSearchParams();
  for (const key of SINGLE) if (search[key]) params.set(key, search[key]);
  for (const key of LISTS) for (const value of search[key] ?? []) params.append(key, value);
  // These are legal in a query string, and a link is easier to read with them.
  const text = params.toString().replace(/%3A/gi, ':').replace(/%2C/gi, ',').replace(/%2F/gi, '/').replace(/%21/g, '!').replace(/%7E/gi, '~');
  return text ? `?${text}` : '';
}

/** What goes along from page to page. */
export function carried({ from, to, tz, f }: Search): Search {
  return { ...(from && { from }), ...(to && { to }), ...(tz && { tz }), ...(f && { f }) };
}

/** `['a:x', 'b:y']` → a map; what has no colon is left out. */
export function pairs(list: readonly string[] | undefined): Map<string, string> {
  const map = new Map<string, string>();
  for (const item of list ?? []) {
    const at = item.indexOf(':');
    if (at > 0) map.set(item.slice(0, at), item.slice(at + 1));
  }
  return map;
}

/** Sets or removes one pair; undefined when none is left, so that the key leaves the URL. */
export function withPair(list: readonly string[] | undefined, key: string, value: string | undefined): string[] | undefined {
  const map = pairs(list);
  if (value === undefined) map.delete(key);
  else map.set(key, value);
  return map.size === 0 ? undefined : [...map].map(([k, v]) => `${k}:${v}`);
}
