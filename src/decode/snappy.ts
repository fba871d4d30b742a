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
  let filled = 0;
  while (p < packed.length) {
    const tag = packed[p++]!;
    const kind = tag & 3;
    let length = (tag >> 2) + 1;
    if (kind === 0) {
      const more = Math.max(0, length - 60);
      if (more > 0) length = little(packed, p, more) + 1;
      p += more;
      // Not a number where the input has ended.
      if (!(length <= packed.length - p && length <= size - filled)) return undefined;
      out.set(packed.subarray(p, p + length), filled);
      p += length;
    } else {
      const width = kind === 3 ? 4 : kind;
      let back = little(packed, p, width);
      if (kind === 1) {
        back += (tag >> 5) << 8;
        length = ((tag >> 2) & 7) + 4;
      }
      p += width;
      if (!(back >= 1 && back <= filled && length <= size - filled)) return undefined;
      // What is copied may be what this very copy writes.
      if (back >= length) out.copyWithin(filled, filled - back, filled - back + length);
      else for (let i = 0; i < length; i++) out[filled + i] = out[filled + i - back]!;
    }
    filled += length;
  }
  return filled === size ? out : undefined;
}

/** NaN past the end. */
function little(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value += (bytes[at + i] ?? Number.NaN) * 2 ** (8 * i);
  return value;
}
