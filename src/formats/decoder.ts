/** What decoders of all formats have in common, and which of them reads what. */
import type { RecordErrorCode } from '../model/batch.ts';
import type { RecordFormat } from '../model/source.ts';
import { CloudTrailDecoder, STATE } from './cloudtrail/decode.ts';
import { FlowDecoder } from './flow/decode.ts';
import type { FlowDecoderOptions, FlowReading, ResumePoint } from './flow/options.ts';
import type { DecodedBatches } from './result.ts';

export interface RecordDecoder {
  /** The batch takes no more: call `take`, then `push` with no bytes until it answers true. */
  readonly full: boolean;
  /** With the end of a delivery's last part, where a later run takes it up again. */
  readonly state: string;
  readonly pendingRecords: number;
  /** Whether the delivery had its last `push` and all of it is decoded. */
  readonly deliveryFinished: boolean;
  readBy(reading: FlowReading): void;
  nextDelivery(resume?: ResumePoint): void;
  push(chunk: Uint8Array, last: boolean): boolean;
  endDamaged(code: RecordErrorCode, message: string, bytes?: { readonly raw: Uint8Array; readonly length: number }): void;
  take(): DecodedBatches;
}

/** Kinds of decoders. */
export type DecoderKind = 'flow' | 'cloudtrail';

export function createDecoder(kind: DecoderKind, options: FlowDecoderOptions): RecordDecoder {
  return kind === 'flow' ? new FlowDecoder(options) : new CloudTrailDecoder(options);
}

/** Bytes that are looked at. */
const HEAD = 4096;
const BLANKS: ReadonlySet<number> = new Set([9, 10, 13, 32, 0xef, 0xbb, 0xbf]);
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;
/** Keys of events, of what is around them, and of digests. A flow record as JSON has none of them. */
const TELLING = /"(?:Records|eventVersion|eventSource|eventCategory|digestS3Object|userIdentity)"\s*:|"detail-type"\s*:\s*"[^"]*CloudTrail/;

/** Which decoder reads text that begins so. `state`: that in which a run before left it. */
export function decoderKind(format: RecordFormat, head: Uint8Array, state = ''): DecoderKind {
  if (format === 'cloudtrail' || state.startsWith(STATE)) return 'cloudtrail';
  if (format !== 'auto' || state !== '') return 'flow';
  const first = head.find((c) => !BLANKS.has(c));
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return 'flow';
  return TELLING.test(new TextDecoder().decode(head.subarray(0, HEAD))) ? 'cloudtrail' : 'flow';
}
