/**
 * The text of an event without the parts that have columns of their own: a control character stands where each
 * was. JSON has none outside of line ends and tabs, so that the text can be put together again byte for byte
 * (`query/raw.ts` does it in SQL), and nothing is stored twice but a part whose column has another spelling (readable.ts): it
 * stays in the frame as it is.
 */
import { FRAME_PARTS } from '../../model/cloudtrail-fields.ts';
import type { BytesColumn } from './columns.ts';
import { KEY } from './keys.ts';
import type { OtherSpellings } from './readable.ts';
import type { RecordSlices } from './record-slices.ts';

/** Keys of the parts, in the order of FRAME_PARTS; of ids the content of the string. */
const KEYS: readonly number[] = [
  KEY.requestParameters,
  KEY.responseElements,
  KEY.additionalEventData,
  KEY.userIdentity,
  KEY.resources,
  KEY.eventID,
  KEY.requestID,
];
const QUOTE = 34;
/** Scratch: offsets of the parts that a record has, by their place in the text. */
const starts = new Uint32Array(KEYS.length);
const ends = new Uint32Array(KEYS.length);
const marks = new Uint8Array(KEYS.length);

/** Adds the frame of the record `[start, end)` of the slices' bytes to a column. `other`: parts whose columns have another spelling. */
export function addFrame(column: BytesColumn, slices: RecordSlices, other: OtherSpellings): void {
  let count = 0;
  let length = slices.end - slices.start;
  for (let i = 0; i < KEYS.length; i++) {
    const key = KEYS[i]!;
    let from = slices.from[key]!;
    if (from === 0 || other?.has(key)) continue;
    let to = slices.to[key]!;
    if (key === KEY.eventID || key === KEY.requestID) {
      if (slices.buf[from] !== QUOTE) continue;
      from++;
      to--;
    }
    // A mark stands for it.
    length -= to - from - 1;
    let at = count++;
    for (; at > 0 && starts[at - 1]! > from; at--) {
      starts[at] = starts[at - 1]!;
      ends[at] = ends[at - 1]!;
      marks[at] = marks[at - 1]!;
    }
    starts[at] = from;
    ends[at] = to;
    marks[at] = i;
  }
  let done = slices.start;
  column.begin(length);
  for (let i = 0; i < count; i++) {
    column.add(slices.buf, done, starts[i]!);
    column.byte(FRAME_PARTS[marks[i]!]!.mark);
    done = ends[i]!;
  }
  column.add(slices.buf, done, slices.end);
}

/** The record's text from the values of its columns. */
export function unframed(column: (name: string) => string): string {
  return FRAME_PARTS.reduce((text, part) => text.replace(String.fromCharCode(part.mark), () => column(part.column)), column('frame'));
}
