/**
 * What a spelling in a record means: the dictionary entry of a text, the id of an address. Runs once
 * per distinct spelling of a batch; the answer is remembered in the column's SpellingTable.
 */
import { ADDRESS_BYTES, formatAddress, parseAddressBytes } from '../../model/address.ts';
import type { RecordErrorCode } from '../../model/batch.ts';
import { ABSENT, AddressInterner, hashBytes, INEXACT, SpellingTable, STATUS_SHIFT, sourceOf } from '../intern.ts';
import { ACTION_SLOT, SLOTS, STATUS_SLOT } from './plan.ts';

/** What becomes of a record: 0 means that the record does not say. */
export const RECORD_STATUS = { OK: 1, NODATA: 2, SKIPDATA: 3 } as const;

const STATUS_BY_NAME: ReadonlyMap<string, number> = new Map(Object.entries(RECORD_STATUS));

/** Columns where two spellings may have one value. */
const FOLDED: ReadonlySet<number> = new Set(SLOTS.flatMap((s, slot) => (slot === ACTION_SLOT || slot === STATUS_SLOT || s.field.percentEncoded ? [slot] : [])));

const DASH = Uint8Array.of(45);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Text of UTF-8 bytes; undefined when they are not valid. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Percent-encodes as ClickHouse's encodeURLComponent does (RFC 3986: all but letters, digits and
 * `-_.~`), so that the engine rebuilds the same text.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The values of one batch: a dictionary per text column, one address table for all address columns. */
export class Values {
  readonly addresses = new AddressInterner();
  /** By slot, for text and address columns; made when first used. */
  readonly tables: (SpellingTable | undefined)[] = SLOTS.map(() => undefined);
  /** By slot; entry 0 is ''. */
  dictionaries: (string[] | undefined)[] = SLOTS.map(() => undefined);
  private indexes: (Map<string, number> | undefined)[] = SLOTS.map(() => undefined);
  private readonly scratch = new Uint8Array(ADDRESS_BYTES);

  clear(): void {
    this.addresses.clear();
    // Dictionaries leave with the batch; tables stay.
    this.dictionaries = SLOTS.map(() => undefined);
    this.indexes = SLOTS.map(() => undefined);
    this.tables.forEach((table, slot) => {
      if (table) this.start(table, slot);
    });
  }

  table(slot: number): SpellingTable {
    const known = this.tables[slot];
    if (known) return known;
    const table = new SpellingTable();
    this.tables[slot] = table;
    this.start(table, slot);
    return table;
  }

  private start(table: SpellingTable, slot: number): void {
    table.clear();
    if (SLOTS[slot]!.field.type === 'text') this.dictionaries[slot] = [''];
    if (slot !== STATUS_SLOT) table.add(DASH, 0, 1, hashBytes(DASH), 0, ABSENT);
  }

  /** Bytes of text that the batch holds. */
  get size(): number {
    let size = 0;
    for (const table of this.tables) if (table) size += table.size;
    return size;
  }

  /** Id of a text that came beside the record (a forwarder's), as a spelling of the column. */
  spell(slot: number, text: string): number {
    const table = this.table(slot);
    const bytes = encoder.encode(text);
    const hash = hashBytes(bytes);
    const known = table.find(sourceOf(bytes), 0, bytes.length, hash);
    return known >= 0 ? known : table.add(bytes, 0, bytes.length, hash, this.entry(slot, text), 0);
  }

  /** Remembers the new spelling `buf[start, end)`; its id, or the reason why it has no meaning. */
  learn(slot: number, buf: Uint8Array, start: number, end: number, hash: number): number | RecordErrorCode {
    const table = this.table(slot);
    if (SLOTS[slot]!.field.type === 'address') {
      if (!parseAddressBytes(buf, start, end, this.scratch, 0)) return 'not-an-address';
      const exact = matchesText(buf, start, end, formatAddress(this.scratch));
      return table.add(buf, start, end, hash, this.addresses.intern(this.scratch), exact ? 0 : INEXACT);
    }
    const text = utf8(buf.subarray(start, end));
    if (text === undefined) return 'invalid-utf8';
    if (text.includes('\x7f')) return 'binary-data';
    const meaning = meaningOf(slot, text);
    if (typeof meaning === 'string') return meaning;
    return table.add(buf, start, end, hash, this.entry(slot, meaning.value), meaning.flags);
  }

  /** Dictionary id of the value of a new spelling. */
  private entry(slot: number, value: string): number {
    const dictionary = this.dictionaries[slot]!;
    if (!FOLDED.has(slot)) return dictionary.push(value) - 1;
    this.indexes[slot] ??= new Map([['', 0]]);
    const index = this.indexes[slot];
    const known = index.get(value);
    if (known !== undefined) return known;
    const id = dictionary.push(value) - 1;
    index.set(value, id);
    return id;
  }
}

function matchesText(buf: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (buf[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Value and flags of a text field's spelling, or why it has none. */
function meaningOf(slot: number, text: string): { value: string; flags: number } | RecordErrorCode {
  if (slot === ACTION_SLOT) {
    const value = text.toUpperCase();
    if (value !== 'ACCEPT' && value !== 'REJECT') return 'unknown-action';
    return { value, flags: value === text ? 0 : INEXACT };
  }
  if (slot === STATUS_SLOT) {
    const value = text.toUpperCase();
    const status = STATUS_BY_NAME.get(value);
    if (status === undefined) return 'unknown-status';
    return { value, flags: (status << STATUS_SHIFT) | (value === text ? 0 : INEXACT) };
  }
  if (SLOTS[slot]!.field.percentEncoded && text.includes('%')) {
    try {
      const value = decodeURIComponent(text);
      return { value, flags: percentEncode(value) === text ? 0 : INEXACT };
    } catch {
      return 'invalid-utf8';
    }
  }
  if (SLOTS[slot]!.field.percentEncoded) return { value: text, flags: percentEncode(text) === text ? 0 : INEXACT };
  return { value: text, flags: 0 };
}
