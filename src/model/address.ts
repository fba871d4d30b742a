/**
 * Internet addresses in one 16-byte form for both families: network order, IPv4 as ::ffff:a.b.c.d.
 * Parsing is strict (what a person would call a typing error is no address), printing is canonical:
 * as ClickHouse prints IPv6, and IPv4-mapped addresses as dotted quads.
 */

export const ADDRESS_BYTES = 16;

/** Bytes of an address text; undefined when it is none. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length > 45) return undefined;
  const ascii = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return undefined;
    ascii[i] = code;
  }
  const out = new Uint8Array(ADDRESS_BYTES);
  return parseAddressBytes(ascii, 0, ascii.length, out, 0) ? out : undefined;
}

/** Reads the ASCII text `buf[start, end)` into `out[at, at + 16)`; false (with `out` undefined there) when it is no address. */
export function parseAddressBytes(buf: Uint8Array, start: number, end: number, out: Uint8Array, at: number): boolean {
  for (let p = start; p < end; p++) if (buf[p] === COLON) return parseIPv6(buf, start, end, out, at);
  out.fill(0, at, at + 10);
  out[at + 10] = 0xff;
  out[at + 11] = 0xff;
  return parseIPv4(buf, start, end, out, at + 12);
}

const COLON = 0x3a;
const DOT = 0x2e;

/** Four decimal octets without leading zeros, into four bytes. */
function parseIPv4(buf: Uint8Array, start: number, end: number, out: Uint8Array, at: number): boolean {
  let p = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && buf[p++] !== DOT) return false;
    const first = p;
    let value = 0;
    while (p < end && p - first < 3) {
      const digit = buf[p]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      p++;
    }
    if (p === first || value > 255 || (p - first > 1 && buf[first] === 48)) return false;
    out[at + octet] = value;
  }
  return p === end;
}

function hexValue(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** RFC 4291 section 2.2: eight groups, one `::` for one or more of them, an IPv4 tail for the last two. */
function parseIPv6(buf: Uint8Array, start: number, end: number, out: Uint8Array, at: number): boolean {
  out.fill(0, at, at + ADDRESS_BYTES);
  let p = start;
  let filled = 0;
  let gap = -1;
  if (buf[p] === COLON) {
    if (end - p < 2 || buf[p + 1] !== COLON) return false;
    gap = 0;
    p += 2;
  }
  while (p < end) {
    if (filled === ADDRESS_BYTES) return false;
    const first = p;
    let value = 0;
    while (p < end && p - first < 5) {
      const digit = hexValue(buf[p]!);
      if (digit < 0) break;
      value = value * 16 + digit;
      p++;
    }
    if (p < end && buf[p] === DOT) {
      if (filled > 12 || !parseIPv4(buf, first, end, out, at + filled)) return false;
      filled += 4;
      p = end;
      break;
    }
    if (p === first || p - first > 4) return false;
    out[at + filled] = value >> 8;
    out[at + filled + 1] = value & 255;
    filled += 2;
    if (p === end) break;
    if (buf[p++] !== COLON) return false;
    if (p === end) return false;
    if (buf[p] === COLON) {
      if (gap >= 0) return false;
      gap = filled;
      p++;
    }
  }
  if (gap < 0) return filled === ADDRESS_BYTES;
  if (filled === ADDRESS_BYTES) return false;
  const tail = filled - gap;
  out.copyWithin(at + ADDRESS_BYTES - tail, at + gap, at + filled);
  out.fill(0, at + gap, at + ADDRESS_BYTES - tail);
  return true;
}

/** Whether the 16 bytes at `at` are an IPv4 address (::ffff:0:0/96). */
export function isIPv4(bytes: Uint8Array, at = 0): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

function dotted(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/**
 * Canonical text of the 16 bytes at `at`. Zero groups shrink as in inet_ntop: the first longest run of
 * two or more; a run of exactly six at the front prints the rest as a dotted quad, as ClickHouse does.
 */
export function formatAddress(bytes: Uint8Array, at = 0): string {
  if (isIPv4(bytes, at)) return dotted(bytes, at + 12);
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; ) {
    let run = 0;
    while (i + run < 8 && bytes[at + (i + run) * 2] === 0 && bytes[at + (i + run) * 2 + 1] === 0) run++;
    if (run > bestLength) {
      best = i;
      bestLength = run;
    }
    i += run || 1;
  }
  if (best === 0 && bestLength === 6) return `::${dotted(bytes, at + 12)}`;
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === best) {
      text += '::';
      i += bestLength - 1;
      continue;
    }
    if (i > 0 && i !== best + bestLength) text += ':';
    text += ((bytes[at + i * 2]! << 8) | bytes[at + i * 2 + 1]!).toString(16);
  }
  return text;
}
