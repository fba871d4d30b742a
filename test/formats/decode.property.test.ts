/** What must hold for all records: nothing is lost, the columns give back the text, and chunks do not matter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnOf } from '../../src/model/fields.ts';
import { layoutWithRecords } from './generate.ts';
import { decodeAll, type Row } from './support.ts';

/** Rows without what depends on how batches were cut. */
function comparable(rows: readonly Row[]): unknown[] {
  return rows.map((row) => (row.table === 'bad' ? { ...row, bad: { ...row.bad, delivery: 0 } } : row));
}

describe('every record', () => {
  it('of any layout is stored, and rebuilt byte for byte', () => {
    fc.assert(
      fc.property(layoutWithRecords, fc.constantFrom('\n', '\r\n'), fc.boolean(), (input, lineEnd, underscores) => {
        const header = (underscores ? input.layout.map(columnOf) : input.layout).join(' ');
        const { rows, counts } = decodeAll([header, ...input.records].join(lineEnd));
        expect(counts).toMatchObject({ headers: 1, records: input.records.length, quarantined: 0 });
        const cr = lineEnd === '\n' ? '' : '\r';
        const last = input.records.length - 1;
        expect(rows.map((r) => Buffer.from(r.raw, 'latin1').toString())).toEqual(input.records.map((r, i) => (i === last ? r : r + cr)));
      }),
      { numRuns: 300 },
    );
  });

  it('reads the same under an explicit layout as under a header', () => {
    fc.assert(
      fc.property(layoutWithRecords, ({ layout, records }) => {
        const text = records.join('\n');
        const named = decodeAll(text, { layout: layout.map((name) => `\${${name}}`).join(' ') });
        const headed = decodeAll(`${layout.join(' ')}\n${text}\n`);
        expect(comparable(named.rows)).toEqual(comparable(headed.rows));
      }),
      { numRuns: 100 },
    );
  });

  it('is the same in chunks and batches of any size', () => {
    const junk = fc.constantFrom(
      '',
      'junk',
      '{"a":1}',
      '{"srcaddr":"10.0.0.1","start":1599665193}',
      '{"b',
      '[',
      '[{"srcaddr":"10.0.0.1"},',
      ']',
      '  ',
      '\u0001',
      'version start',
      '{\n"start":1599665193\n}',
    );
    fc.assert(
      fc.property(
        fc.array(layoutWithRecords, { maxLength: 3 }),
        fc.array(junk, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (parts, noise, cuts, capacity) => {
          const lines = parts.flatMap(({ layout, records }, i) => [layout.join(' '), ...records, ...noise.slice(i * 2, i * 2 + 2)]);
          const text = [...noise.slice(-1), ...lines].join('\n');
          const whole = decodeAll(text);
          const pieces = decodeAll(text, { cuts, capacity });
          expect(comparable(pieces.rows)).toEqual(comparable(whole.rows));
          expect(pieces.counts).toEqual(whole.counts);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is the same when cut at every byte', () => {
    const text = [
      '\uFEFFversion account-id srcaddr start end log-status',
      '2 1 10.0.0.1 1599665193 1599665194 OK',
      '2 1 2001:db8::1 1599665193 1599665194 NODATA\r',
      '{"srcaddr":"10.0.0.1","start":1599665193}',
      '',
      '[{"srcaddr":"10.0.0.1","start":1599665193},',
      '  {"srcaddr":"10.0.0.2","start":1599665193}]',
      'bad line',
      'start action',
      '1599665193 REJECT',
    ].join('\n');
    const bytes = new TextEncoder().encode(text);
    const whole = decodeAll(bytes);
    expect(whole.counts).toMatchObject({ records: 7, stored: 5, nodata: 1, quarantined: 1, headers: 2 });
    for (let at = 1; at < bytes.length; at++) {
      expect(comparable(decodeAll(bytes, { cuts: [at, bytes.length] }).rows)).toEqual(comparable(whole.rows));
    }
  });
});
