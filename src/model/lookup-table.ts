/** The shape of a lookup table on its way in, and how large one may be. */

export interface LookupLimits {
  /** Of the text of all cells, and of an upload. */
  readonly bytes: number;
  readonly columns: number;
  readonly cells: number;
  /** How many tables there may be. */
  readonly tables: number;
}

export const LOOKUP_LIMITS: LookupLimits = { bytes: 32 * 2 ** 20, columns: 100, cells: 2_000_000, tables: 1000 };

/** A table as it is read from a file or made of a result. Every row has a cell for each column. */
export interface TableRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a table of this size has too much of, for people. */
export function tooLarge(columns: number, rows: number, limits: LookupLimits): string | undefined {
  if (columns > limits.columns) return `A table may have ${limits.columns} columns; this has ${columns}.`;
  if (columns * rows > limits.cells) return `A table may have ${limits.cells.toLocaleString('en-US')} cells; this has more.`;
  return undefined;
}

/** What is said to people of a file or table with more text than `limits.bytes`. */
export function tooMuchText(what: 'file' | 'table', { bytes }: LookupLimits): string {
  return `A ${what} may have ${(bytes / 2 ** 20).toLocaleString('en-US', { maximumFractionDigits: 1 })} MiB of text; this has more.`;
}

/** A value as the cell of a table: what is nested as JSON, nothing as empty text. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
