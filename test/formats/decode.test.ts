/** The decoder's rules, one by one. */
import { describe, expect, it } from 'vitest';
import { FlowDecoder } from '../../src/formats/flow/decode.ts';
import { RAW_LIMIT, RECORD_ERRORS } from '../../src/model/batch.ts';
import { decodeAll, decodeOne, NOW } from './support.ts';

const V2 = '2 424805057484 eni-0f06a40fc9be596f6 212.83.179.156 10.0.0.96 123 123 17 2 152 1599665193 1599665488 ACCEPT OK';
const change = (index: number, value: string): string => V2.split(' ').with(index, value).join(' ');

function codeOf(text: string, layout?: string): string {
  const row = decodeOne(text, layout);
  return row.table === 'bad' ? row.bad.code : row.table;
}

describe('a record', () => {
  it('becomes columns by their ClickHouse names', () => {
    const row = decodeOne(V2);
    expect(row).toMatchObject({
      table: 'flows',
      record: {
        version: 2,
        account_id: '424805057484',
        srcaddr: '212.83.179.156',
        dstaddr: '10.0.0.96',
        srcport: 123,
        protocol: 17,
        packets: 2,
        bytes: 152,
        start: 1599665193,
        duration: 295,
        action: 'ACCEPT',
        log_status: 'OK',
      },
    });
    // Bits 14 and above: every field that version 2 does not have.
    expect(row.table === 'flows' && row.record.absent).toBe(((1n << 54n) - 1n) ^ ((1n << 14n) - 1n));
  });

  it.each([
    ['too-few-fields', V2.split(' ').slice(1).join(' ')],
    ['too-many-fields', `${V2} 1`],
    ['not-a-number', change(0, 'x')],
    ['not-a-number', change(8, '-5')],
    ['not-a-number', change(8, '+5')],
    ['not-a-number', change(8, '1.5')],
    ['number-out-of-range', change(5, '65536')],
    ['number-out-of-range', change(7, '256')],
    ['number-out-of-range', change(9, '9007199254740992')],
    ['number-out-of-range', change(11, '4294967296')],
    ['not-an-address', change(3, '10.0.0.256')],
    ['not-an-address', change(3, '10.0.0.01')],
    ['not-an-address', change(3, 'host')],
    ['end-before-start', change(11, '1599665192')],
    ['time-out-of-range', change(10, '1136073599')],
    ['time-out-of-range', V2.replace('1599665193 1599665488', `${NOW + 86401} ${NOW + 86402}`)],
    ['time-out-of-range', V2.replace('1599665193 1599665488', '99999999999 99999999999')],
    ['time-missing', V2.replace('1599665193 1599665488', '- -')],
    ['unknown-status', change(13, 'FINE')],
    ['unknown-status', change(13, '-')],
    ['unknown-action', change(12, 'DROP')],
    ['binary-data', change(2, 'eni\u0000')],
    ['binary-data', V2.replaceAll(' ', '\t')],
    ['empty-value', V2.replace(' ', '  ')],
    ['empty-value', `${V2} `],
    ['empty-value', ` ${V2}`],
    ['not-json', '{"version":2,'],
    ['not-json', `{"version":2} ${V2}`],
    ['unknown-json-shape', '{"srcaddr":"10.0.0.1","start":1599665193,"colour":"red"}'],
    ['unknown-json-shape', '{"version":2,"region":"eu-west-1"}'],
    ['unknown-json-shape', '{"message":5}'],
    ['not-a-number', '{"srcaddr":"10.0.0.1","start":1599665193.5}'],
    ['not-an-address', '{"srcaddr":"10.0.0","start":1599665193}'],
    ['too-few-fields', '{"message":"2 3 4"}'],
  ])('is quarantined: %s: %j', (code, line) => {
    const row = decodeOne(line);
    expect(row).toMatchObject({ table: 'bad', raw: line, bad: { code, offset: 0, length: line.length } });
    expect(RECORD_ERRORS).toHaveProperty(code);
  });

  it('is quarantined with invalid UTF-8 and percent-encoding', () => {
    expect(decodeAll(Buffer.from(change(2, 'eni-\xff'), 'latin1')).rows).toMatchObject([{ table: 'bad', bad: { code: 'invalid-utf8' } }]);
    expect(codeOf('%zz 1599665193', 'instance-tag start')).toBe('invalid-utf8');
    expect(codeOf('%ff 1599665193', 'instance-tag start')).toBe('invalid-utf8');
  });

  it('keeps the ends of the believable times', () => {
    for (const start of [1136073600, NOW + 86400]) expect(codeOf(`${start}`, 'start')).toBe('flows');
  });

  it('without times starts when it is received, with an end alone when it ends', () => {
    expect(decodeOne('10.0.0.1', 'srcaddr')).toMatchObject({ record: { start: NOW }, raw: '10.0.0.1' });
    expect(decodeOne('1599665193', 'end')).toMatchObject({ record: { start: 1599665193 }, raw: '1599665193' });
    expect(decodeOne('- 1599665193', 'start end')).toMatchObject({ record: { start: 1599665193 }, raw: '- 1599665193' });
  });

  it('keeps its original where the columns would print another', () => {
    expect(decodeOne(V2)).not.toHaveProperty('record.raw_exact');
    for (const line of [change(12, 'accept'), change(5, '0123'), change(3, '2001:DB8::1'), change(3, '::ffff:1.2.3.4')])
      expect(decodeOne(line)).toMatchObject({ record: { raw_exact: line }, raw: line });
    expect(decodeOne('caf%C3%A9 1599665193', 'instance-tag start')).toMatchObject({ record: { instance_tag: 'café' }, raw: 'caf%C3%A9 1599665193' });
  });
});

