/** What can be done with a whole dashboard: one's own is edited, renamed and removed; any is duplicated and written to a file. */
import { ActionIcon, Button, Menu, Modal, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { DashboardAnswer, DashboardFile } from '../../api/contract/dashboards.ts';
import { getJson } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { useKeys } from '../app/keys.ts';
import { FIRST_DASHBOARD } from '../app/start.ts';
import { ProblemNote } from '../library/problem.tsx';
import { useDashboardChange } from '../library/queries.ts';
import { save } from './export.ts';
import { ImportDashboard } from './import.tsx';

/** `edit-copy`: a duplicate that is opened to be edited. */
type Dialog = 'new' | 'rename' | 'copy' | 'edit-copy' | 'import' | 'remove';

const EDIT = 'on';

export function DashboardTools({ dashboard }: { dashboard: DashboardAnswer }) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const navigate = useNavigate();
  const close = () => setDialog(null);
  const edit = () => (dashboard.own ? void navigate({ to: '.', search: (old) => ({ ...old, edit: EDIT }) }) : setDialog('edit-copy'));
  useKeys(dialog ? {} : { e: edit });
  const file = useMutation({
    mutationFn: () => getJson<DashboardFile>(`/api/v1/dashboards/${encodeURIComponent(dashboard.id)}/file`),
    onSuccess: ({ name, text }) => save(name, 'application/yaml', text),
  });
  const name = dashboard.own ? 'Edit this dashboard' : 'Duplicate to edit';
  return (
    <>
      <ActionIcon variant="subtle" color="gray" aria-label={name} title={`${name} (e)`} onClick={edit}>
        <Icon name="edit" />
      </ActionIcon>
      <Menu position="bottom-end" width={220} keepMounted={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="More of this dashboard" title="More">
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {dashboard.own && (
            <Menu.Item leftSection={<Icon name="edit" size={14} />} onClick={() => setDialog('rename')}>
              Rename …
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="copy" size={14} />} onClick={() => setDialog('copy')}>
            Duplicate …
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="download" size={14} />} onClick={() => file.mutate()}>
            Save as a file
          </Menu.Item>
          {dashboard.own && (
            <Menu.Item leftSection={<Icon name="trash" size={14} />} onClick={() => setDialog('remove')}>
              Remove …
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="plus" size={14} />} onClick={() => setDialog('new')}>
            New dashboard …
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="upload" size={14} />} onClick={() => setDialog('import')}>
            Import a file …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {file.error && (
        <Modal opened onClose={file.reset} title="The file could not be made" size="sm">
          <ProblemNote error={file.error} />
        </Modal>
      )}
      {dialog === 'remove' && <RemoveDashboard dashboard={dashboard} onClose={close} />}
      {dialog === 'import' && <ImportDashboard onClose={close} />}
      {dialog && dialog in TITLES && <NameDashboard dashboard={dashboard} what={dialog as keyof typeof TITLES} onClose={close} />}
    </>
  );
}

interface DialogProps {
  readonly dashboard: DashboardAnswer;
  readonly onClose: () => void;
}

const TITLES = {
  new: ['A new dashboard', 'Make it'],
  rename: ['Rename this dashboard', 'Save'],
  copy: ['Duplicate this dashboard', 'Duplicate'],
  'edit-copy': ['Duplicate to edit', 'Duplicate and edit'],
} as const;

function NameDashboard({ dashboard, what, onClose }: DialogProps & { what: keyof typeof TITLES }) {
  const isCopy = what === 'copy' || what === 'edit-copy';
  const [title, setTitle] = useState(what === 'new' ? '' : isCopy ? `${dashboard.title.slice(0, 190)} (copy)` : dashboard.title);
  const [description, setDescription] = useState(what === 'new' ? '' : dashboard.description);
  const change = useDashboardChange();
  const navigate = useNavigate();
  const { id, revision } = dashboard;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const edit =
      what === 'rename'
        ? ({ do: 'change', id, body: { title, description, revision } } as const)
        : ({ do: 'create', body: { title, description, ...(isCopy && { copyOf: id }) } } as const);
    change.mutate(edit, {
      onSuccess: (made) => {
        onClose();
        if (what === 'rename' || !made) return;
        void navigate({
          to: '/dashboards/$id',
          params: { id: made.id },
          search: (old) => (what === 'copy' ? old : { ...old, edit: EDIT }),
        });
      },
    });
  };
  return (
    <Modal opened onClose={onClose} title={TITLES[what][0]} size="md">
      <form className="bz-library-form" onSubmit={submit}>
        {what === 'edit-copy' && <p>This dashboard ships with Bartizan and stays as it is. Your copy can be changed.</p>}
        <TextInput label="Title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} maxLength={200} required data-autofocus />
        <Textarea label="What it shows" value={description} onChange={(e) => setDescription(e.currentTarget.value)} maxLength={2000} autosize minRows={2} />
        <ProblemNote error={change.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending} disabled={title.trim() === ''}>
            {TITLES[what][1]}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function RemoveDashboard({ dashboard, onClose }: DialogProps) {
  const change = useDashboardChange();
  const navigate = useNavigate();
  const panels = dashboard.sections.reduce((sum, s) => sum + s.panels.length, 0);
  const remove = () =>
    change.mutate(
      { do: 'remove', id: dashboard.id },
      { onSuccess: () => void navigate({ to: '/dashboards/$id', params: { id: FIRST_DASHBOARD }, search: {} }) },
    );
  return (
    <Modal opened onClose={onClose} title={`Remove “${dashboard.title}”?`} size="sm">
      <div className="bz-library-form">
        <p>
          The dashboard goes for everybody, with its {panels} {panels === 1 ? 'panel' : 'panels'}. No records are touched.
        </p>
        <ProblemNote error={change.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={change.isPending} onClick={remove}>
            Remove
          </Button>
        </div>
      </div>
    </Modal>
  );
}

/** Where the first panel comes from. */
export function NoPanels({ own }: { own: boolean }) {
  return (
    <div className="bz-note">
      <p>
        <b>This dashboard has no panel yet.</b>
      </p>
      {own && <p>Edit it (key E), or run a query on the search page and choose “Add to a dashboard” there.</p>}
    </div>
  );
}
