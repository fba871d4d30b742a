/**
 * A flow record as an Elastic Common Schema document. The base document has exactly the fields of the
 * published samples (formats.md section 8; https://docs.sekoia.io, AWS VPC Flow Logs); enrichment only
 * adds to it. Field paths come from the field table.
 */
import { DERIVED_FIELDS, type Derivation, type Field } from '../../model/fields.ts';
import { FLOW_FORMATS, type FlowFormat, hasField } from '../../model/log-formats.ts';
import { ADMIN_PORTS, PROTOCOL_NAMES, SERVICE_NAMES, TCP_FLAGS, TRAFFIC_PATHS } from '../../model/services.ts';
import { communityId } from './community-id.ts';
import { addressText, type Cell, rebuildText } from './rebuild.ts';

/**
 * A stored record by column name (model/fields.ts `column`), as a batch or the store gives it: numbers
 * as numbers or text, addresses as text, lists as arrays of text, times as epoch seconds or `YYYY-MM-DD hh:mm:ss` (UTC), and
 * `absent` as a number, text or bigint. `raw`: the text as received; rebuilt from the columns when it
 * is missing.
 */
export type FlowRecord = Readonly<Record<string, Cell | null | undefined>>;

export type Document = { [key: string]: DocumentValue };
export type DocumentValue = string | number | boolean | string[] | Document;

/** One record with its conversions. */
class Values {
  readonly record: FlowRecord;
  readonly format: FlowFormat;
  private readonly mask: bigint;

  constructor(record: FlowRecord, format: FlowFormat) {
    this.record = record;
    this.format = format;
    this.mask = BigInt(String(record.absent ?? 0));
  }

  /** The value of a column; undefined where the record has none. */
  get(column: string): Cell | undefined {
    const value = this.record[column];
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) return undefined;
    // Text of an absent field is what an envelope around the record said.
    if (TEXT_COLUMNS.has(column)) return value;
    const bit = BIT_OF_COLUMN.get(this.format)?.get(column);
    return bit !== undefined && (this.mask >> BigInt(bit)) & 1n ? undefined : value;
  }

  text(column: string): string | undefined {
    const value = this.get(column);
    return value === undefined ? undefined : String(value);
  }

  list(column: string): string[] | undefined {
    const value = this.get(column);
    return Array.isArray(value) ? value.map(String) : undefined;
  }

  number(column: string): number | undefined {
    const value = this.get(column);
    return value === undefined ? undefined : Number(value);
  }

  /** IPv4 as a dotted quad, however the store printed it. */
  address(column: string): string | undefined {
    const text = this.text(column);
    return text === undefined ? undefined : addressText(text);
  }

  /** Every row has a start: the record's, its end, or when it was received. */
  get start(): number {
    const value = this.record.start ?? 0;
    return typeof value === 'string' && value.includes('-') ? Date.parse(`${value.replace(' ', 'T')}Z`) / 1000 : Number(value);
  }

  get end(): number | undefined {
    const duration = this.number('duration');
    return duration === undefined ? undefined : this.start + duration;
  }

  get raw(): string {
    const { raw } = this.record;
    if (typeof raw === 'string') return raw;
    const known = Object.entries(this.record).filter((entry): entry is [string, Cell] => entry[1] !== null && entry[1] !== undefined);
    return rebuildText({ ...Object.fromEntries(known), start: this.start }, this.format);
  }
}

const TEXT_COLUMNS: ReadonlySet<string> = new Set(
  FLOW_FORMATS.flatMap(({ fields }) => fields.filter(({ type }) => type === 'text').map(({ column }) => column)),
);

const BIT_OF_COLUMN: ReadonlyMap<FlowFormat, ReadonlyMap<string, number>> = new Map(
  FLOW_FORMATS.map((format) => [format, new Map(format.fields.map((field, bit) => [field.column, bit]))]),
);

/** `cloud.service.name`. */
export const SERVICE: Readonly<Record<FlowFormat['name'], string>> = { 'vpc-flow': 'vpc', 'tgw-flow': 'transit-gateway' };

/** `2020-09-09T15:26:33Z`. */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** The object without its undefined members, and without objects that are empty then. */
function prune(object: { readonly [key: string]: DocumentValue | undefined }): Document {
  const out: Document = {};
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    if (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0) continue;
    out[key] = value;
  }
  return out;
}

