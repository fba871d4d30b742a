/** The bar over a dashboard that is edited: what is unsaved, what was done last, undo and redo, save and leave. */
import { ActionIcon, Button } from '@mantine/core';
import { Icon } from '../../app/icons.tsx';
import { ProblemNote } from '../../library/problem.tsx';
import type { Editing } from './use-editing.ts';

interface Props {
  readonly editing: Editing;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onAdd: () => void;
  readonly onSettings: () => void;
  readonly onLeave: () => void;
  readonly onSave: () => void;
}

export const UNDO_ID = 'bz-edit-undo';
export const ADD_ID = 'bz-edit-add';

export function EditBar({ editing, busy, error, onAdd, onSettings, onLeave, onSave }: Props) {
  const { draft, dirty, count, said, back, again } = editing;
  return (
    <section className="bz-edit-bar" aria-label="Editing">
      <div className="bz-edit-state" data-dirty={dirty || undefined}>
        <b title={draft.title}>{draft.title}</b>
        <span>{dirty ? (count === 1 ? '1 change is not saved' : `${count} changes are not saved`) : 'nothing to save'}</span>
      </div>
      <p className="bz-edit-said" role="status">
        {said}
      </p>
      <div className="bz-edit-buttons">
        <ActionIcon
          id={UNDO_ID}
          variant="default"
          size={30}
          aria-label={back ? `Undo: ${back}` : 'Undo'}
          title="Undo (Ctrl+Z)"
          aria-disabled={!back}
          onClick={editing.undo}
        >
          <Icon name="undo" size={14} />
        </ActionIcon>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={again ? `Do again: ${again}` : 'Do again'}
          title="Do again (Ctrl+Shift+Z)"
          aria-disabled={!again}
          onClick={editing.redo}
        >
          <Icon name="redo" size={14} />
        </ActionIcon>
        <Button id={ADD_ID} size="xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={onAdd} title="Add a panel (a)">
          Panel
        </Button>
        <Button size="xs" variant="default" onClick={onSettings}>
          Settings
        </Button>
        <Button size="xs" variant="default" onClick={onLeave}>
          {dirty ? 'Discard' : 'Done'}
        </Button>
        <Button size="xs" onClick={onSave} disabled={!dirty} loading={busy} title="Save (Ctrl+S)">
          Save
        </Button>
      </div>
      <ProblemNote error={error} />
    </section>
  );
}
