/** What documents (Elastic Common Schema) of records of all formats are made of. */
import type { Derivation, Field } from '../model/fields.ts';
import { addressText, type Cell } from './record.ts';

/**
 * A stored record by column name (model/fields.ts `column`), as a batch or the store gives it: numbers
 * as numbers or text, addresses as text, lists as arrays of text, times as epoch seconds or `YYYY-MM-DD hh:mm:ss` (UTC), and
 * `absent` as a number, text or bigint. `raw`: the text as received; rebuilt from the columns when it
 * is missing.
 */
export type StoredRecord = Readonly<Record<string, Cell | null | undefined>>;

export type Document = { [key: string]: DocumentValue };
export type DocumentValue = string | number | boolean | string[] | Document;

/** One record with its conversions. */
export class RecordValues {
  readonly record: StoredRecord;

  constructor(record: StoredRecord) {
    this.record = record;
  }

  /** The value of a column; undefined where the record has none. */
  get(column: string): Cell | undefined {
    const value = this.record[column];
    return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value;
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
}

/** `2020-09-09T15:26:33Z`. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** The object without its undefined members, and without objects that are empty then. */
export function prune(object: { readonly [key: string]: DocumentValue | undefined }): Document {
  const out: Document = {};
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    if (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0) continue;
    out[key] = value;
  }
  return out;
}

function part(v: RecordValues, field: Field, index: number): string | undefined {
  return v.text(field.column)?.split('|')[index] || undefined;
}

function partNumber(v: RecordValues, field: Field, index: number): number | undefined {
  const text = part(v, field, index);
  return text === undefined ? undefined : Number(text);
}

/** Derivations from the registries of places, autonomous systems and AWS ranges. */
type Located = Extract<Derivation, `place-${string}` | `as-${string}` | 'aws-service' | 'aws-region'>;

export const LOCATED: Readonly<Record<Located, (v: RecordValues, field: Field) => DocumentValue | undefined>> = {
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
  'as-organization': (v, field) => v.text(field.column)?.replace(/^\d+ ?/, '') || undefined,
};

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
 * The indicator of the end that has one, or of the client; of several the one of highest confidence, then that of the source
 * (https://www.elastic.co/docs/reference/ecs/ecs-threat).
 */
export function addThreat(document: Document, v: RecordValues): void {
  const [found] = (['src', 'dst', 'user_agent'] as const)
    .flatMap((of) => {
      const text = v.text(`${of}_indicator`);
      // A batch has the number alone.
      if (!text?.startsWith('{')) return [];
      return [{ address: of === 'user_agent' ? undefined : v.address(`${of}addr`), known: JSON.parse(text) as KnownIndicator }];
    })
    .sort((a, b) => b.known.confidence - a.known.confidence);
  if (!found) return;
  const { address, known } = found;
  const values = {
    'indicator.ip': address,
    'indicator.type': address === undefined ? 'user-agent' : address.includes(':') ? 'ipv6-addr' : 'ipv4-addr',
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
export function add(document: Document, path: string, value: DocumentValue): void {
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