const EVENT_TYPE: ReadonlyMap<string, string> = new Map([
  ['accept', 'allowed'],
  ['reject', 'denied'],
]);

/** The document with exactly the fields of the published samples. */
export function baseDocument(record: FlowRecord, format: FlowFormat): Document {
  return base(new Values(record, format));
}

function base(v: Values): Document {
  const action = v.text('action')?.toLowerCase();
  const outcome = v.text('log_status')?.toLowerCase();
  const type = EVENT_TYPE.get(action ?? '');
  const account = v.text('account_id');
  const source = v.address('srcaddr');
  const destination = v.address('dstaddr');
  const protocol = v.number('protocol');
  const ips = [...new Set([source, destination].filter((a) => a !== undefined))].sort();
  const name = v.text('interface_id');
  return prune({
    // A line end of two characters is a line end.
    message: v.raw.replace(/\r$/, ''),
    event: prune({
      action,
      category: ['network'],
      end: v.end === undefined ? undefined : isoTime(v.end),
      outcome,
      start: isoTime(v.start),
      type: type === undefined ? undefined : [type],
    }),
    '@timestamp': isoTime(v.start),
    action: prune({ name: action, outcome, target: action === undefined ? undefined : 'network-traffic', type: 'forward' }),
    cloud: prune({ account: prune({ id: account }), provider: 'aws', service: { name: SERVICE[v.format.name] } }),
    destination: prune({ address: destination, ip: destination, port: v.number('dstport') }),
    network: prune({
      iana_number: protocol === undefined ? undefined : String(protocol),
      transport: (protocol === undefined ? '' : PROTOCOL_NAMES[protocol]) || undefined,
    }),
    observer: name === undefined ? undefined : { ingress: { interface: { name } } },
    related: ips.length > 0 ? { ip: ips } : undefined,
    source: prune({ address: source, bytes: v.number('bytes'), ip: source, packets: v.number('packets'), port: v.number('srcport') }),
    user: prune({ id: account }),
  });
}

function part(v: Values, field: Field, index: number): string | undefined {
  return v.text(field.column)?.split('|')[index] || undefined;
}

function partNumber(v: Values, field: Field, index: number): number | undefined {
  const text = part(v, field, index);
  return text === undefined ? undefined : Number(text);
}

function refusedAdmin(v: Values): boolean {
  return v.text('action') === 'REJECT' && ADMIN_PORTS.includes(v.number('dstport') ?? -1);
}

/** How each derived field is computed; undefined: not in the document, or in its base. */
const DERIVED: Readonly<Record<Derivation, (v: Values, field: Field) => DocumentValue | undefined>> = {
  end: () => undefined,
  raw: () => undefined,
  size: () => undefined,
  transport: () => undefined,
  'message-time': () => undefined,
  service: (v) => SERVICE_NAMES.get(v.number('dstport') ?? -1),
  'event-class': (v) => ({ ACCEPT: 'network', REJECT: 'security' })[v.text('action') ?? ''],
  'mitre-id': (v) => (refusedAdmin(v) ? ['T1110'] : undefined),
  'mitre-tactic': (v) => (refusedAdmin(v) ? ['Credential Access'] : undefined),
  'tcp-flag-names': (v) => {
    const flags = v.number('tcp_flags') ?? 0;
    const names = TCP_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
    return names.length > 0 ? names.join('|') : undefined;
  },
  'traffic-path-name': (v) => TRAFFIC_PATHS.get(v.number('traffic_path') ?? -1),
  'place-country': (v, field) => part(v, field, 0),
  'place-state': (v, field) => part(v, field, 1),
  'place-city': (v, field) => part(v, field, 2),
  'place-latitude': (v, field) => partNumber(v, field, 3),
  'place-longitude': (v, field) => partNumber(v, field, 4),
  'as-number': (v, field) => {
    const text = v.text(field.column);
    return text === undefined ? undefined : Number.parseInt(text, 10);
  },
  'aws-service': (v, field) => part(v, field, 0),
  'aws-region': (v, field) => part(v, field, 1),
  // As the store looked it up for this record, by the field's name.
  interface: (v, field) => (field.columnType === 'Array(String)' ? v.list(field.name) : v.text(field.name)),
  'as-organization': (v, field) => v.text(field.column)?.replace(/^\d+ ?/, '') || undefined,
};

