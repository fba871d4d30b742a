import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DELIVERY_LIMITS, segments } from '../../src/decode/segments.ts';
import { normalize } from '../../src/formats/normalize.ts';
import { CONTROL, cut, document, LINE, type Read, read, texts } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'bartizan-segments-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ORIGIN = { logGroup: '/vpc/flow', logStream: 'eni-1235b8ca123456789-all', account: '123456789012' };
const of = (...parts: (string | Uint8Array)[]): { bytes: Uint8Array } => ({ bytes: Buffer.concat(parts.map((p) => Buffer.from(p))) });

describe('lines and JSON records', () => {
  it.each([
    ['lines', `${LINE}\n${LINE}\n`],
    ['a header', `version account-id\n2 123456789010\n`],
    ['nothing', ''],
    ['blanks', '  \n \n'],
    ['a JSON record', `{"message":"${LINE}","logStream":"x","logGroup":"y"}\n`],
    ['JSON records in a list', `[{"srcaddr":"10.0.0.1","more":{"messageType":"not at the top"}}]`],
    ['a record whose message speaks of a document', `{"message":"{\\"messageType\\":\\"DATA_MESSAGE\\",\\"logEvents\\":[]}"}\n`],
    ['half a brace', '{'],
    ['a deep list', `${'['.repeat(5000)}\n`],
  ])('%s: one segment of the same bytes', async (_, text) => {
    const { seen, damage } = await read(of(text));
    expect(damage).toBeUndefined();
    expect(seen).toEqual([{ kind: 'text', offset: 0, origin: {}, text }]);
  });

  it('hands memory on without copying it', async () => {
    const bytes = Buffer.from(`${LINE}\n`.repeat(50_000));
    for await (const segment of segments({ bytes }, { limits: DELIVERY_LIMITS })) {
      if (segment.kind !== 'text') throw new Error(segment.kind);
      let length = 0;
      for await (const chunk of segment.chunks) {
        expect(chunk.buffer).toBe(bytes.buffer);
        length += chunk.length;
      }
      expect(length).toBe(bytes.length);
    }
  });

  it('reads a file, and a part of one', async () => {
    const path = join(folder, 'lines.log');
    writeFileSync(path, `a\n${LINE}\nb\n`);
    let heard = 0;
    expect(texts(await read({ path }, { onRead: (n) => (heard += n) }))).toEqual([`a\n${LINE}\nb\n`]);
    expect(heard).toBe(LINE.length + 5);
    expect(texts(await read({ path, from: 2, length: LINE.length }))).toEqual([LINE]);
    expect(texts(await read({ path, from: 2 }))).toEqual([`${LINE}\nb\n`]);
    await expect(read({ path: join(folder, 'none') })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['gzip', gzipSync(LINE), false],
    ['zstd', zstdCompressSync(LINE), false],
    ['deflate', deflateSync(LINE), true],
    ['deflate without header', deflateRawSync(LINE), true],
    ['gzip in gzip', gzipSync(gzipSync(LINE)), false],
    ['nothing in deflate', Buffer.alloc(0), true],
  ])('unpacks %s', async (_, bytes, deflate) => {
    const { seen, damage } = await read({ bytes }, { deflate });
    expect(damage).toBeUndefined();
    expect(seen).toMatchObject([{ kind: 'text', text: bytes.length ? LINE : '' }]);
  });

  it('says what stopped it, and where', async () => {
    const packed = deflateSync(`${LINE}\n`.repeat(5000));
    const { seen, damage } = await read({ bytes: packed.subarray(0, packed.length - 9) }, { deflate: true });
    expect(damage?.code).toBe('deflate-damaged');
    expect(damage?.offset).toBe((seen[0] as { text: string }).text.length);
    expect((await read(of(deflateSync(LINE), 'more'), { deflate: true })).damage).toMatchObject({ code: 'deflate-damaged', offset: LINE.length });
    expect((await read(of(gzipSync(LINE), 'more'))).damage).toMatchObject({ code: 'gzip-damaged', offset: LINE.length });
  });
});

describe('CloudWatch documents', () => {
  const two = document([LINE, `${LINE}\n`]);

  it.each<[string, { bytes: Uint8Array }, number]>([
    ['one', of(two), 1],
    ['after blanks and a byte order mark', of('\ufeff \n', two), 1],
    ['one after the other', of(two, two, two), 3],
    ['on lines of their own', of(two, '\n', two, '\r\n'), 2],
    ['in a list', of('[', two, ',', two, ']'), 2],
    ['over several lines', of(JSON.stringify(JSON.parse(two), null, 2), '\n', two), 2],
    ['in gzip', of(gzipSync(two)), 1],
    ['in gzip each', of(gzipSync(two), gzipSync(two)), 2],
    ['in gzip each, with line ends between', of(gzipSync(two), '\n', gzipSync(two), '\n'), 2],
    ['in gzip each, and all in gzip once more', of(gzipSync(Buffer.concat([gzipSync(two), gzipSync(two)]))), 2],
    ['in zstd', of(zstdCompressSync(two + two)), 2],
    ['some of them in gzip', of(two, gzipSync(two), two, '\n', gzipSync(two), zstdCompressSync(two)), 5],
    ['some of them in gzip, the first too', of(gzipSync(two), two, gzipSync(two)), 3],
    ['as a Lambda function gets it', of(JSON.stringify({ awslogs: { data: gzipSync(two).toString('base64') } })), 1],
    ['with its events first', of(two.replace(/"messageType":"DATA_MESSAGE",/, '').replace(/}$/, ',"messageType":"DATA_MESSAGE"}')), 1],
  ])('%s', async (_, source, documents) => {
    const result = await read(source);
    expect(result.damage).toBeUndefined();
    expect(result.seen).toEqual(
      Array.from({ length: documents }, (_, i) => ({ kind: 'text', offset: i * 2 * (LINE.length + 1), origin: ORIGIN, text: `${LINE}\n${LINE}\n` })),
    );
  });

  it('does not take the test of a subscription for records, and tells of it', async () => {
    const { seen } = await read(of(CONTROL, document([LINE]), CONTROL));
    expect(seen.map((s) => [s.kind, s.offset])).toEqual([
      ['control', 0],
      ['text', 0],
      ['control', LINE.length + 1],
    ]);
  });

  it('keeps messages as they are: line ends inside, other alphabets, empty ones', async () => {
    expect(texts(await read(of(document(['a\nb', 'ü日\u{1f600}', '', 'c\r\n', 'd\\"e']))))).toEqual([
      Buffer.from('a\nb\nü日\u{1f600}\n\nc\r\nd\\"e\n').toString('latin1'),
    ]);
  });

  it('tells accounts and regions apart where the service names them', async () => {
    const event = (message: string, account: string, region: string) => ({
      id: '1',
      timestamp: 1,
      message,
      extractedFields: { '@aws.account': account, '@aws.region': region, a: 'b' },
    });
    const { seen } = await read(
      of(document([], { logEvents: [event('a', '1', 'x'), event('b', '1', 'x'), event('c', '2', 'x'), { id: '1', timestamp: 1, message: 'd' }] })),
    );
    expect(seen).toMatchObject([
      { text: 'a\nb\n', origin: { account: '1', region: 'x' } },
      { text: 'c\n', origin: { account: '2', region: 'x' } },
      { text: 'd\n', origin: ORIGIN },
    ]);
    expect(seen[2]).not.toHaveProperty('origin.region');
    const top = await read(of(document(['a'], { '@aws.account': '7', '@aws.region': 'y', logGroup: 5, logStream: 'x'.repeat(5000) })));
    expect(top.seen).toMatchObject([{ origin: { account: '7', region: 'y' } }]);
    expect(Object.keys((top.seen[0] as { origin: object }).origin)).toEqual(['account', 'region']);
  });

  it('gives each message as its record', async () => {
    const documents: unknown[] = [];
    const source = of(gzipSync(document([LINE, 'nothing', `${LINE}\n`]) + CONTROL), gzipSync(`{"messageType":"DATA_MESSAGE","logEv`));
    for await (const d of normalize(segments(source, { limits: DELIVERY_LIMITS }), { layout: 'auto', now: () => 1795132800 })) documents.push(d);
    expect(documents).toMatchObject([
      { message: LINE, source: { ip: '172.31.16.139' } },
      { error: { code: 'too-few-fields' }, raw: 'nothing' },
      { message: LINE },
      { error: { code: 'envelope-damaged' }, raw: '{"messageType":"DATA_MESSAGE","logEv' },
    ]);
    expect(documents).toHaveLength(4);
  });
});

