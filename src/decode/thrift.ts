/**
 * Structures in Thrift's compact protocol, as Parquet has its descriptions in. A file may be made to harm: nothing that
 * is read takes more time or memory than its length allows.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** Whole numbers beyond 2^53 are the nearest that can be told. */
export type Value = number | boolean | Uint8Array | readonly Value[] | Struct;
/** By the number of the field. */
export type Struct = ReadonlyMap<number, Value>;

/** Levels of structures inside of structures that a description needs. */
const DEPTH = 16;
/** Values of a structure, of all its levels: a description of 54 columns in some hundred row groups. */
const VALUES = 2_000_000;
const SIGN = 2 ** 63;

class Damaged extends Error {}

/** The structure at `at` and the offset after it. Undefined when it is none, does not end in `bytes`, or has too many values. */
export function readStruct(bytes: Uint8Array, at: number): { readonly value: Struct; readonly end: number } | undefined {
  const reader = new Reader(bytes, at);
  try {
    return { value: reader.struct(0), end: reader.at };
  } catch (error) {
    if (error instanceof Damaged) return undefined;
    throw error;
  }
}

class Reader {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private values = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  struct(depth: number): Struct {
    const fields = new Map<number, Value>();
    let field = 0;
    for (;;) {
      const head = this.byte();
      const type = head & 15;
      if (type === 0) return fields;
      field = head >> 4 === 0 ? this.signed() : field + (head >> 4);
      fields.set(field, type === 1 || type === 2 ? type === 1 : this.value(type, depth));
    }
  }

  private value(type: number, depth: number): Value {
    if (++this.values > VALUES) throw new Damaged();
    switch (type) {
      // Truth values of a list.
      case 1:
      case 2:
        return this.byte() === 1;
      case 3:
        return (this.byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return this.signed();
      case 7:
        return this.view.getFloat64(this.take(8), true);
      case 8: {
        const length = this.unsigned();
        const from = this.take(length);
        return this.bytes.subarray(from, from + length);
      }
      case 9: {
        const head = this.byte();
        const size = head >> 4 === 15 ? this.unsigned() : head >> 4;
        if (size > this.bytes.length - this.at || depth >= DEPTH) throw new Damaged();
        const list: Value[] = [];
        for (let i = 0; i < size; i++) list.push(this.value(head & 15, depth + 1));
        return list;
      }
      case 12:
        if (depth >= DEPTH) throw new Damaged();
        return this.struct(depth + 1);
      default:
        throw new Damaged();
    }
  }

  private take(length: number): number {
    const from = this.at;
    if (length > this.bytes.length - from) throw new Damaged();
    this.at += length;
    return from;
  }

  private byte(): number {
    return this.bytes[this.take(1)]!;
  }

  private unsigned(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const c = this.byte();
      value += (c & 127) * 2 ** (7 * i);
      if (c < 128) return value;
    }
    throw new Damaged();
  }

  /** Zigzag. */
  private signed(): number {
    const from = this.at;
    const value = this.unsigned();
    const half = Math.floor(value / 2);
    if (half >= SIGN) throw new Damaged();
    return (this.bytes[from]! & 1) === 0 ? half : -half - 1;
  }
}

export function structOf(value: Value | undefined): Struct | undefined {
  return value instanceof Map ? value : undefined;
}

export function numberOf(value: Value | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function listOf(value: Value | undefined): readonly Value[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