describe('a line', () => {
  it('of 64 KiB is read, a longer one is quarantined with its head and not buffered', () => {
    const long = (length: number): string => `${'x'.repeat(length - 11)} 1599665193`;
    expect(codeOf(long(RAW_LIMIT), 'instance-tag start')).toBe('flows');
    for (const cuts of [[1 << 30], [1000]]) {
      for (const lineEnd of ['\n', '\r\n', '']) {
        const { rows } = decodeAll(`${long(RAW_LIMIT)}${lineEnd || '\n'}${long(RAW_LIMIT + 1)}${lineEnd}`, { layout: 'instance-tag start', cuts });
        expect(rows.map((r) => r.table)).toEqual(['flows', 'bad']);
        expect(rows[1]).toMatchObject({ bad: { code: 'line-too-long', length: RAW_LIMIT + 1 } });
        expect(rows[1]!.raw === long(RAW_LIMIT + 1).slice(0, RAW_LIMIT)).toBe(true);
      }
    }
  });

  it('without header is read in the presets that fit it, line by line', () => {
    const v5 =
      '5 424805057484 eni-1235b8ca123456789 52.95.128.179 10.0.0.71 46945 53 17 1 73 1658131186 1658131216 ACCEPT OK vpc-1 subnet-1 - 0 IPv4 52.95.128.179 10.0.0.71 eu-west-1 euw1-az3 - - - - egress 8';
    const { rows, counts } = decodeAll([V2, v5, V2, `${V2} x`].join('\n'));
    expect(rows.map((r) => r.table)).toEqual(['flows', 'flows', 'flows', 'bad']);
    expect(rows[1]).toMatchObject({ record: { traffic_path: 8, az_id: 'euw1-az3' }, raw: v5 });
    expect(counts.quarantined).toBe(1);
  });

  it('with unknown header names makes the lines under it unreadable until the next header', () => {
    const { rows, counts } = decodeAll('start end colour\n1599665193 1599665193 red\nstart\n1599665193\n');
    expect(rows.map((r) => (r.table === 'bad' ? r.bad.code : r.table))).toEqual(['unknown-field', 'unknown-field', 'flows']);
    expect(counts).toMatchObject({ records: 3, headers: 1 });
  });
});

