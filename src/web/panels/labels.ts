/** What stands on an axis, in a legend or a tooltip for a value: with its service, its flag, or the name beside it. Pure. */
import type { OutputColumn } from '../../api/contract.ts';
import { exact } from '../format/numbers.ts';
import { display, fieldOf, roleOf } from '../format/values.ts';
import { type Located, locate, NONE, textAt } from './columns.ts';

/** The column whose text names what another column numbers: the one that the panel says, or the organization of an AS number. */
export function besideOf(columns: readonly OutputColumn[], at: Located, label: string | undefined): Located | undefined {
  const said = locate(columns, label);
  if (said && said.index !== at.index) return said;
  if (roleOf(at.column) !== 'asn') return undefined;
  const side = fieldOf(at.column)?.split('.')[0];
  const index = columns.findIndex((c) => c.name.toLowerCase() === 'organization' || (side !== undefined && fieldOf(c) === `${side}.as.organization.name`));
  const column = columns[index];
  return column && { column, index };
}

/** `22 ssh`, `AS15169 Google`, `🇨🇭 Switzerland`; `(none)` for what a record does not have. */
export function labelOf(row: readonly unknown[], at: Located, beside: Located | undefined, zone: string): string {
  const value = row[at.index];
  if (value === null || value === undefined || value === '') return NONE;
  const own = display(value, roleOf(at.column), zone);
  const name = textAt(row, beside);
  return name !== '' && name !== own ? `${own} ${name}` : own;
}

/** How many groups a row of the rest stands for; 0 for a row of its own. */
export function restOf(columns: readonly OutputColumn[], row: readonly unknown[]): number {
  const at = locate(columns, '_other');
  return at ? Number(row[at.index]) || 0 : 0;
}

export function restLabel(groups: number): string {
  return `other (${exact(groups)})`;
}