describe('what is broken costs nothing else', () => {
  const good = document(['good']);
  const bad = async (...parts: (string | Uint8Array)[]): Promise<[string, string, number][]> => {
    const result = await read(of(good, ...parts, good));
    expect(result.damage).toBeUndefined();
    expect(texts(result)).toEqual(['good\n', 'good\n']);
    return result.seen.flatMap((s): [string, string, number][] => (s.kind === 'bad' ? [[s.code, s.raw, s.length]] : []));
  };

  it.each([
    ['a document that is cut', '{"messageType":"DATA_MESSAGE","logEvents":[{"mess'],
    ['a document that is cut in a text', '{"messageType":"DATA_MESSAGE","logEvents":[{"message":"a \\"'],
    ['no JSON', '{"messageType":"DATA_MESSAGE",logEvents:[]}'],
    ['events that are no list', '{"messageType":"DATA_MESSAGE","logEvents":{"0":{}}}'],
    ['no events', '{"messageType":"DATA_MESSAGE"}'],
    ['an event without text', '{"messageType":"DATA_MESSAGE","logEvents":[{"message":5}]}'],
    ['no base64', '{"awslogs":{"data":"*"}}'],
    ['no gzip', '{"awslogs":{"data":"aaaa"}}'],
    [
      'a Lambda event in a Lambda event',
      `{"awslogs":{"data":"${gzipSync(`{"awslogs":{"data":"${gzipSync(document(['x'])).toString('base64')}"}}`).toString('base64')}"}}`,
    ],
  ])('%s', async (name, text) => {
    expect(await bad(text)).toEqual([
      ['envelope-damaged', name === 'an event without text' ? '{"message":5}' : text, name === 'an event without text' ? 13 : text.length],
    ]);
  });

  it('events in a row without text, as one record; those between others by themselves', async () => {
    const text = `{"messageType":"DATA_MESSAGE","logEvents":[${Array.from({ length: 50_000 }, () => '0').join(',')},{"message":"a"},{},{"message":"b"},null,{"message":null}]}`;
    const { seen } = await read(of(text));
    expect(seen.map((s) => (s.kind === 'bad' ? [s.code, s.raw.slice(0, 21), s.length] : s.kind === 'text' ? s.text : s.kind))).toEqual([
      ['envelope-damaged', '0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0', 99_999],
      'a\n',
      ['envelope-damaged', '{}', 2],
      'b\n',
      ['envelope-damaged', 'null\n{"message":null}', 21],
    ]);
  });

  it('more than one cut document', async () => {
    const half = '{"messageType":"DATA_MESSAGE","logEvents":[{"mess';
    expect(await bad(half, half, good.slice(0, 5), half)).toHaveLength(3);
  });

  it('deep nesting', async () => {
    const deep = `{"messageType":"DATA_MESSAGE","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const packed = JSON.stringify({ awslogs: { data: gzipSync(deep).toString('base64') } });
    expect(await bad(deep, packed)).toMatchObject([
      ['envelope-too-large', deep.slice(0, 65536), deep.length],
      ['envelope-damaged', packed, packed.length],
    ]);
  });

  it('too large a document, closed or not', async () => {
    const limits = { ...DELIVERY_LIMITS, document: 100_000 };
    const large = `{"messageType":"DATA_MESSAGE","x":"${'y'.repeat(400_000)}"}`;
    for (const text of [large, large.slice(0, -2), `${large.slice(0, -1)}{{{`]) {
      const { seen } = await read(of(good, text, good), { limits });
      expect(seen).toMatchObject([
        { text: 'good\n' },
        { kind: 'bad', code: 'envelope-too-large', length: text.length },
        { text: 'good\n', offset: 5 + text.length },
      ]);
    }
  });

  it('bytes that are no UTF-8: the messages that have none are read', async () => {
    const [head, tail] = document(['a', 'b@', 'c']).split('@') as [string, string];
    const { seen } = await read(of(head, Buffer.from([0xff]), tail));
    expect(seen).toMatchObject([{ text: 'a\n' }, { kind: 'bad', code: 'invalid-utf8' }, { text: 'c\n' }]);
    expect((await read(of(document(['a', '\ud800'])))).seen).toMatchObject([{ text: 'a\n' }, { code: 'invalid-utf8', raw: '"\\ud800"' }]);
  });

  it('names that JavaScript has ideas about', async () => {
    const text = document(['x']).replace('{', '{"__proto__":{"logEvents":[]},"constructor":1,');
    expect(texts(await read(of(text)))).toEqual(['x\n']);
    expect(({} as { logEvents?: unknown }).logEvents).toBeUndefined();
  });

  it('lines between documents are records by themselves', async () => {
    const flow = `{"srcaddr":"10.0.0.1"}`;
    const { seen } = await read(of(good, LINE, '\n', flow, '\n', 'x', good, flow));
    expect(seen).toMatchObject([{ text: 'good\n' }, { text: `${LINE}\n${flow}\nx`, origin: {} }, { text: 'good\n', origin: ORIGIN }, { text: flow }]);
  });
});

describe('limits', () => {
  it('are of all packed documents of a delivery together', async () => {
    const limits = { ...DELIVERY_LIMITS, small: 1_000_000, ratio: 1 };
    const packed = gzipSync(`${document(['good'])}${' '.repeat(300_000)}`);
    const { seen, damage } = await read(of(document(['first']), ...Array.from({ length: 10 }, () => ['\n', packed]).flat()), { limits });
    expect(damage).toMatchObject({ code: 'decompression-limit' });
    expect(seen.filter((s) => s.kind === 'text')).toHaveLength(5);
    expect((await read(of(document(['first']), ...Array.from({ length: 3 }, () => ['\n', packed]).flat()), { limits })).damage).toBeUndefined();
  });

  it('stops a bomb at its limit, always at the same byte', async () => {
    const limits = { ...DELIVERY_LIMITS, small: 1_000_000, ratio: 50 };
    const bomb = gzipSync(Buffer.alloc(60_000_000, `${LINE}\n`), { level: 9 });
    for (const sizes of [[bomb.length], [1000], [7, 70_000]]) {
      const path = join(folder, 'bomb.gz');
      writeFileSync(path, bomb);
      const { seen, damage } = await read(sizes.length > 1 ? { path } : { bytes: bomb }, { limits });
      const most = Math.max(1_000_000, 50 * bomb.length);
      expect(damage).toMatchObject({ code: 'decompression-limit', offset: most });
      expect((seen[0] as { text: string }).text).toHaveLength(most);
    }
    expect((await read(cut(bomb, [5000]), { limits: { ...limits, delivery: 2_000_000 } })).damage).toMatchObject({ offset: 2_000_000 });
    expect((await read({ bytes: bomb }, { limits: DELIVERY_LIMITS })).damage).toBeUndefined();
  });

  it('does not unpack for ever', async () => {
    let bytes: Uint8Array = Buffer.from(document(['x']));
    for (let i = 0; i < 3; i++) bytes = gzipSync(bytes);
    expect(texts(await read({ bytes }))).toEqual(['x\n']);
    expect((await read({ bytes: gzipSync(bytes) })).damage).toMatchObject({ code: 'decompression-limit' });
    let inside: Uint8Array = Buffer.from(document(['y']));
    for (let i = 0; i < 5; i++) inside = Buffer.concat([Buffer.from(CONTROL), gzipSync(inside)]);
    expect((await read({ bytes: inside })).damage).toMatchObject({ code: 'decompression-limit' });
  });
});

describe('work that grows with the bytes alone, where it would take minutes else', () => {
  const first = document(['first']);
  const broken = '{"messageType":"DATA_MESSAGE","logEvents":[{"message":"';

  it('a delivery that arrives byte by byte', async () => {
    const bytes = Buffer.concat([Buffer.from(first), ...Array.from({ length: 5 }, () => Buffer.from(`${broken}${'z'.repeat(200_000)}`))]);
    const { seen } = await read(cut(bytes, [1]));
    expect(seen.map((s) => s.kind)).toEqual(['text', 'bad', 'bad', 'bad', 'bad', 'bad']);
  });

  it.each([
    ['beginnings of documents', '{"messageType"', 200_000],
    ['beginnings on lines of their own', '{"messageType":\n', 200_000],
    ['objects that are none', '{"m', 1_000_000],
  ])('many %s', async (_, text, count) => {
    const { seen } = await read(of(first, text.repeat(count)));
    const length = seen.reduce((sum, s) => sum + (s.kind === 'text' ? s.text.length : s.kind === 'bad' ? s.length : 0), 0);
    expect(length).toBe('first\n'.length + text.length * count);
  });

  it('documents in gzip each, with line ends between', async () => {
    const packed = Buffer.concat([gzipSync(first), Buffer.from('\n')]);
    expect(texts(await read({ bytes: Buffer.concat(Array.from({ length: 3000 }, () => packed)) }))).toHaveLength(3000);
  });
});

const half = '{"messageType":"DATA_MESSAGE","logEvents":[{"message":"a{}';
const part = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.oneof(fc.constant(LINE), fc.string({ maxLength: 20 })), { maxLength: 4 }).map((m) => Buffer.from(document(m))) },
  fc
    .constantFrom(CONTROL, half, `${half}"}]}`, '\n', ' ', ',', `${LINE}\n`, '{"srcaddr":"10.0.0.1"}\n', '{', '{"', '}', '"', 'x', `{"awslogs":{"data":"`)
    .map((t) => Buffer.from(t)),
  fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }).map((m) => gzipSync(document(m))),
  fc.nat({ max: 200_000 }).map((n) => Buffer.from(`${half}${'z'.repeat(n)}`)),
  fc.uint8Array({ maxLength: 30 }).map((b) => Buffer.from(b)),
);
/** Without a picture of the difference, which takes minutes to draw. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const RUNS = Number(process.env.BARTIZAN_RUNS ?? 150);

describe('whatever the bytes', () => {
  const limits = { ...DELIVERY_LIMITS, document: 50_000 };

  it('the same bytes give the same segments, however they are cut, and each offset can be gone on from', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        async (parts, sizes, at) => {
          const bytes = Buffer.concat([Buffer.from(document(['first'])), ...parts]);
          const whole = await read({ bytes }, { limits });
          const again: Read = await read(cut(bytes, sizes), { limits: { ...limits, ratio: Number.POSITIVE_INFINITY } });
          expect(same(again, whole)).toBe(true);
          let offset = 0;
          for (const s of whole.seen) {
            expect(s.offset).toBe(offset);
            offset += s.kind === 'text' ? s.text.length : s.kind === 'bad' ? s.length : 0;
          }
          const from = at % (offset + 1);
          const rest = await read({ bytes }, { limits, from });
          const expected = whole.seen.flatMap((s) => {
            if (s.offset >= from) return [s];
            if (s.kind !== 'text' || s.offset + s.text.length < from) return [];
            return [{ ...s, offset: from, resumed: true as const, text: s.text.slice(from - s.offset) }];
          });
          expect(same(rest.seen, expected)).toBe(true);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('a whole document is never lost to what stands before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        const bytes = Buffer.concat([
          Buffer.from(document(['first'])),
          ...parts.filter((p) => p[0] !== 0x1f && p[0] !== 0x28),
          Buffer.from(document(['the last'])),
        ]);
        const { seen, damage } = await read({ bytes }, { limits });
        if (!damage) expect(seen.at(-1)).toMatchObject({ kind: 'text', text: 'the last\n' });
      }),
      { numRuns: RUNS },
    );
  });
});
