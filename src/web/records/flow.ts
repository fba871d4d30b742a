/** The parts of a flow record that a line shows, read from its fields. Pure. */
import type { RecordsResponse } from '../../api/contract.ts';
import { findField } from '../../model/fields.ts';
import { PROTOCOL_NAMES, SERVICE_NAMES, TCP_FLAGS } from '../../model/services.ts';

export type Rec = RecordsResponse['records'][number];

export interface End {
  readonly address: string;
  readonly port: string;
  readonly service: string;
  /** ISO 3166 code, '' when unknown. */
  readonly country: string;
  /** City, region, country; '' when unknown. */
  readonly place: string;
  /** `9829 Bharat Sanchar Nigam Ltd`, '' when unknown. */
  readonly network: string;
  readonly fields: { readonly address: string; readonly port: string };
}

export interface Flow {
  readonly action: string;
  readonly status: string;
  readonly direction: string;
  readonly source: End;
  readonly destination: End;
  readonly protocol: string;
  readonly flags: string;
  readonly bytes: number | null;
  readonly packets: number | null;
  readonly networkInterface: string;
}

export function flowOf(record: Rec): Flow {
  const get = reader(record);
  const protocol = Number(get('protocol') || -1);
  return {
    action: get('action'),
    status: get('log-status'),
    direction: get('network.direction'),
    source: end(get, 'srcaddr', 'srcport', 'source'),
    destination: end(get, 'dstaddr', 'dstport', 'destination'),
    protocol: PROTOCOL_NAMES[protocol] || get('protocol'),
    flags: protocol === 6 ? flagNames(Number(get('tcp-flags') || 0)) : '',
    bytes: numberOf(get('bytes')),
    packets: numberOf(get('packets')),
    networkInterface: get('interface-id'),
  };
}

function end(get: (name: string) => string, address: string, port: string, side: 'source' | 'destination'): End {
  const [country = '', region = '', city = ''] = get(`${side}.place`).split('|');
  return {
    address: get(address),
    port: get(port),
    service: SERVICE_NAMES.get(Number(get(port) || -1)) ?? '',
    country,
    place: [city, region === city ? '' : region, country].filter(Boolean).join(', '),
    network: get(`${side}.as`),
    fields: { address: `${side}.ip`, port: `${side}.port` },
  };
}

/** A value by any name of its field, as text; '' when the record does not have it. */
function reader(record: Rec): (name: string) => string {
  return (name) => {
    const field = findField(name);
    const value = record.fields[name] ?? (field && (record.fields[field.name] ?? record.fields[field.column]));
    return value === null || value === undefined ? '' : String(value);
  };
}

function numberOf(text: string): number | null {
  return text === '' ? null : Number(text);
}

/** 18 → `SYN ACK`. */
export function flagNames(bits: number): string {
  return TCP_FLAGS.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name.toUpperCase())
    .join(' ');
}
