/** What must hold for all events: nothing is lost, the text is kept, and chunks and batches do not matter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparable, decodeEvents, event, fileOf, outline, text } from './event.ts';
import { eventTexts } from './generate.ts';

const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });

describe('every delivery of events', () => {
  it('is the same in chunks of any size', () => {
    fc.assert(
      fc.property(eventTexts, sizes, fc.integer({ min: 1, max: 4 }), (delivery, cuts, capacity) => {
        const whole = decodeEvents(delivery, { capacity });
        const pieces = decodeEvents(delivery, { cuts, capacity });
        expect(comparable(pieces.rows)).toEqual(comparable(whole.rows));
        expect(pieces.counts).toEqual(whole.counts);
        expect(pieces.ends).toEqual(whole.ends);
      }),
      { numRuns: 150 },
    );
  });

  it('is read on from where any batch ended', () => {
    fc.assert(
      fc.property(eventTexts, sizes, fc.integer({ min: 1, max: 3 }), (delivery, cuts, capacity) => {
        const { rows, ends } = decodeEvents(delivery, { capacity });
        for (const { offset, state, rows: done } of ends)
          expect(comparable(decodeEvents(delivery, { capacity, cuts, resume: { offset, state } }).rows)).toEqual(comparable(rows.slice(done)));
      }),
      { numRuns: 80 },
    );
  });

  it('keeps the text of each event, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 1, maxLength: 5 }), fc.constantFrom(undefined, 1, '\t'), (values, indent) => {
        const records = values.map((value, i) => JSON.stringify(event(`e${i}`, { requestParameters: value, [`x${i}`]: value }), null, indent));
        const { rows, counts } = decodeEvents(fileOf(...records));
        expect(counts).toMatchObject({ records: records.length, stored: records.length });
        expect(rows.map((row) => Buffer.from(row.raw, 'latin1').toString())).toEqual(records);
      }),
      { numRuns: 100 },
    );
  });

  it('is the same when cut at every byte', () => {
    const delivery = `\uFEFF{"Records": [${text('a')}, {"eventVersion": "1", ${text('b').slice(0, 300)} ,${text('c')}], "x": [1]}\n{}\n${text('d')}`;
    const bytes = new TextEncoder().encode(delivery);
    const whole = decodeEvents(bytes);
    expect(outline(whole.rows)).toEqual(['a', 'not-json', 'not-json', 'c', 'unknown-json-shape', 'd']);
    for (let at = 1; at < bytes.length; at += at < 60 || at > 1300 ? 1 : 17) {
      const { rows } = decodeEvents(bytes, { cuts: [at, bytes.length] });
      expect(comparable(rows), String(at)).toEqual(comparable(whole.rows));
    }
  });
});
