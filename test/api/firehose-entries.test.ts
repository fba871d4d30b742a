/** How the records of a Firehose delivery become entries of the spool: none has more parts than its header holds. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { entriesOf } from '../../src/api/receive/firehose.ts';
import { frame, isTooLong } from '../../src/ingest/spool-file.ts';

const ORIGIN = { sourceName: '\u0001'.repeat(512), sourceCategory: '"'.repeat(512), sourceHost: '\u0001'.repeat(512), collector: 'c' };
const record = (bytes: string | Uint8Array) => ({ data: Buffer.from(bytes).toString('base64') });
const entries = (records: readonly { readonly data: string }[]) => entriesOf({ requestId: 'r', timestamp: 1, records }, { id: 's', name: 'n' }, ORIGIN, 2);

it('ends a run of packed records where its entry has its parts, and loses none of them', () => {
  const packed = Array.from({ length: 4500 }, (_, i) => gzipSync(`line ${i}\n`));
  const made = entries([record('plain'), ...packed.map(record), record('plain again\n')]);
  expect(made.map(({ header }) => [header.id.split('#')[1], header.parts?.length])).toEqual([
    ['0', undefined],
    ['1', 2000],
    ['2', 2000],
    ['3', 500],
    ['4', undefined],
  ]);
  const read = made.flatMap(({ header, body }) => {
    let at = 0;
    return (header.parts ?? []).map((length) => {
      at += length;
      return gunzipSync(body.subarray(at - length, at)).toString();
    });
  });
  expect(read).toEqual(packed.map((_, i) => `line ${i}\n`));
});

it('makes of the most records that a delivery has entries that can be read again', () => {
  const large = record(Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(10_000)]));
  const made = entries(Array.from({ length: 10_000 }, () => large));
  expect(made).toHaveLength(5);
  for (const { header, body } of made) {
    expect(isTooLong(header)).toBe(false);
    expect(frame(header, body)[1]?.length).toBeLessThan(64 * 1024);
  }
});

it('keeps plain records of any number as the lines of one entry', () => {
  const made = entries(Array.from({ length: 5000 }, (_, i) => record(`line ${i}`)));
  expect(made).toHaveLength(1);
  expect(
    Buffer.from(made[0]?.body ?? '')
      .toString()
      .split('\n'),
  ).toHaveLength(5001);
});
