/** A file becomes a table: dropped or chosen, then given a name. */
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { LookupList, LookupTable } from '../../api/contract/lookups.ts';
import { FileDrop } from '../app/file-drop.tsx';
import { Icon } from '../app/icons.tsx';
import { round, short } from '../format/numbers.ts';
import { ProblemNote } from '../library/problem.tsx';
import { lookupsQuery, upload } from './ask.ts';

interface Props {
  readonly list: LookupList;
  /** The table that a file is to replace; its name cannot be changed then. */
  readonly replaces: string | undefined;
  readonly onDone: (table: LookupTable | undefined) => void;
}

export function Upload({ list, replaces, onDone }: Props) {
  const client = useQueryClient();
  const [file, setFile] = useState<File | undefined>();
  const [name, setName] = useState('');
  const sending = useMutation({
    mutationFn: (chosen: File) => upload(replaces ?? name, chosen),
    onSuccess: async (table) => {
      await Promise.all([client.invalidateQueries({ queryKey: lookupsQuery.queryKey }), client.invalidateQueries({ queryKey: ['catalogue'] })]);
      clear();
      onDone(table);
    },
  });
  const take = (chosen: File): void => {
    sending.reset();
    setFile(chosen);
    setName(chosen.name.replace(/\.[^.]*$/, ''));
  };
  const clear = (): void => {
    setFile(undefined);
    sending.reset();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (file) sending.mutate(file);
  };
  const known = list.lookups.find((table) => table.name.toLowerCase() === name.trim().toLowerCase());
  return (
    <FileDrop className="bz-lookup-drop" label="Upload a table" inputLabel="File of a table" onFile={take}>
      {(choose) => (
        <>
          {!file && (
            <p>
              <Button size="xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={choose}>
                {replaces === undefined ? 'Choose a file' : `Choose a file for ${replaces}`}
              </Button>{' '}
              or drop it here. <span className="bz-dim">CSV with a header line, a JSON array of objects, or one object a line; up to {limits(list)}.</span>{' '}
              {replaces !== undefined && (
                <button type="button" className="bz-link" onClick={() => onDone(undefined)}>
                  Cancel
                </button>
              )}
            </p>
          )}
          {file && (
            <form onSubmit={submit}>
              <p>
                <span className="bz-mono">{file.name}</span> <span className="bz-dim">{short(file.size, 'bytes')}</span>
              </p>
              {replaces === undefined && (
                <TextInput
                  label="Name of the table"
                  value={name}
                  onChange={(event) => setName(event.currentTarget.value)}
                  maxLength={200}
                  required
                  data-autofocus
                />
              )}
              {(known || replaces !== undefined) && (
                <p className="bz-warn">
                  It replaces the {(known?.rows ?? 0).toLocaleString('en-US')} rows of {replaces ?? known?.name}.
                </p>
              )}
              <div className="bz-lookup-buttons">
                <Button size="xs" type="submit" loading={sending.isPending} disabled={replaces === undefined && name.trim() === ''}>
                  {known || replaces !== undefined ? 'Replace' : 'Upload'}
                </Button>
                <Button size="xs" variant="default" onClick={clear} disabled={sending.isPending}>
                  Cancel
                </Button>
              </div>
              <ProblemNote error={sending.error} />
            </form>
          )}
        </>
      )}
    </FileDrop>
  );
}

function limits({ limits: { bytes, columns, cells } }: LookupList): string {
  return `${round(bytes, 'bytes')}, ${columns} columns and ${cells.toLocaleString('en-US')} cells`;
}
