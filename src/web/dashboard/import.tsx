/** A dashboard out of a file: what is wrong in it by line, and a question where its title is taken. */
import { Button, FileInput, Modal, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiFailure } from '../api/client.ts';
import { dashboardsQuery } from '../api/queries.ts';
import { ProblemNote } from '../library/problem.tsx';
import { useDashboardChange } from '../library/queries.ts';

/** What the server takes. */
const MOST_BYTES = 900 * 1024;

export function ImportDashboard({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [title, setTitle] = useState('');
  const change = useDashboardChange();
  const navigate = useNavigate();
  const body = change.error instanceof ApiFailure ? change.error.body : undefined;
  const isTaken = body?.code === 'name-taken';
  const taken = /“(.+)”/su.exec(isTaken ? (body?.message ?? '') : '')?.[1];
  const own = (useQuery(dashboardsQuery).data?.dashboards ?? []).find((d) => d.own && d.title.toLowerCase() === taken?.toLowerCase());
  const tooLarge = file !== null && file.size > MOST_BYTES;
  const read = async (more: { title?: string; replace?: string }) => {
    if (!file) return;
    const text = await file.text();
    change.mutate(
      { do: 'import', body: { text, ...more } },
      {
        onSuccess: (made) => {
          onClose();
          if (made) void navigate({ to: '/dashboards/$id', params: { id: made.id }, search: (old) => old });
        },
      },
    );
  };
  return (
    <Modal opened onClose={onClose} title="Import a dashboard" size="lg">
      <form
        className="bz-library-form"
        onSubmit={(event) => {
          event.preventDefault();
          void read(title.trim() ? { title: title.trim() } : {});
        }}
      >
        <p className="bz-dim bz-small">A YAML file as “Save as a file” writes it, and as the dashboards of Bartizan itself are.</p>
        <FileInput
          label="File"
          placeholder="Choose a .yaml file"
          accept=".yaml,.yml"
          value={file}
          onChange={(next) => {
            setFile(next);
            setTitle('');
            change.reset();
          }}
          error={tooLarge ? `It is larger than ${MOST_BYTES / 1024} KiB` : undefined}
          clearable
          clearButtonProps={{ 'aria-label': 'Clear the file' }}
        />
        {body?.problems ? (
          <div role="alert" className="bz-import-problems">
            <p className="bz-library-problem">
              The file has {body.problems.length === 1 ? 'a mistake' : `${body.problems.length} mistakes`}. {body.hint}
            </p>
            <ul>
              {body.problems.map(({ line, path, message }) => (
                <li key={`${line} ${path} ${message}`}>
                  <b>Line {line}</b> {path && <code>{path}</code>} {message}
                </li>
              ))}
            </ul>
          </div>
        ) : (
          <ProblemNote error={change.error} />
        )}
        {isTaken && <TextInput label="Another title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} maxLength={200} data-autofocus />}
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          {own && (
            <Button color="red" variant="light" loading={change.isPending} onClick={() => void read({ title: own.title, replace: own.id })}>
              Replace “{own.title.slice(0, 40)}”
            </Button>
          )}
          <Button type="submit" loading={change.isPending} disabled={!file || tooLarge || (isTaken && title.trim() === '')}>
            Import
          </Button>
        </div>
      </form>
    </Modal>
  );
}
