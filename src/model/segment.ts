/**
 * What a delivery's bytes turn out to hold: runs of records with one origin, one after another. The
 * offsets of all segments count one text: the text of each in its order, and of a bad one its `length`.
 * They depend on the bytes alone, so a delivery that was half read is taken up again at an offset.
 */
import type { RecordErrorCode } from './batch.ts';

/** What an envelope says of the records in it; what it does not say is absent. */
export interface SegmentOrigin {
  readonly logGroup?: string;
  readonly logStream?: string;
  readonly account?: string;
  readonly region?: string;
}

/** Records as text. It is decoded on its own: own layout, own header. */
export interface TextSegment {
  readonly kind: 'text';
  readonly offset: number;
  readonly origin: SegmentOrigin;
  /** The first bytes were read before: the layout that was in force at `offset` goes on. */
  readonly resumed?: true;
  /** Read to its end before the next segment is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Bytes that hold no records that could be read; one bad record tells of them. */
export interface BadSegment {
  readonly kind: 'bad';
  readonly offset: number;
  readonly code: RecordErrorCode;
  readonly message: string;
  /** At most RAW_LIMIT of them. */
  readonly raw: Uint8Array;
  /** Bytes that there were; at least 1. */
  readonly length: number;
  readonly origin: SegmentOrigin;
}

/** A message of the service itself (a subscription's test): no record. */
export interface ControlSegment {
  readonly kind: 'control';
  readonly offset: number;
}

export type Segment = TextSegment | BadSegment | ControlSegment;

/** Where and why a delivery could not be read on. */
export interface Damage {
  readonly code: RecordErrorCode;
  readonly message: string;
  /** Plain bytes that were read before. */
  readonly offset: number;
}
