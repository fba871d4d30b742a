/**
 * Community ID version 1: one name for both directions of a flow, the same in every tool that computes
 * it. https://github.com/corelight/community-id-spec
 */
import { isIPv4, parseAddress } from '../../model/address.ts';

const PORT_PROTOCOLS: ReadonlySet<number> = new Set([6, 17, 132]);
/** Their ports stand for type and code, which flow logs do not give. */
const ICMP: ReadonlySet<number> = new Set([1, 58]);

/** `1:…`; undefined where the record does not tell enough (ICMP, missing ports). */
export function communityId(
  source: string,
  destination: string,
  protocol: number,
  sourcePort: number | undefined,
  destinationPort: number | undefined,
): string | undefined {
  if (ICMP.has(protocol)) return undefined;
  const from = addressBytes(source);
  const to = addressBytes(destination);
  if (!from || !to) return undefined;
  const withPorts = PORT_PROTOCOLS.has(protocol);
  if (withPorts && (sourcePort === undefined || destinationPort === undefined)) return undefined;
  const a = [...from, ...(withPorts ? portBytes(sourcePort ?? 0) : [])];
  const b = [...to, ...(withPorts ? portBytes(destinationPort ?? 0) : [])];
  const swap = less(b, a);
  const [first, second] = swap ? [to, from] : [from, to];
  const ports = withPorts ? [...portBytes((swap ? destinationPort : sourcePort) ?? 0), ...portBytes((swap ? sourcePort : destinationPort) ?? 0)] : [];
  return `1:${base64(sha1(Uint8Array.from([0, 0, ...first, ...second, protocol, 0, ...ports])))}`;
}

function addressBytes(text: string): Uint8Array | undefined {
  const bytes = parseAddress(text);
  return bytes && isIPv4(bytes) ? bytes.subarray(12) : bytes;
}

function portBytes(port: number): number[] {
  return [port >> 8, port & 255];
}

function less(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return a.length < b.length;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function rotate(x: number, n: number): number {
  return (x << n) | (x >>> (32 - n));
}

/** SHA-1 (RFC 3174) of a short message; this layer runs in browsers too and has no synchronous one. */
function sha1(message: Uint8Array): Uint8Array {
  const length = ((message.length + 8) >> 6) + 1;
  const data = new Uint8Array(length * 64);
  data.set(message);
  data[message.length] = 0x80;
  const view = new DataView(data.buffer);
  view.setUint32(data.length - 4, message.length * 8);
  const h = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const w = new Int32Array(80);
  for (let block = 0; block < data.length; block += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 80; i++) w[i] = rotate(w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!, 1);
    let [a, b, c, d, e] = h as [number, number, number, number, number];
    for (let i = 0; i < 80; i++) {
      const [f, k] =
        i < 20
          ? [(b & c) | (~b & d), 0x5a827999]
          : i < 40
            ? [b ^ c ^ d, 0x6ed9eba1]
            : i < 60
              ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
              : [b ^ c ^ d, 0xca62c1d6];
      const t = (rotate(a, 5) + f + e + k + w[i]!) | 0;
      [e, d, c, b, a] = [d, c, rotate(b, 30), a, t];
    }
    [a, b, c, d, e].forEach((x, i) => {
      h[i] = (h[i]! + x) | 0;
    });
  }
  const out = new Uint8Array(20);
  const outView = new DataView(out.buffer);
  h.forEach((x, i) => {
    outView.setInt32(i * 4, x);
  });
  return out;
}
