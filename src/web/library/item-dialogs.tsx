/** The dialogs of the tree: a new folder, a name and place for something that is there, and its removal. */
import { Button, Modal, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { LibraryItem } from '../../api/contract/library.ts';
import { FolderSelect } from './folder-select.tsx';
import { ProblemNote } from './problem.tsx';
import { useLibraryChange } from './queries.ts';

interface PlaceProps {
  readonly items: readonly LibraryItem[];
  /** What is renamed or moved; undefined makes a folder. */
  readonly item?: LibraryItem | undefined;
  /** Where a new folder goes first. */
  readonly into?: string | null;
  readonly onClose: () => void;
}

export function PlaceDialog({ items, item, into = null, onClose }: PlaceProps) {
  const [name, setName] = useState(item?.name ?? '');
  const [folder, setFolder] = useState<string | null>(item ? item.folder : into);
  const change = useLibraryChange();
  const save = (event: FormEvent) => {
    event.preventDefault();
    const what = item
      ? ({ do: 'change', id: item.id, body: { name, folder, revision: item.revision } } as const)
      : ({ do: 'create', body: { kind: 'folder', name, folder } } as const);
    change.mutate(what, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={item ? `Rename or move “${item.name}”` : 'New folder'} size="sm">
      <form className="bz-library-form" onSubmit={save}>
        <TextInput label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={200} required data-autofocus />
        <FolderSelect items={items} folder={folder} onFolder={setFolder} without={item?.id} />
        <ProblemNote error={change.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending} disabled={name.trim() === ''}>
            {item ? 'Save' : 'Make the folder'}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

export function RemoveDialog({ item, onClose, onRemoved }: { item: LibraryItem; onClose: () => void; onRemoved: () => void }) {
  const change = useLibraryChange();
  return (
    <Modal opened onClose={onClose} title={`Remove “${item.name}”?`} size="sm">
      <div className="bz-library-form">
        <p>
          {item.kind === 'folder'
            ? 'The folder goes; it must be empty.'
            : 'The saved search goes for everybody. Links to it stop working; links with its text keep working.'}
        </p>
        <ProblemNote error={change.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={change.isPending} onClick={() => change.mutate({ do: 'remove', id: item.id }, { onSuccess: onRemoved })}>
            Remove
          </Button>
        </div>
      </div>
    </Modal>
  );
}
