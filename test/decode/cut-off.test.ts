/** A file that somebody cuts off while it is read is no delivery that ends there: its rest would never be asked for again. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DELIVERY_LIMITS, segments } from '../../src/decode/segments.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-cut-off-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** More than is read ahead; the noise keeps it large when it is packed. */
const TEXT = Array.from({ length: 300_000 }, (_, i) => `${Math.sin(i)} ${Math.cos(i)}\n`).join('');

/** Length of a file's text; after its first piece it is cut to that many bytes. */
async function readAndCut(path: string, to?: number): Promise<number> {
  let length = 0;
  for await (const segment of segments({ path }, { limits: DELIVERY_LIMITS })) {
    if (segment.kind !== 'text') throw new Error(segment.kind);
    for await (const chunk of segment.chunks) {
      if (length === 0 && to !== undefined) await truncate(path, to);
      length += chunk.length;
    }
  }
  return length;
}

it.each([
  ['lines', TEXT],
  ['packed lines', gzipSync(TEXT)],
])('%s: whole, or named as cut off', async (name, bytes) => {
  const path = join(root, name);
  await writeFile(path, bytes);
  expect(await readAndCut(path)).toBe(TEXT.length);
  expect(await readAndCut(path, Buffer.byteLength(bytes))).toBe(TEXT.length);
  await expect(readAndCut(path, 100)).rejects.toThrow(`“${path}” became shorter while it was read.`);
});

it('is named where less is there than was to be read', async () => {
  const path = join(root, 'part');
  await writeFile(path, TEXT.slice(0, 1000));
  const parts = segments({ path, from: 10, length: 2000 }, { limits: DELIVERY_LIMITS });
  const read = async () => {
    for await (const segment of parts) if (segment.kind === 'text') for await (const _ of segment.chunks);
  };
  await expect(read()).rejects.toThrow('became shorter');
});
