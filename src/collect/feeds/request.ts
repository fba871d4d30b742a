/** What fetching a feed takes and gives, whatever its kind. */
import type { FeedKind, IndicatorFormat } from '../../model/feed.ts';
import type { Way } from './http.ts';

/** What a feed remembers from run to run, by its kind. */
export type Cursor = Readonly<Record<string, unknown>>;

export interface FetchRequest {
  readonly kind: FeedKind;
  readonly url: string | undefined;
  readonly path: string | undefined;
  /** Of kinds that can be asked for a part of what there is, in the service's own words. */
  readonly filter: string | undefined;
  readonly way: Way;
  /** Of the last run that was stored; empty before. */
  readonly cursor: Cursor;
  /** Where the document goes. */
  readonly file: string;
  /** Epoch seconds. */
  readonly now: number;
  /** The first page is enough: nothing is stored of it. */
  readonly sample: boolean;
  readonly onDoing: (what: string) => void;
}

export interface Fetched {
  /** Nothing is new, and there is no document. */
  readonly notModified: boolean;
  /** The document is all that the feed has; else what is new in it. */
  readonly complete: boolean;
  readonly cursor: Cursor;
  /** Where the kind has one format only. */
  readonly format?: IndicatorFormat;
}

/** Writes the pages of a service as one document. */
export interface PageWriter {
  /** One more element of the document's list. */
  add(value: unknown): Promise<void>;
}

/** A service that is asked page by page. */
export type PagedFetch = (request: FetchRequest & { readonly url: string }, writer: PageWriter) => Promise<Omit<Fetched, 'format'>>;
