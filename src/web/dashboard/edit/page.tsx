/**
 * A dashboard of one's own while it is edited. Every change is made to a draft in this page and can be undone; the
 * server hears of it when it is saved. Panels show the rows of the draft, saved or not.
 */
import '../../library/library.css';
import './edit.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useBlocker, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { DashboardAnswer } from '../../../api/contract/dashboards.ts';
import type { Panel } from '../../../dashboards/schema.ts';
import { catalogueQuery, dashboardQuery } from '../../api/queries.ts';
import { PageFailed } from '../../app/failed.tsx';
import { useKeys } from '../../app/keys.ts';
import { pairs } from '../../app/search.ts';
import { usePage } from '../../app/use-page.ts';
import { useTitle } from '../../app/use-title.ts';
import { applied } from '../../filters/filter.ts';
import { FilterBar } from '../../filters/filter-bar.tsx';
import { useDashboardChange } from '../../library/queries.ts';
import type { Surroundings } from '../../search/editor/language.ts';
import { lastSeconds, type Range, resolveRange } from '../../time/range.ts';
import { RangePicker } from '../../time/range-picker.tsx';
import { Refresh } from '../../time/refresh.tsx';
import { ownRanges, useRuns } from '../use-runs.ts';
import { Conflict, isConflict, Leaving } from './dialogs.tsx';
import { addPanel, type Draft, panelsOf, replacePanel } from './draft.ts';
import { ADD_ID, EditBar } from './edit-bar.tsx';
import { PanelEditor } from './panel-editor.tsx';
import { previewStore } from './preview.ts';
import { Sections } from './sections.tsx';
import { Settings } from './settings.tsx';
import { useEditKeys } from './use-edit-keys.ts';
import { type Saved, useEditing } from './use-editing.ts';

