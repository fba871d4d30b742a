/** One fuzz case: throws when the decoder crashes, loses a record or a byte, or depends on how its input is cut. */
import { isDeepStrictEqual } from 'node:util';
import { createDecoder } from '../../src/formats/decoder.ts';
import { decodeEvents } from './cloudtrail/event.ts';
import { decodeAll, NOW, type Row } from './support.ts';

function comparable(rows: readonly Row[]): unknown[] {
  return rows.map((row) => (row.table === 'bad' ? { ...row, bad: { ...row.bad, delivery: 0 } } : row));
}

export function fuzzCase(bytes: Uint8Array, cut: number): void {
  const whole = decodeAll(bytes);
  const pieces = decodeAll(bytes, { cuts: [cut], capacity: 3 });
  if (!isDeepStrictEqual(comparable(whole.rows), comparable(pieces.rows))) throw new Error('what comes out depends on the chunks');
  // Records and bad records are pieces of the input, in its order.
  const text = Buffer.from(bytes).toString('latin1');
  let at = 0;
  for (const row of whole.rows) {
    const found = text.indexOf(row.raw, at);
    if (found < 0) throw new Error(`the record ${JSON.stringify(row.raw)} is not in the input after ${at}`);
    at = found + row.raw.length;
  }
}

const decoder = createDecoder('cloudtrail', { layout: 'auto', now: () => NOW, capacity: 3 });

/** The same of events; and what comes behind a batch comes again from where the batch ended. */
export function eventFuzzCase(bytes: Uint8Array, cut: number): void {
  const whole = decodeEvents(bytes, { decoder });
  const pieces = decodeEvents(bytes, { cuts: [cut], decoder });
  if (!isDeepStrictEqual(comparable(whole.rows), comparable(pieces.rows)) || !isDeepStrictEqual(whole.counts, pieces.counts))
    throw new Error('what comes out depends on the chunks');
  const { offset, state, rows } = whole.ends[cut % whole.ends.length]!;
  const resumed = decodeEvents(bytes, { decoder, cuts: [cut], resume: { offset, state } });
  if (!isDeepStrictEqual(comparable(whole.rows.slice(rows)), comparable(resumed.rows))) throw new Error(`what comes after ${offset} (${state}) is another`);
  const text = Buffer.from(bytes).toString('latin1');
  // What is unpacked from a text is no piece of the input.
  if (/CloudTrailEvent|eventJson/i.test(text)) return;
  let at = 0;
  for (const row of whole.rows) {
    const found = text.indexOf(row.raw, at);
    if (found < 0) throw new Error(`the record ${JSON.stringify(row.raw)} is not in the input after ${at}`);
    at = found + row.raw.length;
  }
}
