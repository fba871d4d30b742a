/** Saves what the search page shows: over the search that it began with, or as a new one. */
import { Button, Modal, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiFailure } from '../api/client.ts';
import { describeRange, moves } from '../time/range.ts';
import { FolderSelect } from './folder-select.tsx';
import { ProblemNote } from './problem.tsx';
import { libraryQuery, useLibraryChange } from './queries.ts';
import { type Current, type SavedItem, toSaved } from './saved.ts';

interface Props {
  readonly current: Current;
  readonly zone: string;
  /** The search that the page began with. */
  readonly item: SavedItem | undefined;
  readonly onClose: () => void;
  readonly onSaved: (item: SavedItem) => void;
}

export function SaveDialog({ current, zone, item, onClose, onSaved }: Props) {
  const own = item && !item.readOnly ? item : undefined;
  const [over, setOver] = useState(own !== undefined);
  const [name, setName] = useState(own?.name ?? (item ? `${item.name} (copy)` : ''));
  const [description, setDescription] = useState(item?.search.description ?? '');
  const [folder, setFolder] = useState<string | null>(own?.folder ?? null);
  const items = useQuery(libraryQuery).data?.items ?? [];
  const change = useLibraryChange();
  const described = describeRange(current.range, zone, Date.now());
  const meanwhile = change.error instanceof ApiFailure && change.error.body.code === 'edited-meanwhile';

  const save = (event: FormEvent | null, anyway = false) => {
    event?.preventDefault();
    const search = { ...toSaved(current), ...(description.trim() && { description: description.trim() }) };
    const what =
      over && own
        ? ({ do: 'change', id: own.id, body: { name, folder, search, ...(!anyway && { revision: own.revision }) } } as const)
        : ({ do: 'create', body: { kind: 'search', name, folder, search } } as const);
    change.mutate(what, { onSuccess: (saved) => saved?.kind === 'search' && onSaved(saved) });
  };
  const choose = (value: string) => {
    setOver(value === 'over');
    if (own && value === 'new' && name === own.name) setName(`${own.name} (copy)`);
    if (own && value === 'over') setName(own.name);
    change.reset();
  };

  return (
    <Modal opened onClose={onClose} title="Save this search" size="md">
      <form className="bz-library-form" onSubmit={save}>
        {own && (
          <SegmentedControl
            aria-label="What is saved"
            data={[
              { value: 'over', label: `Overwrite “${shortened(own.name)}”` },
              { value: 'new', label: 'Save as a new one' },
            ]}
            value={over ? 'over' : 'new'}
            onChange={choose}
          />
        )}
        <TextInput label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={200} required data-autofocus />
        <FolderSelect items={items} folder={folder} onFolder={setFolder} />
        <Textarea label="What it is for" value={description} onChange={(e) => setDescription(e.currentTarget.value)} maxLength={2000} autosize minRows={2} />
        <p className="bz-dim bz-small">
          Kept are the query, the time range ({moves(current.range) ? `${described}, whenever it is opened` : described}), the filters and the view.
        </p>
        <ProblemNote error={change.error} />
        <div className="bz-row-end">
          {meanwhile && (
            <Button variant="default" onClick={() => save(null, true)} loading={change.isPending}>
              Overwrite it anyway
            </Button>
          )}
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending} disabled={name.trim() === ''}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function shortened(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}
