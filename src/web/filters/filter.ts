/**
 * A filter chip and how it is written in the URL: `[!][~]field:value,value`. `!` negates, `~` is paused;
 * a comma or backslash inside a value has a backslash before it; `\e` is the
 * empty value (the record does not have the field). Decoding what encoding wrote gives the
 * same chip (tested); anything else in the URL is left out instead of breaking the page.
 */
import type { Filter } from '../../api/contract.ts';
import { canonicalName } from '../../model/fields.ts';

export interface Chip extends Filter {
  /** Kept on the bar, not applied. */
  readonly paused: boolean;
}

export function encodeChip(chip: Chip): string {
  const values = chip.values.map((v) => (v === '' ? EMPTY : v.replace(/[\\,]/g, '\\$&'))).join(',');
  return `${chip.negate ? '!' : ''}${chip.paused ? '~' : ''}${chip.field}:${values}`;
}

export function decodeChip(text: string): Chip | null {
  const match = /^(!?)(~?)([^:!~][^:]*):(.*)$/su.exec(text);
  if (!match) return null;
  const [, negate, paused, field = '', list = ''] = match;
  const values = splitValues(list);
  return values.length === 0 ? null : { field, values, negate: negate === '!', paused: paused === '~' };
}

const EMPTY = '\\e';

/** Splits at commas that have no backslash before them; what is empty and not `\e` is left out. */
export function splitValues(list: string): string[] {
  const items: string[] = [];
  let item = '';
  for (let i = 0; i < list.length; i++) {
    const c = list.charAt(i);
    if (c === '\\' && i + 1 < list.length) item += c + list.charAt(++i);
    else if (c === ',') {
      items.push(item);
      item = '';
    } else item += c;
  }
  items.push(item);
  return items.filter((i) => i !== '').map((i) => (i === EMPTY ? '' : i.replace(/\\(.)/gsu, '$1')));
}

export function decodeChips(texts: readonly string[]): Chip[] {
  return texts.map(decodeChip).filter((c) => c !== null);
}

/** What is sent with a run: chips that are not paused. */
export function applied(chips: readonly Chip[]): Filter[] {
  return chips.filter((c) => !c.paused).map(({ field, values, negate }) => ({ field, values, negate }));
}

/** Canonical name of a field; a name that is none stays as it is, and the server says so. */
export function canonical(name: string): string {
  return canonicalName(name) ?? name;
}

/** Adds a value: joins the chip of the same field and sense if there is one. */
export function addValue(chips: readonly Chip[], field: string, value: string, negate = false): Chip[] {
  const name = canonical(field);
  const at = chips.findIndex((c) => canonical(c.field) === name && c.negate === negate && !c.paused);
  const found = chips[at];
  if (!found) return [...chips, { field: name, values: [value], negate, paused: false }];
  if (found.values.includes(value)) return [...chips];
  return chips.with(at, { ...found, values: [...found.values, value] });
}

/** Sets the values of a drill-down: one new chip per field, beside what is there. */
export function addFilters(chips: readonly Chip[], filters: readonly Filter[]): Chip[] {
  const added = filters.map((f): Chip => ({ ...f, field: canonical(f.field), paused: false }));
  const same = (a: Chip, b: Chip) => encodeChip({ ...a, field: canonical(a.field) }) === encodeChip(b);
  return [...chips, ...added.filter((a) => !chips.some((c) => same(c, a)))];
}
