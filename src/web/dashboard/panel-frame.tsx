/** A panel's frame: one thin line with title, window and state; actions on hover or focus; and in its body data, skeleton, error or why it is empty. */
import { ActionIcon, Menu, SegmentedControl, Tooltip } from '@mantine/core';
import { memo, Suspense, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { Window } from '../../api/contract.ts';
import type { Panel } from '../../dashboards/schema.ts';
import { Icon } from '../app/icons.tsx';
import { decodeHidden } from '../panels/hidden.ts';
import { askForPicture } from '../panels/picture.ts';
import type { Drill } from '../panels/props.ts';
import { PANEL_KINDS } from '../panels/registry.ts';
import { INK } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { PanelRange } from '../time/panel-range.tsx';
import type { Range } from '../time/range.ts';
import { fileName, save, saveUrl, toCsv, toJson } from './export.ts';
import { Empty, Failed, NotRefreshed, Skeleton, Stopped } from './panel-body.tsx';
import { PanelBoundary } from './panel-boundary.tsx';
import { PanelClock } from './panel-clock.tsx';
import type { RunStore } from './run-store.ts';

export interface PanelActions {
  readonly drill: (panel: Panel, drill: Drill, window: Window) => void;
  readonly zoom: (window: Window) => void;
  readonly setWindow: (panel: string, range: Range | null) => void;
  readonly setMeasure: (panel: string, measure: string | null) => void;
  /** Series that the panel's legend hides. */
  readonly setHidden: (panel: string, keys: readonly string[]) => void;
  readonly full: (panel: string | null) => void;
  readonly retry: (panel: string) => void;
  /** Opens the search page with the panel's query and window. */
  readonly search: (panel: Panel, query: string) => void;
  /** Of one's own dashboard only. */
  readonly edit?: (panel: Panel) => void;
}

interface Props {
  readonly panel: Panel;
  readonly store: RunStore;
  readonly zone: string;
  readonly group: string;
  /** The panel's own range, when it has one. */
  readonly own: Range | null;
  /** The dashboard's. */
  readonly range: Range;
  readonly measureId: string | undefined;
  /** Of the address (panels/hidden.ts). */
  readonly hidden: string | undefined;
  readonly actions: PanelActions;
  readonly full?: boolean;
}

export const PanelFrame = memo(function PanelFrame({ panel, store, zone, group, own, range, measureId, hidden, actions, full = false }: Props) {
  const state = useSyncExternalStore(store.subscribe, () => store.panel(panel.id));
  const nothingStored = useSyncExternalStore(store.subscribe, () => store.nothingStored());
  const body = useRef<HTMLDivElement>(null);
  const [asTable, setAsTable] = useState(false);
  const kind = PANEL_KINDS[panel.kind];
  const other = panel.measures.find((m) => m.id === measureId);
  const { result } = state;
  const View = asTable ? PANEL_KINDS.table.view : kind.view;
  const headingId = `panel-${panel.id}${full ? '-full' : ''}`;
  const props = useMemo(
    () =>
      result && {
        panel,
        result,
        zone,
        group,
        full,
        measure: other?.y ?? panel[kind.measure],
        unit: other?.unit ?? panel.unit,
        onDrill: (drill: Drill) => actions.drill(panel, drill, result.window),
        onZoom: actions.zoom,
        hidden: decodeHidden(hidden),
        onHidden: (keys: readonly string[]) => actions.setHidden(panel.id, keys),
      },
    [result, panel, zone, group, full, other, kind.measure, hidden, actions],
  );

  return (
    <article
      className="bz-panel"
      aria-labelledby={headingId}
      aria-busy={state.loading}
      data-kind={panel.kind}
      data-panel={panel.id}
      data-full={full || undefined}
    >
      <header className="bz-panel-head">
        <h3 id={headingId} title={panel.title}>
          {panel.title}
        </h3>
        <Tooltip label={panel.description} multiline w={320} withArrow openDelay={200} events={{ hover: true, focus: true, touch: true }}>
          <button type="button" className="bz-info" aria-label={`About this panel: ${panel.description}`}>
            <Icon name="info" size={13} />
          </button>
        </Tooltip>
        {panel.measures.length > 0 && (
          <SegmentedControl
            size="xs"
            className="bz-measure"
            aria-label={`What ${panel.title} measures`}
            data={[{ value: '', label: panel.measure ?? 'Count' }, ...panel.measures.map((m) => ({ value: m.id, label: m.title }))]}
            value={other?.id ?? ''}
            onChange={(id) => actions.setMeasure(panel.id, id || null)}
          />
        )}
        <span className="bz-grow" />
        <PanelClock state={state} own={own} range={range} zone={zone} onStop={() => store.stop(panel.id)} />
        <div className="bz-panel-actions">
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={`Open the records of ${panel.title}`}
            title="Open the records"
            onClick={() => result && actions.drill(panel, { cells: [], shift: false }, result.window)}
            disabled={!result}
          >
            <Icon name="records" size={14} />
          </ActionIcon>
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={full ? 'Leave full screen' : `${panel.title} full screen`}
            title={full ? 'Leave full screen (Esc)' : 'Full screen'}
            onClick={() => actions.full(full ? null : panel.id)}
          >
            <Icon name={full ? 'close' : 'expand'} size={14} />
          </ActionIcon>
          <Menu position="bottom-end" width={210} keepMounted={false}>
            <Menu.Target>
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`More of ${panel.title}`} title="More">
                <Icon name="more" size={14} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <PanelRange zone={zone} own={own} onChange={(range) => actions.setWindow(panel.id, range)} />
              <Menu.Divider />
              <Menu.Item leftSection={<Icon name="refresh" size={14} />} onClick={() => actions.retry(panel.id)}>
                Refresh this panel
              </Menu.Item>
              {panel.kind !== 'table' && (
                <Menu.Item leftSection={<Icon name="table" size={14} />} onClick={() => setAsTable(!asTable)}>
                  {asTable ? 'Show the picture' : 'Show as a table'}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<Icon name="search" size={14} />} onClick={() => actions.search(panel, other?.query ?? panel.query)}>
                Open in search
              </Menu.Item>
              <Menu.Item leftSection={<Icon name="copy" size={14} />} onClick={() => void navigator.clipboard.writeText(other?.query ?? panel.query)}>
                Copy the query
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item
                leftSection={<Icon name="download" size={14} />}
                disabled={!result}
                onClick={() => result && save(`${fileName(panel.title)}.csv`, 'text/csv', toCsv(result))}
              >
                Save as CSV
              </Menu.Item>
              <Menu.Item
                leftSection={<Icon name="download" size={14} />}
                disabled={!result}
                onClick={() => result && save(`${fileName(panel.title)}.json`, 'application/json', toJson(result))}
              >
                Save as JSON
              </Menu.Item>
              {kind.picture && !asTable && <SavePicture title={panel.title} body={body} />}
              {actions.edit && !full && (
                <>
                  <Menu.Divider />
                  <Menu.Item leftSection={<Icon name="edit" size={14} />} onClick={() => actions.edit?.(panel)}>
                    Edit this panel …
                  </Menu.Item>
                </>
              )}
            </Menu.Dropdown>
          </Menu>
        </div>
      </header>
      <div className="bz-panel-body" ref={body} data-stale={(state.loading && result !== undefined) || undefined}>
        {state.error && props && <NotRefreshed error={state.error} onRetry={() => actions.retry(panel.id)} />}
        {state.error && !props ? (
          <Failed error={state.error} onRetry={() => actions.retry(panel.id)} />
        ) : props && result?.state === 'data' ? (
          <PanelBoundary of={props}>
            <Suspense fallback={<Skeleton kind={panel.kind} />}>
              <View {...props} />
            </Suspense>
          </PanelBoundary>
        ) : result ? (
          <Empty result={result} about={panel.empty} said={nothingStored && !full} zone={zone} onWindow={actions.zoom} />
        ) : state.stopped ? (
          <Stopped onRetry={() => actions.retry(panel.id)} />
        ) : (
          <Skeleton kind={panel.kind} progress={state.progress} />
        )}
      </div>
    </article>
  );
});

function SavePicture({ title, body }: { title: string; body: React.RefObject<HTMLDivElement | null> }) {
  const scheme = useScheme();
  const ask = () => {
    const take = (url: string) => saveUrl(`${fileName(title)}.png`, url);
    askForPicture(body.current, { background: INK[scheme].panel, take });
  };
  return (
    <Menu.Item leftSection={<Icon name="download" size={14} />} onClick={ask}>
      Save as PNG
    </Menu.Item>
  );
}
