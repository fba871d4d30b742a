/**
 * What the editor asks for each kind of panel: an option is a line in `INPUTS`, and a word for it in each kind that
 * has it. A new option of the schema does not compile until it has a line here. Pure.
 */
import type { OutputColumn } from '../../../api/contract.ts';
import { checkDashboard, NEEDED } from '../../../dashboards/check.ts';
import type { Panel } from '../../../dashboards/schema.ts';
import { locate } from '../../panels/columns.ts';
import { panelOf, shapeOf } from '../../panels/shape.ts';

/** What every kind has. */
type Common =
  | 'id'
  | 'title'
  | 'description'
  | 'kind'
  | 'query'
  | 'filters'
  | 'width'
  | 'height'
  | 'unit'
  | 'meaning'
  | 'needs'
  | 'empty'
  | 'window'
  | 'measure'
  | 'measures';
export type Option = Exclude<keyof Panel, Common>;

/** What one gives: a column of the result, several, a length of time, a number. */
export type Input = 'column' | 'columns' | 'seconds' | 'count';

export const INPUTS: Readonly<Record<Option, Input>> = {
  x: 'column',
  y: 'column',
  series: 'column',
  size: 'column',
  label: 'column',
  totals: 'columns',
  heat: 'columns',
  details: 'columns',
  bucket: 'seconds',
  top: 'count',
};

type Words = { readonly [O in Option]?: string };

const LINES: Words = { x: 'Time', y: 'Value', series: 'A line for each', top: 'Most lines' };
const STACKS: Words = { x: 'Time', y: 'Value', series: 'Stacked by', top: 'Most parts' };

export const FORM: Readonly<Record<Panel['kind'], Words>> = {
  value: { y: 'Number', bucket: 'Bucket' },
  line: LINES,
  step: LINES,
  comparison: { x: 'Time', y: 'Value' },
  outlier: { x: 'Time', y: 'Value' },
  column: STACKS,
  area: STACKS,
  share: STACKS,
  bar: { x: 'A bar for each', y: 'Length', series: 'Stacked by', label: 'Name beside it', top: 'Most bars' },
  donut: { x: 'A part for each', y: 'Size', label: 'Name beside it', top: 'Most parts' },
  scatter: { x: 'Across', y: 'Upwards', series: 'Colour by', label: 'Name beside it', top: 'Most places' },
  bubble: { x: 'Across', y: 'Upwards', size: 'Size', label: 'Name beside it' },
  matrix: { x: 'A column for each', series: 'A row for each', size: 'Cell', top: 'Most rows' },
  map: { size: 'Size', label: 'Name of a place', details: 'Shown of a place' },
  table: { y: 'Bars in the cells of', totals: 'Totals of', heat: 'Coloured cells of' },
};

export function optionsOf(kind: Panel['kind']): Option[] {
  return (Object.keys(INPUTS) as Option[]).filter((option) => FORM[kind][option] !== undefined);
}

/** Grid columns and rows of a new panel. */
export function sizeOf(kind: Panel['kind']): { readonly width: number; readonly height: number } {
  if (kind === 'value') return { width: 6, height: 5 };
  return { width: kind === 'donut' ? 8 : 12, height: 8 };
}

export function isNeeded(kind: Panel['kind'], option: Option): boolean {
  return (NEEDED[kind] as readonly string[]).includes(option);
}

/**
 * The panel as another kind, or of another result: what the kind does not have goes, columns that the result does not
 * have go, and those that it needs are taken from the result's shape; when guessing, those that it may have, too.
 */
export function fitted(panel: Panel, kind: Panel['kind'], columns: readonly OutputColumn[], guessing = panel.kind !== kind): Panel {
  const shape = shapeOf(panel.query, columns);
  const guess = panelOf(kind, panel.query, shape);
  const numbers = columns.filter((c) => c.kind === 'number');
  const measure = (shape.measures[0] ?? numbers.at(-1))?.name;
  const first = { x: (shape.time ?? shape.keys[0])?.name, y: measure, size: measure, series: shape.keys[shape.time ? 0 : 1]?.name };
  const next: Record<string, unknown> = { ...panel, kind, totals: [], heat: [], details: [] };
  for (const option of Object.keys(INPUTS) as Option[]) {
    const old = panel[option];
    const input = INPUTS[option];
    if (FORM[kind][option] === undefined) {
      if (input !== 'columns') delete next[option];
    } else if (input === 'columns') {
      const kept = ((old as string[] | undefined) ?? []).filter((name) => locate(columns, name));
      next[option] = kept.length > 0 || !guessing ? kept : (guess[option] ?? []);
    } else if (input === 'column') {
      const kept = locate(columns, old as string | undefined)?.column.name;
      const found = kept ?? (isNeeded(kind, option) || guessing ? guess[option] : undefined);
      const name = found ?? (isNeeded(kind, option) ? first[option as keyof typeof first] : undefined);
      if (name === undefined) delete next[option];
      else next[option] = name;
    }
  }
  return next as unknown as Panel;
}

/** What is wrong with a panel beside its query, in words. */
export function findings(panel: Panel, columns: readonly OutputColumn[] | undefined): string[] {
  const sections = [{ id: 'one', title: '', panels: [panel] }];
  const wrong = checkDashboard({ id: 'one', title: '', description: '', useCase: '', app: '', window: 3600, variables: [], sections }).map((f) => f.message);
  for (const { title, y } of panel.measures) {
    if (!title.trim()) wrong.push('another measure has no title');
    if (!y) wrong.push(`the measure “${title}” names no column`);
  }
  if (!columns) return wrong;
  const named = optionsOf(panel.kind).flatMap((option) => {
    const value = INPUTS[option] === 'column' || INPUTS[option] === 'columns' ? panel[option] : undefined;
    return (Array.isArray(value) ? value : value === undefined ? [] : [String(value)]).filter((name) => !locate(columns, name));
  });
  return [...wrong, ...[...new Set(named)].map((name) => `the result has no column “${name}”`)];
}
