/** What a row of the field table says of a field. */

/** How a value is written in a record and held in a column. */
export type FieldType = 'address' | 'number' | 'text' | 'time';

/** The ClickHouse types that a batch can carry (see model/batch.ts). */
export type ColumnType = 'UInt8' | 'UInt16' | 'UInt32' | 'UInt64' | 'IPv6' | 'LowCardinality(String)' | 'String' | 'Array(String)' | "DateTime('UTC')";

/**
 * A value that is computed from columns when it is read, never stored. Each name has one SQL template
 * in `query/` and, where records are shown as documents, one function in `formats/`.
 */
export type Derivation =
  | 'end'
  | 'transport'
  | 'service'
  | 'event-class'
  | 'mitre-id'
  | 'mitre-tactic'
  | 'raw'
  | 'size'
  | 'message-time'
  | 'tcp-flag-names'
  | 'traffic-path-name'
  | 'place-country'
  | 'place-state'
  | 'place-city'
  | 'place-latitude'
  | 'place-longitude'
  | 'as-number'
  | 'as-organization'
  | 'aws-service'
  | 'aws-region'
  | 'interface'
  | 'is-administrator';

export interface Field {
  /** Canonical name: the ECS path, or our own where ECS has none. Unique, lower case. */
  readonly name: string;
  /** Column in the tables of its formats (log-formats.ts); for a derived field, the column that it reads first. */
  readonly column: string;
  /** The name in a flow log's header line; absent on what AWS does not write. */
  readonly aws?: string;
  /** First flow log version that has the field. */
  readonly since?: number;
  /** Other names that answer in queries with the same value form (formats.md section 9). */
  readonly aliases: readonly string[];
  readonly type: FieldType;
  readonly columnType: ColumnType;
  readonly codec?: string;
  /** Largest value of a number; above it a record is `number-out-of-range`. */
  readonly max?: number;
  /** Equality ignores letter case (the sources spell ACCEPT and accept). */
  readonly foldCase?: true;
  /** Percent-encoded UTF-8 in the record, decoded in the column. */
  readonly percentEncoded?: true;
  readonly derived?: Derivation;
  /** Plain-text description, used in completion and in the reference. */
  readonly doc: string;
}
