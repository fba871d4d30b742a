/** What a decoder is told. */
import type { RecordFormat } from '../../model/source.ts';
import type { RecordRules } from '../record-rules.ts';

/** How deliveries are read. */
export interface FlowReading {
  /** `auto`, a preset's name or field names (layout.ts). A header line in the data always wins. */
  readonly layout: string;
  /** `auto`, the default: told by the header or shape of each record. */
  readonly format?: RecordFormat;
  /** What the source's settings do with each record first (compileRecordRules). */
  readonly rules?: RecordRules | undefined;
}

export interface FlowDecoderOptions extends FlowReading {
  /** Epoch seconds. Read once a `push`; give the same answer when a batch is made again. */
  readonly now: () => number;
  /** Most records of a batch. */
  readonly capacity: number;
}

/** Where a delivery is taken up again: a part's `layout` and `from`; without a state another segment begins there. */
export interface ResumePoint {
  readonly state?: string;
  readonly offset: number;
}
