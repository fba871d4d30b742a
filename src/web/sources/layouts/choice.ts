/** Choosing the layout of a stream: its samples as columns, and what each column may be. Pure. */
import type { LayoutQuestion } from '../../../api/contract/sources.ts';
import { LayoutError, parseLayoutText } from '../../../formats/flow/layout.ts';
import { AWS_FIELDS, findField, TGW_ONLY } from '../../../model/fields.ts';

export type Layout = readonly string[];
type Open = Pick<LayoutQuestion, 'candidates' | 'ambiguous'>;

/** The values of a record, as a line of a flow log separates them. */
export function valuesOf(sample: string): string[] {
  return sample.split(/[ \t\r\n]+/).filter((value) => value !== '');
}

/** The names of a layout, without its format. */
const FORMAT = /^[a-z]+-flow:/;
/** What stands before the names where their format is to be said (`tgw-flow:`). */
export const formatPrefix = (layout: string): string => FORMAT.exec(layout)?.[0] ?? '';

export const namesOf = (layout: string): Layout =>
  layout
    .replace(FORMAT, '')
    .split(' ')
    .filter((name) => name !== '');

/** How many values the records have: as the candidates say, else as most samples have. */
export function widthOf({ candidates, samples }: Pick<LayoutQuestion, 'candidates' | 'samples'>): number {
  const [first] = candidates;
  if (first !== undefined) return namesOf(first).length;
  const counts = new Map<number, number>();
  for (const sample of samples) counts.set(valuesOf(sample).length, (counts.get(valuesOf(sample).length) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0;
}

const ALL: Layout = [...AWS_FIELDS, ...TGW_ONLY].map((field) => field.aws as string).sort();

/** By column, the fields that it could be: one where the evidence has decided, all where there is no evidence. */
export function optionsOf(question: Pick<LayoutQuestion, 'candidates' | 'ambiguous' | 'samples'>): readonly Layout[] {
  const [first] = question.candidates;
  const open = new Map(question.ambiguous.map(({ position, names }) => [position, names]));
  if (first === undefined) return Array.from({ length: widthOf(question) }, (_, position) => open.get(position) ?? ALL);
  return namesOf(first).map((name, position) => open.get(position) ?? [name]);
}

/**
 * The layout with another field in one column: the likeliest candidate that has it there and keeps most of the rest; where none
 * has it, the two columns change their fields.
 */
export function withName({ candidates }: Pick<Open, 'candidates'>, layout: Layout, position: number, name: string): Layout {
  const kept = (other: Layout): number => other.filter((one, i) => one === layout[i]).length;
  const fitting = candidates.map(namesOf).filter((other) => other.length === layout.length && other[position] === name);
  const [best] = fitting.toSorted((a, b) => kept(b) - kept(a));
  if (best !== undefined) return best;
  const before = layout[position] as string;
  return layout.map((one, i) => (i === position ? name : one === name ? before : one));
}

export type Reading = { readonly layout: Layout } | { readonly problem: string; readonly hint?: string };

/** What somebody wrote, a preset's name or field names, for records of so many values. */
export function readLayout(text: string, width: number): Reading {
  let layout: Layout;
  try {
    ({ layout } = parseLayoutText(text));
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    return { problem: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  if (width > 0 && layout.length !== width) return { problem: `the layout has ${layout.length} fields, the records have ${width} values` };
  return { layout };
}

/** What a candidate says of the columns that are open, in their order: what tells it from the others. */
export function candidateWords({ candidates, ambiguous }: Open, candidate: string): string {
  const names = namesOf(candidate);
  const first = namesOf(candidates[0] ?? '');
  const open = ambiguous.map(({ position }) => position);
  const told = open.length > 0 ? open : names.flatMap((name, i) => (name === first[i] ? [] : [i]));
  return told.map((position) => `${position + 1} ${names[position] ?? '?'}`).join(' · ') || candidate;
}

export interface Told {
  readonly name: string;
  readonly value: string;
  readonly doc: string;
  /** Epoch milliseconds of a time. */
  readonly at: number | undefined;
}

/** A record under a layout. A value that is absent is told as it stands. */
export function tell(sample: string, layout: Layout): Told[] {
  const values = valuesOf(sample);
  return layout.map((name, i) => {
    const value = values[i] ?? '';
    const field = findField(name);
    const time = field?.type === 'time' && /^\d{10}$/.test(value);
    return { name, value, doc: field?.doc ?? '', at: time ? Number(value) * 1000 : undefined };
  });
}

/** `1 stream waits for its layout (1,204 records in quarantine)` */
export function waitingWords(questions: readonly Pick<LayoutQuestion, 'records'>[]): string {
  const records = questions.reduce((sum, question) => sum + question.records, 0);
  const streams = questions.length === 1 ? '1 stream waits for its layout' : `${questions.length.toLocaleString('en-US')} streams wait for their layouts`;
  return `${streams} (${records.toLocaleString('en-US')} ${records === 1 ? 'record' : 'records'} in quarantine)`;
}

/** `edge flows · /aws/vpc/flows` */
export function streamName({ source, logGroup }: Pick<LayoutQuestion, 'source' | 'logGroup'>): string {
  return [source?.name ?? 'without a source', logGroup].filter((part) => part !== '').join(' · ');
}
