/** Bodies that were sent one by one are read one by one: a damaged one costs nothing of its neighbours, and offsets go on. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { DELIVERY_LIMITS, type Source, segmentsFrom } from '../../src/decode/segments.ts';
import { segmentsOfAll } from '../../src/decode/segments-of-all.ts';
import { document, LINE } from './support.ts';

const options = { limits: DELIVERY_LIMITS };
const body = (bytes: string | Uint8Array): Source => ({ bytes: Buffer.from(bytes) });
const BODIES: readonly Source[] = [
  body(`${LINE}\n`),
  // No line end: the next body begins a record all the same.
  body(LINE),
  body(gzipSync(`${LINE}\n${LINE}\n`)),
  body(gzipSync('x'.repeat(5000)).subarray(0, 30)),
  body(document([LINE])),
  body(''),
];

type Seen = { offset: number; text: string } | { offset: number; code: string; length: number };

async function seen(from = 0): Promise<Seen[]> {
  const all = segmentsOfAll(BODIES, options);
  const found: Seen[] = [];
  for await (const segment of from > 0 ? segmentsFrom(all, from) : all) {
    if (segment.kind === 'control') continue;
    if (segment.kind === 'bad') {
      found.push({ offset: segment.offset, code: segment.code, length: segment.length });
      continue;
    }
    let text = '';
    for await (const chunk of segment.chunks) text += Buffer.from(chunk).toString();
    if (text !== '') found.push({ offset: segment.offset, text });
  }
  return found;
}

it('reads each body on its own', async () => {
  const found = await seen();
  const texts = found.flatMap((s) => ('text' in s ? [s.text] : []));
  expect(texts.filter((text) => !text.startsWith('x'))).toEqual([`${LINE}\n`, LINE, `${LINE}\n${LINE}\n`, expect.stringContaining(LINE)]);
  expect(found.filter((s) => 'code' in s)).toEqual([{ offset: expect.any(Number), code: 'gzip-damaged', length: 1 }]);
  // Each begins where the one before ended.
  for (const [i, one] of found.entries()) {
    const before = found[i - 1];
    if (before) expect(one.offset).toBe(before.offset + ('text' in before ? before.text.length : before.length));
  }
});

it('goes on at any place between two of its segments', async () => {
  const found = await seen();
  for (const { offset } of found) expect(await seen(offset)).toEqual(found.filter((s) => s.offset >= offset));
});
