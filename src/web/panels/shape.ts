/** Which pictures suit a result, which of them comes first, and what a panel kind has to know to draw it. Pure. */
import type { OutputColumn, Window } from '../../api/contract.ts';
import type { Panel } from '../../dashboards/schema.ts';
import { parse } from '../../query/parser.ts';
import type { Operation } from '../../query/tree.ts';
import type { PanelResult } from '../dashboard/run-store.ts';
import { unitOf as unitOfName } from '../format/numbers.ts';
import { roleOf } from '../format/values.ts';
import type { Answer } from '../search/results/answer.ts';
import { keyNames } from '../search/results/edit.ts';

export type ViewName = Panel['kind'];

export const VIEW_TITLES: Readonly<Record<ViewName, string>> = {
  table: 'Table',
  line: 'Line',
  step: 'Step',
  comparison: 'Comparison',
  outlier: 'Outliers',
  column: 'Columns',
  area: 'Areas',
  share: 'Shares',
  bar: 'Bars',
  donut: 'Donut',
  scatter: 'Scatter',
  bubble: 'Bubbles',
  matrix: 'Matrix',
  map: 'Map',
  value: 'Value',
};

export interface Shape {
  readonly time: OutputColumn | undefined;
  readonly keys: readonly OutputColumn[];
  readonly measures: readonly OutputColumn[];
  readonly place: boolean;
  readonly compared: boolean;
  /** The first measure has a band beside it, as `outlier` makes one. */
  readonly banded: boolean;
  /** Groups may be added up, as counts and sums may; averages may not. */
  readonly adds: boolean;
}

const PLACES = new Set(['latitude', 'longitude']);
/** Bars that can still be told apart. */
const MOST_BARS = 40;
const MOST_PARTS = 12;

export function shapeOf(query: string, columns: readonly OutputColumn[]): Shape {
  const keys = keyNames(query);
  const { operations } = parse(query).query;
  const transposed = operations.some((o) => o.op === 'transpose');
  const isKey = (c: OutputColumn) => keys.has(c.name.toLowerCase()) || roleOf(c) !== 'number' || (!transposed && c.field !== undefined);
  const time = columns.find((c) => c.kind === 'time');
  const rest = columns.filter((c) => c !== time && !PLACES.has(c.name.toLowerCase()));
  const measures = rest.filter((c) => !isKey(c));
  return {
    time,
    keys: rest.filter(isKey),
    measures,
    place: columns.filter((c) => PLACES.has(c.name.toLowerCase())).length === 2,
    adds: addsUp(operations) && (transposed || measures.length === 1),
    compared: operations.some((o) => o.op === 'compare'),
    banded: measures.some(({ name }) => name === `${measures[0]?.name}_lower`),
  };
}

function addsUp(operations: readonly Operation[]): boolean {
  const aggregate = operations.find((o) => o.op === 'aggregate');
  return aggregate?.calls.every((call) => call.fn === 'count' || call.fn === 'sum') ?? false;
}

/** Does the query count by time? */
export function overTime(query: string): boolean {
  return parse(query).query.operations.some((o) => o.op === 'timeslice');
}

/** Pictures of a result, the most telling first; the table always is one. */
export function viewsOf(shape: Shape, rows: number): ViewName[] {
  const { time, keys, measures, place, compared, banded, adds } = shape;
  // A link is there to be clicked, and only the table shows it as one.
  if (measures.length === 0 || rows === 0 || keys.some((k) => k.link)) return ['table'];
  if (place) return ['map', 'table'];
  if (time) {
    if (keys.length > 1) return ['table'];
    const lines: ViewName[] = ['line', 'step'];
    if (compared && keys.length === 0) return ['comparison', ...lines, 'table'];
    if (banded && keys.length === 0) return ['outlier', ...lines, 'table'];
    if (!adds) return keys.length === 1 && measures.length === 1 ? [...lines, 'matrix', 'table'] : [...lines, 'table'];
    if (keys.length === 1) return ['column', 'area', 'share', 'matrix', ...lines, 'table'];
    return measures.length > 1 ? ['column', 'area', 'share', ...lines, 'table'] : ['line', 'column', 'area', 'step', 'table'];
  }
  if (keys.length === 0) return rows === 1 ? ['value', 'table'] : ['table'];
  if (keys.length === 1) {
    const [key] = keys;
    // Numbers, such as ports, have places on an axis of their own.
    const points: ViewName[] = key?.kind === 'number' ? ['scatter'] : [];
    const pictures: ViewName[] = [...(rows <= MOST_PARTS ? (['bar', 'donut'] as const) : (['bar'] as const)), ...points];
    return rows <= MOST_BARS && measures.length === 1 ? [...pictures, 'table'] : ['table', ...pictures];
  }
  if (keys.length !== 2) return ['table'];
  return measures.length === 1 ? ['table', 'matrix', 'scatter', 'bubble'] : ['table', 'bubble'];
}

/** The panel that draws a result in a view. */
export function panelOf(view: ViewName, query: string, shape: Shape): Panel {
  const [first, second] = shape.keys;
  const measure = shape.measures[0]?.name;
  const bubble = view === 'bubble';
  const pairs = bubble || view === 'scatter' || view === 'matrix';
  const port = pairs && second && roleOf(second) === 'port';
  const [x, y] = port ? [second, first] : [first, second];
  return {
    id: 'result',
    title: 'Result',
    description: '',
    kind: view,
    query,
    width: 24,
    height: 12,
    unit: unitOf(shape.measures[0]),
    meaning: 'neutral',
    totals: view === 'table' ? shape.measures.filter(isSum).map((c) => c.name) : [],
    heat: [],
    details: [],
    measures: [],
    ...(shape.time ? { x: shape.time.name } : x && { x: x.name }),
    ...(bubble ? { ...(y && { y: y.name }), ...(measure !== undefined && { size: measure }) } : {}),
    ...(!bubble && measure !== undefined && (shape.time && view !== 'comparison' && shape.keys.length === 0 ? {} : { y: measure, size: measure })),
    ...(shape.time && first && { series: first.name }),
    ...(!shape.time && pairs && !bubble && y && { series: y.name }),
  };
}

/** Counts and sums of groups may be added up; averages and percentiles not. */
function isSum({ name }: OutputColumn): boolean {
  return /^_?(?:count|sum|total)|_(?:count|sum)$|^_sum$/i.test(name) && !/distinct|avg|pct/i.test(name);
}

export function unitOf(column: OutputColumn | undefined): Panel['unit'] {
  return column ? unitOfName(column.name) : 'count';
}

/** An answer in the form that panels draw. */
export function resultOf({ columns, rows, window, timeslice, truncated, seconds }: Answer): PanelResult {
  return { window: window satisfies Window, state: 'data', columns, rows, timeslice, truncated, seconds };
}