export function EditPage({ id }: { id: string }) {
  const client = useQueryClient();
  const [session, setSession] = useState(0);
  // Asked for when a session begins, because somebody may have saved a minute ago; and not again while it lasts.
  const base = useQuery({
    queryKey: ['editing', id, session],
    queryFn: () => client.fetchQuery({ ...dashboardQuery(id), staleTime: 0 }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (base.isError) return <PageFailed error={base.error} onRetry={() => void base.refetch()} />;
  if (!base.data) return <main className="bz-dashboard" aria-busy="true" />;
  return <Session key={`${id} ${session}`} base={base.data} onAgain={() => setSession((n) => n + 1)} />;
}

/** Enough to begin with; the editor fills in what the result says. */
const NEW_PANEL: Panel = {
  id: '',
  title: '',
  description: '',
  kind: 'table',
  query: '',
  width: 12,
  height: 8,
  unit: 'count',
  meaning: 'neutral',
  totals: [],
  heat: [],
  details: [],
  measures: [],
};

/** `section` is where a new panel goes. */
type Open = { readonly panel: Panel; readonly isNew: boolean; readonly section?: string | undefined };

function Session({ base, onAgain }: { base: DashboardAnswer; onAgain: () => void }) {
  const { search, chips, zone, change: changeAddress, setChips, setRange } = usePage();
  const navigate = useNavigate();
  /** What is stored, as far as this page knows. */
  const [saved, setSaved] = useState<Saved>({ dashboard: base, steps: 0 });
  const editing = useEditing(saved);
  const { draft, dirty, change } = editing;
  const latest = useRef(draft);
  latest.current = draft;
  const store = useMemo(() => previewStore(() => panelsOf(latest.current)), []);
  const [open, setOpen] = useState<Open | null>(() => {
    const panel = panelsOf(draft).find((p) => p.id === search.edit);
    return panel ? { panel, isNew: false } : null;
  });
  const [settings, setSettings] = useState(false);
  const [picking, setPicking] = useState(false);
  const [adding, setAdding] = useState(false);
  const saving = useDashboardChange();

  const range = useMemo<Range>(
    () => (search.from ? { from: search.from, to: search.to ?? 'now' } : lastSeconds(draft.window)),
    [search.from, search.to, draft.window],
  );
  const measures = useMemo(() => pairs(search.m), [search.m]);
  const folded = useMemo(() => new Set(search.fold), [search.fold]);
  const own = useMemo(() => ownRanges(draft, search.w), [draft, search.w]);
  const run = useRuns({ dashboard: draft, store, range, filters: JSON.stringify(applied(chips)), zone, own, measures, folded, full: undefined });
  const refresh = useCallback(() => run(), [run]);
  const busy = useSyncExternalStore(store.subscribe, () => store.busy());
  const summary = useSyncExternalStore(store.subscribe, () => store.summary());
  const catalogue = useQuery(catalogueQuery).data;
  const surroundings = useMemo<Surroundings>(() => ({ catalogue, window: resolveRange(range, Date.now()), zone }), [catalogue, range, zone]);

  /** Nothing holds the page any more: what was changed is saved, or dropped. */
  const done = useRef(false);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && !done.current && (next.pathname !== current.pathname || !(next.search as { edit?: string }).edit),
    enableBeforeUnload: () => dirty && !done.current,
    withResolver: true,
  });
  const sending = useRef(false);
  const leave = () => changeAddress({ edit: undefined });
  /** With `anyway`, over what somebody else saved meanwhile. One at a time; the page stays when the draft was changed meanwhile. */
  const save = async (then: () => void, anyway = false) => {
    if (sending.current) return;
    sending.current = true;
    try {
      const answer = await saving.mutateAsync({ do: 'change', id: base.id, body: { ...draft, ...(!anyway && { revision: saved.dashboard.revision }) } });
      if (latest.current === draft) {
        done.current = true;
        then();
      } else if (answer) setSaved({ dashboard: answer, steps: editing.steps });
    } catch {
      // The bar or the dialog shows what went wrong.
    } finally {
      sending.current = false;
    }
  };
  const saveCopy = async (title: string) => {
    try {
      const made = await saving.mutateAsync({ do: 'create', body: { ...draft, title } });
      done.current = true;
      if (made) void navigate({ to: '/dashboards/$id', params: { id: made.id }, search: ({ edit: _, ...old }) => old });
    } catch {
      // As above.
    }
  };
  const add = (section?: string) => setOpen({ panel: NEW_PANEL, isNew: true, section });
  const isFree = open === null && !settings && blocker.status !== 'blocked' && !isConflict(saving.error);
  useKeys(isFree ? { f: () => setAdding(true), t: () => setPicking(true), r: refresh, a: () => add(), e: leave } : {});
  useEditKeys(isFree ? { undo: editing.undo, redo: editing.redo, save: () => dirty && void save(leave) } : null);
  useTitle(`Editing ${draft.title}`);

  const panelDone = (panel: Panel | null) => {
    let id = open?.panel.id;
    if (panel && open) {
      const next: Draft = open.isNew ? addPanel(draft, panel, open.section) : replacePanel(draft, panel);
      const before = new Set(panelsOf(draft).map((p) => p.id));
      id = open.isNew ? panelsOf(next).find((p) => !before.has(p.id))?.id : id;
      change(next, `${open.isNew ? 'Added' : 'Changed'} “${panel.title}”`);
    }
    setOpen(null);
    // When the dialog is gone.
    setTimeout(() => document.querySelector<HTMLElement>(id ? `[data-slot="${id}"]` : `#${ADD_ID}`)?.focus());
  };
  const toggle = (section: string) => {
    const next = folded.has(section) ? [...folded].filter((s) => s !== section) : [...folded, section];
    changeAddress({ fold: next.length > 0 ? next : undefined }, { replace: true });
  };

  return (
    <main className="bz-dashboard bz-editing">
      <h1 className="bz-hidden">Editing {draft.title}</h1>
      <div className="bz-edit-head">
        <EditBar
          editing={editing}
          busy={saving.isPending}
          error={isConflict(saving.error) ? null : saving.error}
          onAdd={() => add()}
          onSettings={() => setSettings(true)}
          onLeave={leave}
          onSave={() => void save(leave)}
        />
        <div className="bz-toolbar" role="toolbar" aria-label="Filters and time">
          <FilterBar chips={chips} variables={draft.variables} range={range} onChange={setChips} adding={adding} onAdding={setAdding} />
          <span className="bz-grow" />
          <RangePicker range={range} zone={zone} window={summary.window} onChange={setRange} opened={picking} onOpen={setPicking} />
          <Refresh
            every={search.refresh}
            onEvery={(every) => changeAddress({ refresh: every }, { replace: true })}
            onRefresh={refresh}
            busy={busy}
            onStop={() => store.stopAll()}
          />
        </div>
      </div>
      <Sections
        editing={editing}
        store={store}
        zone={zone}
        group={base.id}
        own={own}
        range={range}
        measures={measures}
        folded={folded}
        onToggle={toggle}
        onOpen={(panel) => setOpen({ panel, isNew: false })}
        onAdd={add}
      />
      {open && <PanelEditor {...open} chips={chips} range={range} zone={zone} variables={draft.variables} surroundings={surroundings} onDone={panelDone} />}
      {settings && (
        <Settings
          draft={draft}
          onDone={(next) => {
            if (next) change(next, 'Changed the settings');
            setSettings(false);
          }}
        />
      )}
      {blocker.status === 'blocked' && !isConflict(saving.error) && (
        <Leaving
          count={editing.count}
          busy={saving.isPending}
          error={saving.error}
          onStay={blocker.reset}
          onSave={() => void save(blocker.proceed)}
          onDrop={() => {
            done.current = true;
            blocker.proceed();
          }}
        />
      )}
      {isConflict(saving.error) && (
        <Conflict
          title={draft.title}
          error={saving.error}
          busy={saving.isPending}
          onCopy={(title) => void saveCopy(title)}
          onOverwrite={() => void save(leave, true)}
          onTheirs={() => {
            done.current = true;
            onAgain();
          }}
          onClose={() => saving.reset()}
        />
      )}
    </main>
  );
}
