/**
 * Rows of a result as text that leaves: CSV (RFC 4180) and NDJSON. In CSV, times are ISO 8601 and a text
 * that a spreadsheet would run as a formula gets a ' before it, unless that is switched off. NDJSON has one
 * object a line with the API's own values: times are epoch milliseconds, and an integer beyond what a
 * double holds exactly is text. Pure.
 */
import type { OutputColumn } from './contract.ts';

export const ROW_FORMATS = ['csv', 'ndjson'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

type Row = readonly unknown[];
type Columns = readonly Pick<OutputColumn, 'name' | 'kind'>[];

/** What spreadsheets take for the beginning of a formula, or read past on the way to one. */
const FORMULA = /^[=+\-@\t\r]/;

/** One cell. `kind` is the column's; `guard` keeps texts from being formulas. */
function csvCell(value: unknown, kind: OutputColumn['kind'], guard: boolean): string {
  if (value === null || value === undefined) return '';
  if (kind === 'time' && typeof value === 'number' && isTime(value)) return new Date(value).toISOString();
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // A number is written as text where a double would lose its digits: its minus begins no formula.
  const risky = guard && typeof value === 'string' && kind !== 'number' && FORMULA.test(text);
  return quoted(risky ? `'${text}` : text);
}

/** Whether a Date can hold it; a query can make times that none can, which stay numbers. */
function isTime(ms: number): boolean {
  return !Number.isNaN(new Date(ms).getTime());
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The line of column names, without its end. */
export function csvHead(columns: Columns, guard = true): string {
  return columns.map((c) => csvCell(c.name, 'text', guard)).join(',');
}

/** One row, without its end. */
export function csvLine(columns: Columns, row: Row, guard = true): string {
  return columns.map((c, i) => csvCell(row[i], c.kind, guard)).join(',');
}

/** One row as an object, without its end. */
export function jsonLine(columns: Columns, row: Row): string {
  return `{${columns.map((c, i) => `${JSON.stringify(c.name)}:${JSON.stringify(row[i] ?? null)}`).join(',')}}`;
}
