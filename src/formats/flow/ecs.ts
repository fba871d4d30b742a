/**
 * A flow record as an Elastic Common Schema document. The base document has exactly the fields of the
 * published samples (formats.md section 8; https://docs.sekoia.io, AWS VPC Flow Logs); enrichment only
 * adds to it. Field paths come from the field table.
 */
import { DERIVED_FIELDS, type Derivation, type Field } from '../../model/fields.ts';
import { FLOW_FORMATS, type FlowFormat, hasField } from '../../model/log-formats.ts';
import { REFUSED_ADMINISTRATION } from '../../model/mitre.ts';
import { ADMIN_PORTS, PROTOCOL_NAMES, SERVICE_NAMES, TCP_FLAGS, TRAFFIC_PATHS } from '../../model/services.ts';
import { add, addThreat, type Document, type DocumentValue, isoTime, LOCATED, prune, RecordValues, type StoredRecord } from '../document.ts';
import type { Cell } from '../record.ts';
import { communityId } from './community-id.ts';
import { rebuildText } from './rebuild.ts';

/** One record with its conversions. */
class Values extends RecordValues {
  readonly format: FlowFormat;
  private readonly mask: bigint;

  constructor(record: StoredRecord, format: FlowFormat) {
    super(record);
    this.format = format;
    this.mask = BigInt(String(record.absent ?? 0));
  }

  override get(column: string): Cell | undefined {
    const value = super.get(column);
    // Text of an absent field is what an envelope around the record said.
    if (TEXT_COLUMNS.has(column)) return value;
    const bit = BIT_OF_COLUMN.get(this.format)?.get(column);
    return bit !== undefined && (this.mask >> BigInt(bit)) & 1n ? undefined : value;
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

const EVENT_TYPE: ReadonlyMap<string, string> = new Map([
  ['accept', 'allowed'],
  ['reject', 'denied'],
]);

/** The document with exactly the fields of the published samples. */
export function baseDocument(record: StoredRecord, format: FlowFormat): Document {
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
  // Of events alone, and the list is not the record’s.
  'is-administrator': () => undefined,
  service: (v) => SERVICE_NAMES.get(v.number('dstport') ?? -1),
  'event-class': (v) => ({ ACCEPT: 'network', REJECT: 'security' })[v.text('action') ?? ''],
  'mitre-id': (v) => (refusedAdmin(v) ? [REFUSED_ADMINISTRATION.technique] : undefined),
  'mitre-tactic': (v) => (refusedAdmin(v) ? [REFUSED_ADMINISTRATION.tactic] : undefined),
  'tcp-flag-names': (v) => {
    const flags = v.number('tcp_flags') ?? 0;
    const names = TCP_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
    return names.length > 0 ? names.join('|') : undefined;
  },
  'traffic-path-name': (v) => TRAFFIC_PATHS.get(v.number('traffic_path') ?? -1),
  ...LOCATED,
  // As the store looked it up for this record, by the field's name.
  interface: (v, field) => (field.columnType === 'Array(String)' ? v.list(field.name) : v.text(field.name)),
};

/** Text columns whose parts are derived fields, and fields of the store alone. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['place', 'as', 'aws', 'indicator'].flatMap((name) => [`source.${name}`, `destination.${name}`]));

/** The base document with everything else that is known of the record. Adds fields, never changes one. */
export function enrichedDocument(record: StoredRecord, format: FlowFormat): Document {
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
