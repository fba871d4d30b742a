/** A panel in edit mode: it shows its data and takes no clicks; around it what moves, resizes, opens, copies and removes it, by pointer and by keys. */
import { ActionIcon, Menu } from '@mantine/core';
import { type CSSProperties, type KeyboardEvent, memo, type ReactNode, useSyncExternalStore } from 'react';
import type { Panel } from '../../../dashboards/schema.ts';
import { Icon } from '../../app/icons.tsx';
import type { RunStore } from '../run-store.ts';
import type { Section, Step } from './draft.ts';
import type { Drop, Size } from './grid.ts';
import type { StartDrag } from './use-drag.ts';

export interface SlotActions {
  readonly open: (panel: Panel) => void;
  readonly duplicate: (panel: Panel) => void;
  readonly remove: (panel: Panel) => void;
  readonly step: (panel: Panel, step: Step) => void;
  readonly resize: (panel: Panel, size: Size) => void;
  readonly send: (panel: Panel, section: Section) => void;
  readonly drag: StartDrag;
}

interface Props {
  readonly panel: Panel;
  /** 1-based, among how many, in which section. */
  readonly position: number;
  readonly of: number;
  readonly section: Section;
  /** The others, to send it there. */
  readonly others: readonly Section[];
  readonly size: Size;
  readonly dragged: boolean;
  /** Where the dragged panel would go. */
  readonly mark: 'before' | 'after' | undefined;
  readonly store: RunStore;
  readonly actions: SlotActions;
  readonly children: ReactNode;
}

export const HELP_ID = 'bz-edit-help';

export const Slot = memo(function Slot({ panel, position, of, section, others, size, dragged, mark, store, actions, children }: Props) {
  const error = useSyncExternalStore(store.subscribe, () => store.panel(panel.id).error?.message);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = event.shiftKey ? RESIZE[event.key] : STEPS[event.key];
    const other = OTHER[event.key];
    if (act === undefined && other === undefined) return;
    event.preventDefault();
    if (typeof act === 'string') actions.step(panel, act);
    else if (act) actions.resize(panel, { width: panel.width + act[0], height: panel.height + act[1] });
    else if (other) actions[other](panel);
  };
  const button = (name: string, title: string, icon: Parameters<typeof Icon>[0]['name'], onClick: () => void, where?: 'wide' | 'narrow') => (
    <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${name} ${panel.title}`} title={title} onClick={onClick} data-where={where}>
      <Icon name={icon} size={14} />
    </ActionIcon>
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of controls that itself takes the keys which move it
    <div
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows move it, see above
      tabIndex={0}
      className="bz-slot bz-edit-slot"
      data-slot={panel.id}
      data-dragged={dragged || undefined}
      data-mark={mark}
      style={{ '--w': size.width, '--h': size.height } as CSSProperties}
      aria-label={`${panel.title}, panel ${position} of ${of} in ${section.title}, ${panel.width} wide, ${panel.height} high${error ? `. ${error}` : ''}`}
      aria-describedby={HELP_ID}
      onKeyDown={onKeyDown}
      onDoubleClick={(event) => (event.target as Element).closest('button') ?? actions.open(panel)}
      onPointerDown={(event) => {
        // A finger scrolls here; it drags at the grip.
        const { target, pointerType } = event;
        if (pointerType !== 'touch' && !(target as Element).closest('button, .bz-edit-corner')) actions.drag(event, panel, 'move');
      }}
    >
      <div className="bz-edit-frame" inert>
        {children}
      </div>
      <span className="bz-edit-grip" onPointerDown={(event) => event.pointerType === 'touch' && actions.drag(event, panel, 'move')} aria-hidden="true">
        <Icon name="grip" size={14} />
      </span>
      <div className="bz-edit-tools">
        {button('Move up', 'Move up', 'up', () => actions.step(panel, 'earlier'), 'narrow')}
        {button('Move down', 'Move down', 'down', () => actions.step(panel, 'later'), 'narrow')}
        {button('Edit', 'Edit (Enter)', 'edit', () => actions.open(panel))}
        {button('Duplicate', 'Duplicate (d)', 'copy', () => actions.duplicate(panel), 'wide')}
        {button('Remove', 'Remove (Del)', 'trash', () => actions.remove(panel), 'wide')}
        <Menu position="bottom-end" width={230} keepMounted={false}>
          <Menu.Target>
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`More for ${panel.title}`} title="More">
              <Icon name="more" size={14} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => actions.step(panel, 'earlier')}>Move up</Menu.Item>
            <Menu.Item onClick={() => actions.step(panel, 'later')}>Move down</Menu.Item>
            {others.map((other) => (
              <Menu.Item key={other.id} onClick={() => actions.send(panel, other)}>
                Move to “{other.title}”
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item leftSection={<Icon name="copy" size={14} />} onClick={() => actions.duplicate(panel)}>
              Duplicate
            </Menu.Item>
            <Menu.Item leftSection={<Icon name="trash" size={14} />} onClick={() => actions.remove(panel)}>
              Remove
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <span className="bz-edit-corner" onPointerDown={(event) => actions.drag(event, panel, 'resize')} title="Resize (Shift with arrows)" aria-hidden="true" />
    </div>
  );
});

const STEPS: Readonly<Record<string, Step>> = { ArrowLeft: 'earlier', ArrowRight: 'later', ArrowUp: 'up', ArrowDown: 'down' };
const RESIZE: Readonly<Record<string, readonly [width: number, height: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const OTHER: Readonly<Record<string, 'open' | 'duplicate' | 'remove'>> = { Enter: 'open', d: 'duplicate', Delete: 'remove', Backspace: 'remove' };

export function markOf(drop: Drop | null | undefined, panel: string): 'before' | 'after' | undefined {
  return drop?.mark?.id === panel ? drop.mark.side : undefined;
}
