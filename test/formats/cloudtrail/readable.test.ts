/** Parts of an event that the engine's parser would take for no JSON: their columns are readable, their text stays as it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../support.ts';
import { decodeEvents, fileOf, outline, text } from './event.ts';

/** The event with a part in this spelling. */
const withPart = (id: string, key: string, json: string) => text(id, { [key]: '@' }).replace('"@"', () => json);
const latin1 = (json: string) => Buffer.from(json).toString('latin1');

function decoded(...records: readonly string[]): Extract<Row, { record: unknown }>[] {
  const { rows, counts } = decodeEvents(fileOf(...records));
  expect(counts).toMatchObject({ records: records.length, stored: records.length });
  expect(rows.map((row) => row.raw)).toEqual(records.map(latin1));
  return rows.filter((row) => row.table !== 'bad');
}

const COLUMNS = {
  requestParameters: 'request',
  responseElements: 'response',
  additionalEventData: 'additional',
  resources: 'resources',
  userIdentity: 'identity',
};

describe('a part of an event', () => {
  it.each([
    ['{"n": 18446744073709551616, "b":"x"}', '{"n": "18446744073709551616", "b":"x"}'],
    ['{"n":[-9223372036854775809,1e400,-1E+400,1.5e999]}', '{"n":["-9223372036854775809","1e400","-1E+400","1.5e999"]}'],
    [`{"n":${'9'.repeat(5000)},"t":"18446744073709551616"}`, `{"n":"${'9'.repeat(5000)}","t":"18446744073709551616"}`],
    ['{"t":"\\ud800 \\ud83d\\ude00 \\\\ud800 \\uDe00\\ud83d"}', '{"t":"\\ufffd \\ud83d\\ude00 \\\\ud800 \\ufffd\\ufffd"}'],
    ['{"t":": 18446744073709551616, \\" -1e400","n":1e400}', '{"t":": 18446744073709551616, \\" -1e400","n":"1e400"}'],
  ])('with %s becomes %s in its column alone', (json, kept) => {
    for (const [key, column] of Object.entries(COLUMNS)) {
      const other = text('noise', { requestParameters: { n: 1 } });
      const [row, noise] = decoded(withPart('a', key, json), other);
      expect([key, row?.record[column]]).toEqual([key, kept]);
      // Its neighbours, in the record and in the file, are as they were.
      expect(row?.record.event_name).toBe('RunInstances');
      expect(noise?.record).toMatchObject({ event_id: 'noise', request: '{"n":1}' });
    }
  });

  it.each([
    '{"n":[18446744073709551615,-9223372036854775808,1e300,1.7976931348623157e308,1e-400,0.12345678901234567890123]}',
    '{"t":"18446744073709551616 é 😀 \\ud83d\\ude00 \\u00e9 \\\\ud800"}',
    '[1, 2.50, -0, true, null]',
  ])('with %s is kept as it is', (json) => {
    for (const [key, column] of Object.entries(COLUMNS)) expect([key, decoded(withPart('a', key, json))[0]?.record[column]]).toEqual([key, json]);
  });

  it('that is no UTF-8 is readable, and its bytes stay in the text', () => {
    const record = Buffer.from(withPart('a', 'requestParameters', '{"key":"caf\u00e9","b":"x"}'), 'latin1');
    const { rows } = decodeEvents(Buffer.concat([Buffer.from('{"Records":['), record, Buffer.from(']}')]));
    expect(rows).toMatchObject([{ record: { request: '{"key":"caf\uFFFD","b":"x"}' }, raw: record.toString('latin1') }]);
  });

  it('that nothing knows is readable beside what is in the rest', () => {
    const record = text('a', { futureKey: '@', insightDetails: { state: 'Start' } }).replace('"@"', '{"n":1e400,"b":"x"}');
    expect(decoded(record, text('noise', { futureKey: { n: 1e300 } })).map((row) => row.record.rest)).toEqual([
      '{"futureKey":{"n":"1e400","b":"x"},"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.eu-west-1.amazonaws.com"},"insightDetails":{"state":"Start"}}',
      '{"futureKey":{"n":1e+300},"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.eu-west-1.amazonaws.com"}}',
    ]);
  });

  it('of an actor that many records share', () => {
    const identity = '{"type":"IAMUser","userName":"ann","accountId":"111122223333","since":1e400}';
    const rows = decoded(...['a', 'b'].map((id) => withPart(id, 'userIdentity', identity)), text('c'));
    expect(rows.map((row) => row.record.identity).slice(0, 2)).toEqual(Array(2).fill(identity.replace('1e400', '"1e400"')));
    expect(rows.map((row) => row.record.user_name)).toEqual(['ann', 'ann', 'Admin/ann']);
  });
});

/** JSON in any spelling, with its values: numbers as they are written. */
const numbers = fc.oneof(
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
  fc.tuple(fc.integer(), fc.integer({ min: -420, max: 420 })).map(([digits, exponent]) => `${digits}e${exponent}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const strings = fc
  .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('\ud800', '\udc00', '\\', '"', '1', 'e', ':', ',') }))
  .map((value) => JSON.stringify(value));
const { document } = fc.letrec<{ document: string; list: string; object: string }>((tie) => ({
  document: fc.oneof({ maxDepth: 3 }, numbers, strings, tie('list'), tie('object')),
  list: fc.array(tie('document'), { maxLength: 4 }).map((items) => `[${items.join(' , ')}]`),
  object: fc.array(fc.tuple(strings, tie('document')), { maxLength: 4 }).map((pairs) => `{${pairs.map(([key, value]) => `${key}: ${value}`).join(',')}}`),
}));

it('any JSON is a part that the engine reads, says the same, and whose text is kept', () => {
  fc.assert(
    fc.property(document, (json) => {
      const { rows } = decodeEvents(fileOf(withPart('a', 'requestParameters', json)));
      expect(outline(rows)).toEqual(['a']);
      const [row] = rows;
      if (row?.table === 'bad' || !row) return;
      expect(row.raw).toBe(latin1(withPart('a', 'requestParameters', json)));
      const kept = String(row.record.request);
      const outside = kept.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/gs, '""');
      for (const number of outside.match(/-?\d[\d.eE+-]*/g) ?? []) {
        if (/[.eE]/.test(number)) expect(Number(number)).toSatisfy(Number.isFinite);
        else expect(BigInt.asIntN(64, BigInt(number)) === BigInt(number) || BigInt.asUintN(64, BigInt(number)) === BigInt(number)).toBe(true);
      }
      // What JSON.parse makes of both differs by numbers that are texts, and by halves of characters.
      const same = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll(/\\ud[89a-f]../g, '\ufffd'));
      const digits = (part: unknown): unknown => (typeof part === 'string' && /^-?\d/.test(part) ? Number(part) : part);
      const loose = (value: unknown): unknown => JSON.parse(JSON.stringify(same(value), (_, part: unknown) => digits(part)));
      expect(loose(JSON.parse(kept))).toEqual(loose(JSON.parse(json)));
    }),
    { numRuns: 500 },
  );
});
