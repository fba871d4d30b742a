/** SHA-256 (FIPS 180-4) of a short message; this layer runs in browsers too and has no synchronous one. */

/** Cube roots of the first 64 primes and square roots of the first 8: 32 bits of their fractions. */
const { ROUNDS, START } = constants();

function constants(): { ROUNDS: Uint32Array; START: Uint32Array } {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);
  return {
    ROUNDS: Uint32Array.from(primes, (p) => fraction(BigInt(p), 3n)),
    START: Uint32Array.from(primes.slice(0, 8), (p) => fraction(BigInt(p), 2n)),
  };
}

/** The first 32 bits of the fraction of the `degree`-th root of `n`, by whole numbers alone: doubles would not do in every engine. */
function fraction(n: bigint, degree: bigint): number {
  const target = n << (32n * degree);
  let low = 0n;
  let high = 1n << 40n;
  while (low + 1n < high) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}

const encoder = new TextEncoder();

/** SHA-256 of the UTF-8 bytes of a text, in lower-case hex. */
export function sha256Hex(text: string): string {
  const message = encoder.encode(text);
  const data = new Uint8Array((((message.length + 8) >> 6) + 1) * 64);
  data.set(message);
  data[message.length] = 0x80;
  const view = new DataView(data.buffer);
  view.setBigUint64(data.length - 8, BigInt(message.length) * 8n);
  const h = Uint32Array.from(START);
  const w = new Int32Array(64);
  for (let block = 0; block < data.length; block += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15]!, w[i - 2]!];
      w[i] = w[i - 16]! + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + w[i - 7]! + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, k] = h as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const t1 = k + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i]! + w[i]!;
      const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [k, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, k].forEach((x, i) => {
      h[i] = h[i]! + x;
    });
  }
  return Array.from(h, (word) => word.toString(16).padStart(8, '0')).join('');
}
