/**
 * What a run of a dashboard computes: for each panel its text, its window, and whether it reads nothing
 * outside the run's own window, so that it may be answered from a copy of that window. Pure.
 */
import type { Top } from '../query/index.ts';
import { TOP_OF } from './check.ts';
import type { Dashboard, Measure, Panel } from './schema.ts';

/** Epoch seconds, [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Choices {
  /** Only these panels, by id; all when absent. */
  readonly panels?: readonly string[] | undefined;
  /** Panels with a window of their own. */
  readonly windows: ReadonlyMap<string, Span>;
  /** Chosen measures of panels that have several. */
  readonly measures: Readonly<Record<string, string>>;
}

export interface PanelTask {
  readonly panel: Panel;
  readonly query: string;
  readonly window: Span;
  /** Reads rows of the run's window only. */
  readonly shared: boolean;
  /** Epoch seconds that buckets are counted from, backwards; absent for epoch-aligned buckets. */
  readonly alignTo?: number;
  /** The groups that it names, where the panel has a `top`. */
  readonly top?: Top;
}

/** Ids of a request that the dashboard does not have. */
export function unknownPanels(dashboard: Dashboard, choices: Choices): string[] {
  const known = new Set(panelsOf(dashboard).map((p) => p.id));
  return [...(choices.panels ?? []), ...choices.windows.keys(), ...Object.keys(choices.measures)].filter((id) => !known.has(id));
}

/** Of all sections, in the page’s order. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.sections.flatMap((section) => section.panels);
}

/** Panels in the page's order. `window` is the run's. */
export function planPanels(dashboard: Dashboard, choices: Choices, window: Span): PanelTask[] {
  const wanted = choices.panels && new Set(choices.panels);
  return panelsOf(dashboard)
    .filter((panel) => !wanted || wanted.has(panel.id))
    .map((panel) => {
      const measure = panel.measures.find((m) => m.id === choices.measures[panel.id]);
      const query = measure?.query ?? panel.query;
      const top = topOf(panel, measure);
      const base = choices.windows.get(panel.id) ?? (panel.window ? { from: window.to - panel.window, to: window.to } : window);
      const own = panel.bucket ? wholeBuckets(base, panel.bucket) : base;
      const inside = own.from >= window.from && own.to <= window.to;
      // Other windows than its own are read by `compare`, by `logcompare` and by subqueries that name one; the words anywhere are taken for them.
      const shared = inside && !/\b(?:log)?compare\b|\bsubquery\s+(?:from|to)\b/i.test(query);
      return { panel, query, window: own, shared, ...(panel.bucket ? { alignTo: own.to } : {}), ...(top ? { top } : {}) };
    });
}

/** What a panel's `top` ranks, and by what. */
function topOf(panel: Panel, chosen: Measure | undefined): Top | undefined {
  const rule = TOP_OF[panel.kind];
  const of = rule && panel[rule.ranks];
  const measure = chosen?.y ?? panel.y ?? panel.size;
  if (panel.top === undefined || !rule || of === undefined || measure === undefined) return undefined;
  const other = rule.ranks === 'x' ? panel.series : panel.x;
  return { of, measure, count: panel.top, by: other === undefined ? [] : [other], beside: panel.label === undefined ? [] : [panel.label], rest: rule.rest };
}

/** Buckets of a single value's line; of a longer window, the newest. */
const MAX_BUCKETS = 1000;

/**
 * Buckets of a single value end at the window's end; there are at least two, so that there is a change
 * to show, and no part of one at the start, which would look like a drop.
 */
function wholeBuckets(window: Span, bucket: number): Span {
  const count = Math.min(MAX_BUCKETS, Math.max(2, Math.floor((window.to - window.from) / bucket)));
  return { from: Math.max(0, window.to - count * bucket), to: window.to };
}

type Row = readonly unknown[];

/**
 * Rows of a panel as it shows them. A single value has a row for every bucket: a bucket without
 * flows counts 0, and is not simply missing from the line. `names` are the result's columns; times are
 * epoch milliseconds.
 */
export function panelRows(task: PanelTask, names: readonly string[], rows: readonly Row[]): readonly Row[] {
  const { bucket } = task.panel;
  const y = task.panel.y?.toLowerCase();
  const time = names.indexOf('_timeslice');
  if (!bucket || time < 0) return rows;
  const byTime = new Map(rows.map((row) => [Number(row[time]), row]));
  const filled: Row[] = [];
  for (let at = task.window.from; at < task.window.to; at += bucket) {
    filled.push(byTime.get(at * 1000) ?? names.map((name, i) => (i === time ? at * 1000 : name.toLowerCase() === y ? 0 : null)));
  }
  return filled;
}
