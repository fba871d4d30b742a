/**
 * Records in, ECS documents out, in the order of input and nothing stored. The records go through the
 * same decoder as those that are stored, so what is shown here is what would be stored.
 */
import type { Batch } from '../model/batch.ts';
import { formatOf, type LogFormat } from '../model/log-formats.ts';
import type { Damage, Segment } from '../model/segment.ts';
import type { RecordFormat } from '../model/source.ts';
import { unframed } from './cloudtrail/frame.ts';
import { createDecoder, decoderKind, headed, type RecordDecoder } from './decoder.ts';
import type { Document, StoredRecord } from './document.ts';
import { recordDocument } from './documents.ts';
import { rebuildBytes } from './flow/rebuild.ts';
import { recordAt } from './record.ts';
import { type DecodedBatches, type DeliveredBadRecord, IN_BAD } from './result.ts';

export type { Document } from './document.ts';

export interface NormalizeOptions {
  /** As FlowDecoderOptions.layout. */
  readonly layout: string;
  readonly format?: RecordFormat;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Adds columns to a batch; with it the documents are the enriched ones. */
  readonly enrich?: (batch: Batch) => void;
}

/** Records decoded at a time: a person who pipes lines in waits for no more than these. */
const CAPACITY = 4096;

/** What stands in the place of a record that cannot be read. */
export interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string };
  readonly raw: string;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Documents of a delivery (decode/segments.ts). The source's return value, when it is not undefined, is
 * damage that ended it early.
 */
export async function* normalize(source: AsyncGenerator<Segment, Damage | undefined>, options: NormalizeOptions): AsyncGenerator<Document | ErrorDocument> {
  let kind = decoderKind(options.format ?? 'auto', NO_BYTES);
  let decoder: RecordDecoder = createDecoder(kind, { ...options, capacity: CAPACITY });
  const push = function* (bytes: Uint8Array, last: boolean): Generator<Document | ErrorDocument> {
    let rest = bytes;
    while (!decoder.push(rest, last)) {
      yield* documents(decoder.take(), options);
      rest = NO_BYTES;
    }
  };
  try {
    for (;;) {
      const next = await source.next();
      if (next.done && !next.value) break;
      if (!next.done && next.value.kind === 'control') continue;
      // The text before may be what is damaged: its end is still open.
      if (!next.done && !decoder.deliveryFinished) yield* push(NO_BYTES, true);
      if (!next.done && next.value.kind === 'text') {
        let begun = false;
        for await (const chunk of headed(next.value.chunks, options.format ?? 'auto')) {
          if (!begun) {
            const wanted = decoderKind(options.format ?? 'auto', chunk);
            yield* documents(decoder.take(), options);
            if (wanted !== kind) {
              kind = wanted;
              decoder = createDecoder(kind, { ...options, capacity: CAPACITY });
            } else if (decoder.deliveryFinished) decoder.nextDelivery();
            begun = true;
          }
          yield* push(chunk, false);
          yield* documents(decoder.take(), options);
        }
        continue;
      }
      if (decoder.deliveryFinished) decoder.nextDelivery();
      if (next.done) {
        yield* push(NO_BYTES, false);
        yield* documents(decoder.take(), options);
        decoder.endDamaged(next.value!.code, next.value!.message);
        break;
      }
      const segment = next.value;
      if (segment.kind === 'bad') decoder.endDamaged(segment.code, segment.message, segment);
    }
    if (!decoder.deliveryFinished) yield* push(NO_BYTES, true);
    yield* documents(decoder.take(), options);
  } finally {
    // Who reads may stop half-way: the file would stay open.
    await source.return(undefined);
  }
}

/** Documents of a batch in the order of input. */
export function* documents(batch: DecodedBatches, options: Pick<NormalizeOptions, 'enrich'>): Generator<Document | ErrorDocument> {
  for (const table of batch.tables) options.enrich?.(table.batch);
  const next = batch.tables.map(() => 0);
  let nextBad = 0;
  for (const list of batch.order) {
    const table = batch.tables[list];
    if (list === IN_BAD || !table) {
      yield errorDocument(batch.bad[nextBad++]!);
      continue;
    }
    const format = formatOf(table.dataset);
    yield recordDocument(storedRecord(table.batch, next[list]!++, format), format, options.enrich !== undefined);
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function errorDocument(bad: DeliveredBadRecord): ErrorDocument {
  return { error: { code: bad.code, message: bad.message }, raw: decoder.decode(bad.raw) };
}

/** A row with its raw text, as the document functions take it. */
export function storedRecord(batch: Batch, row: number, format: LogFormat): StoredRecord {
  const record = recordAt(batch, row);
  return format.kind === 'event'
    ? { ...record, raw: unframed((name) => String(record[name] ?? '')) }
    : { ...record, raw: decoder.decode(rebuildBytes(batch, row, format)) };
}
