/** Makes a panel of a search: on a dashboard of one's own, or on a new one, in the picture that suits its result. */
import { Button, Modal, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, Suspense, useMemo, useState } from 'react';
import type { PanelNew } from '../../api/contract/dashboards.ts';
import type { QueryResponse } from '../../api/contract.ts';
import type { Panel } from '../../dashboards/schema.ts';
import { postJson } from '../api/client.ts';
import { dashboardsQuery } from '../api/queries.ts';
import { sizeOf } from '../dashboard/edit/options.ts';
import { Skeleton } from '../dashboard/panel-body.tsx';
import { PanelBoundary } from '../dashboard/panel-boundary.tsx';
import { PANEL_KINDS } from '../panels/registry.ts';
import { panelOf, resultOf, shapeOf, VIEW_TITLES, type ViewName, viewsOf } from '../panels/shape.ts';
import { resolveRange } from '../time/range.ts';
import { ProblemNote } from './problem.tsx';
import { useDashboardChange } from './queries.ts';
import { type Current, toSaved } from './saved.ts';

interface Props {
  readonly current: Current;
  readonly zone: string;
  /** Of the saved search, if it is one. */
  readonly name: string | undefined;
  readonly onClose: () => void;
}

/** Rows that are enough to see what a panel will look like. */
const PREVIEW_ROWS = 2000;
const NEW = '-';

export function AddToDashboard({ current, zone, name, onClose }: Props) {
  const asked = useMemo(() => ({ ...toSaved(current), timeZone: zone, limit: PREVIEW_ROWS }), [current, zone]);
  const answer = useQuery({
    queryKey: ['panel-preview', asked],
    queryFn: ({ signal }) => {
      const { query, from, to, filters, timeZone, limit } = asked;
      return postJson<QueryResponse>('/api/v1/query', { query, from, to, filters, timeZone, limit }, signal);
    },
    staleTime: 60_000,
  });
  const offered = useMemo(() => answer.data && suggestions(asked.query, answer.data), [asked.query, answer.data]);
  const own = (useQuery(dashboardsQuery).data?.dashboards ?? []).filter((d) => d.own);

  const [target, setTarget] = useState<string | null>(null);
  const [newTitle, setNewTitle] = useState('');
  const [title, setTitle] = useState(name ?? '');
  const [chosen, setChosen] = useState<ViewName | null>(null);
  const change = useDashboardChange();
  const [added, setAdded] = useState<{ readonly id: string; readonly title: string } | null>(null);
  const dashboard = target ?? own[0]?.id ?? NEW;
  const view = offered?.views.find((v) => v === chosen) ?? offered?.views.find((v) => v === current.search.view) ?? offered?.views[0];
  const panel = offered && view ? panelOf(view, asked.query, offered.shape) : undefined;

  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (!panel || !view) return;
    const window = resolveRange(current.range, Date.now());
    try {
      const made =
        dashboard === NEW ? await change.mutateAsync({ do: 'create', body: { title: newTitle, ...(window && { window: window.to - window.from }) } }) : null;
      const id = made?.id ?? dashboard;
      // A dashboard that was made stays the target when the panel is refused: the next try adds to it.
      if (made) setTarget(made.id);
      const result = await change.mutateAsync({ do: 'add', id, body: panelBody(panel, title, asked.filters) });
      if (result) setAdded({ id: result.id, title: result.title });
    } catch {
      // The dialog shows what went wrong.
    }
  };

  return (
    <Modal opened onClose={onClose} title="Add to a dashboard" size="lg">
      {added ? (
        <div className="bz-library-form">
          <p role="status">
            The panel is on <Link to="/dashboards/$id" params={{ id: added.id }} search={{}}>{`“${added.title}”`}</Link>.
          </p>
          <div className="bz-row-end">
            <Button onClick={onClose}>Done</Button>
          </div>
        </div>
      ) : (
        <form className="bz-library-form" onSubmit={(event) => void add(event)}>
          <Select
            label="Dashboard"
            data={[...own.map((d) => ({ value: d.id, label: d.title })), { value: NEW, label: 'A new dashboard' }]}
            value={dashboard}
            onChange={(value) => setTarget(value)}
            allowDeselect={false}
          />
          {dashboard === NEW && (
            <TextInput label="Title of the new dashboard" value={newTitle} onChange={(e) => setNewTitle(e.currentTarget.value)} maxLength={200} required />
          )}
          <TextInput label="Title of the panel" value={title} onChange={(e) => setTitle(e.currentTarget.value)} maxLength={200} required data-autofocus />
          {offered && view && (
            <Select
              label="Picture"
              data={offered.views.map((v) => ({ value: v, label: VIEW_TITLES[v] }))}
              value={view}
              onChange={(value) => setChosen(offered.views.find((v) => v === value) ?? null)}
              allowDeselect={false}
            />
          )}
          <Preview panel={panel} answer={answer.data} zone={zone} waiting={answer.isPending} />
          {asked.filters.length > 0 && (
            <p className="bz-dim bz-small">
              The {asked.filters.length === 1 ? 'filter goes' : `${asked.filters.length} filters go`} along with the panel, beside those of the dashboard.
            </p>
          )}
          <ProblemNote error={answer.error ?? change.error} />
          <div className="bz-row-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={change.isPending} disabled={!panel || title.trim() === '' || (dashboard === NEW && newTitle.trim() === '')}>
              Add the panel
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

/** A result of records is a table; one of groups is what suits its shape. */
function suggestions(query: string, answer: QueryResponse) {
  const shape = shapeOf(query, answer.columns);
  const views: ViewName[] = answer.shape === 'records' ? ['table'] : viewsOf(shape, answer.rows.length);
  return { shape, views };
}

function panelBody(panel: Panel, title: string, filters: PanelNew['filters']): PanelNew {
  const { id: _, ...rest } = panel;
  return { ...rest, title, description: '', ...sizeOf(panel.kind), ...(filters && filters.length > 0 && { filters }) };
}

function Preview({ panel, answer, zone, waiting }: { panel: Panel | undefined; answer: QueryResponse | undefined; zone: string; waiting: boolean }) {
  const result = useMemo(
    () => answer && resultOf({ ...answer, timeslice: answer.timeslice, seconds: answer.stats.seconds, rowsRead: answer.stats.rowsRead, truncated: false }),
    [answer],
  );
  if (waiting) return <div className="bz-preview" aria-busy="true" />;
  if (!panel || !result || result.rows.length === 0)
    return answer ? <p className="bz-dim">Nothing matches in this time range; the panel will say so.</p> : null;
  const kind = PANEL_KINDS[panel.kind];
  const View = kind.view;
  return (
    <section className="bz-preview" aria-label="Preview of the panel">
      <PanelBoundary of={panel}>
        <Suspense fallback={<Skeleton kind={panel.kind} />}>
          <View
            panel={panel}
            result={result}
            zone={zone}
            measure={panel[kind.measure]}
            unit={panel.unit}
            group="panel-preview"
            full={false}
            onDrill={nothing}
            onZoom={nothing}
          />
        </Suspense>
      </PanelBoundary>
    </section>
  );
}

function nothing(): void {}
