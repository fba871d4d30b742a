/** The batch of events that is being filled: a record's text in, a row, a copy, or a bad record. */
import { type BadRecord, RAW_LIMIT } from '../../model/batch.ts';
import { CLOUDTRAIL } from '../../model/log-formats.ts';
import { BatchShares } from '../batch-shares.ts';
import type { RecordRules } from '../record-rules.ts';
import { RecordSlices } from './record-slices.ts';
import { type EventProblem, EventRows } from './rows.ts';

/** Bytes of a record that rules read: AWS writes none that are longer, and a pattern reads each byte many times. */
const MAX_RULED = 1024 * 1024;
const NOTHING = new Uint8Array(0);
const OPEN_BRACE = 123;

export class EventBatch {
  readonly shares: BatchShares;
  /** The record that was taken apart last. */
  readonly slices = new RecordSlices();
  rules: RecordRules | undefined;
  private readonly events = new EventRows();

  constructor(capacity: number) {
    this.shares = new BatchShares(capacity, {
      rows: () => [this.events.rows],
      size: () => this.events.size,
      stored: ([rows]) => rows ?? 0,
      formats: (_, records) => (records > 0 ? { cloudtrail: records } : {}),
      take: () => [{ dataset: CLOUDTRAIL.main, batch: this.events.take() }],
    });
  }

  /** Epoch seconds. */
  set now(now: number) {
    this.events.now = now;
  }

  /** The record at `[from, to)`, which begins at `offset` of the delivery. `apart`: it is what `slices` took apart last. */
  take(buf: Uint8Array, from: number, to: number, offset: number, apart: boolean): void {
    if (this.rules) this.takeRuled(buf.slice(from, to), offset, this.rules);
    else this.keep(buf, from, to, offset, apart);
  }

  private takeRuled(record: Uint8Array, offset: number, rules: RecordRules): void {
    if (record.length > MAX_RULED) {
      this.addBad({ code: 'event-too-large', message: 'the source has rules, and they read events of up to 1 MiB' }, offset, record, record.length);
      return;
    }
    const text = rules.apply(record, MAX_RULED);
    if (text === 'filtered') this.shares.counts.filtered++;
    else if (text === 'too-much')
      this.addBad({ code: 'too-many-matches', message: 'a rule matches more than 1000 times, or makes the event too long' }, offset, NOTHING, record.length);
    else this.keep(text, 0, text.length, offset, false);
  }

  private keep(buf: Uint8Array, from: number, to: number, offset: number, apart: boolean): void {
    const raw = buf.subarray(from, to);
    if (!apart && (buf[from] !== OPEN_BRACE || this.slices.read(buf, from, to) !== to)) {
      this.addBad({ code: 'not-json', message: 'the event is no valid JSON' }, offset, raw, raw.length);
      return;
    }
    const timeOf = this.rules?.timeOf;
    const time = timeOf?.(raw);
    const result = this.events.add(this.slices, time);
    if (result === undefined) {
      if (timeOf && time === undefined) this.shares.counts.notLocated++;
      this.shares.count(0, 0, to - from);
    } else if (result === 'copy') this.shares.counts.duplicates++;
    else this.addBad(result, offset, raw, raw.length);
  }

  /** `raw`: the record, or its beginning; of what rules would hide nothing is kept. */
  addBad({ code, message }: EventProblem, offset: number, raw: Uint8Array, length: number): void {
    const kept = this.rules?.hides ? NOTHING : raw.slice(0, RAW_LIMIT);
    const bad: BadRecord = { code, message, offset, raw: kept, length: Math.max(1, length), layout: 'cloudtrail' };
    this.shares.addBad(bad);
  }
}
