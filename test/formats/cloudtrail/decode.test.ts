/** Broken events: each is kept with a reason, and costs none of its neighbours. */
import { describe, expect, it } from 'vitest';
import { compileRecordRules } from '../../../src/formats/record-rules.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../../src/model/source.ts';
import { comparable, decodeEvents, fileOf, outline, text } from './event.ts';

const latin1 = (value: string): string => Buffer.from(value).toString('latin1');

/** Where a quote is missing, brackets in texts look like the event's own. */
const PLAIN = { requestParameters: { groupId: 'sg-1' } };

/** What stands in a file instead of the middle one of three events, and what becomes of it. */
const BROKEN: Readonly<Record<string, readonly [bytes: string | Buffer, outcome: readonly string[]]>> = {
  'a word that is no JSON': [text('x').replace('"readOnly":false', '"readOnly":maybe'), ['not-json']],
  'a quote missing at the end of a string': [text('x', PLAIN).replace('"awsRegion":"eu-west-1"', '"awsRegion":"eu-west-1'), ['not-json']],
  'a quote missing before a key': [text('x', PLAIN).replace('"awsRegion"', 'awsRegion"'), ['not-json']],
  'a bracket missing': [text('x').slice(0, -1), ['not-json']],
  'cut in a string': [text('x').slice(0, 90), ['not-json']],
  'cut behind a key': [text('x').slice(0, text('x').indexOf(':') + 1), ['not-json']],
  'garbage between': ['garbage } ] , : ', ['not-json']],
  'a single closing bracket': ['}', ['not-json']],
  'a string': ['"text"', ['not-json']],
  'a number': ['12', ['not-json']],
  null: ['null', ['not-json']],
  'a control character in a string': [text('x').replace('eu-west-1"', 'eu\u0001west-1"'), ['not-json']],
  'an escape that is none': [text('x').replace('eu-west-1"', 'eu\\qwest"'), ['not-json']],
  'brackets without end': [`{"eventVersion":"1.08","a":${'['.repeat(100_000)}`, ['not-json']],
  'brackets that close, deeper than is read': [`{"eventVersion":"1.08","a":${'['.repeat(5000)}${']'.repeat(5000)}}`, ['not-json']],
  'an object that is no event': ['{"a":{"b":[1,2]}}', ['unknown-json-shape']],
  'an empty object': ['{}', ['unknown-json-shape']],
  'no time': [text('x', { eventTime: undefined }), ['time-missing']],
  'a time that is a number': [text('x', { eventTime: 12 }), ['time-missing']],
  'a time that is an object': [text('x', { eventTime: { a: '\n' } }), ['time-missing']],
  'a time in words': [text('x', { eventTime: 'Nov 18 2026' }), ['time-missing']],
  'a time before there was CloudTrail': [text('x', { eventTime: '1999-01-01T00:00:00Z' }), ['time-out-of-range']],
  'a time far ahead': [text('x', { eventTime: '2040-01-01T00:00:00Z' }), ['time-out-of-range']],
  'an event of S3’s own notifications': [text('x', { eventVersion: '2.1', eventSource: 'aws:s3' }), ['unknown-json-shape']],
  'bytes that are no UTF-8': [Buffer.from(text('x', { userAgent: 'a?b' }).replace('a?b', 'a\xff\xfeb'), 'latin1'), ['x']],
  'an event of 1 MiB': [text('x', { requestParameters: { blob: 'b'.repeat(1024 * 1024) } }), ['x']],
  'an event of 17 MiB': [text('x', { requestParameters: { blob: 'b'.repeat(17 * 1024 * 1024) } }), ['event-too-large']],
  'null everywhere': [
    JSON.stringify(Object.fromEntries(Object.keys(JSON.parse(text('x')) as object).map((key) => [key, key === 'eventTime' ? '2026-11-18T10:00:00Z' : null]))),
    ['unknown-json-shape'],
  ],
};

