/** The panel kinds: a kind without an entry does not compile. Each is a chunk of its own, loaded when a dashboard has it. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { Panel } from '../../dashboards/schema.ts';
import type { PanelViewProps } from './props.ts';

export interface PanelKind {
  readonly view: LazyExoticComponent<ComponentType<PanelViewProps>>;
  /** Loads the view, and what it will draw with. */
  readonly load: () => Promise<unknown>;
  /** Has a picture that can be saved; the rows of a table and the cells of a matrix are better saved as rows. */
  readonly picture: boolean;
  /** Column of the panel that names its measure. */
  readonly measure: 'y' | 'size';
}

type Load = () => Promise<{ default: ComponentType<PanelViewProps> }>;

const chart = (load: Load, measure: PanelKind['measure'] = 'y'): PanelKind => ({
  view: lazy(load),
  load: () => Promise.all([load(), import('./echarts.ts')]),
  picture: true,
  measure,
});
const cells = (load: Load, measure: PanelKind['measure']): PanelKind => ({ view: lazy(load), load, picture: false, measure });
const value: Load = () => import('./value.tsx');

const line = chart(() => import('./line.tsx'));
const stack = chart(() => import('./stack.tsx'));

export const PANEL_KINDS: Readonly<Record<Panel['kind'], PanelKind>> = {
  value: { view: lazy(value), load: value, picture: true, measure: 'y' },
  line,
  step: line,
  comparison: line,
  outlier: line,
  column: stack,
  area: stack,
  share: stack,
  bar: chart(() => import('./bar.tsx')),
  donut: chart(() => import('./donut.tsx')),
  scatter: chart(() => import('./scatter.tsx')),
  bubble: chart(() => import('./bubble.tsx'), 'size'),
  matrix: cells(() => import('./matrix.tsx'), 'size'),
  map: chart(() => import('./map.tsx'), 'size'),
  table: cells(() => import('./table.tsx'), 'y'),
};

/** Loads what panels of these kinds need while their answers are on the way; what fails is told of where it is drawn. */
export function preload(kinds: Iterable<Panel['kind']>): void {
  for (const { load } of new Set([...kinds].map((kind) => PANEL_KINDS[kind]))) load().catch(() => {});
}
