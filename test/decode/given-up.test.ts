/** A delivery that is given up half-way leaves no file open: a server would run out of them. */
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIVERY_LIMITS, segments, segmentsFrom } from '../../src/decode/segments.ts';
import { segmentsOfAll } from '../../src/decode/segments-of-all.ts';
import { normalize } from '../../src/formats/normalize.ts';
import { document, LINE } from './support.ts';

const options = { limits: DELIVERY_LIMITS };
const many = `${LINE}\n`.repeat(30_000);
const documents = `${document([LINE])}\n`.repeat(5000);
const DELIVERIES = { lines: many, 'packed lines': gzipSync(many), documents, 'packed documents': gzipSync(documents) };

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-given-up-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** How often this process holds the file open. */
async function held(path: string): Promise<number> {
  const open = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(open)).filter((target) => target === path).length;
}

/** Reads the first piece of the first segment, and leaves. */
async function beginning(of: ReturnType<typeof segments>): Promise<boolean> {
  for await (const segment of of) {
    if (segment.kind !== 'text') return false;
    for await (const chunk of segment.chunks) return chunk.length > 0;
  }
  return false;
}

const READERS = {
  segments: (path: string) => beginning(segments({ path }, options)),
  'segments from an offset': (path: string) => beginning(segmentsFrom(segments({ path }, options), 60)),
  'segments of several': (path: string) => beginning(segmentsOfAll([{ path }, { path }], options)),
  documents: async (path: string) => {
    for await (const found of normalize(segments({ path }, options), { layout: 'auto', now: () => 1_750_000_000 })) return !('error' in found);
    return false;
  },
};

describe.each(Object.entries(DELIVERIES))('%s', (name, bytes) => {
  it.each(Object.entries(READERS))('are released by %s', async (_, leave) => {
    const path = join(root, `${name.replace(' ', '-')}`);
    await writeFile(path, bytes);
    expect(await leave(path)).toBe(true);
    expect(await held(path)).toBe(0);
  });
});