describe('a broken event', () => {
  for (const [name, [bytes, outcome]] of Object.entries(BROKEN)) {
    it(`${name}: costs none of its neighbours`, () => {
      const middle = Buffer.from(bytes);
      const before = text('before');
      const after = [text('after 1'), text('after 2')];
      const joined: [string, Buffer][] = [
        ['in a file', Buffer.concat([Buffer.from(`{"Records":[${before},`), middle, Buffer.from(`,${after.join(',')}]}`)])],
        ['in lines', Buffer.concat([Buffer.from(`${before}\n`), middle, Buffer.from(`\n${after.join('\n')}\n`)])],
        [
          'in a file of many lines',
          Buffer.concat([Buffer.from(`{\n  "Records": [\n    ${before},\n    `), middle, Buffer.from(`,\n    ${after.join(',\n    ')}\n  ]\n}\n`)]),
        ],
      ];
      for (const [how, all] of joined) {
        const { rows, counts } = decodeEvents(all);
        expect(outline(rows), how).toEqual(['before', ...outcome, 'after 1', 'after 2']);
        expect(counts.records, how).toBe(3 + outcome.length);
        for (const row of rows) {
          const id = row.table === 'bad' ? '' : String(row.record.event_id);
          if (id === 'before' || id.startsWith('after')) expect(row.raw).toBe(latin1(text(id)));
        }
        const [, kept] = rows;
        if (kept?.table === 'bad') {
          expect(kept.bad.message).not.toBe('');
          expect(kept.bad.offset, how).toBe(all.lastIndexOf(before) < 0 ? 0 : all.indexOf(middle, all.indexOf(before) + before.length));
          expect(middle.toString('latin1').startsWith(kept.raw.slice(0, middle.length))).toBe(true);
        } else expect(kept?.raw).toBe(middle.toString('latin1'));
      }
    });
  }

  it('is all that is bad where each second one is', () => {
    const records = Array.from({ length: 400 }, (_, i) => (i % 2 ? text(`e${i}`).slice(0, 100 + i) : text(`e${i}`)));
    const { rows, counts } = decodeEvents(fileOf(...records));
    expect(counts).toMatchObject({ records: 400, stored: 200, quarantined: 200 });
    expect(outline(rows)).toEqual(records.map((_, i) => (i % 2 ? 'not-json' : `e${i}`)));
  });

  it('takes time in proportion to its bytes, however many brackets it opens', () => {
    const count = 60_000;
    for (const piece of ['{x}', '{"eventVersion"x', '{"a":"{', '}{', '[{"eventVersion":[', '{"version":"0"']) {
      const { counts } = decodeEvents(`${piece.repeat(count)}\n${text('after')}`, { cuts: [1024 * 1024] });
      expect(counts.records, piece).toBeGreaterThanOrEqual(2);
      expect(counts.stored, piece).toBe(1);
    }
  });
});

describe('what is computed of a record', () => {
  it('takes time in proportion to its bytes, whatever its ARN is', () => {
    for (const arn of [':assumed-role/'.repeat(60_000), `${':assumed-role/'.repeat(60_000)}\n/`, '/'.repeat(900_000)]) {
      const { rows } = decodeEvents(fileOf(text('long', { userIdentity: { type: 'AssumedRole', arn } }), text('after')));
      expect(outline(rows)).toEqual(['long', 'after']);
    }
  });

  it('says who assumed a role, from its ARN alone', () => {
    const named = (arn: string) => {
      const [row] = decodeEvents(fileOf(text('x', { userIdentity: { type: 'AssumedRole', arn } }))).rows;
      return row?.table === 'events' ? row.record.user_name : row;
    };
    expect(named('arn:aws:sts::111122223333:assumed-role/Admin/ann')).toBe('Admin/ann');
    expect(named('arn:aws:sts::111122223333:assumed-role/path/Admin/')).toBe('Admin');
    expect(named('arn:aws:sts::111122223333:assumed-role/Admin')).toBe('Admin');
  });

  it('takes an empty error for none', () => {
    const { rows } = decodeEvents(fileOf(text('empty', { errorCode: '' }), text('null', { errorCode: null }), text('denied', { errorCode: 'AccessDenied' })));
    expect(rows.map((row) => row.table !== 'bad' && row.record.outcome)).toEqual(['success', 'success', 'failure']);
  });

  it('is right for each call of a batch with more names than most', () => {
    // The second service's first names and the first one's last stand at the same places of a table of 65,536 names.
    const records = Array.from({ length: 65_600 }, (_, i) => {
      const [service, verb] = i > 65_000 ? ['a', 'Put'] : [i === 0 ? 'a' : 'b', 'Get'];
      return `{"eventVersion":"1.08","eventID":"e${i}","eventTime":"2026-11-18T10:00:00Z","eventSource":"${service}.amazonaws.com","eventName":"${verb}${i}"}`;
    });
    const { rows } = decodeEvents(fileOf(...records), { capacity: records.length });
    const wrong = rows.filter((row) => row.table === 'bad' || row.record.activity !== (String(row.record.event_name).startsWith('Get') ? 'read' : 'write'));
    expect(rows.length).toBe(records.length);
    expect(wrong).toEqual([]);
  });
});

