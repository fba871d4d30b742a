/**
 * A layout compiled to the table that the decode loop follows: for each value of a line its kind, its
 * column, its limit and its bit in the `absent` mask.
 */
import { ADDED_FIELDS, AWS_FIELDS, type ColumnType, type Field, TGW_ONLY } from '../../model/fields.ts';
import type { FlowFormat } from '../../model/log-formats.ts';
import type { Layout } from './layout.ts';

/** How the loop reads a value. */
export const KIND = { UINT8: 0, UINT16: 1, UINT64: 2, START: 3, END: 4, ADDRESS: 5, TEXT: 6 } as const;

/** A column that decoded rows of some format can have; a slot is an index. Formats share the columns that they share. */
export interface Slot {
  readonly column: string;
  readonly columnType: ColumnType;
  readonly field: Field;
}

/** What a forwarder sends beside a record, by the names that it uses. */
export const FORWARDER_COLUMNS = ['forwarder_direction', 'security_group_ids', 'log_group', 'log_stream'] as const;

export const SLOTS: readonly Slot[] = [
  ...AWS_FIELDS,
  ...TGW_ONLY,
  ...FORWARDER_COLUMNS.map((column) => {
    const field = ADDED_FIELDS.find((f) => f.column === column);
    if (!field) throw new Error(`field table: no column ${column}`);
    return field;
  }),
].map((field) => ({ column: field.column, columnType: field.columnType, field }));

/** Slot by ClickHouse column name. */
export const SLOT_OF: ReadonlyMap<string, number> = new Map(SLOTS.map((s, i) => [s.column, i]));

export const START_SLOT = slotOf('start');
export const DURATION_SLOT = slotOf('duration');
export const ACTION_SLOT = slotOf('action');
export const STATUS_SLOT = slotOf('log_status');

export function slotOf(column: string): number {
  const slot = SLOT_OF.get(column);
  if (slot === undefined) throw new Error(`field table: no column ${column}`);
  return slot;
}

export interface Plan {
  readonly format: FlowFormat;
  readonly layout: Layout;
  /** Header names, space-separated. */
  readonly text: string;
  readonly kinds: Uint8Array;
  readonly slots: Uint8Array;
  readonly limits: Float64Array;
  /** Halves of the absent bit of each value. */
  readonly bitLow: Int32Array;
  readonly bitHigh: Int32Array;
  /** Bits of the fields that are not in the layout. */
  readonly absentLow: number;
  readonly absentHigh: number;
  readonly hasTime: boolean;
  /** A header line cannot pass for a record: some field takes no words. */
  readonly rejectsHeaders: boolean;
  /** Every slot that rows of this plan write. */
  readonly writes: Uint8Array;
}

function kindOf(field: Field): number {
  if (field.column === 'start') return KIND.START;
  if (field.column === 'duration') return KIND.END;
  if (field.type === 'address') return KIND.ADDRESS;
  if (field.type === 'text') return KIND.TEXT;
  if (field.columnType === 'UInt8') return KIND.UINT8;
  if (field.columnType === 'UInt16') return KIND.UINT16;
  return KIND.UINT64;
}

/** Largest epoch second of a DateTime. */
export const TIME_MAX = 4294967295;

/** Compiles a layout of a format. `extra`: slots that a forwarder's values fill beside the layout's own; those of other formats are left out. */
export function compilePlan(format: FlowFormat, layout: Layout, extra: readonly number[] = []): Plan {
  const bits = layout.map((name) => {
    const bit = format.bits.get(name);
    if (bit === undefined) throw new Error(`not a field of ${format.title}: ${name}`);
    return bit;
  });
  const fields = bits.map((bit) => format.fields[bit] as Field);
  const slots = fields.map((field) => slotOf(field.column));
  const present = new Set([...slots, ...extra.filter((slot) => format.columns.has(SLOTS[slot]!.column))]);
  let absentLow = 0;
  let absentHigh = 0;
  format.fields.forEach((field, bit) => {
    if (present.has(slotOf(field.column))) return;
    if (bit < 32) absentLow |= 1 << bit;
    else absentHigh |= 1 << (bit - 32);
  });
  return {
    format,
    layout,
    text: layout.join(' '),
    kinds: Uint8Array.from(fields, kindOf),
    slots: Uint8Array.from(slots),
    limits: Float64Array.from(fields, (f) => f.max ?? Number.POSITIVE_INFINITY),
    bitLow: Int32Array.from(bits, (bit) => (bit < 32 ? 1 << bit : 0)),
    bitHigh: Int32Array.from(bits, (bit) => (bit < 32 ? 0 : 1 << (bit - 32))),
    absentLow,
    absentHigh,
    hasTime: present.has(START_SLOT) || present.has(DURATION_SLOT),
    rejectsHeaders: fields.some((f, i) => kindOf(f) !== KIND.TEXT || slots[i] === ACTION_SLOT || slots[i] === STATUS_SLOT),
    // Every row has a start, its own or the receipt's.
    writes: Uint8Array.from(new Set([...present, START_SLOT, DURATION_SLOT])),
  };
}
