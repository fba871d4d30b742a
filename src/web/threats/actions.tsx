/** What can be done with a feed, wherever it is shown. */
import { ActionIcon, Button, Menu, Modal } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Feed } from '../../api/contract/feeds.ts';
import { explain } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { ProblemNote } from '../library/problem.tsx';
import { changeFeed, huntAgain, removeFeed, runFeed, useThreatsChange } from './ask.ts';
import { many } from './words.ts';

export function FeedActions({ feed }: { feed: Feed }) {
  const { search } = usePage();
  const [removing, setRemoving] = useState(false);
  const running = useThreatsChange(() => runFeed(feed.name));
  const switching = useThreatsChange(() => changeFeed(feed.name, { enabled: !feed.enabled }));
  const hunting = useThreatsChange(() => huntAgain(feed.name));
  const along = carried(search);
  const error = running.error ?? switching.error ?? hunting.error;
  const fetched = feed.kind !== 'import';
  return (
    <span className="bz-source-actions">
      {error && (
        <span className="bz-source-wrong" role="alert" title={explain(error).message}>
          <Icon name="warn" size={14} /> {explain(error).message}
        </span>
      )}
      {fetched ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          loading={running.isPending}
          disabled={feed.state.state === 'running'}
          aria-label={`Run ${feed.name} now`}
          title="Run now"
          onClick={() => running.mutate(undefined)}
        >
          <Icon name="refresh" size={14} />
        </ActionIcon>
      ) : (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          component={Link}
          to="/threats"
          search={{ ...along, step: 'import', feed: feed.name } as never}
          aria-label={`Import a file into ${feed.name}`}
          title="Import a file"
        >
          <Icon name="plus" size={14} />
        </ActionIcon>
      )}
      <Menu position="bottom-end" width={230} keepMounted={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`More of ${feed.name}`} title="More">
            <Icon name="more" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/threats" search={{ ...along, feed: feed.name, step: 'edit' } as never} leftSection={<Icon name="edit" size={14} />}>
            Edit …
          </Menu.Item>
          {fetched && (
            <Menu.Item leftSection={<Icon name={feed.enabled ? 'pause' : 'play'} size={14} />} onClick={() => switching.mutate(undefined)}>
              {feed.enabled ? 'Switch off' : 'Switch on'}
            </Menu.Item>
          )}
          {feed.kind !== 'aws-ranges' && (
            <Menu.Item leftSection={<Icon name="clock" size={14} />} onClick={() => hunting.mutate(undefined)}>
              Compare all history again
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="trash" size={14} />} onClick={() => setRemoving(true)}>
            Remove …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {removing && <RemoveFeed feed={feed} onClose={() => setRemoving(false)} />}
    </span>
  );
}

function RemoveFeed({ feed, onClose }: { feed: Feed; onClose: () => void }) {
  const { search } = usePage();
  const navigate = useNavigate();
  const removing = useThreatsChange(async () => {
    await removeFeed(feed.name);
    // Away from its page before that is drawn without it.
    if (search.feed === feed.name) await navigate({ to: '/threats', search: carried(search) });
  });
  const { kind, indicators, settings } = feed;
  const secret = settings.proxy !== undefined || (settings.auth.kind !== 'none' && settings.auth.secret !== undefined);
  return (
    <Modal opened onClose={onClose} title={`Remove “${feed.name}”?`} size="md">
      <div className="bz-library-form">
        {kind === 'aws-ranges' ? (
          <p>
            <b>Gone:</b> its settings. What comes from now on has the ranges that were read last.
          </p>
        ) : (
          <p>
            <b>Gone:</b> its settings{secret && ', its stored secrets'}, its allow-list and {many(indicators, 'indicator')}: what comes from now on is not
            compared with them.
          </p>
        )}
        <p>
          <b>Stays:</b>{' '}
          {kind === 'aws-ranges' ? 'what records say of services and regions.' : 'every flow that it matched, with the indicator that it matched.'}
        </p>
        {kind !== 'import' && <p className="bz-dim">To fetch it no more and to keep its indicators in force, switch it off.</p>}
        <ProblemNote error={removing.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={removing.isPending} onClick={() => removing.mutate(undefined, { onSuccess: onClose })}>
            Remove
          </Button>
        </div>
      </div>
    </Modal>
  );
}