/** Text columns whose parts are derived fields, and fields of the store alone. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['place', 'as', 'aws', 'indicator'].flatMap((name) => [`source.${name}`, `destination.${name}`]));

/** The base document with everything else that is known of the record. Adds fields, never changes one. */
export function enrichedDocument(record: FlowRecord, format: FlowFormat): Document {
  const v = new Values(record, format);
  const document = base(v);
  addNetwork(document, v);
  for (const field of [...format.stored, ...DERIVED_FIELDS]) {
    if (field.name.startsWith('_') || NOT_SHOWN.has(field.name) || !hasField(format, field)) continue;
    const value = field.derived ? DERIVED[field.derived](v, field) : stored(v, field);
    if (value !== undefined) add(document, field.name, value);
  }
  addThreat(document, v);
  const instance = v.text('interface.instance.id');
  if (instance !== undefined) add(document, 'cloud.instance.id', instance);
  if (v.text('flow_direction')?.toLowerCase() === 'egress') {
    const name = v.text('interface_id');
    if (name !== undefined) add(document, 'observer.egress.interface.name', name);
  }
  return document;
}

function stored(v: Values, field: Field): DocumentValue | undefined {
  switch (field.type) {
    case 'address':
      return v.address(field.column);
    case 'number':
      return v.number(field.column);
    case 'text':
      return field.columnType === 'Array(String)' ? v.list(field.column) : v.text(field.column);
    case 'time':
      return undefined;
  }
}

function addNetwork(document: Document, v: Values): void {
  const source = v.address('srcaddr');
  const destination = v.address('dstaddr');
  const type = v.text('type')?.toLowerCase() ?? (source === undefined ? undefined : source.includes(':') ? 'ipv6' : 'ipv4');
  const numbers = { bytes: v.number('bytes'), packets: v.number('packets') };
  if (type !== undefined) add(document, 'network.type', type);
  for (const [name, value] of Object.entries(numbers)) if (value !== undefined) add(document, `network.${name}`, value);
  const [protocol, sourcePort, destinationPort] = [v.number('protocol'), v.number('srcport'), v.number('dstport')];
  if (source === undefined || destination === undefined || protocol === undefined) return;
  const id = communityId(source, destination, protocol, sourcePort, destinationPort);
  if (id !== undefined) add(document, 'network.community_id', id);
}

/** What the store tells of an indicator, beside the number in the column (store/indicator-ddl.ts). */
interface KnownIndicator {
  readonly indicator: string;
  readonly source: string;
  readonly confidence: number;
  readonly malicious_confidence: string;
  readonly threat_types: readonly string[];
  /** Epoch seconds. */
  readonly published_date: number;
  readonly last_updated: number;
}

/** Our bands in the words that ECS allows. */
const CONFIDENCE: Readonly<Record<string, string>> = { high: 'High', medium: 'Medium', low: 'Low' };

/**
 * The indicator of the end that has one; of two the one of higher confidence, then that of the source
 * (https://www.elastic.co/docs/reference/ecs/ecs-threat).
 */
function addThreat(document: Document, v: Values): void {
  const [found] = (['src', 'dst'] as const)
    .flatMap((end) => {
      const text = v.text(`${end}_indicator`);
      // A batch has the number alone.
      return text?.startsWith('{') ? [{ address: v.address(`${end}addr`), known: JSON.parse(text) as KnownIndicator }] : [];
    })
    .sort((a, b) => b.known.confidence - a.known.confidence);
  if (!found) return;
  const { address, known } = found;
  const values = {
    'indicator.ip': address,
    'indicator.type': address?.includes(':') ? 'ipv6-addr' : 'ipv4-addr',
    'indicator.name': known.indicator,
    'indicator.confidence': CONFIDENCE[known.malicious_confidence] ?? 'Not Specified',
    'indicator.provider': known.source,
    'indicator.description': known.threat_types.join(', ') || undefined,
    'indicator.first_seen': isoTime(known.published_date),
    'indicator.last_seen': isoTime(known.last_updated),
    'feed.name': known.source,
  };
  for (const [name, value] of Object.entries(values)) if (value !== undefined) add(document, `threat.${name}`, value);
}

/** Sets a value at a path, unless something is there. */
function add(document: Document, path: string, value: DocumentValue): void {
  const names = path.split('.');
  const last = names.pop() as string;
  let at = document;
  for (const name of names) {
    const next = at[name] ?? {};
    if (typeof next !== 'object' || Array.isArray(next)) return;
    at[name] = next;
    at = next;
  }
  at[last] ??= value;
}
