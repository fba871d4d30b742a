/** The saved searches as a tree in a drawer: found by words, opened, renamed, moved, removed, by pointer and by keys. */
import { ActionIcon, Button, Drawer, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { LibraryItem } from '../../api/contract/library.ts';
import { Icon } from '../app/icons.tsx';
import { PlaceDialog, RemoveDialog } from './item-dialogs.tsx';
import { ProblemNote } from './problem.tsx';
import { libraryQuery } from './queries.ts';
import type { SavedItem } from './saved.ts';
import { foldersAround, move, type Row, rowsOf } from './tree.ts';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  /** Id of the search that the page shows. */
  readonly current: string | undefined;
  readonly onOpen: (item: SavedItem) => void;
  readonly onRemoved: (id: string) => void;
}

export function SearchLibrary({ opened, onClose, ...tree }: Props) {
  return (
    <Drawer opened={opened} onClose={onClose} title="Saved searches" position="right" size={420} keepMounted={false}>
      <Tree {...tree} />
    </Drawer>
  );
}

type Dialog = { readonly what: 'new'; readonly into: string | null } | { readonly what: 'place' | 'remove'; readonly item: LibraryItem };

function Tree({ current, onOpen, onRemoved }: Omit<Props, 'opened' | 'onClose'>) {
  const list = useQuery(libraryQuery);
  const items = list.data?.items;
  const [words, setWords] = useState('');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const tree = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(items ?? [], open, words), [items, open, words]);
  const at = Math.max(
    0,
    rows.findIndex((r) => r.item.id === (focused ?? current)),
  );

  // What the page shows is seen at once; without anything saved, what ships is.
  const first = useRef(true);
  useEffect(() => {
    if (!items || !first.current) return;
    first.current = false;
    const around = current === undefined ? [] : foldersAround(items, current);
    setOpen(new Set(around.length > 0 ? around : items.filter((i) => i.folder === null && i.kind === 'folder').map((i) => i.id)));
  }, [items, current]);

  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const choose = ({ item }: Row) => {
    setFocused(item.id);
    if (item.kind === 'folder') toggle(item.id);
    else onOpen(item);
  };
  const goTo = (index: number) => {
    const id = rows[index]?.item.id;
    if (id === undefined) return;
    setFocused(id);
    tree.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const row = rows[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const own = !row.item.readOnly;
    const step = move(rows, at, event.key);
    if (step) {
      if (step.toggle) toggle(row.item.id);
      goTo(step.to);
    } else if (event.key === 'Enter' || event.key === ' ') choose(row);
    else if (event.key === 'F2' && own) setDialog({ what: 'place', item: row.item });
    else if (event.key === 'Delete' && own) setDialog({ what: 'remove', item: row.item });
    else return;
    event.preventDefault();
  };

  return (
    <div className="bz-library">
      <div className="bz-library-head">
        <TextInput
          size="xs"
          className="bz-grow"
          aria-label="Find a saved search"
          placeholder="Words of a name or a query"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown') return;
            event.preventDefault();
            goTo(0);
          }}
          data-autofocus
        />
        <Button size="xs" variant="default" leftSection={<Icon name="folder" size={14} />} onClick={() => setDialog({ what: 'new', into: folderOf(rows[at]) })}>
          New folder
        </Button>
      </div>
      <ProblemNote error={list.error} />
      <div ref={tree} className="bz-library-tree" role="tree" aria-label="Saved searches" onKeyDown={onKey}>
        {rows.map((row, i) => (
          <TreeRow
            key={row.item.id}
            row={row}
            index={i}
            active={i === at}
            current={row.item.id === current}
            onChoose={() => choose(row)}
            onPlace={() => setDialog({ what: 'place', item: row.item })}
            onRemove={() => setDialog({ what: 'remove', item: row.item })}
          />
        ))}
      </div>
      {items && rows.length === 0 && <p className="bz-dim">{words ? 'No saved search has these words.' : 'Nothing is saved yet.'}</p>}
      <p className="bz-dim bz-small">Arrows move, Enter opens, F2 renames or moves, Delete removes.</p>
      {dialog?.what === 'new' && <PlaceDialog items={items ?? []} into={dialog.into} onClose={() => setDialog(null)} />}
      {dialog?.what === 'place' && <PlaceDialog items={items ?? []} item={dialog.item} onClose={() => setDialog(null)} />}
      {dialog?.what === 'remove' && (
        <RemoveDialog
          item={dialog.item}
          onClose={() => setDialog(null)}
          onRemoved={() => {
            setDialog(null);
            onRemoved(dialog.item.id);
          }}
        />
      )}
    </div>
  );
}

/** Where something new beside a row goes. */
function folderOf(row: Row | undefined): string | null {
  if (!row || row.item.readOnly) return null;
  return row.item.kind === 'folder' ? row.item.id : row.item.folder;
}

interface RowProps {
  readonly row: Row;
  readonly index: number;
  readonly active: boolean;
  readonly current: boolean;
  readonly onChoose: () => void;
  readonly onPlace: () => void;
  readonly onRemove: () => void;
}

function TreeRow({ row, index, active, current, onChoose, onPlace, onRemove }: RowProps) {
  const { item, level } = row;
  const about = item.kind === 'search' ? (item.search.description ?? item.search.query) : item.readOnly ? 'Ready searches that come with Bartizan' : undefined;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of all its rows
    <div
      className="bz-library-row"
      role="treeitem"
      aria-level={level}
      aria-expanded={row.open}
      aria-selected={current}
      aria-label={item.name}
      tabIndex={active ? 0 : -1}
      data-row={index}
      style={{ '--level': level - 1 } as React.CSSProperties}
      title={about}
      onClick={onChoose}
    >
      <Icon name={item.kind === 'folder' ? (row.open ? 'down' : 'right') : 'search'} size={12} />
      <span className="bz-library-name">{item.name}</span>
      {!item.readOnly && (
        <span className="bz-library-tools">
          <ActionIcon
            size="xs"
            variant="subtle"
            color="gray"
            tabIndex={-1}
            aria-label={`Rename or move ${item.name}`}
            onClick={(event) => {
              event.stopPropagation();
              onPlace();
            }}
          >
            <Icon name="edit" size={12} />
          </ActionIcon>
          <ActionIcon
            size="xs"
            variant="subtle"
            color="gray"
            tabIndex={-1}
            aria-label={`Remove ${item.name}`}
            onClick={(event) => {
              event.stopPropagation();
              onRemove();
            }}
          >
            <Icon name="trash" size={12} />
          </ActionIcon>
        </span>
      )}
    </div>
  );
}
