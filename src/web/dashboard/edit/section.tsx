/** A section in edit mode: its panels, and what renames, moves, fills and removes it. */
import { ActionIcon, TextInput } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { Icon, type IconName } from '../../app/icons.tsx';
import type { Section } from './draft.ts';

interface Props {
  readonly section: Section;
  readonly folded: boolean;
  readonly first: boolean;
  readonly last: boolean;
  /** The dragged panel would go into it, and it is empty. */
  readonly target: boolean;
  readonly onToggle: () => void;
  readonly onRename: (title: string) => void;
  readonly onMove: (by: -1 | 1) => void;
  readonly onAdd: () => void;
  readonly onRemove: () => void;
  /** One per panel, in the same order. */
  readonly children: readonly ReactElement[];
}

export function EditSection({ section, folded, first, last, target, onToggle, onRename, onMove, onAdd, onRemove, children }: Props) {
  const [renaming, setRenaming] = useState(false);
  const tool = (name: string, icon: IconName, onClick: () => void, disabled = false) => (
    <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${name} ${section.title}`} title={name} onClick={onClick} disabled={disabled}>
      <Icon name={icon} size={14} />
    </ActionIcon>
  );
  const renamed = (title: string) => {
    setRenaming(false);
    if (title && title !== section.title) onRename(title);
  };
  return (
    <section className="bz-section" data-section={section.id} aria-label={section.title}>
      <div className="bz-edit-section">
        {renaming ? (
          <Rename title={section.title} onDone={renamed} />
        ) : (
          <h2>
            <button type="button" onClick={onToggle} aria-expanded={!folded}>
              <Icon name={folded ? 'right' : 'down'} size={12} />
              {section.title}
              {folded && <span className="bz-dim"> · {section.panels.length} panels</span>}
            </button>
          </h2>
        )}
        {tool('Rename the section', 'edit', () => setRenaming(true))}
        {tool('Move up the section', 'up', () => onMove(-1), first)}
        {tool('Move down the section', 'down', () => onMove(1), last)}
        {tool('Add a panel to', 'plus', onAdd)}
        {tool('Remove the section', 'trash', onRemove)}
      </div>
      {!folded && (
        <div className="bz-grid">
          {children}
          {children.length === 0 && (
            <button type="button" className="bz-edit-empty" data-target={target || undefined} onClick={onAdd}>
              <Icon name="plus" size={14} /> Add a panel to {section.title}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

/** Enter and leaving take it, Escape does not. */
function Rename({ title, onDone }: { title: string; onDone: (title: string) => void }) {
  const [text, setText] = useState(title);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone(text.trim());
      }}
    >
      <TextInput
        size="xs"
        aria-label="Title of the section"
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        onBlur={() => onDone(text.trim())}
        onFocus={(e) => e.currentTarget.select()}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone('');
        }}
        maxLength={200}
        autoFocus
      />
    </form>
  );
}
