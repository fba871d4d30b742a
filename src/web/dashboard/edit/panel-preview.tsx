/** The panel as it would be: the real query with the dashboard's filters and window, a moment after somebody stops typing. */
import { useDebouncedValue } from '@mantine/hooks';
import { type CSSProperties, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { OutputColumn } from '../../../api/contract.ts';
import type { Panel } from '../../../dashboards/schema.ts';
import { applied, type Chip } from '../../filters/filter.ts';
import { encodeHidden } from '../../panels/hidden.ts';
import { shapeOf, unitOf, viewsOf } from '../../panels/shape.ts';
import type { Range } from '../../time/range.ts';
import { type PanelActions, PanelFrame } from '../panel-frame.tsx';
import type { RunStore } from '../run-store.ts';
import { useRuns } from '../use-runs.ts';
import { same } from './history.ts';
import { fitted, sizeOf } from './options.ts';
import { previewStore } from './preview.ts';

const PAUSE_MS = 400;
const ID = 'preview';
const NONE: ReadonlyMap<string, Range> = new Map();
const NOTHING: ReadonlySet<string> = new Set();

export interface Preview {
  readonly store: RunStore;
  /** Of the last answer, if it is one to this query. */
  readonly columns: readonly OutputColumn[] | undefined;
  readonly rows: number;
  readonly measure: string | undefined;
  readonly onMeasure: (id: string | null) => void;
  readonly again: () => void;
}

interface Wanted {
  readonly panel: Panel;
  /** The query can be run. */
  readonly runs: boolean;
  /** The kind follows the result. */
  readonly auto: boolean;
  readonly chips: readonly Chip[];
  readonly range: Range;
  readonly zone: string;
  readonly onPanel: (change: (panel: Panel) => Panel) => void;
}

export function usePreview({ panel, runs, auto, chips, range, zone, onPanel }: Wanted): Preview {
  const [measure, setMeasure] = useState<string | null>(null);
  const [asked] = useDebouncedValue(panel, PAUSE_MS);
  const latest = useRef(asked);
  latest.current = asked;
  const store = useMemo(() => previewStore(() => [{ ...latest.current, id: ID }]), []);
  const key = JSON.stringify(asked);
  const content = useMemo(() => ({ sections: runs ? [{ id: ID, title: '', panels: [{ ...(JSON.parse(key) as Panel), id: ID }] }] : [] }), [runs, key]);
  const measures = useMemo(() => new Map(measure && asked.measures.some((m) => m.id === measure) ? [[ID, measure]] : []), [measure, asked.measures]);
  const filters = JSON.stringify(applied(chips));
  const run = useRuns({ dashboard: content, store, range, filters, zone, own: NONE, measures, folded: NOTHING, full: undefined });
  const { result, panel: of } = useSyncExternalStore(store.subscribe, () => store.panel(ID));
  const shown = useMemo(() => (result && of ? { query: of.query, columns: result.columns, rows: result.rows.length } : null), [result, of]);
  useEffect(() => {
    if (!auto || !shown) return;
    const { query, columns, rows } = shown;
    onPanel((old) => {
      const shape = shapeOf(query, columns);
      const kind = viewsOf(shape, rows)[0] ?? 'table';
      const next = { ...fitted(old, kind, columns, true), unit: unitOf(shape.measures[0]), ...sizeOf(kind) };
      return old.query !== query || same(old, next) ? old : next;
    });
  }, [auto, shown, onPanel]);
  const current = shown?.query === panel.query ? shown : null;
  return { store, columns: current?.columns, rows: current?.rows ?? 0, measure: measure ?? undefined, onMeasure: setMeasure, again: run };
}

interface Props {
  readonly panel: Panel;
  readonly runs: boolean;
  readonly preview: Preview;
  readonly range: Range;
  readonly zone: string;
}

export function PanelPreview({ panel, runs, preview, range, zone }: Props) {
  const { again, onMeasure, measure, store } = preview;
  /** A look at fewer series; nothing of the panel. */
  const [hidden, setHidden] = useState<string | undefined>();
  const actions = useMemo<PanelActions>(
    () => ({
      drill: nothing,
      zoom: nothing,
      setWindow: nothing,
      full: nothing,
      search: nothing,
      setMeasure: (_, id) => onMeasure(id),
      setHidden: (_, keys) => setHidden(keys.length > 0 ? encodeHidden(keys) : undefined),
      retry: () => again(),
    }),
    [again, onMeasure],
  );
  const shown = useMemo(() => ({ ...panel, id: ID, title: panel.title || 'Untitled' }), [panel]);
  return (
    <section className="bz-editor-preview" aria-label="Preview">
      {runs ? (
        <div className="bz-editor-panel" style={{ '--h': panel.height } as CSSProperties}>
          <PanelFrame
            panel={shown}
            store={store}
            zone={zone}
            group="panel-editor"
            own={null}
            range={range}
            measureId={measure}
            hidden={hidden}
            actions={actions}
          />
        </div>
      ) : (
        <p className="bz-dim">
          {panel.query.trim() === '' ? 'Write a query: what it finds is shown here.' : 'The query has a mistake; the preview waits for it.'}
        </p>
      )}
    </section>
  );
}

function nothing(): void {}
