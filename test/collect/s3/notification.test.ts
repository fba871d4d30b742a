/** Messages as the objects that they name, and hostile ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNotification } from '../../../src/collect/s3/notification.ts';
import { eventBridge, nativeEvent, snsWrapped } from './aws.ts';

const parse = (message: unknown) => parseNotification(typeof message === 'string' ? message : JSON.stringify(message));
const object = {
  bucket: 'flow-logs',
  key: 'a b/c+d%é.log.gz',
  etag: '0123456789abcdef0123456789abcdef',
  size: 7,
  versionId: 'v1',
  time: '2026-11-20T00:00:00.000Z',
};
const expected = { bucket: 'flow-logs', key: object.key, etag: object.etag, size: 7, region: 'us-east-1' };

describe('what is known', () => {
  it('reads every minor version of S3’s event, and the key as S3 encodes it', () => {
    for (const version of ['2.0', '2.1', '2.2', '2.3', '2.4', '2.5', '2.17']) {
      const found = parse(nativeEvent([object], version));
      expect(found).toMatchObject({ unknown: '', ignored: 0, test: false });
      expect(found.objects).toEqual([{ ...expected, versionId: 'v1', sentAt: Date.parse(object.time), sequencer: '0055AED6DCD90281E5' }]);
    }
    expect(parse(nativeEvent([object], '3.0')).unknown).toContain('version');
  });

  it('reads it inside SNS, once and twice, and EventBridge with the key as it is', () => {
    expect(parse(snsWrapped(nativeEvent([object]))).objects[0]).toMatchObject(expected);
    expect(parse(snsWrapped(snsWrapped(nativeEvent([object])))).objects[0]).toMatchObject(expected);
    expect(parse(snsWrapped(snsWrapped(snsWrapped(nativeEvent([object]))))).unknown).toContain('wrapped');
    expect(parse(eventBridge(object)).objects[0]).toMatchObject(expected);
    expect(parse(snsWrapped(eventBridge(object))).objects[0]).toMatchObject(expected);
    expect(parse(eventBridge(object, 'Object Deleted'))).toMatchObject({ objects: [], ignored: 1, unknown: '' });
  });

  it('reads CloudTrail’s own message and S3’s test', () => {
    expect(parse({ s3Bucket: 'trail-logs', s3ObjectKey: ['a.json.gz', 'b+c.json.gz'] }).objects).toEqual([
      { bucket: 'trail-logs', key: 'a.json.gz' },
      { bucket: 'trail-logs', key: 'b+c.json.gz' },
    ]);
    expect(parse({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'x' })).toEqual({ objects: [], ignored: 0, test: true, unknown: '' });
    expect(parse(snsWrapped({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'x' })).test).toBe(true);
  });

  it('takes of several events of one object the latest', () => {
    const events = nativeEvent([
      { ...object, versionId: undefined, etag: 'aaaa', sequencer: '00FF' } as never,
      { ...object, versionId: undefined, etag: 'cccc', sequencer: '0100AA' } as never,
      { ...object, versionId: undefined, etag: 'bbbb', sequencer: '0FFF' } as never,
    ]);
    expect(parse(events).objects.map((o) => o.etag)).toEqual(['cccc']);
    expect(parse(nativeEvent([object, { ...object, versionId: 'v2' }])).objects.length).toBe(2);
  });

  it('passes over removals, restores and tags', () => {
    for (const name of [
      'ObjectRemoved:Delete',
      'ObjectRemoved:DeleteMarkerCreated',
      'ObjectRestore:Completed',
      'ObjectTagging:Put',
      's3:ObjectRemoved:Delete',
      'LifecycleExpiration:Delete',
    ])
      expect(parse(nativeEvent([{ ...object, name }]))).toMatchObject({ objects: [], ignored: 1, unknown: '' });
    for (const name of ['ObjectCreated:Put', 's3:ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload', 'ObjectCreated'])
      expect(parse(nativeEvent([{ ...object, name }])).objects.length).toBe(1);
  });
});

describe('what is not', () => {
  it('is never taken for nothing to do', () => {
    const record = (nativeEvent([object]) as { Records: Record<string, unknown>[] }).Records[0]!;
    const bad: unknown[] = [
      '',
      'text',
      '[]',
      '[{"Records":[]}]',
      'null',
      '42',
      {},
      { Records: [] },
      { Records: {} },
      { Records: [null] },
      { Records: [{ ...record, s3: null }] },
      { Records: [{ ...record, eventSource: 'aws:sns' }] },
      { Records: [{ ...record, s3: { bucket: { name: 'flow-logs' }, object: { key: '%E0%A4%A' } } }] },
      { Records: [{ ...record, s3: { bucket: { name: 'flow-logs' }, object: { key: '' } } }] },
      { Records: [{ ...record, s3: { bucket: { name: '../etc' }, object: { key: 'a' } } }] },
      { Records: [{ ...record, s3: { bucket: { name: 'flow-logs' }, object: { key: 'k'.repeat(1025) } } }] },
      { Records: [{ ...record, s3: { bucket: {}, object: { key: 'a' } } }] },
      { s3Bucket: 'flow-logs', s3ObjectKey: [] },
      { s3Bucket: 'flow-logs', s3ObjectKey: [7] },
      {
        Type: 'SubscriptionConfirmation',
        TopicArn: 'arn:aws:sns:us-east-1:123456789012:x',
        Message: 'You have chosen to subscribe',
        SubscribeURL: 'https://example.invalid',
      },
      { source: 'aws.s3', 'detail-type': 'Object Created', detail: {} },
      { source: 'aws.s3' },
      `${'['.repeat(100_000)}`,
      `{"Records":${'['.repeat(200)}${']'.repeat(200)}}`,
      `{"__proto__":{"Records":[${JSON.stringify(record)}]}}`,
      `{"constructor":{"prototype":{"Records":[]}}}`,
      `{"Records":[{"eventName":"ObjectCreated:Put","__proto__":{"s3":${JSON.stringify(record.s3)}}}]}`,
      'x'.repeat(3 * 1024 * 1024),
    ];
    for (const message of bad) {
      const found = parse(message);
      expect(found.objects, String(JSON.stringify(message)).slice(0, 100)).toEqual([]);
      expect(found.unknown, String(JSON.stringify(message)).slice(0, 100)).not.toBe('');
    }
    expect(({} as { Records?: unknown }).Records).toBeUndefined();
  });

  it('is said beside what is known in the same message', () => {
    const events = nativeEvent([object]) as { Records: unknown[] };
    events.Records.push({ nothing: 'known' });
    expect(parse(events)).toMatchObject({ objects: [expected], unknown: 'a record is no event of S3' });
  });

  it('of a field leaves out the field alone', () => {
    const events = nativeEvent([object], '2.1', 'evil.example.net/') as { Records: { s3: { object: Record<string, unknown> }; eventTime: unknown }[] };
    Object.assign(events.Records[0]!.s3.object, { size: -1, eTag: 'not an etag!', sequencer: 'xyz', versionId: 7 });
    events.Records[0]!.eventTime = 'yesterday';
    expect(parse(events).objects).toEqual([{ bucket: 'flow-logs', key: object.key }]);
  });

  it('limits what one message may name', () => {
    const many = parse(nativeEvent(Array.from({ length: 10_050 }, (_, i) => ({ bucket: 'flow-logs', key: `k${i}` }))).valueOf());
    // Such a message is larger than SQS would carry.
    expect(many.unknown).not.toBe('');
    expect(many.objects.length).toBeLessThanOrEqual(10_000);
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((json) => `{"Records":[{"eventName":"ObjectCreated:Put","s3":${json}}]}`),
          fc.json().map((json) => JSON.stringify(snsWrapped(json))),
        ),
        (text) => {
          const found = parseNotification(text);
          expect(found.objects.length > 0 || found.unknown !== '' || found.test || found.ignored > 0).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives every key back that S3 may encode', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), (key) => {
        expect(parse(nativeEvent([{ bucket: 'flow-logs', key }])).objects[0]?.key).toBe(key);
      }),
      { numRuns: 500 },
    );
  });
});