describe('batches', () => {
  it('hold several deliveries with their ranges, and are made again from them', () => {
    const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 3 });
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    const first = encode('start\n1599665193\n1599665194\n');
    const second = encode('start action\n1599665195 -\nbad\n1599665196 ACCEPT\n');
    expect(decoder.push(first, true)).toBe(true);
    decoder.nextDelivery();
    expect(decoder.push(second, true)).toBe(false);
    const batch = decoder.take();
    expect(batch.deliveries).toMatchObject([
      { delivery: 0, from: 0, to: first.length, finished: true },
      { delivery: 1, from: 0, to: 26, finished: false },
    ]);
    expect(batch.deliveries.map((part) => part.rows[0])).toEqual([
      { start: 0, end: 2 },
      { start: 2, end: 3 },
    ]);
    expect(decoder.push(new Uint8Array(0), true)).toBe(true);
    const rest = decoder.take();
    expect(rest.deliveries).toMatchObject([
      { delivery: 1, from: 26, to: second.length, layout: 'header|start action', bad: { start: 0, end: 1 }, counts: { records: 2 }, finished: true },
    ]);
    expect([rest.minStart, rest.maxStart]).toEqual([1599665196, 1599665196]);

    const again = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 3 });
    again.push(new Uint8Array(0), true);
    again.nextDelivery({ state: rest.deliveries[0]!.layout, offset: 26 });
    again.push(second.slice(26), true);
    const replayed = again.take();
    expect(replayed.deliveries[1]).toMatchObject({ from: 26, to: second.length, counts: rest.deliveries[0]!.counts });
    expect(replayed.bad[0]).toMatchObject({ offset: 26, code: 'too-few-fields' });
  });

  it('show nothing of the batch before in columns that only some rows have', () => {
    const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 100 });
    const push = (text: string): void => {
      decoder.push(new TextEncoder().encode(text), true);
    };
    push('start srcport region srcaddr\n1599665193 7 eu 10.0.0.1\n1599665193 8 us 10.0.0.2\n');
    decoder.take();
    decoder.nextDelivery();
    push('start\n1599665193\nstart srcport region srcaddr\n1599665194 9 ap 10.0.0.3\nstart\n1599665193\n');
    const flows = decoder.take().tables[0]!.batch;
    expect(flows.columns.get('srcport')).toMatchObject({ type: 'UInt16' });
    const port = flows.columns.get('srcport');
    expect(port?.type === 'UInt16' && [...port.values.subarray(0, 3)]).toEqual([0, 9, 0]);
    const region = flows.columns.get('region');
    expect(region?.type === 'LowCardinality(String)' && [...region.ids.subarray(0, 3)].map((id) => region.dictionary[id])).toEqual(['', 'ap', '']);
    const address = flows.columns.get('srcaddr');
    expect(address?.type === 'IPv6' && [...address.ids.subarray(0, 3)].map((id) => id > 0)).toEqual([false, true, false]);
  });

  it('end a damaged delivery without guessing at the record cut short', () => {
    const decoder = new FlowDecoder({ layout: 'start bytes', now: () => NOW, capacity: 100 });
    decoder.push(new TextEncoder().encode('1599665193 12345\n1599665193 12'), false);
    decoder.endDamaged('gzip-damaged', 'unexpected end');
    const { bad, counts, deliveries } = decoder.take();
    expect(bad).toMatchObject([{ code: 'gzip-damaged', offset: 17, length: 13 }]);
    expect(counts).toMatchObject({ records: 2, stored: 1, quarantined: 1 });
    expect(deliveries[0]).toMatchObject({ finished: true, to: 30 });
  });

  it('take the segments of a delivery one after another, bad ones by their length, without a gap between', () => {
    const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 100 });
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    decoder.push(encode('start bytes\n1599665193 1\n'), true);
    decoder.nextDelivery({ offset: 25 });
    decoder.endDamaged('envelope-damaged', 'cut', { raw: encode('{"mess'), length: 100 });
    decoder.nextDelivery({ offset: 125 });
    // The header of the segment before is not in force.
    decoder.push(encode('1599665193 1\n'), true);
    const { bad, counts, deliveries } = decoder.take();
    expect(deliveries.map((d) => [d.from, d.to, d.finished])).toEqual([
      [0, 25, true],
      [25, 125, true],
      [125, 138, true],
    ]);
    expect(bad).toMatchObject([
      { code: 'envelope-damaged', offset: 25, length: 100 },
      { code: 'too-few-fields', offset: 125, length: 12 },
    ]);
    expect(Buffer.from(bad[0]!.raw).toString()).toBe('{"mess');
    expect(counts).toMatchObject({ records: 3, stored: 1, quarantined: 2 });
  });
});
