/** One fuzz case: throws when the decoder crashes, loses a record or a byte, or depends on how its input is cut. */
import { isDeepStrictEqual } from 'node:util';
import { decodeAll, type Row } from './support.ts';

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
