/** Finding the columns of a result that a panel names, forgiving letter case; and reading values out of rows. Pure. */
import type { OutputColumn } from '../../api/contract.ts';
import { asNumber } from '../format/numbers.ts';

export interface Located {
  readonly column: OutputColumn;
  readonly index: number;
}

/** Name of the series of rows that do not have its value. */
export const NONE = '(none)';

/** Name of the series that is the rest of a top: no value, and so nothing to click through to. */
export const REST = '\0other';

export function locate(columns: readonly OutputColumn[], name: string | undefined): Located | undefined {
  if (name === undefined) return undefined;
  const exact = columns.findIndex((c) => c.name === name);
  const index = exact >= 0 ? exact : columns.findIndex((c) => c.name.toLowerCase() === name.toLowerCase());
  const column = columns[index];
  return column && { column, index };
}

/** The column that a panel measures: the named one, else the last number that is not `except`. */
export function locateMeasure(columns: readonly OutputColumn[], name: string | undefined, except: readonly (string | undefined)[] = []): Located | undefined {
  const named = locate(columns, name);
  if (named) return named;
  const index = columns.findLastIndex((c) => c.kind === 'number' && !except.includes(c.name));
  const column = columns[index];
  return column && { column, index };
}

/** What a click on a series says: the value of the column that named it, or after a transpose the column itself. */
export function seriesCell(
  columns: readonly OutputColumn[],
  seriesColumn: Located | undefined,
  name: string | undefined,
): { column: OutputColumn; value: string }[] {
  const column = name === undefined || name === REST ? undefined : (seriesColumn?.column ?? columns.find((c) => c.name === name));
  return column && name !== undefined ? [{ column, value: name === NONE && seriesColumn ? '' : name }] : [];
}

export function numberAt(row: readonly unknown[], at: Located | undefined): number {
  return at ? (asNumber(row[at.index]) ?? 0) : 0;
}

export function textAt(row: readonly unknown[], at: Located | undefined): string {
  const value = at && row[at.index];
  return value === null || value === undefined ? '' : String(value);
}
