import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Damage, decompress, gunzipWhole, sniff } from '../../src/decode/decompress.ts';

const TEXT = Buffer.from(
  Array.from({ length: 20_000 }, (_, i) => `2 123456789010 eni-${i % 7} 10.0.${i % 251}.${(i * 7) % 256} ${(i * 2654435761) % 65536} line ${i}`).join('\n'),
);

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function read(bytes: Uint8Array, size = 65_536): Promise<{ plain: Buffer; damage: Damage | undefined }> {
  const pieces: Uint8Array[] = [];
  const stream = decompress(cut(bytes, size));
  for (;;) {
    const next = await stream.next();
    if (next.done) return { plain: Buffer.concat(pieces), damage: next.value };
    pieces.push(next.value);
  }
}

const equal = (a: Buffer, b: Buffer): boolean => a.equals(b);

describe('content, not names, says how a delivery is compressed', () => {
  it.each([
    ['gzip', [0x1f, 0x8b]],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
    ['zstd', [0x5a, 0x2a, 0x4d, 0x18]],
    ['plain', [0x32, 0x20, 0x31, 0x32]],
    ['plain', [0x1f]],
    ['plain', []],
  ])('%s', (compression, head) => {
    expect(sniff(Uint8Array.from(head))).toBe(compression);
  });

  it('gives plain bytes as they are', async () => {
    for (const bytes of [TEXT, Buffer.from('a'), Buffer.alloc(0)]) expect(equal((await read(bytes, 3000)).plain, bytes)).toBe(true);
  });
});

describe.each([
  ['gzip', (b: Buffer) => gzipSync(b)],
  ['zstd', (b: Buffer) => zstdCompressSync(b, { params: { 201: 1 } })],
] as const)('%s', (name, compress) => {
  const packed = compress(TEXT);
  const code = `${name}-damaged`;

  it('is read whole, in pieces of any size', async () => {
    for (const size of [packed.length, 4096, 100]) {
      const { plain, damage } = await read(packed, size);
      expect(damage).toBeUndefined();
      expect(equal(plain, TEXT)).toBe(true);
    }
    expect(equal((await read(compress(Buffer.from('ab')), 1)).plain, Buffer.from('ab'))).toBe(true);
  });

  it('goes on over members one after another, and, as tapes and block devices leave them in gzip, zeros between and after them', async () => {
    const zeros = Buffer.alloc(name === 'gzip' ? 700 : 0);
    for (const size of [packed.length, 999]) {
      const { plain, damage } = await read(Buffer.concat([packed, packed, zeros, packed, zeros]), size);
      expect(damage).toBeUndefined();
      expect(equal(plain, Buffer.concat([TEXT, TEXT, TEXT]))).toBe(true);
    }
  });

  it('reports what follows it and is something else', async () => {
    for (const tail of ['garbage', '\0\0garbage']) {
      const { plain, damage } = await read(Buffer.concat([packed, Buffer.from(tail)]));
      expect(equal(plain, TEXT)).toBe(true);
      expect(damage).toMatchObject({ code, offset: TEXT.length });
    }
  });

  it('gives what comes before the place where it is cut', async () => {
    for (const length of [4, 20, packed.length >> 1, packed.length - 9, packed.length - 1]) {
      const { plain, damage } = await read(packed.subarray(0, length), 5000);
      expect(damage).toMatchObject({ code, offset: plain.length });
      expect(equal(plain, TEXT.subarray(0, plain.length))).toBe(true);
      if (name === 'gzip' && length > packed.length - 10) expect(plain.length).toBe(TEXT.length);
    }
  });

  it('gives all up to a wrong checksum', async () => {
    const wrong = Buffer.from(packed);
    wrong[wrong.length - (name === 'gzip' ? 6 : 2)]! ^= 0x55;
    const { plain, damage } = await read(wrong);
    expect(damage).toMatchObject({ code });
    if (name === 'gzip') expect(equal(plain, TEXT)).toBe(true);
  });

  it('never throws and never hangs on damaged bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const wrong = Buffer.from(packed.subarray(0, 20_000));
        wrong[4 + (at % (wrong.length - 4))]! ^= flip;
        const { damage } = await read(wrong);
        expect(damage?.code).toBe(code);
      }),
      { numRuns: 25 },
    );
  });

  it('stays small when its content is huge', async () => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
    let length = 0;
    let largest = 0;
    for await (const piece of decompress(cut(bomb, 65_536))) {
      length += piece.length;
      largest = Math.max(largest, piece.length);
    }
    expect(length).toBe(64 * 1024 * 1024);
    expect(largest).toBeLessThanOrEqual(1024 * 1024);
  });
});

it('throws what the source throws, and releases the source', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield gzipSync(randomBytes(100_000)).subarray(0, 50_000);
    throw new Error('the disk is gone');
  }
  const stream = decompress(failing());
  await expect(async () => {
    while (!(await stream.next()).done);
  }).rejects.toThrow('the disk is gone');

  let released = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield randomBytes(1000);
    } finally {
      released = true;
    }
  }
  for await (const _ of decompress(endless())) break;
  expect(released).toBe(true);
});

describe('a gzip at once', () => {
  const packed = gzipSync(TEXT);
  const unpacked = (bytes: Uint8Array): Buffer | undefined => {
    const plain = gunzipWhole(bytes);
    return plain && Buffer.from(plain);
  };

  it('is the same as in a stream, of one member or more', async () => {
    for (const bytes of [packed, Buffer.concat([packed, gzipSync('more')]), gzipSync('')])
      expect(equal(unpacked(bytes) as Buffer, (await read(bytes)).plain)).toBe(true);
  });

  it('is left to the stream where something else follows, it is damaged or says a length that it cannot have', () => {
    const broken = Buffer.from(packed);
    broken[packed.length >> 1]! ^= 0xff;
    const lying = Buffer.from(packed);
    lying.writeUInt32LE(0xffffffff, packed.length - 4);
    const large = gzipSync(Buffer.alloc(33 * 1024 * 1024));
    const others = [Buffer.alloc(8), Buffer.from('2 1234')].map((rest) => Buffer.concat([packed, rest]));
    for (const bytes of [...others, broken, lying, large, packed.subarray(0, -1), packed.subarray(0, 12)]) expect(unpacked(bytes)).toBeUndefined();
  });
});
