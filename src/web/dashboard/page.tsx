/** A dashboard: its filters and range, its sections of panels, and one panel full screen. */
import { Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { DashboardAnswer } from '../../api/contract/dashboards.ts';
import type { Window } from '../../api/contract.ts';
import type { Panel } from '../../dashboards/schema.ts';
import { ApiFailure } from '../api/client.ts';
import { dashboardQuery } from '../api/queries.ts';
import { DashboardMissing, PageFailed } from '../app/failed.tsx';
import { Icon } from '../app/icons.tsx';
import { useKeys } from '../app/keys.ts';
import { pairs, withPair } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { MissingNotice } from '../completeness/notice.tsx';
import { addFilters, applied, type Chip, encodeChip } from '../filters/filter.ts';
import { FilterBar } from '../filters/filter-bar.tsx';
import { encodeHidden } from '../panels/hidden.ts';
import { preload } from '../panels/registry.ts';
import { absolute, lastSeconds, type Range } from '../time/range.ts';
import { RangePicker } from '../time/range-picker.tsx';
import { Refresh } from '../time/refresh.tsx';
import { drillFilters, querySearch } from './drill.ts';
import '../library/library.css';
import { NothingStored } from './nothing-stored.tsx';
import { DashboardTools, NoPanels } from './own.tsx';
import { Failed } from './panel-body.tsx';
import { type PanelActions, PanelFrame } from './panel-frame.tsx';
import { recordsSearch } from './records-search.ts';
import { RunStore } from './run-store.ts';
import { ScopeButton, useScope } from './scope.tsx';
import { SectionView } from './section.tsx';
import { ownRanges, queryOf, useRuns } from './use-runs.ts';

const EditPage = lazy(() => import('./edit/page.tsx').then((m) => ({ default: m.EditPage })));

export function DashboardPage() {
  const { id = '' } = useParams({ strict: false });
  const { edit } = usePage().search;
  const dashboard = useQuery(dashboardQuery(id));
  const scope = useScope(dashboard.data);
  if (dashboard.error instanceof ApiFailure && dashboard.error.status === 404) return <DashboardMissing id={id} />;
  if (dashboard.isError) return <PageFailed error={dashboard.error} onRetry={() => void dashboard.refetch()} />;
  if (scope.error) return <PageFailed error={scope.error} onRetry={() => void scope.refetch()} />;
  if (!dashboard.data || !scope.chips) return <main className="bz-dashboard" aria-busy="true" />;
  if (edit && dashboard.data.own) {
    return (
      <Suspense fallback={<main className="bz-dashboard" aria-busy="true" />}>
        <EditPage key={id} id={id} />
      </Suspense>
    );
  }
  return <Loaded key={id} dashboard={dashboard.data} scope={scope.chips} />;
}

function Loaded({ dashboard, scope }: { dashboard: DashboardAnswer; scope: readonly Chip[] }) {
  const { search, chips: asked, zone, change, setChips, setRange } = usePage();
  // What panels and drill-downs ask with; the address has what a viewer chose.
  const chips = useMemo(() => [...scope, ...asked], [scope, asked]);
  const store = useMemo(() => new RunStore(dashboard.id), [dashboard.id]);
  const navigate = useNavigate();
  const [picking, setPicking] = useState(false);
  const [adding, setAdding] = useState(false);
  const range = useMemo<Range>(
    () => (search.from ? { from: search.from, to: search.to ?? 'now' } : lastSeconds(dashboard.window)),
    [search.from, search.to, dashboard.window],
  );
  const measures = useMemo(() => pairs(search.m), [search.m]);
  const hidden = useMemo(() => pairs(search.hide), [search.hide]);
  const own = useMemo(() => ownRanges(dashboard, search.w), [dashboard, search.w]);
  const folded = useMemo(() => new Set(search.fold), [search.fold]);
  const run = useRuns({ dashboard, store, range, filters: JSON.stringify(applied(chips)), zone, own, measures, folded, full: search.panel });
  useEffect(() => preload(dashboard.sections.flatMap((s) => s.panels).map((p) => p.kind)), [dashboard]);
  const busy = useSyncExternalStore(store.subscribe, () => store.busy());
  const summary = useSyncExternalStore(store.subscribe, () => store.summary());
  const nothingStored = useSyncExternalStore(store.subscribe, () => store.nothingStored());
  const panels = dashboard.sections.flatMap((s) => s.panels);
  const full = panels.find((p) => p.id === search.panel);

  const latest = useRef({ chips, asked, search, own, range });
  latest.current = { chips, asked, search, own, range };
  const actions = useMemo<PanelActions>(
    () => ({
      drill: (panel, drill, window) => {
        const { chips: now, asked: chosen, search: at } = latest.current;
        const query = queryOf(panel, pairs(at.m).get(panel.id));
        const fields = drillFilters(query, drill.cells);
        if (drill.shift && fields.length > 0) return change({ f: addFilters(chosen, fields).map(encodeChip) });
        void navigate({ to: '/search', search: recordsSearch(query, drill, addFilters(now, panel.filters ?? []), window, at.tz) });
      },
      zoom: (window: Window) => change(absolute(window)),
      setWindow: (panel, next) => change({ w: withPair(latest.current.search.w, panel, next ? `${next.from}..${next.to}` : undefined) }),
      setMeasure: (panel, measure) => change({ m: withPair(latest.current.search.m, panel, measure ?? undefined) }),
      setHidden: (panel, keys) =>
        change({ hide: withPair(latest.current.search.hide, panel, keys.length > 0 ? encodeHidden(keys) : undefined) }, { replace: true }),
      full: (panel) => change({ panel: panel ?? undefined }),
      retry: (panel) => run([panel]),
      search: (panel, query) => {
        const { chips: f, search: at, own: windows, range: page } = latest.current;
        void navigate({ to: '/search', search: querySearch(query, windows.get(panel.id) ?? page, addFilters(f, panel.filters ?? []), at.tz) });
      },
      ...(dashboard.own && { edit: (panel) => change({ edit: panel.id }) }),
    }),
    [change, navigate, run, dashboard.own],
  );
  const refresh = useCallback(() => run(), [run]);
  useKeys({ f: () => setAdding(true), t: () => setPicking(true), r: refresh, ...(full && { esc: () => change({ panel: undefined }) }) });
  useTitle(dashboard.title);

  const frame = (panel: Panel, isFull = false) => (
    <PanelFrame
      key={panel.id}
      panel={panel}
      store={store}
      zone={zone}
      group={isFull ? `${dashboard.id}-full` : dashboard.id}
      own={own.get(panel.id) ?? null}
      range={range}
      measureId={measures.get(panel.id)}
      hidden={hidden.get(panel.id)}
      actions={actions}
      full={isFull}
    />
  );
  const toggle = (section: string) => {
    const next = folded.has(section) ? [...folded].filter((s) => s !== section) : [...folded, section];
    change({ fold: next.length > 0 ? next : undefined }, { replace: true });
  };

  return (
    <main className="bz-dashboard" data-nothing-stored={nothingStored || undefined}>
      <h1 className="bz-hidden">{dashboard.title}</h1>
      <div className="bz-toolbar" role="toolbar" aria-label="Filters and time">
        <Tooltip
          label={`${dashboard.description} ${dashboard.useCase}`}
          multiline
          w={380}
          withArrow
          openDelay={200}
          events={{ hover: true, focus: true, touch: true }}
        >
          <button type="button" className="bz-info" aria-label={`About this dashboard: ${dashboard.description} ${dashboard.useCase}`}>
            <Icon name="info" size={15} />
          </button>
        </Tooltip>
        <ScopeButton dashboard={dashboard} scope={scope} range={range} />
        <FilterBar chips={asked} variables={dashboard.variables} range={range} onChange={setChips} adding={adding} onAdding={setAdding} />
        <span className="bz-grow" />
        <RangePicker range={range} zone={zone} window={summary.window} onChange={setRange} opened={picking} onOpen={setPicking} />
        <Refresh
          every={search.refresh}
          onEvery={(every) => change({ refresh: every }, { replace: true })}
          onRefresh={refresh}
          busy={busy}
          onStop={() => store.stopAll()}
        />
        <DashboardTools dashboard={dashboard} />
      </div>
      {summary.error && panels.length === 0 && <Failed error={summary.error} onRetry={refresh} />}
      {panels.length === 0 && <NoPanels own={dashboard.own} />}
      {nothingStored && <NothingStored queries={panels.map((p) => p.query)} />}
      {dashboard.sections
        .filter((section) => section.panels.length > 0)
        .map((section) => (
          <SectionView key={section.id} title={section.title} folded={folded.has(section.id)} onToggle={() => toggle(section.id)} panels={section.panels}>
            {section.panels.map((panel) => frame(panel))}
          </SectionView>
        ))}
      <MissingNotice missing={summary.missing} skipdata={summary.skipdata} window={summary.window} zone={zone} tz={search.tz} />
      {full && (
        <div className="bz-full" role="dialog" aria-modal="true" aria-label={full.title}>
          {frame(full, true)}
        </div>
      )}
    </main>
  );
}
