/** Documents of records of any format. */
import type { LogFormat } from '../model/log-formats.ts';
import { baseEventDocument, enrichedEventDocument } from './cloudtrail/ecs.ts';
import type { Document, StoredRecord } from './document.ts';
import { baseDocument, enrichedDocument } from './flow/ecs.ts';

/** `enriched`: with everything that is known of the record; otherwise only what it says itself. */
export function recordDocument(record: StoredRecord, format: LogFormat, enriched = true): Document {
  if (format.kind === 'event') return enriched ? enrichedEventDocument(record) : baseEventDocument(record);
  return enriched ? enrichedDocument(record, format) : baseDocument(record, format);
}
