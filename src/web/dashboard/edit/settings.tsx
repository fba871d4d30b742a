/** What a dashboard is called, what it is for, its default window and its variables: one change when it is taken over. */
import { ActionIcon, Autocomplete, Button, Modal, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { freeId } from '../../../dashboards/ids.ts';
import type { Variable } from '../../../dashboards/schema.ts';
import { FIELDS, findField } from '../../../model/fields.ts';
import { Icon, type IconName } from '../../app/icons.tsx';
import type { Draft } from './draft.ts';
import { SecondsInput } from './fields.tsx';

interface Props {
  readonly draft: Draft;
  readonly onDone: (draft: Draft | null) => void;
}

/** `key` keeps a row its own while it moves. */
type Row = Variable & { readonly key: number };

const NAMES = [...new Set(FIELDS.map((f) => f.name))];

export function Settings({ draft, onDone }: Props) {
  const [title, setTitle] = useState(draft.title);
  const [description, setDescription] = useState(draft.description);
  const [useCase, setUseCase] = useState(draft.useCase);
  const [window, setWindow] = useState(draft.window);
  const [rows, setRows] = useState<readonly Row[]>(() => draft.variables.map((v, key) => ({ ...v, key })));
  const wrong = rows.some((row) => !row.title.trim() || !findField(row.field));
  const take = (event: FormEvent) => {
    event.preventDefault();
    const variables: Variable[] = [];
    for (const { id, title: name, field } of rows) variables.push({ id: id || freeId(name, [...rows, ...variables], 'variable'), title: name.trim(), field });
    onDone({ ...draft, title: title.trim(), description: description.trim(), useCase: useCase.trim(), window, variables });
  };
  return (
    <Modal opened onClose={() => onDone(null)} title="Settings of this dashboard" size="lg" closeOnClickOutside={false}>
      <form className="bz-library-form" onSubmit={take}>
        <TextInput label="Title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} maxLength={200} required data-autofocus />
        <Textarea label="What it shows" value={description} onChange={(e) => setDescription(e.currentTarget.value)} maxLength={2000} autosize minRows={2} />
        <Textarea label="What it is for" value={useCase} onChange={(e) => setUseCase(e.currentTarget.value)} maxLength={2000} autosize minRows={2} />
        <SecondsInput label="Opens on the last" value={window} onChange={(seconds) => seconds && setWindow(seconds)} required />
        <Variables rows={rows} onRows={setRows} />
        <div className="bz-row-end">
          <Button variant="default" onClick={() => onDone(null)}>
            Cancel
          </Button>
          <Button type="submit" disabled={title.trim() === '' || wrong}>
            Apply
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Variables({ rows, onRows }: { rows: readonly Row[]; onRows: (rows: readonly Row[]) => void }) {
  const set = (at: number, change: Partial<Row>) => onRows(rows.map((row, i) => (i === at ? { ...row, ...change } : row)));
  const move = (at: number, by: -1 | 1) => {
    const row = rows[at];
    if (row) onRows(rows.toSpliced(at, 1).toSpliced(at + by, 0, row));
  };
  const tool = (name: string, of: string, icon: IconName, onClick: () => void, disabled = false) => (
    <ActionIcon variant="subtle" color="gray" aria-label={`${name} ${of}`} title={name} onClick={onClick} disabled={disabled}>
      <Icon name={icon} size={14} />
    </ActionIcon>
  );
  return (
    <fieldset className="bz-variables">
      <legend>Variables: fields that the filter bar offers first</legend>
      {rows.map((row, at) => {
        const name = row.title || `variable ${at + 1}`;
        return (
          <div className="bz-variable" key={row.key}>
            <TextInput
              size="xs"
              aria-label={`Title of ${name}`}
              placeholder="Source IP"
              value={row.title}
              onChange={(e) => set(at, { title: e.currentTarget.value })}
              maxLength={200}
            />
            <Autocomplete
              size="xs"
              aria-label={`Field of ${name}`}
              placeholder="src_ip"
              data={NAMES}
              limit={30}
              value={row.field}
              onChange={(field) => set(at, { field })}
              error={row.field && !findField(row.field) ? 'No such field' : undefined}
              selectFirstOptionOnChange
            />
            {tool('Move up', name, 'up', () => move(at, -1), at === 0)}
            {tool('Move down', name, 'down', () => move(at, 1), at === rows.length - 1)}
            {tool('Remove', name, 'trash', () => onRows(rows.toSpliced(at, 1)))}
          </div>
        );
      })}
      <Button
        size="compact-xs"
        variant="subtle"
        leftSection={<Icon name="plus" size={12} />}
        disabled={rows.length >= 50}
        onClick={() => onRows([...rows, { id: '', title: '', field: '', key: Math.max(-1, ...rows.map((r) => r.key)) + 1 }])}
      >
        Variable
      </Button>
    </fieldset>
  );
}
