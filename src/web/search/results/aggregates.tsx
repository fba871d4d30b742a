/** The result of a query that counts: as a table and as every picture that suits its shape. */
import { SegmentedControl } from '@mantine/core';
import { Suspense, useMemo } from 'react';
import { Skeleton } from '../../dashboard/panel-body.tsx';
import { PanelBoundary } from '../../dashboard/panel-boundary.tsx';
import { exact } from '../../format/numbers.ts';
import type { Drill } from '../../panels/props.ts';
import { PANEL_KINDS } from '../../panels/registry.ts';
import { overTime, panelOf, resultOf, shapeOf, unitOf, VIEW_TITLES, type ViewName, viewsOf } from '../../panels/shape.ts';
import { absolute, type Range } from '../../time/range.ts';
import { type Answer, MOST_ROWS } from './answer.ts';
import { Numbers } from './numbers.tsx';

/** The pictures that an answer can be shown as, and the one that is. */
export function useViews(query: string, answer: Answer | undefined, wanted: string | undefined) {
  return useMemo(() => {
    if (!answer) return null;
    const shape = shapeOf(query, answer.columns);
    const views = viewsOf(shape, answer.rows.length);
    return { shape, views, view: views.find((v) => v === wanted) ?? views[0] ?? 'table' };
  }, [query, answer, wanted]);
}

export type Views = NonNullable<ReturnType<typeof useViews>>;

export function ViewSwitch({ views, onView }: { views: Views; onView: (view: ViewName | undefined) => void }) {
  if (views.views.length < 2) return null;
  return (
    <SegmentedControl
      size="xs"
      aria-label="How the result is drawn"
      data={views.views.map((value) => ({ value, label: VIEW_TITLES[value] }))}
      value={views.view}
      // The one that comes by itself needs no place in the address.
      onChange={(value) => onView(value === views.views[0] ? undefined : (value as ViewName))}
    />
  );
}

/** Grey shapes in the form that the result will likely have. */
export function GhostResult({ query, view, progress }: { query: string; view: string | undefined; progress: number | null }) {
  const kind = isView(view) ? view : overTime(query) ? 'column' : 'table';
  return (
    <div className="bz-aggregates" data-view={kind} style={{ '--rows': GHOST_ROWS } as React.CSSProperties}>
      <Skeleton kind={kind} progress={progress ?? undefined} />
    </div>
  );
}

const GHOST_ROWS = 12;

function isView(view: string | undefined): view is ViewName {
  return view !== undefined && view in VIEW_TITLES;
}

interface Props {
  readonly query: string;
  readonly answer: Answer;
  readonly views: Views;
  readonly zone: string;
  readonly stale: boolean;
  readonly onDrill: (drill: Drill) => void;
  readonly onRange: (range: Range) => void;
}

export function Aggregates({ query, answer, views, zone, stale, onDrill, onRange }: Props) {
  const { shape, view } = views;
  const result = useMemo(() => resultOf(answer), [answer]);
  const panel = useMemo(() => panelOf(view, query, shape), [view, query, shape]);
  const View = PANEL_KINDS[view].view;
  const measure = panel[PANEL_KINDS[view].measure];
  return (
    <div className="bz-aggregates" data-view={view} data-stale={stale || undefined} style={{ '--rows': answer.rows.length } as React.CSSProperties}>
      {answer.truncated && <p className="bz-results-cut">These are the first {exact(MOST_ROWS)} rows; there are more. Narrow the query, or export all rows.</p>}
      <PanelBoundary of={panel}>
        <Suspense fallback={<Skeleton kind={view} />}>
          {view === 'value' ? (
            <Numbers shape={shape} answer={answer} onDrill={() => onDrill({ cells: [], shift: false })} />
          ) : (
            <View
              panel={panel}
              result={result}
              zone={zone}
              measure={measure}
              unit={view === 'table' ? 'count' : unitOf(shape.measures[0])}
              onDrill={onDrill}
              onZoom={(window) => onRange(absolute(window))}
              group="search"
              full
            />
          )}
        </Suspense>
      </PanelBoundary>
    </div>
  );
}
