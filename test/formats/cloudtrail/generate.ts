/** Deliveries of random events as text, in all ways that they come. Deterministic: the randomness is a parameter. */
import fc from 'fast-check';

const word = fc.oneof(
  fc.stringMatching(/^[\w.:/-]{0,12}$/),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('{"eventVersion":"1"}', '"],}', '\\', '\n{', ''),
);
const anything = fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });
const time = fc.oneof(
  { weight: 6, arbitrary: fc.date({ min: new Date('2016-01-01'), max: new Date('2026-11-20'), noInvalidDate: true }).map((date) => date.toISOString()) },
  { weight: 1, arbitrary: anything },
);

const identity = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'IAMUser', userName: 'ann', accountId: '111122223333', arn: 'arn:aws:iam::111122223333:user/ann' }) },
  fc.record({ type: anything, arn: anything, principalId: anything, sessionContext: anything, userName: anything }, { requiredKeys: [] }),
  anything,
);

/** An event as JSON: what it must have, and some of the rest. */
const anEvent = fc
  .tuple(
    fc.record({ eventVersion: fc.constantFrom('1.08', '1.11'), userIdentity: identity, eventTime: time, eventSource: word, eventName: word }),
    fc.record(
      {
        eventID: fc.oneof(fc.constantFrom('a', 'b'), fc.uuid()),
        sourceIPAddress: fc.oneof(fc.ipV4(), fc.constant('AWS Internal'), anything),
        userAgent: anything,
        errorCode: anything,
        requestParameters: anything,
        responseElements: anything,
        resources: anything,
        readOnly: fc.oneof(fc.boolean(), anything),
        tlsDetails: anything,
        insightDetails: anything,
        unknown: anything,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([must, more]) => JSON.stringify({ ...must, ...more }));

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** What is around events, and between them. */
const SHAPES: readonly ((events: readonly string[]) => string)[] = [
  (events) => `{"Records":[${events.join(',')}]}`,
  (events) => `{ "Records" : [ ${events.join(' ,\n  ')} ], "more": {"a": [1]} }\n`,
  (events) => `{"first":1,"Records":[${events.join(',')}]}{"Records":[${events[0]}]}`,
  (events) => events.join('\n'),
  (events) => events.join(''),
  (events) => `\uFEFF[${events.join(',')}]`,
  (events) => events.map((event) => `{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":${event}}`).join('\n'),
  (events) => `{"Events":[${events.map((event) => JSON.stringify({ EventId: 'a', CloudTrailEvent: event })).join(',')}],"NextToken":"t"}`,
  (events) => ['eventID,eventJson', ...events.map((event) => `a,${quoted(event)}`)].join('\n'),
];

export const eventTexts: fc.Arbitrary<string> = fc
  .tuple(fc.array(anEvent, { minLength: 1, maxLength: 6 }), fc.nat({ max: SHAPES.length - 1 }))
  .map(([events, shape]) => SHAPES[shape]!(events));
