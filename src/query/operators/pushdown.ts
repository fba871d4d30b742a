/**
 * A parse that is compiled to columns. The text of a record in the default layout is its values joined by
 * spaces, so a pattern of stars and single spaces takes columns, as text. Records in any other form go the
 * slow way in the same statement, unless the store says that there are none.
 */
import type { Field } from '../../model/fields.ts';
import { any } from '../match.ts';
import { defaultValues, isDefault, joined } from '../raw.ts';
import { anchorRegex } from '../regex.ts';
import { num, param, type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import { storedField } from '../stored.ts';
import type { Name, Span } from '../tree.ts';
import { type Typed, text } from '../typed.ts';
import { type Extraction, hold, release, subject } from './extraction.ts';

/** The state behind the parse; undefined where it must read the text of every record. */
export function parsedFromColumns(o: Extraction & { readonly pattern: string; readonly names: readonly Name[] }, before: State, span: Span): State | undefined {
  const source = o.field?.node === 'field' ? o.field.name : '_raw';
  const stars = o.names.length;
  const { ctx } = before;
  if (source !== '_raw' || before.column('_raw') || !before.parts.stored || o.pattern !== Array(stars).fill('*').join(' ')) return undefined;
  const [format, ...others] = ctx.formats;
  if (format?.kind !== 'flow' || others.length > 0) return undefined;
  const values = defaultValues(ctx, format);
  if (stars < 2 || stars > values.length) return undefined;
  const column = (i: number): Sql => (i === stars - 1 ? joined(values.slice(i)) : (values[i] as Sql));
  const isField = (i: number): boolean => i < stars - 1 || stars === values.length;
  const textOf = (i: number, when?: Sql): Pick<Typed, 'textOf'> =>
    isField(i) ? { textOf: { value: storedField(ctx, format.defaultFields[i] as Field), ...(when ? { when } : {}) } } : {};
  if (ctx.defaultOnly) {
    ctx.notes.set(span.start, 'taken from columns: every record is in the default layout');
    const ready = before.parts.limit === undefined ? before : before.finished();
    return o.names.reduce((next, { name }, i) => next.assign(name, { ...text(column(i)), ...textOf(i) }), ready);
  }
  ctx.notes.set(span.start, 'taken from columns for records in the default layout, from the text for others');
  const { state: ready, source: raw } = subject(o, before, span, true);
  const slow = sql`extractGroups(${raw}, ${param('String', anchorRegex(o.pattern))})`;
  const { state, held } = hold(ready, sql`if(${isDefault(ctx, format)}, [], ${slow})`, 'list');
  const columns = o.names.map(({ name }, i) => {
    const missing = o.nodrop ? sql`empty(${held}), NULL, ` : sql``;
    const found = text(sql`multiIf(${isDefault(ctx, format)}, ${column(i)}, ${missing}arrayElement(${held}, ${num(i + 1)}))`);
    return { name, value: { ...found, ...textOf(i, isDefault(ctx, format)) } };
  });
  return release(o.nodrop ? state : state.filter(any([isDefault(ctx, format), sql`notEmpty(${held})`])), columns);
}
