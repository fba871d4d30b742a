/**
 * Snappy's raw format: https://github.com/google/snappy/blob/main/format_description.txt. Each element takes a byte of
 * the input at least, and none writes past the length that is expected.
 */

/** The `size` bytes that `packed` holds; undefined when it holds others. */
export function unpackSnappy(packed: Uint8Array, size: number): Uint8Array | undefined {
  let p = 0;
  let told = 0;
  for (let i = 0; ; i++) {
    const c = packed[p++];
    if (c === undefined || i > 4) return undefined;
    told += (c & 127) * 2 ** (7 * i);
    if (c < 128) break;
  }
  if (told !== size) return undefined;
  const out = new Uint8Array(size);
  const end = packed.length;
  let filled = 0;
  while (p < end) {
    const tag = packed[p++]!;
    const kind = tag & 3;
    let length = (tag >> 2) + 1;
    if (kind === 0) {
      const more = length - 60;
      if (more > 0) {
        if (more > end - p) return undefined;
        length = little(packed, p, more) + 1;
        p += more;
      }
      if (length < 1 || length > end - p || length > size - filled) return undefined;
      if (length > SHORT) out.set(packed.subarray(p, p + length), filled);
      else for (let i = 0; i < length; i++) out[filled + i] = packed[p + i]!;
      p += length;
      filled += length;
    } else {
      const width = kind === 3 ? 4 : kind;
      if (width > end - p) return undefined;
      let back: number;
      if (kind === 1) {
        back = packed[p]! | ((tag >> 5) << 8);
        length = ((tag >> 2) & 7) + 4;
      } else back = kind === 2 ? packed[p]! | (packed[p + 1]! << 8) : little(packed, p, 4);
      p += width;
      if (back < 1 || back > filled || length > size - filled) return undefined;
      // Byte by byte: what is copied may be what this very copy writes.
      const from = filled - back;
      for (let i = 0; i < length; i++) out[filled + i] = out[from + i]!;
      filled += length;
    }
  }
  return filled === size ? out : undefined;
}

/** Of literals: copied faster one by one. */
const SHORT = 32;

/** Below zero for what no page has: 2 GiB and more. */
function little(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value |= bytes[at + i]! << (8 * i);
  return value;
}
