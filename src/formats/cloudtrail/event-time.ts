/** The time of events as AWS writes it. */
import { KEY } from './keys.ts';
import type { RecordSlices } from './record-slices.ts';

const QUOTE = 34;

export class EventTime {
  /** A date, and the epoch seconds at which its day begins. */
  private readonly date = new Uint8Array(10);
  private day = -1;

  /** Epoch seconds of `YYYY-MM-DDThh:mm:ssZ`; -1 for any other form. Events of a file are of the same day. */
  read(slices: RecordSlices): number {
    const { buf } = slices;
    const from = slices.from[KEY.eventTime]!;
    if (from === 0 || slices.to[KEY.eventTime]! - from !== 22 || buf[from] !== QUOTE || buf[from + 20] !== 90 || buf[from + 11] !== 84) return -1;
    const at = from + 1;
    let same = this.day >= 0;
    for (let i = 0; i < 10 && same; i++) same = buf[at + i] === this.date[i];
    if (!same) {
      const day = Date.parse(String.fromCharCode(...buf.subarray(at, at + 10)));
      if (Number.isNaN(day) || day < 0) return -1;
      this.date.set(buf.subarray(at, at + 10));
      this.day = day / 1000;
    }
    const [hour, minute, second] = [twoDigits(buf, at + 11), twoDigits(buf, at + 14), twoDigits(buf, at + 17)];
    if (hour > 23 || minute > 59 || second > 59 || buf[at + 13] !== 58 || buf[at + 16] !== 58) return -1;
    return this.day + hour * 3600 + minute * 60 + second;
  }
}

/** Two digits as a number; more than 99 where they are none. */
function twoDigits(buf: Uint8Array, at: number): number {
  const [a, b] = [buf[at]! - 48, buf[at + 1]! - 48];
  return a < 0 || a > 9 || b < 0 || b > 9 ? 100 : a * 10 + b;
}
