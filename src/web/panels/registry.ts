/** The panel kinds: a kind without an entry does not compile. Each is a chunk of its own, loaded when a dashboard has it. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { Panel } from '../../dashboards/schema.ts';
import type { PanelViewProps } from './props.ts';

export interface PanelKind {
  readonly view: LazyExoticComponent<ComponentType<PanelViewProps>>;
  /** Has a picture that can be saved; the rows of a table and the cells of a matrix are better saved as rows. */
  readonly picture: boolean;
  /** Column of the panel that names its measure. */
  readonly measure: 'y' | 'size';
}

const line = lazy(() => import('./line.tsx'));
const stack = lazy(() => import('./stack.tsx'));

export const PANEL_KINDS: Readonly<Record<Panel['kind'], PanelKind>> = {
  value: { view: lazy(() => import('./value.tsx')), picture: true, measure: 'y' },
  line: { view: line, picture: true, measure: 'y' },
  step: { view: line, picture: true, measure: 'y' },
  comparison: { view: line, picture: true, measure: 'y' },
  outlier: { view: line, picture: true, measure: 'y' },
  column: { view: stack, picture: true, measure: 'y' },
  area: { view: stack, picture: true, measure: 'y' },
  share: { view: stack, picture: true, measure: 'y' },
  bar: { view: lazy(() => import('./bar.tsx')), picture: true, measure: 'y' },
  donut: { view: lazy(() => import('./donut.tsx')), picture: true, measure: 'y' },
  scatter: { view: lazy(() => import('./scatter.tsx')), picture: true, measure: 'y' },
  bubble: { view: lazy(() => import('./bubble.tsx')), picture: true, measure: 'size' },
  matrix: { view: lazy(() => import('./matrix.tsx')), picture: false, measure: 'size' },
  map: { view: lazy(() => import('./map.tsx')), picture: true, measure: 'size' },
  table: { view: lazy(() => import('./table.tsx')), picture: false, measure: 'y' },
};
