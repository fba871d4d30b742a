/**
 * The record's text, rebuilt from its columns: the original bytes where they were kept, else the
 * values of the layout's fields joined by spaces, `-` where the record did not give one. Computing it
 * costs some fifty conversions a row, so it is done last and only when asked for.
 */
import { FRAME_PARTS } from '../model/cloudtrail-fields.ts';
import type { Field } from '../model/fields.ts';
import { type FlowFormat, VPC_FLOW } from '../model/log-formats.ts';
import type { Context } from './context.ts';
import { join, num, param, type Sql, sql } from './sql.ts';
import { addressToText } from './typed.ts';

/** `_raw` of the row at hand. */
export function rawText(ctx: Context): Sql {
  if (ctx.defaultOnly) return joined(defaultValues(ctx, VPC_FLOW));
  const { layouts } = ctx.options.relations;
  return ctx.byFormat((format) => {
    if (format.kind === 'event') return unframed(ctx);
    return layouts?.length ? layoutTexts(ctx, format, layouts) : rebuilt(ctx, format);
  });
}

/** The text of an event: its frame with the parts in their places (formats/cloudtrail/frame.ts). */
function unframed(ctx: Context): Sql {
  return FRAME_PARTS.reduce((text, { column, mark }) => sql`replaceOne(${text}, char(${num(mark)}), ${ctx.column(column)})`, ctx.column('frame'));
}

function rebuilt(ctx: Context, format: FlowFormat): Sql {
  const names = param(
    'Array(String)',
    format.fields.map((f) => f.aws as string),
  );
  const values = format.fields.map((field) => valueText(ctx, field));
  const absent = ctx.column('absent');
  const text = sql`arrayStringConcat(arrayMap(i -> if(i = 0 OR bitTest(${absent}, toUInt8(i - 1)), '-', arrayElement([${join(values, ', ')}], i)), arrayMap(n -> indexOf(${names}, n), splitByChar(' ', toString(${ctx.column('layout')})))), ' ')`;
  const exact = ctx.column('raw_exact');
  return sql`multiIf(${exact} != '', ${exact}, ${isDefault(ctx, format)}, ${joined(defaultValues(ctx, format))}, ${text})`;
}

function layoutTexts(ctx: Context, format: FlowFormat, layouts: readonly string[]): Sql {
  const exact = ctx.column('raw_exact');
  const cases = layouts.map((layout) => sql`${ctx.column('layout')} = ${param('String', layout)}, ${layoutText(ctx, format, layout)}`);
  return sql`multiIf(${exact} != '', ${exact}, ${join(cases, ', ')}, '')`;
}

function layoutText(ctx: Context, format: FlowFormat, layout: string): Sql {
  const values = layout.split(' ').map((name) => {
    const field = format.fields[format.bits.get(name) ?? -1];
    if (!field) return sql`'-'`;
    const value = valueText(ctx, field);
    return ctx.maybeAbsent(field) ? sql`if(${ctx.absent(field)}, '-', ${value})` : value;
  });
  return joined(values);
}

/**
 * Is the record in the default layout, with all its values, and its text the values joined by spaces? Its
 * text is then made without detours, which is ten times faster.
 */
export function isDefault(ctx: Context, { defaultLayout, defaultMask }: FlowFormat): Sql {
  return sql`(${ctx.column('raw_exact')} = '' AND ${ctx.column('layout')} = ${param('String', defaultLayout)} AND bitAnd(${ctx.column('absent')}, ${num(Number(defaultMask))}) = 0)`;
}

/** Texts of the default layout's values, in its order. */
export function defaultValues(ctx: Context, { defaultFields }: FlowFormat): Sql[] {
  return defaultFields.map((f) => valueText(ctx, f));
}

/** Values joined by spaces. */
export function joined(values: readonly Sql[]): Sql {
  return sql`concatWithSeparator(' ', ${join(values, ', ')})`;
}

function valueText(ctx: Context, field: Field): Sql {
  const column = ctx.column(field.column);
  if (field.derived === 'end') return sql`toString(toUnixTimestamp(${ctx.column('start')}) + ${column})`;
  switch (field.type) {
    case 'address':
      return addressToText(column);
    case 'time':
      return sql`toString(toUnixTimestamp(${column}))`;
    case 'number':
      return sql`toString(${column})`;
    case 'text':
      return field.percentEncoded ? percentEncode(column) : sql`toString(${column})`;
  }
}

/** Tags are decoded in the column; the record has them percent-encoded, with `%20` for a space. */
export function percentEncode(column: Sql): Sql {
  return sql`encodeURLComponent(toString(${column}))`;
}
