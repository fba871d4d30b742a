/** Which panels are asked for, and when: those whose question changed, in one batch. */
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { Dashboard, Panel } from '../../dashboards/schema.ts';
import { pairs } from '../app/search.ts';
import { lastSeconds, type Range } from '../time/range.ts';
import { computed, type RunStore } from './run-store.ts';

type Panels = Pick<Dashboard, 'sections'>;

export function queryOf(panel: Panel, measure: string | undefined): string {
  return panel.measures.find((m) => m.id === measure)?.query ?? panel.query;
}

/** Ranges of panels that do not follow the dashboard's: chosen ones, else the panel's default. */
export function ownRanges(dashboard: Panels, w: readonly string[] | undefined): Map<string, Range> {
  const chosen = pairs(w);
  const map = new Map<string, Range>();
  for (const panel of dashboard.sections.flatMap((s) => s.panels)) {
    const [from, to] = chosen.get(panel.id)?.split('..') ?? [];
    if (from && to) map.set(panel.id, { from, to });
    else if (panel.window !== undefined) map.set(panel.id, lastSeconds(panel.window));
  }
  return map;
}

interface RunInput {
  readonly dashboard: Panels;
  readonly store: RunStore;
  readonly range: Range;
  /** JSON of the filters in effect: equal text, equal filters. */
  readonly filters: string;
  readonly zone: string;
  readonly own: ReadonlyMap<string, Range>;
  readonly measures: ReadonlyMap<string, string>;
  readonly folded: ReadonlySet<string>;
  readonly full: string | undefined;
}

/** Runs the panels whose question changed since they were last asked, in one batch; answers a function that runs them all again. */
export function useRuns({ dashboard, store, range, filters, zone, own, measures, folded, full }: RunInput): (only?: string[]) => void {
  const asked = useRef(new Map<string, string>());
  const questions = useMemo(() => {
    const shown = dashboard.sections.flatMap((s) => s.panels.filter((p) => !folded.has(s.id) || p.id === full));
    return new Map(shown.map((p) => [p.id, JSON.stringify([own.get(p.id) ?? range, filters, zone, measures.get(p.id) ?? '', computed(p)])]));
  }, [dashboard, range, filters, zone, own, measures, folded, full]);

  const ask = useCallback(
    (ids: string[]) => {
      if (ids.length === 0) return;
      for (const id of ids) asked.current.set(id, questions.get(id) ?? '');
      const windows = Object.fromEntries(ids.flatMap((id) => (own.has(id) ? [[id, own.get(id) as Range]] : [])));
      const chosen = Object.fromEntries(ids.flatMap((id) => (measures.has(id) ? [[id, measures.get(id) as string]] : [])));
      void store.run({ from: range.from, to: range.to, filters: JSON.parse(filters), timeZone: zone, panels: ids, windows, measures: chosen });
    },
    [store, questions, range, filters, zone, own, measures],
  );

  useEffect(() => {
    ask([...questions].filter(([id, question]) => asked.current.get(id) !== question).map(([id]) => id));
  }, [ask, questions]);
  useEffect(() => {
    const map = asked.current;
    return () => {
      // Asked again when the page comes back.
      map.clear();
      store.stopAll();
    };
  }, [store]);
  return useCallback((only?: string[]) => ask(only ?? [...questions.keys()]), [ask, questions]);
}
