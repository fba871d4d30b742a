/** What decoders of all formats have in common, and which of them reads what. */
import type { RecordErrorCode } from '../model/batch.ts';
import type { RecordFormat } from '../model/source.ts';
import { CloudTrailDecoder, STATE } from './cloudtrail/decode.ts';
import { eventColumn, MAY_BE_HEADER } from './cloudtrail/lake.ts';
import { MORE, valueEnd } from './cloudtrail/scan.ts';
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
  /** How the deliveries to come are read; the one before must be finished. Throws LayoutError for a layout that is none. */
  readBy(reading: FlowReading): void;
  /** Starts another delivery in the same batch, at its beginning or where a run before left it. */
  nextDelivery(resume?: ResumePoint): void;
  /** Decompressed bytes; `last`: the delivery ends with them. True when all was taken in; until then they must not change. */
  push(chunk: Uint8Array, last: boolean): boolean;
  /** Ends a delivery that cannot be read on, after a push without bytes, with one bad record that tells of it. `bytes`: what is damaged of it and was not pushed. */
  endDamaged(code: RecordErrorCode, message: string, bytes?: { readonly raw: Uint8Array; readonly length: number }): void;
  /** The batch; the decoder goes on with an empty one. */
  take(): DecodedBatches;
}

/** Kinds of decoders. */
export type DecoderKind = 'flow' | 'cloudtrail';

/** Throws LayoutError where the options name a layout that is none. */
export function createDecoder(kind: DecoderKind, options: FlowDecoderOptions): RecordDecoder {
  return kind === 'flow' ? new FlowDecoder(options) : new CloudTrailDecoder(options);
}

/** Bytes that are looked at. */
const HEAD = 4096;
const BLANKS: ReadonlySet<number> = new Set([9, 10, 13, 32, 0xef, 0xbb, 0xbf]);
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;
/** Keys of events, of what is around them, and of digests. A flow record as JSON has none of them. */
const TELLING =
  /"(?:Records|CloudTrailEvent|eventVersion|eventSource|eventCategory|digestS3Object|userIdentity)"\s*:|"Events"\s*:\s*\[\s*\{\s*"EventId"|"detail-type"\s*:\s*"[^"]*CloudTrail/;

const textOf = (head: Uint8Array): string => new TextDecoder().decode(head.subarray(0, HEAD));

/** Which decoder reads text that begins so (headed gives enough of it). `state`: that in which a run before left it. */
export function decoderKind(format: RecordFormat, head: Uint8Array, state = ''): DecoderKind {
  if (format === 'cloudtrail' || state.startsWith(STATE)) return 'cloudtrail';
  if (format !== 'auto' || state !== '') return 'flow';
  const first = head.find((c) => !BLANKS.has(c));
  const isJson = first === OPEN_BRACE || first === OPEN_BRACKET;
  const telling = isJson ? TELLING.test(textOf(head)) : eventColumn(textOf(head).split('\n', 1)[0] as string) >= 0;
  return telling ? 'cloudtrail' : 'flow';
}

/** The same chunks; where the format is told by content the first one is long enough to tell it, or all there is. */
export async function* headed(chunks: AsyncIterable<Uint8Array>, format: RecordFormat, state = ''): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = format === 'auto' && state === '' ? new Uint8Array(0) : undefined;
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    const both: Uint8Array = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    head = mayTellMore(both) ? both : undefined;
    if (head === undefined) yield both;
  }
  if (head !== undefined && head.length > 0) yield head;
}

/** Whether more bytes may tell another decoder: a first object that ends, and a line that is no header, are all that is waited for. */
function mayTellMore(head: Uint8Array): boolean {
  if (head.length >= HEAD || TELLING.test(textOf(head))) return false;
  let at = head.findIndex((c) => !BLANKS.has(c));
  if (at < 0) return true;
  if (head[at] !== OPEN_BRACE && head[at] !== OPEN_BRACKET) return MAY_BE_HEADER.test(textOf(head));
  while (at < head.length && (head[at] === OPEN_BRACKET || BLANKS.has(head[at]!))) at++;
  return valueEnd(head, at, head.length) === MORE;
}
