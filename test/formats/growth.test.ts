/** Work that grows with the bytes alone: each of these would take minutes where something is looked at again and again. */
import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/formats/decoder.ts';
import { compileRecordRules } from '../../src/formats/record-rules.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { decodeEvents, outline, text } from './cloudtrail/event.ts';
import { decodeAll, NOW } from './support.ts';

const encode = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('events', () => {
  const large = (blob: string) => text('large', { requestParameters: { blob } });
  const blob = 'b'.repeat(4_000_000);

  it.each([
    ['whole', large(blob), ['before', 'large', 'after']],
    ['no JSON', large(blob).replace('"b', 'b'), ['before', 'not-json', 'after']],
    ['behind the list of a file', `],"more":"${blob}"}`, ['before', 'after']],
  ])('a large one in small pieces, %s', (_, bytes, outcome) => {
    const input = `${bytes[0] === ']' ? '{"Records":[' : ''}${text('before')}\n${bytes}\n${text('after')}\n`;
    expect(outline(decodeEvents(input, { cuts: [64] }).rows)).toEqual(outcome);
  });

  it('a row of a table in small pieces', () => {
    const row = (record: string) => `"${record.replaceAll('"', '""')}"\n`;
    const input = `eventJson\n${row(text('before'))}${row(large(blob))}${row(text('after'))}`;
    expect(outline(decodeEvents(input, { cuts: [64] }).rows)).toEqual(['before', 'large', 'after']);
  });

  it('one that came before the bytes that end its delivery too early is read', () => {
    const decoder = createDecoder('cloudtrail', { layout: 'auto', format: 'auto', now: () => NOW, capacity: 10, rules: undefined });
    const whole = text('whole');
    for (const part of [whole.slice(0, -1), whole.slice(-1), text('cut').slice(0, 9)]) expect(decoder.push(encode(part), false)).toBe(true);
    expect(decoder.push(encode(''), false)).toBe(true);
    decoder.endDamaged('gzip-damaged', 'unexpected end');
    const { counts, bad } = decoder.take();
    expect(counts).toMatchObject({ stored: 1, quarantined: 1 });
    expect(bad[0]).toMatchObject({ code: 'gzip-damaged', offset: whole.length, length: 9 });
  });

  it('large ones do not wait for as many small ones to be handed on', () => {
    const decoder = createDecoder('cloudtrail', { layout: 'auto', format: 'auto', now: () => NOW, capacity: 100_000, rules: undefined });
    const sizes: number[] = [];
    for (let i = 0; i < 25; i++) {
      if (decoder.push(encode(`${text(`e${i}`, { requestParameters: { blob } })}\n`), false)) continue;
      sizes.push(decoder.take().counts.stored);
      decoder.push(encode(''), false);
    }
    // 64 MiB are what a batch holds, and a part more before it is seen.
    expect(sizes).toEqual([20]);
  });

  it('broken ones of a line each', () => {
    const { counts } = decodeEvents(`${text('before')}\n${'{\n'.repeat(20_000)}${text('after')}\n`, { capacity: 100_000 });
    expect(counts).toMatchObject({ stored: 2, quarantined: 20_000 });
  });
});

describe('flow logs', () => {
  it('as many bad ones as there are bytes are no more than a batch may hold', () => {
    const decoder = createDecoder('flow', { layout: 'auto', format: 'auto', now: () => NOW, capacity: 1_000_000, rules: undefined });
    const part = encode('x\n'.repeat(10_000));
    let pushed = 0;
    while (pushed < 100 && decoder.push(part, false)) pushed++;
    // 64 MiB, with what each takes beside its byte.
    const { bad } = decoder.take();
    expect(bad.length).toBeGreaterThan(100_000);
    expect(bad.length).toBeLessThan(140_000);
  });

  it.each([
    ['objects of many lines', `{"a":1,\n${'"b":2,\n'.repeat(8000)}"c":3}\n`, 'unknown-json-shape'],
    ['objects with a long text', `{"a":"${'x'.repeat(60_000)}"}\n`, 'unknown-json-shape'],
    ['objects with blanks behind them', `{"a":1}${' '.repeat(60_000)}\n`, 'unknown-json-shape'],
    ['long lines', `${'a'.repeat(60_000)}\n`, 'too-few-fields'],
  ])('%s, byte by byte', (_, record, code) => {
    const { rows } = decodeAll(record.repeat(10), { cuts: [1] });
    expect(outline(rows)).toEqual(Array.from({ length: 10 }, () => code));
  });

  it('records of many lines, joined, line by line', () => {
    const rules = compileRecordRules({ ...DEFAULT_RECORD_SETTINGS, multiline: { mode: 'automatic' } });
    const record = `${'a '.repeat(15_000)}\n${' b\n'.repeat(10_000)}`;
    const { rows } = decodeAll(record.repeat(10), { cuts: [3], rules });
    expect(outline(rows)).toEqual(Array.from({ length: 10 }, () => 'several-lines'));
  });
});
