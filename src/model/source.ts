/**
 * What an operator sets of a source: where its records say they come from, and what is done with each
 * record before it is stored. The same for every kind of source.
 */

/** `ec2`: an interface lookup. It fetches no records but what is known of the interfaces that made them. */
export const SOURCE_KINDS = ['http', 'firehose', 's3', 'ec2'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Kinds that senders send to, each under a token of its own; the others fetch. */
export type PushedKind = 'http' | 'firehose';

/** Whether senders send to it, in place of its fetching. */
export function isPushed(kind: SourceKind): kind is PushedKind {
  return kind === 'http' || kind === 'firehose';
}

/** Formats that a source can be told to hold; `auto` looks at the content. */
export const RECORD_FORMATS = ['auto', 'vpc-flow', 'tgw-flow', 'cloudtrail'] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/**
 * One processing rule. Rules run in their order on the text of a record as received, after a header line
 * has set the layout (a header is no record). Patterns are RE2 and match anywhere in the record.
 *
 * - `exclude`: a record that matches is not stored, and counted as filtered.
 * - `include`: a record that matches none of the include rules is not stored, and counted as filtered.
 * - `mask`: what the pattern's first group (the whole match where it has none) matched becomes `replacement`.
 * - `hash`: the same becomes its SHA-256 in hex.
 */
export interface RecordRule {
  readonly kind: 'exclude' | 'include' | 'mask' | 'hash';
  readonly name: string;
  readonly pattern: string;
  /** Of `mask`; `#` where it is absent. */
  readonly replacement?: string | undefined;
}

/** Where records end: `off`: at line ends (JSON objects at their brackets, always); `automatic`: lines that begin with blanks go on the record before; `boundary`: a record begins at each line that the RE2 pattern matches. */
export type Multiline = { readonly mode: 'off' } | { readonly mode: 'automatic' } | { readonly mode: 'boundary'; readonly pattern: string };

/** How the records of a source are read. */
export interface RecordSettings {
  readonly format: RecordFormat;
  /** Layout of lines without a header: `auto`, a preset's name, or header names separated by spaces. */
  readonly layout: string;
  readonly rules: readonly RecordRule[];
  /** RE2 pattern whose first group holds the record's time as epoch seconds (10 digits) or milliseconds (13); it sets `_messageTime`. Empty: the record's start. */
  readonly timestampLocator: string;
  readonly multiline: Multiline;
  /** A record whose two ends both lie in these CIDRs is not stored, and counted as filtered. */
  readonly internalTraffic: readonly string[];
}

export const DEFAULT_RECORD_SETTINGS: RecordSettings = {
  format: 'auto',
  layout: 'auto',
  rules: [],
  timestampLocator: '',
  multiline: { mode: 'off' },
  internalTraffic: [],
};