describe('values of any type', () => {
  it('are stored, and the text with them', () => {
    const keys = Object.keys(JSON.parse(text('x')) as object).filter((key) => key !== 'eventTime' && key !== 'eventVersion');
    for (const value of [null, true, false, 0, -1.5e300, '', 'text\n"\\\u2028', [], [1, { a: [] }], {}, { type: 5, arn: [], a: { b: 'c\\' } }]) {
      const all = text('x', Object.fromEntries(keys.map((key) => [key, value])));
      const { rows, counts } = decodeEvents(fileOf(all, text('after')));
      expect(counts, JSON.stringify(value)).toMatchObject({ records: 2, stored: 2 });
      expect(rows[0]?.raw).toBe(latin1(all));
      for (const key of keys) {
        const one = text('x', { [key]: value });
        const [row] = decodeEvents(one).rows;
        expect(row?.table, `${key} ${JSON.stringify(value)}`).toBe('events');
        expect(row?.raw).toBe(latin1(one));
      }
    }
  });

  it('of a key that is there twice: the last one counts', () => {
    const twice = text('x').replace('"eventName":"RunInstances"', '"eventName":"First","eventName":"Second"');
    expect(decodeEvents(twice).rows[0]).toMatchObject({ record: { event_name: 'Second' }, raw: latin1(twice) });
  });

  it('under keys that are not known stay in the rest', () => {
    const [row] = decodeEvents(text('x', { newField: { a: [1, 'b'] }, 'other.key': null, eventContext: { tagContext: {} } })).rows;
    if (row?.table !== 'events') throw new Error('it is no event');
    expect(JSON.parse(String(row.record.rest))).toMatchObject({ newField: { a: [1, 'b'] }, 'other.key': null, eventContext: { tagContext: {} } });
  });

  it('of a time are read with any zone, and as UTC without one', () => {
    const at = (eventTime: string) => {
      const [row] = decodeEvents(text('x', { eventTime })).rows;
      return row?.table === 'events' ? row.record.start : row;
    };
    const expected = Date.UTC(2026, 10, 18, 10) / 1000;
    for (const time of ['2026-11-18T10:00:00Z', '2026-11-18T10:00:00.999Z', '2026-11-18T12:00:00+02:00', '2026-11-18T10:00:00'])
      expect(at(time), time).toBe(expected);
  });
});

describe('around events', () => {
  it('there may be a byte order mark, blanks, other keys, and several files one after another', () => {
    const files = `\uFEFF \n{ "Records" : [ ${text('a')} ] , "more" : {"x":[1]} }\n\n{"other":1,"Records":[${text('b')}]}[${text('c')}]\u001e${text('d')}{"Records":[]}`;
    const { rows, counts } = decodeEvents(files);
    expect(outline(rows)).toEqual(['a', 'b', 'c', 'd']);
    expect(counts).toMatchObject({ records: 4, stored: 4 });
    for (let at = 1; at < files.length; at += at < 80 ? 1 : 61) expect(comparable(decodeEvents(files, { cuts: [at, 100_000] }).rows)).toEqual(comparable(rows));
  });

  it('is what EventBridge adds; the text is the event’s', () => {
    const bridged = (id: string) =>
      `{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","account":"111122223333","detail":${text(id)}}`;
    const { rows } = decodeEvents(
      `${bridged('a')}\n${bridged('b').replace('"source"', '"source')}\n${bridged('c')}{"version":"0","detail-type":"GuardDuty Finding","detail":{"a":1}}`,
    );
    expect(outline(rows)).toEqual(['a', 'not-json', 'b', 'not-json', 'c', 'unknown-json-shape']);
    expect(rows[0]?.raw).toBe(latin1(text('a')));
  });

  it('are digests, which hold none', () => {
    const digest = '{"awsAccountId":"111122223333","digestStartTime":"2026-11-18T10:00:00Z","logFiles":[{"s3Object":"x"}]}';
    expect(decodeEvents(`${digest}\n${text('a')}`)).toMatchObject({ counts: { records: 1, stored: 1, headers: 1 } });
  });

  it('copies within a batch are stored once', () => {
    const { rows, counts } = decodeEvents(fileOf(text('a'), text('b'), text('a', { awsRegion: 'other' }), text(''), text('')));
    expect(outline(rows)).toEqual(['a', 'b', '', '']);
    expect(counts).toMatchObject({ records: 5, stored: 4, duplicates: 1 });
  });
});

