/**
 * Reads a MaxMind DB (https://maxmind.github.io/MaxMind-DB/) straight from its bytes: a walk over the
 * search tree gives a position in the data section, and a position is decoded when somebody asks.
 * Positions are the key for callers' caches: many networks share one record. Nothing is copied, so
 * several threads can read one SharedArrayBuffer.
 */

/** What a record may hold; 64- and 128-bit integers as bigint. */
export type MmdbValue = string | number | bigint | boolean | Uint8Array | readonly MmdbValue[] | { readonly [key: string]: MmdbValue };

export interface Mmdb {
  readonly ipVersion: 4 | 6;
  readonly databaseType: string;
  /** When the file was made, epoch seconds. */
  readonly buildEpoch: number;
  /** Position of the record for the 16 bytes at `offset` (an IPv6 address); 0 when there is none. IPv6 files only. */
  findIPv6(bytes: Uint8Array, offset: number): number;
  /** Position of the record for the 4 bytes at `offset`; 0 when there is none. An IPv6 file is asked below ::/96. */
  findIPv4(bytes: Uint8Array, offset: number): number;
  /** The record at a position that a find gave. Throws MmdbError on damage. */
  decode(position: number): MmdbValue;
}

/** The bytes are no MaxMind DB, or a damaged one. */
export class MmdbError extends Error {
  readonly code = 'mmdb-damaged';
  constructor(message: string) {
    super(`Not a readable MaxMind DB: ${message}.`);
    this.name = 'MmdbError';
  }
}

const MARKER = Uint8Array.from('\xab\xcd\xefMaxMind.com', (character) => character.charCodeAt(0));
/** The metadata lies in the last 128 KiB. */
const METADATA_LIMIT = 128 * 1024;
/** Bits of an address that the jump table answers at once. */
const JUMP_BITS = 16;

/** Opens a database. Throws MmdbError. */
export function openMmdb(bytes: Uint8Array): Mmdb {
  const metadata = asMap(decodeAt(bytes, metadataStart(bytes), metadataStart(bytes)).value);
  const nodeCount = asNumber(metadata, 'node_count');
  const recordSize = asNumber(metadata, 'record_size');
  const ipVersion = asNumber(metadata, 'ip_version');
  if (recordSize !== 24 && recordSize !== 28 && recordSize !== 32) throw new MmdbError(`record size ${recordSize} is unknown`);
  if (ipVersion !== 4 && ipVersion !== 6) throw new MmdbError(`IP version ${ipVersion} is unknown`);
  const nodeBytes = recordSize / 4;
  const treeBytes = nodeCount * nodeBytes;
  const dataStart = treeBytes + 16;
  if (dataStart > bytes.length) throw new MmdbError('the search tree is longer than the file');
  const child = CHILD[recordSize];

  // A value in the tree: below nodeCount a node, nodeCount itself "nothing", above it a record.
  const step = (node: number, bit: number): number => (node < nodeCount ? child(bytes, node * nodeBytes, bit) : node);
  const jumpTable = (root: number): Uint32Array => {
    let level = Uint32Array.of(root);
    for (let depth = 0; depth < JUMP_BITS; depth++) {
      const next = new Uint32Array(level.length * 2);
      for (let i = 0; i < level.length; i++) {
        next[2 * i] = step(level[i]!, 0);
        next[2 * i + 1] = step(level[i]!, 1);
      }
      level = next;
    }
    return level;
  };
  let rootIPv4 = 0;
  if (ipVersion === 6) for (let i = 0; i < 96; i++) rootIPv4 = step(rootIPv4, 0);
  const jumpIPv4 = jumpTable(rootIPv4);
  const jumpIPv6 = ipVersion === 6 ? jumpTable(0) : undefined;

  const walk = (jump: Uint32Array, address: Uint8Array, offset: number, length: number): number => {
    let node = jump[(address[offset]! << 8) | address[offset + 1]!]!;
    for (let i = offset + 2; node < nodeCount && i < offset + length; i++) {
      const byte = address[i]!;
      for (let shift = 7; shift >= 0 && node < nodeCount; shift--) node = child(bytes, node * nodeBytes, (byte >> shift) & 1);
    }
    return node > nodeCount ? node - nodeCount + treeBytes : 0;
  };

  return {
    ipVersion,
    databaseType: String(metadata.database_type ?? ''),
    buildEpoch: Number(metadata.build_epoch ?? 0),
    findIPv4: (address, offset) => walk(jumpIPv4, address, offset, 4),
    findIPv6: (address, offset) => (jumpIPv6 ? walk(jumpIPv6, address, offset, 16) : 0),
    decode: (position) => decodeAt(bytes, position, dataStart).value,
  };
}

