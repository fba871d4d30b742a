/** Damaged deliveries for fuzzing: valid lines of many layouts with bytes changed, cut, doubled and thrown in. */
import fc from 'fast-check';
import { eventTexts } from './cloudtrail/generate.ts';
import { layoutWithRecords } from './generate.ts';

const mixed: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(layoutWithRecords, { minLength: 1, maxLength: 2 }),
    fc.constantFrom(
      '',
      '{"version":2,"srcaddr":"1.2.3.4","start":1599665193,"log_status":"OK"}\n',
      '{"message":"2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 3 4 1599665193 1599665488 ACCEPT OK","direction":"x"}',
      '[{"start":1599665193}\n,{"start":5}]',
      '{"tgwId":"tgw-1","srcaddr":"1.2.3.4","start":1599665193,"packetsLostNoRoute":1}\n',
      '6 TransitGateway 1 tgw-1 tgw-attach-1 - - - - - - - - - - - 10.0.0.1 2001:db8::1 1 2 6 3 4 1599665193 1599665488 OK IPv4 0 0 0 0 2 eu ingress - -',
    ),
  )
  .map(([parts, json]) => parts.map((p) => [p.layout.join(' '), ...p.records].join('\n')).join('\n') + (json && `\n${json}`));

type Mutation = (bytes: Uint8Array, at: number, value: number) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  (b, at, value) => b.with(at, value),
  (b, at, value) => Uint8Array.of(...b.subarray(0, at), value, ...b.subarray(at)),
  (b, at, value) => Uint8Array.of(...b.subarray(0, at), ...b.subarray(at + 1 + (value & 15))),
  (b, at, value) => Uint8Array.of(...b.subarray(0, at + value), ...b.subarray(at)),
  (b, at) => b.subarray(0, at),
  (b, at, value) => b.with(at, [10, 13, 32, 34, 44, 45, 58, 91, 92, 93, 123, 125][value % 12]!),
];

const mutations = fc.array(fc.tuple(fc.nat({ max: MUTATIONS.length - 1 }), fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 });

function mutated(text: string, list: readonly (readonly [kind: number, at: number, value: number])[]): Uint8Array {
  return list.reduce((b, [kind, at, value]) => (b.length === 0 ? b : MUTATIONS[kind]!(b, at % b.length, value)), new TextEncoder().encode(text) as Uint8Array);
}

function damaged(texts: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(texts, mutations).map(([text, list]) => mutated(text, list)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  );
}

/** Bytes of a delivery, mostly right. */
export const deliveries = damaged(mixed);
/** The same with events. */
export const eventDeliveries = damaged(eventTexts);
