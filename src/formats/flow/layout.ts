/**
 * Which fields a record has, and in what order. A layout comes from a header line, a preset, the
 * person's own list, or, for lines without a header, from the number of values. AWS lets any subset in
 * any order be chosen, so a layout is data; decode follows it as a table.
 */
import { FLOW_FORMATS, type FlowFormat } from '../../model/log-formats.ts';
import { RECORD_FORMATS, type RecordFormat } from '../../model/source.ts';
import { didYouMean, quoted } from '../../model/wording.ts';
import { type Layout, PRESETS, presetNamed } from './presets.ts';

export type { Layout } from './presets.ts';

/** A wrong layout text of a person: `message` says what, `hint` the way out; both are sentences. */
export class LayoutError extends Error {
  readonly code = 'unknown-layout';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'LayoutError';
    this.hint = hint;
  }
}

/** The AWS header name for a spelling with hyphens or underscores, in any letter case; undefined when the format has none. */
export function headerName(token: string, format: FlowFormat): string | undefined {
  const name = token.toLowerCase().replaceAll('_', '-');
  return format.bits.has(name) ? name : undefined;
}

/** Layout of a header line with its format, the first of those given that has all its names; undefined when the line is none. Each name stands once. */
export function readHeader(line: string, formats: readonly FlowFormat[] = FLOW_FORMATS): { readonly layout: Layout; readonly format: FlowFormat } | undefined {
  const tokens = wordsOf(line);
  for (const format of formats) {
    if (tokens.length > format.fields.length) continue;
    const layout = tokens.map((token) => headerName(token, format)).filter((name) => name !== undefined);
    if (layout.length === tokens.length && new Set(layout).size === layout.length) return { layout, format };
  }
  return undefined;
}

/** The formats that a setting lets records have, in the order in which they are tried. */
export function formatsOf(format: RecordFormat): readonly FlowFormat[] {
  return format === 'auto' ? FLOW_FORMATS : FLOW_FORMATS.filter(({ name }) => name === format);
}

/** A layout as it is kept and shown: its names, behind the format where another would be taken for it (`tgw-flow:srcaddr start`). */
export function layoutText(layout: Layout, format: FlowFormat | undefined): string {
  const text = layout.join(' ');
  return format === undefined || formatOfLayout(layout, FLOW_FORMATS) === format ? text : `${format.name}:${text}`;
}

/** Layout text (layoutText) → settings to read with. */
export function readingOf(text: string): { readonly format: RecordFormat; readonly layout: string } {
  const { format = 'auto', layout } = /^(?:(?<format>[a-z]+-flow):)?(?<layout>.*)$/s.exec(text.trim())?.groups ?? {};
  return { format: RECORD_FORMATS.find((known) => known === format) ?? 'auto', layout: layout || 'auto' };
}

/** The one of the formats that records in a layout (layoutText) are of. */
export function formatOfText(text: string, formats: readonly FlowFormat[]): FlowFormat | undefined {
  const { format, layout } = readingOf(text);
  return formatOfLayout(
    layout.split(' '),
    formats.filter(({ name }) => format === 'auto' || name === format),
  );
}

/** What a person wrote of a layout, with the format before it where that is to be said → the same, as layoutText has it. Throws LayoutError. */
export function parseLayoutText(text: string): { readonly layout: Layout; readonly text: string } {
  const reading = readingOf(text);
  const formats = formatsOf(reading.format);
  const layout = parseLayout(reading.layout === 'auto' ? '' : reading.layout, formats);
  return { layout, text: layoutText(layout, formatOfLayout(layout, formats)) };
}

/** The first of the formats that has all these fields. */
export function formatOfLayout(layout: Layout, formats: readonly FlowFormat[]): FlowFormat | undefined {
  return formats.find((format) => layout.every((name) => format.bits.has(name)));
}

/**
 * Names that a line has beside known ones, when it is plainly a header: words in the form of field
 * names, at least two and at least half of them known to the format that knows most. Undefined when it is
 * a readable header or none.
 */
export function unknownHeaderNames(line: string, formats: readonly FlowFormat[] = FLOW_FORMATS): readonly string[] | undefined {
  const tokens = wordsOf(line);
  const unknown = unknownTo(tokens, formats);
  const known = tokens.length - unknown.length;
  if (unknown.length === 0 || known < 2 || known < unknown.length) return undefined;
  return tokens.every((t) => /^[a-z][a-z0-9_-]*$/.test(t)) ? unknown : undefined;
}

function wordsOf(line: string): string[] {
  return line.trim().split(/[ \t]+/);
}

/** What the format that knows most of the names does not know. */
function unknownTo(tokens: readonly string[], formats: readonly FlowFormat[]): string[] {
  const lists = formats.map((format) => tokens.filter((token) => headerName(token, format) === undefined));
  return lists.reduce((best, list) => (list.length < best.length ? list : best));
}

/**
 * Layout that a person wrote: a preset's name, or field names of one format separated by spaces or commas,
 * plain or as `${name}`. Throws LayoutError for anything else.
 */
export function parseLayout(text: string, formats: readonly FlowFormat[] = FLOW_FORMATS): Layout {
  const preset = presetNamed(text, formats);
  if (preset) return preset.layout;
  const tokens = text
    .split(/[\s,]+/)
    .map((t) => t.replace(/^\$\{(.*)\}$/, '$1'))
    .filter((t) => t !== '');
  const presets = [...PRESETS].flatMap(([name, { format }]) => (formats.includes(format) ? [name] : []));
  const examples = `${presets.slice(0, 4).join(', ')}, …`;
  if (tokens.length === 0) throw new LayoutError('The layout is empty.', `Write a preset (${examples}) or field names such as “srcaddr dstaddr bytes”.`);
  const [unknown] = unknownTo(tokens, formats);
  if (unknown !== undefined) {
    const other = FLOW_FORMATS.find((format) => headerName(unknown, format) !== undefined);
    if (other)
      throw new LayoutError(
        `The layout mixes formats: ${quoted(unknown)} is a field of ${other.title} alone.`,
        'Leave it out, or write the names of one format.',
      );
    const known = [...formats.flatMap((format) => [...format.bits.keys()]), ...(tokens.length === 1 ? presets : [])];
    const hint = didYouMean(unknown.replaceAll('_', '-'), known) ?? `Write AWS’s names, such as “srcaddr dstaddr bytes”, or a preset (${examples}).`;
    throw new LayoutError(`The layout names an unknown field: ${quoted(unknown)}.`, hint);
  }
  const names = tokens.map((token) => token.toLowerCase().replaceAll('_', '-'));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new LayoutError(`The layout names ${quoted(twice)} twice.`, 'Leave one of them out.');
  return names;
}
