/** One panel: its query and what is drawn of it, beside the panel as it would be. Nothing is saved here. */
import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import type { OutputColumn, ValuesResponse } from '../../../api/contract.ts';
import type { Panel, Variable } from '../../../dashboards/schema.ts';
import { getJson } from '../../api/client.ts';
import type { Chip } from '../../filters/filter.ts';
import { FirstProblem } from '../../search/ask.tsx';
import type { EditorHandle } from '../../search/editor/editor.tsx';
import { columnsOf, type Problem, problemsOf, type Surroundings } from '../../search/editor/language.ts';
import type { Range } from '../../time/range.ts';
import { same } from './history.ts';
import { findings, fitted } from './options.ts';
import { PanelForm } from './panel-form.tsx';
import { PanelPreview, usePreview } from './panel-preview.tsx';
import '../../search/search.css';

const QueryEditor = lazy(() => import('../../search/editor/editor.tsx').then((m) => ({ default: m.QueryEditor })));
const Reference = lazy(() => import('../../search/reference.tsx').then((m) => ({ default: m.Reference })));
const NO_COLUMNS: readonly OutputColumn[] = [];

interface Props {
  readonly panel: Panel;
  readonly isNew: boolean;
  /** The dashboard's, which the preview heeds. */
  readonly chips: readonly Chip[];
  readonly range: Range;
  readonly zone: string;
  readonly variables: readonly Variable[];
  readonly surroundings: Surroundings;
  /** The changed panel; null when it was left. */
  readonly onDone: (panel: Panel | null) => void;
}

export function PanelEditor({ panel: before, isNew, chips, range, zone, variables, surroundings, onDone }: Props) {
  const [panel, setPanel] = useState(before);
  /** The kind follows the result until somebody chooses one. */
  const [auto, setAuto] = useState(isNew);
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [looking, setLooking] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const change = (part: Partial<Panel>) => setPanel((old) => ({ ...old, ...part }));

  const broken = useMemo(() => isBroken(panel.query, surroundings), [panel.query, surroundings]);
  const brokenMeasure = useMemo(() => panel.measures.find((m) => isBroken(m.query, surroundings)), [panel.measures, surroundings]);
  const runs = panel.query.trim() !== '' && !broken;
  const preview = usePreview({ panel, runs, auto, chips, range, zone, onPanel: setPanel });
  const compiled = useMemo(() => columnsOf(panel.query, surroundings), [panel.query, surroundings]);
  const columns = compiled ?? preview.columns ?? NO_COLUMNS;
  const wrong = runs ? findings(panel, columns.length > 0 ? columns : undefined) : [];
  if (brokenMeasure) wrong.push(`the query of “${brokenMeasure.title}” has a mistake`);
  const isMendable = wrong.length > 0 && columns.length > 0 && !same(fitted(panel, panel.kind, columns), panel);
  const isChanged = !same(panel, before);
  const close = () => (isChanged ? setLeaving(true) : onDone(null));
  const valuesOf = async (field: string, prefix: string, signal: AbortSignal) => {
    const params = new URLSearchParams({ field, prefix, from: range.from, to: range.to });
    return (await getJson<ValuesResponse>(`/api/v1/values?${params}`, signal)).values;
  };

  return (
    <Modal
      opened
      fullScreen
      onClose={close}
      closeOnEscape={!isChanged}
      returnFocus={false}
      title={isNew ? 'A new panel' : `Edit “${before.title}”`}
      transitionProps={{ duration: 0 }}
      className="bz-panel-editor"
    >
      <div className="bz-editor-parts">
        <section className="bz-editor-query" aria-label="Query of the panel">
          <Suspense fallback={<pre className="bz-editor-wait">{panel.query}</pre>}>
            <QueryEditor
              text={panel.query}
              surroundings={surroundings}
              onText={(query) => change({ query })}
              onRun={preview.again}
              onHistory={() => undefined}
              onProblems={setProblems}
              onExplain={setLooking}
              valuesOf={valuesOf}
              handle={editor}
            />
          </Suspense>
          <FirstProblem problems={problems} onMend={(problem, word) => editor.current?.mend(problem, word)} onExplain={setLooking} />
        </section>
        <PanelPreview panel={panel} runs={runs} preview={preview} range={range} zone={zone} />
        <form
          id="bz-panel-form"
          className="bz-editor-form"
          onSubmit={(event) => {
            event.preventDefault();
            onDone({ ...panel, title: panel.title.trim(), description: panel.description.trim() });
          }}
        >
          <TextInput size="xs" label="Title" value={panel.title} onChange={(e) => change({ title: e.currentTarget.value })} maxLength={200} required />
          <Textarea
            size="xs"
            label="What it shows"
            value={panel.description}
            onChange={(e) => change({ description: e.currentTarget.value })}
            maxLength={2000}
            autosize
            minRows={1}
          />
          <PanelForm
            panel={panel}
            auto={auto}
            columns={columns}
            rows={preview.rows}
            variables={variables}
            range={range}
            surroundings={surroundings}
            onChange={change}
            onKind={(kind) => {
              setAuto(kind === null);
              setPanel((old) => fitted(old, kind ?? old.kind, columns, true));
            }}
          />
        </form>
      </div>
      <div className="bz-editor-foot">
        <div className="bz-grow" aria-live="polite">
          {leaving ? (
            <span>
              Drop what was changed here?{' '}
              <Button size="compact-xs" color="red" variant="light" onClick={() => onDone(null)}>
                Drop it
              </Button>{' '}
              <Button size="compact-xs" variant="default" onClick={() => setLeaving(false)}>
                Go on
              </Button>
            </span>
          ) : wrong.length > 0 ? (
            <span className="bz-library-problem">
              {wrong.join('; ')}.{' '}
              {isMendable && (
                <Button size="compact-xs" variant="light" onClick={() => setPanel((old) => fitted(old, old.kind, columns))}>
                  Take columns of the result
                </Button>
              )}
            </span>
          ) : (
            <span className="bz-dim bz-small">Nothing is saved before the dashboard is.</span>
          )}
        </div>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" form="bz-panel-form" disabled={!runs || wrong.length > 0 || panel.title.trim() === ''}>
          {isNew ? 'Add the panel' : 'Apply'}
        </Button>
      </div>
      {looking !== null && (
        <Suspense fallback={null}>
          <Reference at={looking} onInsert={(text) => editor.current?.insert(text)} onClose={() => setLooking(null)} />
        </Suspense>
      )}
    </Modal>
  );
}

function isBroken(query: string, surroundings: Surroundings): boolean {
  return problemsOf(query, surroundings).some((p) => p.severity === 'error');
}
