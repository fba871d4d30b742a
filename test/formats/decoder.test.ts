/** Which decoder reads what, and how much of a stream is looked at for it. */
import { describe, expect, it } from 'vitest';
import { decoderKind, headed } from '../../src/formats/decoder.ts';
import { normalize } from '../../src/formats/normalize.ts';
import { fileOf, text } from './cloudtrail/event.ts';
import { NOW } from './support.ts';

const FLOW = '2 123456789012 eni-1 10.0.0.1 10.0.0.2 1 2 6 3 4 1599665193 1599665488 ACCEPT OK\n';
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

async function* pieces(value: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < value.length; at += size) yield value.subarray(at, at + size);
}

async function firstOf(value: string, size: number): Promise<Uint8Array> {
  for await (const chunk of headed(pieces(bytes(value), size), 'auto')) return chunk;
  return new Uint8Array(0);
}

const EVENTS: Readonly<Record<string, string>> = {
  file: fileOf(text('a')),
  'file in lines': `\uFEFF {\n  "Records" : [\n ${text('a')} ] }`,
  event: text('a'),
  'list of events': `[ ${text('a')}]`,
  'event of EventBridge': `{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","detail":${text('a')}}`,
  'answer of LookupEvents': JSON.stringify({ Events: [{ EventId: 'a', Resources: [], CloudTrailEvent: text('a') }] }),
  'result of CloudTrail Lake': `eventTime,"eventJson"\n2026,"${text('a').replaceAll('"', '""')}"\n`,
};
const FLOWS: Readonly<Record<string, string>> = {
  line: FLOW,
  'JSON object': '{"version":2,"srcaddr":"10.0.0.1","start":1599665193,"log_status":"OK"}',
  list: '[{"srcaddr":"10.0.0.1","start":1599665193}]',
  header: `srcaddr dstaddr start end\n10.0.0.1 10.0.0.2 1599665193 1599665194\n`,
};

describe('the decoder', () => {
  it.each(Object.entries(EVENTS))('of events reads a(n) %s, however small its first piece', async (_, value) => {
    for (const size of [1, 3, 10_000]) {
      expect(decoderKind('auto', await firstOf(value, size)), String(size)).toBe('cloudtrail');
      const source = (async function* () {
        yield { kind: 'text' as const, offset: 0, origin: {}, chunks: pieces(bytes(value), size) };
        return undefined;
      })();
      const documents = [];
      for await (const document of normalize(source, { layout: 'auto', now: () => NOW })) documents.push(document);
      expect(documents).toMatchObject([{ event: { id: 'a' } }]);
    }
  });

  it.each(Object.entries(FLOWS))('of flows reads a %s, and waits for no more of it than tells that', async (_, value) => {
    for (const size of [1, 3, 10_000]) expect(decoderKind('auto', await firstOf(value + FLOW.repeat(100), size)), String(size)).toBe('flow');
    expect((await firstOf(value + FLOW.repeat(100), 1)).length).toBeLessThanOrEqual(value.length);
  });

  it('is what the source names, or what read it before, whatever it holds', () => {
    expect(decoderKind('cloudtrail', bytes(FLOW))).toBe('cloudtrail');
    expect(decoderKind('vpc-flow', bytes(fileOf(text('a'))))).toBe('flow');
    expect(decoderKind('auto', bytes(FLOW), 'cloudtrail:records')).toBe('cloudtrail');
  });
});
