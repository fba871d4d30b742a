/** What can be done with a source or a collector, wherever it is shown. */
import { ActionIcon, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Collector, Source } from '../../api/contract/sources.ts';
import { isPushed } from '../../model/source.ts';
import { explain } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import type { Search } from '../app/search.ts';
import { RotateDialog } from './address.tsx';
import { changeCollector, changeSource, useSourceChange } from './ask.ts';
import { NameDialog, RemoveCollectorDialog, RemoveSourceDialog } from './dialogs.tsx';

function PauseButton({ paused, name, onToggle, busy, error }: { paused: boolean; name: string; onToggle: () => void; busy: boolean; error: unknown }) {
  return (
    <>
      {error !== null && (
        <span className="bz-source-wrong" role="alert" title={explain(error).message}>
          <Icon name="warn" size={14} /> {explain(error).message}
        </span>
      )}
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        loading={busy}
        aria-label={`${paused ? 'Resume' : 'Pause'} ${name}`}
        title={paused ? 'Resume' : 'Pause'}
        onClick={onToggle}
      >
        <Icon name={paused ? 'play' : 'pause'} size={14} />
      </ActionIcon>
    </>
  );
}

interface SourceProps {
  readonly source: Source;
  readonly search: Search;
  readonly onRemoved?: () => void;
}

export function SourceActions({ source, search, onRemoved }: SourceProps) {
  const [dialog, setDialog] = useState<'rename' | 'rotate' | 'remove' | null>(null);
  const pausing = useSourceChange(() => changeSource(source.id, { paused: !source.paused }));
  const close = () => setDialog(null);
  const params = { id: source.id } as never;
  return (
    <span className="bz-source-actions">
      <PauseButton paused={source.paused} name={source.name} busy={pausing.isPending} error={pausing.error} onToggle={() => pausing.mutate(undefined)} />
      <Menu position="bottom-end" width={210} keepMounted={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`More of ${source.name}`} title="More">
            <Icon name="more" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to="/sources/$id"
            params={params}
            search={{ ...search, step: 'edit' } as never}
            leftSection={<Icon name="edit" size={14} />}
          >
            Edit …
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="format" size={14} />} onClick={() => setDialog('rename')}>
            Rename …
          </Menu.Item>
          {!isPushed(source.kind) ? (
            <Menu.Item component={Link} to="/sources/$id" params={params} search={search as never} hash="test" leftSection={<Icon name="check" size={14} />}>
              Test the connection …
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icon name="refresh" size={14} />} onClick={() => setDialog('rotate')}>
              New {source.kind === 'firehose' ? 'access key' : 'token'} …
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="trash" size={14} />} onClick={() => setDialog('remove')}>
            Remove …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'rename' && <NameDialog named={{ what: 'source', item: source }} onClose={close} />}
      {dialog === 'rotate' && <RotateDialog source={source} onClose={close} />}
      {dialog === 'remove' && (
        <RemoveSourceDialog
          source={source}
          onClose={close}
          onRemoved={() => {
            close();
            onRemoved?.();
          }}
        />
      )}
    </span>
  );
}

export function CollectorActions({ collector, sources }: { collector: Collector; sources: number }) {
  const [dialog, setDialog] = useState<'rename' | 'remove' | null>(null);
  const pausing = useSourceChange(() => changeCollector(collector.id, { paused: !collector.paused }));
  const close = () => setDialog(null);
  return (
    <span className="bz-source-actions">
      <PauseButton
        paused={collector.paused}
        name={`the collector ${collector.name}`}
        busy={pausing.isPending}
        error={pausing.error}
        onToggle={() => pausing.mutate(undefined)}
      />
      <Menu position="bottom-end" width={180} keepMounted={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`More of the collector ${collector.name}`} title="More">
            <Icon name="more" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="edit" size={14} />} onClick={() => setDialog('rename')}>
            Rename …
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="trash" size={14} />} onClick={() => setDialog('remove')}>
            Remove …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'rename' && <NameDialog named={{ what: 'collector', item: collector }} onClose={close} />}
      {dialog === 'remove' && <RemoveCollectorDialog collector={collector} sources={sources} onClose={close} onRemoved={close} />}
    </span>
  );
}