/** The two children of a node, by record size in bits. */
const CHILD: Readonly<Record<24 | 28 | 32, (b: Uint8Array, at: number, bit: number) => number>> = {
  24: (b, at, bit) => {
    const i = bit ? at + 3 : at;
    return (b[i]! << 16) | (b[i + 1]! << 8) | b[i + 2]!;
  },
  28: (b, at, bit) =>
    bit
      ? ((b[at + 3]! & 0x0f) << 24) | (b[at + 4]! << 16) | (b[at + 5]! << 8) | b[at + 6]!
      : ((b[at + 3]! & 0xf0) << 20) | (b[at]! << 16) | (b[at + 1]! << 8) | b[at + 2]!,
  32: (b, at, bit) => {
    const i = bit ? at + 4 : at;
    return ((b[i]! << 24) | (b[i + 1]! << 16) | (b[i + 2]! << 8) | b[i + 3]!) >>> 0;
  },
};

function metadataStart(bytes: Uint8Array): number {
  for (let at = bytes.length - MARKER.length; at >= Math.max(0, bytes.length - METADATA_LIMIT); at--) {
    if (MARKER.every((byte, i) => bytes[at + i] === byte)) return at + MARKER.length;
  }
  throw new MmdbError('it has no metadata');
}

function asMap(value: MmdbValue): { readonly [key: string]: MmdbValue } {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) throw new MmdbError('the metadata is no map');
  return value as { readonly [key: string]: MmdbValue };
}

function asNumber(map: { readonly [key: string]: MmdbValue }, key: string): number {
  const value = map[key];
  if (typeof value !== 'number') throw new MmdbError(`the metadata has no ${key}`);
  return value;
}

interface Decoded {
  readonly value: MmdbValue;
  readonly end: number;
}

/** Added to a pointer's value, by its size class (specification, "pointer"). */
const POINTER_BASE = [0, 2048, 526336, 0] as const;
const MAX_DEPTH = 32;

/** Decodes the value at `at`; pointers count from `base`. */
function decodeAt(b: Uint8Array, at: number, base: number, depth = 0): Decoded {
  if (at >= b.length || depth > MAX_DEPTH) throw new MmdbError(`a value at byte ${at} leads out of the file`);
  const control = b[at]!;
  let type = control >> 5;
  let i = at + 1;
  if (type === 1) {
    const size = (control >> 3) & 3;
    const value = uint(b, i, size + 1) + (size === 3 ? 0 : (control & 7) * 2 ** (8 * (size + 1))) + POINTER_BASE[size]!;
    return { value: decodeAt(b, base + value, base, depth + 1).value, end: i + size + 1 };
  }
  if (type === 0) type = b[i++]! + 7;
  let size = control & 0x1f;
  if (size >= 29) {
    const more = size - 28;
    size = [29, 285, 65821][more - 1]! + uint(b, i, more);
    i += more;
  }
  if (type !== 7 && type !== 11 && type !== 14 && i + size > b.length) throw new MmdbError(`a value at byte ${at} leads out of the file`);
  switch (type) {
    case 2:
      return { value: decodeText(b, i, i + size), end: i + size };
    case 3:
      if (size !== 8) throw new MmdbError(`a double at byte ${at} has ${size} bytes`);
      return { value: new DataView(b.buffer, b.byteOffset + i, 8).getFloat64(0), end: i + 8 };
    case 4:
      return { value: b.slice(i, i + size), end: i + size };
    case 5: // 16 bits
    case 6: // 32 bits
      return { value: uint(b, i, size), end: i + size };
    case 7: {
      const map: Record<string, MmdbValue> = {};
      for (let n = 0; n < size; n++) {
        const key = decodeAt(b, i, base, depth + 1);
        const value = decodeAt(b, key.end, base, depth + 1);
        map[String(key.value)] = value.value;
        i = value.end;
      }
      return { value: map, end: i };
    }
    case 8: // signed 32 bits, short forms are positive
      return { value: uint(b, i, size) | 0, end: i + size };
    case 9: // 64 bits
    case 10: {
      // 128 bits
      let value = 0n;
      for (let n = 0; n < size; n++) value = (value << 8n) | BigInt(b[i + n]!);
      return { value, end: i + size };
    }
    case 11: {
      const list: MmdbValue[] = [];
      for (let n = 0; n < size; n++) {
        const value = decodeAt(b, i, base, depth + 1);
        list.push(value.value);
        i = value.end;
      }
      return { value: list, end: i };
    }
    case 14:
      return { value: size !== 0, end: i };
    case 15:
      if (size !== 4) throw new MmdbError(`a float at byte ${at} has ${size} bytes`);
      return { value: new DataView(b.buffer, b.byteOffset + i, 4).getFloat32(0), end: i + 4 };
    default:
      throw new MmdbError(`type ${type} at byte ${at} is unknown`);
  }
}

const UTF8 = new TextDecoder();

/** Names are short and mostly ASCII: putting characters together is several times faster than a decoder's call. */
function decodeText(b: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = b[i]!;
    // A copy, because a decoder may refuse shared memory.
    if (byte > 127) return UTF8.decode(b.slice(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

function uint(b: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let n = 0; n < length; n++) value = value * 256 + b[at + n]!;
  return value;
}
