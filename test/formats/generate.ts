/** Random flow records as text, for property tests and fuzzing. Deterministic: the randomness is a parameter. */
import fc from 'fast-check';
import type { Layout } from '../../src/formats/flow/layout.ts';
import { FIELDS } from '../../src/model/fields.ts';
import { FLOW_FORMATS } from '../../src/model/log-formats.ts';
import { NOW } from './support.ts';

const ipv4 = fc.ipV4();
/** Addresses as AWS writes them, and the same in other spellings. */
const anyAddress = fc.oneof(ipv4, fc.ipV6(), fc.constantFrom('::', '::1', '::ffff:1.2.3.4', '2001:DB8::1', '2001:db8:0:0:1:0:0:1', 'fe80::1:0:0:0'));
const word = fc.stringMatching(/^[A-Za-z0-9_./:-]{1,12}$/);
const tag = fc.oneof(word, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).map(encodeURIComponent), fc.constantFrom('%2D', '%41', "a'b", '%c3%a9'));
const start = fc.integer({ min: 1136073600, max: NOW });

function valueOfField(name: string): fc.Arbitrary<string> {
  const field = FIELDS.find((f) => f.aws === name);
  if (!field) throw new Error(name);
  if (name === 'action') return fc.constantFrom('ACCEPT', 'REJECT', 'accept', '-');
  if (name === 'log-status') return fc.constantFrom('OK', 'OK', 'OK', 'NODATA', 'SKIPDATA', 'ok');
  if (field.type === 'address') return fc.oneof(anyAddress, fc.constant('-'));
  if (field.type === 'number') {
    const number = fc.oneof(fc.nat({ max: Math.min(field.max ?? 0, 0x7fffffff) }).map(String), fc.constantFrom('0', '00', '007', String(field.max)));
    return fc.oneof(number, fc.constant('-'));
  }
  return field.percentEncoded ? tag : fc.oneof(word, fc.constant('-'), fc.constantFrom('é', '日本'));
}

/** A layout: any fields of a format, in any order. */
export const layouts: fc.Arbitrary<Layout> = fc.oneof(
  ...FLOW_FORMATS.map(({ fields }) =>
    fc.shuffledSubarray(
      fields.map((f) => f.aws as string),
      { minLength: 1, maxLength: 30 },
    ),
  ),
);

/** A good record of a layout. */
export function recordOf(layout: Layout): fc.Arbitrary<string> {
  return fc
    .record({ values: fc.tuple(...layout.map(valueOfField)), start, length: fc.nat({ max: 86400 }), dash: fc.constantFrom('', '', '', 'start', 'end') })
    .map(({ values, start: from, length, dash }) =>
      layout
        .map((name, i) => {
          if (name !== 'start' && name !== 'end') return values[i];
          const alone = !layout.includes(name === 'start' ? 'end' : 'start');
          if (name === dash && !alone) return '-';
          return String(name === 'start' ? from : alone ? from : from + length);
        })
        .join(' '),
    );
}

/** A layout with records of it. */
export const layoutWithRecords: fc.Arbitrary<{ layout: Layout; records: string[] }> = layouts.chain((layout) =>
  fc.array(recordOf(layout), { minLength: 1, maxLength: 12 }).map((records) => ({ layout, records })),
);
