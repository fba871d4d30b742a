/** Columns of a batch that do not come out of its records: where they came from, and what was around them. */
import { pathFacts } from '../collect/aws-path.ts';
import { interfaceOfStream } from '../formats/flow/stream-name.ts';
import type { Range } from '../formats/result.ts';
import type { Batch, Column, Origin } from '../model/batch.ts';
import type { LogFormat } from '../model/log-formats.ts';

/** Text columns that say where each row came from: constant in a batch of one delivery. */
export function addOrigins(batch: Batch, ranges: readonly Range[], origins: readonly Origin[], received: number): void {
  const names = [
    ['source_name', 'sourceName'],
    ['source_category', 'sourceCategory'],
    ['source_host', 'sourceHost'],
    ['collector', 'collector'],
  ] as const;
  for (const [column, key] of names) {
    const values = ranges.map((_, i) => (origins[i] as Origin)[key]);
    batch.columns.set(column, spread(values, ranges, batch.rows));
  }
  batch.columns.set('received', { type: "DateTime('UTC')", values: new Uint32Array(batch.rows).fill(received) });
}

/** Columns that an envelope around records, or the address of their object, gives a value where the record has none. */
const GIVEN: readonly (readonly [column: string, tell: (origin: Origin) => string | undefined])[] = [
  ['log_group', (origin) => origin.logGroup],
  ['log_stream', (origin) => origin.logStream],
  ['account_id', (origin) => origin.account ?? pathFacts(origin.sourceName).account],
  ['region', (origin) => origin.region ?? pathFacts(origin.sourceName).region],
  ['interface_id', (origin) => (origin.logStream ? interfaceOfStream(origin.logStream) : undefined)],
];

/** Adds what is known of records that do not say it themselves; the columns that it gave a value. The records' text and their marks of absent fields stay. */
export function addEnvelopes(batch: Batch, format: LogFormat, ranges: readonly Range[], origins: readonly Origin[]): string[] {
  return GIVEN.flatMap(([name, tell]) => {
    if (!format.stored.some(({ column }) => column === name)) return [];
    const values = ranges.map((_, i) => tell(origins[i] as Origin) ?? '');
    if (values.every((value) => value === '')) return [];
    const own = batch.columns.get(name);
    const given = spread(values, ranges, batch.rows);
    if (own?.type === 'Constant' && own.value !== '') return [];
    if (own?.type !== 'LowCardinality(String)') batch.columns.set(name, given);
    else if (!hasGaps(own.ids, batch.rows)) return [];
    else batch.columns.set(name, overlaid(own, given, batch.rows));
    return [name];
  });
}

function hasGaps(ids: Uint32Array, rows: number): boolean {
  for (let row = 0; row < rows; row++) if (ids[row] === 0) return true;
  return false;
}

/** `own` where it is not empty, else `given`. */
function overlaid(own: Extract<Column, { type: 'LowCardinality(String)' }>, given: Column, rows: number): Column {
  const dictionary = [...own.dictionary];
  const places = new Map(dictionary.map((text, i) => [text, i]));
  const placeOf = (text: string): number => {
    const place = places.get(text) ?? dictionary.push(text) - 1;
    places.set(text, place);
    return place;
  };
  const texts = given.type === 'Constant' ? [given.value] : given.type === 'LowCardinality(String)' ? given.dictionary : [''];
  const moved = texts.map(placeOf);
  const ids = own.ids.slice(0, rows);
  for (let row = 0; row < rows; row++) if (ids[row] === 0) ids[row] = moved[given.type === 'LowCardinality(String)' ? given.ids[row]! : 0]!;
  return { type: 'LowCardinality(String)', ids, dictionary };
}

function spread(values: readonly string[], ranges: readonly Range[], rows: number): Column {
  if (new Set(values).size === 1) return { type: 'Constant', value: values[0] as string };
  const dictionary = [...new Set(['', ...values])];
  const places = new Map(dictionary.map((text, i) => [text, i]));
  const ids = new Uint32Array(rows);
  ranges.forEach((range, i) => {
    ids.fill(places.get(values[i]!)!, range.start, range.end);
  });
  return { type: 'LowCardinality(String)', ids, dictionary };
}
