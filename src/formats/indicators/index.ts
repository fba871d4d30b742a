/**
 * The formats of documents with indicators, and reading one: told by its content where nobody says which it is. What a
 * document holds is a stranger's: every limit is here, and whatever is in it, reading ends without an exception.
 */
import type { IndicatorFormat } from '../../model/feed.ts';
import { crowdstrike } from './crowdstrike.ts';
import { csv } from './csv.ts';
import { type Entry, type FeedDocument, type IndicatorReader, READ_LIMITS, type ReadLimits } from './entry.ts';
import { feodo } from './feodo.ts';
import { list } from './list.ts';
import { misp } from './misp.ts';
import { otx } from './otx.ts';
import { spamhausDrop } from './spamhaus-drop.ts';
import { stix } from './stix.ts';
import { textPieces } from './text.ts';
import { threatfox } from './threatfox.ts';
import { urlhaus } from './urlhaus.ts';

export type { Entry, FeedDocument, ReadLimits };

/** In the order in which a document is tried; a plain list is what is left. */
export const INDICATOR_READERS: readonly IndicatorReader[] = [stix, crowdstrike, threatfox, urlhaus, feodo, spamhausDrop, otx, misp, csv, list];

export interface Reading {
  /** undefined: it is none of them, and the only entry says so. */
  readonly format: IndicatorFormat | undefined;
  readonly entries: AsyncIterable<readonly Entry[]>;
}

/** Characters of a document that its format is told by. */
const START = 65_536;

/** Reads a document. Throws only what `document.open` throws. */
export async function readIndicators(
  document: FeedDocument,
  options: {
    readonly format?: IndicatorFormat | 'auto' | undefined;
    readonly mapping?: Readonly<Record<string, string | undefined>> | undefined;
    readonly limits?: Partial<ReadLimits>;
  } = {},
): Promise<Reading> {
  const limits = { ...READ_LIMITS, ...options.limits };
  const start = await beginning(document);
  const wrong = notADocument(start);
  if (wrong !== undefined) return { format: undefined, entries: one({ broken: wrong }) };
  const reader = INDICATOR_READERS.find(({ format, recognizes }) =>
    options.format === undefined || options.format === 'auto' ? (options.mapping ? format === 'csv' : recognizes(start)) : format === options.format,
  );
  // JSON that no format knows is not a list of words.
  if (!reader || (reader.format === 'list' && /^[[{]/.test(start)))
    return { format: undefined, entries: one({ broken: 'The document is JSON of an unknown kind. Name its format, or convert it to CSV.' }) };
  return { format: reader.format, entries: limited(reader.read(document, { limits, mapping: options.mapping }), limits.entries) };
}

async function beginning(document: FeedDocument): Promise<string> {
  let start = '';
  for await (const piece of textPieces(document)) {
    start = (start + piece.slice(0, START)).replace(/^\uFEFF/, '').trimStart();
    if (start.length >= START) break;
  }
  return start.slice(0, START);
}

function notADocument(start: string): string | undefined {
  if (start === '') return 'The document is empty.';
  if (/^PK[\u0003\u0005]/.test(start)) return 'The document is a ZIP archive. Use the address of the same list unpacked or as gzip.';
  if (/^<(?:!doctype|html|head|\?xml)/i.test(start))
    return 'The document is a web page or XML, no list of indicators: the address may be wrong, or ask for a key.';
  if (start.slice(0, 1000).includes('\u0000')) return 'The document is no text.';
  return undefined;
}

async function* one(entry: Entry): AsyncGenerator<Entry[]> {
  yield [entry];
}

async function* limited(batches: AsyncIterable<readonly Entry[]>, most: number): AsyncGenerator<readonly Entry[]> {
  let count = 0;
  for await (const batch of batches) {
    count += batch.length;
    if (count > most) {
      yield [{ broken: `The document has more than ${most.toLocaleString('en-US')} entries.` }];
      return;
    }
    if (batch.length > 0) yield batch;
  }
}