describe('what LookupEvents answers', () => {
  const answered = (id: string) =>
    JSON.stringify({
      EventId: id,
      EventName: 'RunInstances',
      EventTime: '2026-11-18T11:00:00+01:00',
      Username: 'ann',
      Resources: [],
      CloudTrailEvent: text(id),
    });

  it('is read, event by event', () => {
    const { rows, counts } = decodeEvents(
      `{\n "Events": [ ${answered('a')}, ${answered('b').replace('"Username":"ann', '"Username":ann')},${answered('c')} ], "NextToken": "t" }\n`,
    );
    expect(outline(rows)).toEqual(['a', 'not-json', 'c']);
    expect(rows[0]).toMatchObject({ raw: latin1(text('a')), record: { event_name: 'RunInstances', request: expect.stringContaining('"quoted') as unknown } });
    expect(counts.records).toBe(3);
  });

  it('without the event, or with half of it, is none', () => {
    const without = JSON.stringify({ EventId: 'a', EventName: 'RunInstances' });
    const half = JSON.stringify({ EventId: 'b', CloudTrailEvent: text('b').slice(0, 100) });
    expect(outline(decodeEvents(`{"Events":[${without},${half},${answered('c')}]}`).rows)).toEqual(['unknown-json-shape', 'not-json', 'c']);
  });
});

describe('results of CloudTrail Lake', () => {
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
  const table = ['eventID,"eventJson",eventName', ...['a', 'b', 'c'].map((id) => `${id},${quoted(text(id))},"Run, ""Instances""\nin two lines"`), ''].join(
    '\r\n',
  );

  it('are read from the column with whole events', () => {
    const { rows, counts } = decodeEvents(table);
    expect(outline(rows)).toEqual(['a', 'b', 'c']);
    expect(rows[1]?.raw).toBe(latin1(text('b')));
    expect(counts).toMatchObject({ records: 3, stored: 3, headers: 1 });
  });

  it('are the same in chunks and batches of any size, and from where each batch ended', () => {
    const { rows } = decodeEvents(table);
    for (let at = 1; at < table.length; at += 101) expect(comparable(decodeEvents(table, { cuts: [at] }).rows)).toEqual(comparable(rows));
    const { ends } = decodeEvents(table, { capacity: 1 });
    for (const { offset, state, rows: done } of ends)
      expect(comparable(decodeEvents(table, { resume: { offset, state } }).rows)).toEqual(comparable(rows.slice(done)));
  });

  it('lose a broken row alone', () => {
    const broken = ['eventJson', quoted(text('a')), '"{""eventVersion"":', 'x', '""', quoted(text('b')), '"no end', ''].join('\n');
    expect(outline(decodeEvents(broken).rows)).toEqual(['a', 'not-json', 'not-json', 'not-json', 'b', 'not-json']);
  });

  it('without that column are no events', () => {
    const { rows } = decodeEvents('eventID,eventName\na,RunInstances\n');
    expect(outline(rows)).toEqual(['not-json']);
  });
});

describe('rules of a source', () => {
  const rules = (pattern: string, kind: 'mask' | 'exclude' = 'mask') =>
    compileRecordRules({
      ...DEFAULT_RECORD_SETTINGS,
      rules: [{ kind, name: 'r', pattern, replacement: 'hidden' }],
      timestampLocator: '"creationEpoch":(\\d+)',
    });

  it('see the text of each event, and a locator finds its time', () => {
    const { rows, counts } = decodeEvents(fileOf(text('a'), text('b', { creationEpoch: 1795000000123 })), { rules: rules('203\\.0\\.113\\.9') });
    expect(rows.map((row) => row.raw)).toEqual([latin1(text('a').replace('203.0.113.9', 'hidden')), expect.stringContaining('"hidden"')]);
    expect(rows[0]).toMatchObject({ record: { source_address: 'hidden' } });
    expect(rows[1]).toMatchObject({ record: { message_time: 1795000000123 } });
    expect(counts).toMatchObject({ stored: 2, notLocated: 1 });
  });

  it('leave out what they exclude', () => {
    const { rows, counts } = decodeEvents(fileOf(text('a'), text('b', { eventName: 'GetObject' })), { rules: rules('GetObject', 'exclude') });
    expect(outline(rows)).toEqual(['a']);
    expect(counts).toMatchObject({ records: 2, filtered: 1 });
  });

  it('read events of up to 1 MiB; of a larger one, or one that they break, nothing is kept that they would hide', () => {
    const large = (size: number) => text('b', { requestParameters: { blob: 'b'.repeat(size), ip: '203.0.113.9' } });
    const { rows } = decodeEvents(fileOf(text('a'), large(200_000), large(1_100_000), text('c')), { rules: rules('203\\.0\\.113\\.9') });
    expect(outline(rows)).toEqual(['a', 'b', 'event-too-large', 'c']);
    expect(rows.map((row) => row.raw).join('')).not.toContain('203.0.113.9');
    const { rows: broken } = decodeEvents(fileOf(text('a'), text('c', { userAgent: 'plain' })), { rules: rules('"aws-cli') });
    expect(outline(broken)).toEqual(['not-json', 'c']);
    expect(broken[0]?.raw).toBe('');
  });
});
