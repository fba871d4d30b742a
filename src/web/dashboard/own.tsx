/** What can be done with a whole dashboard: one's own is renamed and removed, any is duplicated. */
import { ActionIcon, Button, Menu, Modal, Textarea, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { DashboardAnswer } from '../../api/contract/dashboards.ts';
import type { Panel } from '../../dashboards/schema.ts';
import { Icon } from '../app/icons.tsx';
import { FIRST_DASHBOARD } from '../app/start.ts';
import { ProblemNote } from '../library/problem.tsx';
import { useDashboardChange } from '../library/queries.ts';

type Dialog = 'rename' | 'copy' | 'remove';

export function DashboardTools({ dashboard }: { dashboard: DashboardAnswer }) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  return (
    <>
      <Menu position="bottom-end" width={200} keepMounted={false}>
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
          {dashboard.own && (
            <Menu.Item leftSection={<Icon name="trash" size={14} />} onClick={() => setDialog('remove')}>
              Remove …
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {dialog === 'remove' && <RemoveDashboard dashboard={dashboard} onClose={close} />}
      {(dialog === 'rename' || dialog === 'copy') && <NameDashboard dashboard={dashboard} copy={dialog === 'copy'} onClose={close} />}
    </>
  );
}

interface DialogProps {
  readonly dashboard: DashboardAnswer;
  readonly onClose: () => void;
}

function NameDashboard({ dashboard, copy, onClose }: DialogProps & { copy: boolean }) {
  const [title, setTitle] = useState(copy ? `${dashboard.title.slice(0, 190)} (copy)` : dashboard.title);
  const [description, setDescription] = useState(dashboard.description);
  const change = useDashboardChange();
  const navigate = useNavigate();
  const save = (event: FormEvent) => {
    event.preventDefault();
    const { id, revision } = dashboard;
    const what = copy
      ? ({ do: 'create', body: { title, description, copyOf: id } } as const)
      : ({ do: 'change', id, body: { title, description, revision } } as const);
    change.mutate(what, {
      onSuccess: (made) => {
        onClose();
        if (copy && made) void navigate({ to: '/dashboards/$id', params: { id: made.id }, search: (old) => old });
      },
    });
  };
  return (
    <Modal opened onClose={onClose} title={copy ? 'Duplicate this dashboard' : 'Rename this dashboard'} size="md">
      <form className="bz-library-form" onSubmit={save}>
        <TextInput label="Title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} maxLength={200} required data-autofocus />
        <Textarea label="What it shows" value={description} onChange={(e) => setDescription(e.currentTarget.value)} maxLength={2000} autosize minRows={2} />
        <ProblemNote error={change.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending} disabled={title.trim() === ''}>
            {copy ? 'Duplicate' : 'Save'}
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
    <Confirm title={`Remove “${dashboard.title}”?`} error={change.error} busy={change.isPending} onConfirm={remove} onClose={onClose}>
      The dashboard goes for everybody, with its {panels} {panels === 1 ? 'panel' : 'panels'}. No records are touched.
    </Confirm>
  );
}

export function RemovePanel({ dashboard, panel, onClose }: DialogProps & { panel: Panel }) {
  const change = useDashboardChange();
  const remove = () => change.mutate({ do: 'remove-panel', id: dashboard.id, panel: panel.id }, { onSuccess: onClose });
  return (
    <Confirm title={`Remove “${panel.title}”?`} error={change.error} busy={change.isPending} onConfirm={remove} onClose={onClose}>
      The panel goes from this dashboard for everybody.
    </Confirm>
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly children: React.ReactNode;
  readonly error: unknown;
  readonly busy: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

function Confirm({ title, children, error, busy, onConfirm, onClose }: ConfirmProps) {
  return (
    <Modal opened onClose={onClose} title={title} size="sm">
      <div className="bz-library-form">
        <p>{children}</p>
        <ProblemNote error={error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={busy} onClick={onConfirm}>
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
      {own && <p>Run a query on the search page and choose “Add to a dashboard” there.</p>}
    </div>
  );
}
