/** All sections of the draft, with what pointers and keys do to their panels and what is said of it. */
import { Button } from '@mantine/core';
import { useEffect, useMemo, useRef } from 'react';
import type { Panel } from '../../../dashboards/schema.ts';
import { Icon } from '../../app/icons.tsx';
import type { Range } from '../../time/range.ts';
import { type PanelActions, PanelFrame } from '../panel-frame.tsx';
import type { RunStore } from '../run-store.ts';
import {
  addSection,
  type Draft,
  duplicatePanel,
  movePanel,
  moveSection,
  removePanel,
  removeSection,
  renameSection,
  resizePanel,
  type Spot,
  spotOf,
  stepOf,
} from './draft.ts';
import { UNDO_ID } from './edit-bar.tsx';
import { fitting, type Size } from './grid.ts';
import { EditSection } from './section.tsx';
import { HELP_ID, markOf, Slot, type SlotActions } from './slot.tsx';
import { useDrag } from './use-drag.ts';
import type { Editing } from './use-editing.ts';

interface Props {
  readonly editing: Editing;
  readonly store: RunStore;
  readonly zone: string;
  readonly group: string;
  readonly own: ReadonlyMap<string, Range>;
  readonly range: Range;
  readonly measures: ReadonlyMap<string, string>;
  readonly folded: ReadonlySet<string>;
  readonly onToggle: (section: string) => void;
  readonly onOpen: (panel: Panel) => void;
  readonly onAdd: (section: string) => void;
}

/** Panels take no clicks while they are edited. */
const NO_ACTIONS: PanelActions = {
  drill: nothing,
  zoom: nothing,
  setWindow: nothing,
  setMeasure: nothing,
  setHidden: nothing,
  full: nothing,
  retry: nothing,
  search: nothing,
};

export function Sections({ editing, store, zone, group, own, range, measures, folded, onToggle, onOpen, onAdd }: Props) {
  const { draft, change, say } = editing;
  const root = useRef<HTMLDivElement>(null);
  /** Selector of what has the focus when the change is drawn: elements that moved lose it. */
  const focus = useRef<string | null>(null);
  const latest = useRef({ draft, change, say, onOpen });
  latest.current = { draft, change, say, onOpen };
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each change of the draft
  useEffect(() => {
    if (focus.current) document.querySelector<HTMLElement>(focus.current)?.focus();
    focus.current = null;
  }, [draft]);

  const doing = useMemo(() => {
    const focusOn = (id: string) => {
      focus.current = `[data-slot="${id}"]`;
    };
    const move = (panel: Panel, to: Spot) => {
      const next = movePanel(latest.current.draft, panel.id, to);
      focusOn(panel.id);
      latest.current.change(next, `Moved “${panel.title}” to ${placeOf(next, panel.id)}`);
    };
    const resize = (panel: Panel, size: Size) => {
      const { width, height } = fitting(size);
      if (width === panel.width && height === panel.height) return latest.current.say(`“${panel.title}” cannot be ${size.width} wide, ${size.height} high`);
      latest.current.change(resizePanel(latest.current.draft, panel.id, size), `“${panel.title}” is ${width} wide, ${height} high`);
    };
    return { move, resize, focusOn };
  }, []);
  const { dragging, start } = useDrag({ root, onMove: doing.move, onResize: doing.resize });
  const actions = useMemo<SlotActions>(
    () => ({
      open: (panel) => latest.current.onOpen(panel),
      duplicate: (panel) => {
        const { draft: next, id } = duplicatePanel(latest.current.draft, panel.id);
        doing.focusOn(id);
        latest.current.change(next, `Duplicated “${panel.title}”`);
      },
      remove: (panel) => {
        focus.current = `#${UNDO_ID}`;
        latest.current.change(removePanel(latest.current.draft, panel.id), `Removed “${panel.title}”`);
      },
      step: (panel, step) => {
        const to = stepOf(latest.current.draft, panel.id, step);
        if (to) doing.move(panel, to);
        else latest.current.say(`“${panel.title}” cannot go further`);
      },
      resize: doing.resize,
      send: (panel, section) => doing.move(panel, { section: section.id, index: section.panels.length }),
      drag: start,
    }),
    [doing, start],
  );
  const drop = dragging?.kind === 'move' ? dragging.drop : null;

  return (
    <div ref={root} data-dragging={dragging?.kind}>
      <p id={HELP_ID} className="bz-hidden">
        Arrows move this panel, Shift with arrows resizes it, Enter edits it, D duplicates it, Delete removes it.
      </p>
      {draft.sections.length === 0 && (
        <div className="bz-note">
          <p>
            <b>This dashboard has no panel yet.</b>
          </p>
          <p className="bz-dim">Add one with the button above, or with the key A.</p>
        </div>
      )}
      {draft.sections.map((section, at) => (
        <EditSection
          key={section.id}
          section={section}
          folded={folded.has(section.id)}
          first={at === 0}
          last={at === draft.sections.length - 1}
          target={drop?.section === section.id && !drop.mark}
          onToggle={() => onToggle(section.id)}
          onRename={(title) => change(renameSection(draft, section.id, title), `Renamed the section to “${title}”`)}
          onMove={(by) => change(moveSection(draft, section.id, by), `Moved the section “${section.title}” ${by < 0 ? 'up' : 'down'}`)}
          onAdd={() => onAdd(section.id)}
          onRemove={() => {
            focus.current = `#${UNDO_ID}`;
            const { length } = section.panels;
            const with_ = length === 0 ? '' : ` with ${length} panel${length === 1 ? '' : 's'}`;
            change(removeSection(draft, section.id), `Removed the section “${section.title}”${with_}`);
          }}
        >
          {section.panels.map((panel, index) => {
            const isDragged = dragging?.panel.id === panel.id;
            return (
              <Slot
                key={panel.id}
                panel={panel}
                position={index + 1}
                of={section.panels.length}
                section={section}
                others={draft.sections.length > 1 ? draft.sections.filter((s) => s.id !== section.id) : NO_SECTIONS}
                size={isDragged && dragging.kind === 'resize' ? dragging.size : panel}
                dragged={isDragged}
                mark={markOf(drop, panel.id)}
                store={store}
                actions={actions}
              >
                <PanelFrame
                  panel={panel}
                  store={store}
                  zone={zone}
                  group={group}
                  own={own.get(panel.id) ?? null}
                  range={range}
                  measureId={measures.get(panel.id)}
                  hidden={undefined}
                  actions={NO_ACTIONS}
                />
              </Slot>
            );
          })}
        </EditSection>
      ))}
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<Icon name="plus" size={14} />}
        onClick={() => change(addSection(draft, 'New section'), 'Added a section')}
        disabled={draft.sections.length >= 50}
      >
        Section
      </Button>
      {dragging?.kind === 'move' && (
        <div className="bz-edit-ghost" style={{ left: dragging.x, top: dragging.y }} aria-hidden="true">
          {dragging.panel.title}
        </div>
      )}
      {dragging?.kind === 'resize' && (
        <div className="bz-edit-size" aria-hidden="true">
          {dragging.size.width} × {dragging.size.height}
        </div>
      )}
    </div>
  );
}

const NO_SECTIONS: never[] = [];

function placeOf(draft: Draft, id: string): string {
  const spot = spotOf(draft, id);
  const section = draft.sections.find((s) => s.id === spot?.section);
  return spot && section ? `place ${spot.index + 1} of ${section.panels.length} in “${section.title}”` : 'nowhere';
}

function nothing(): void {}
