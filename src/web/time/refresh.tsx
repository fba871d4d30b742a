/** Refresh now, or by itself every so often; never while the page is hidden. */
import { ActionIcon, Button, Menu } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Icon } from '../app/icons.tsx';

const EVERY: readonly (readonly [id: string, title: string, ms: number])[] = [
  ['10s', '10 s', 10_000],
  ['30s', '30 s', 30_000],
  ['1m', '1 min', 60_000],
  ['5m', '5 min', 300_000],
];

interface Props {
  readonly every: string | undefined;
  readonly onEvery: (every: string | undefined) => void;
  readonly onRefresh: () => void;
  readonly busy: boolean;
  readonly onStop: () => void;
}

export function Refresh({ every, onEvery, onRefresh, busy, onStop }: Props) {
  const found = EVERY.find(([id]) => id === every);
  useAutoRefresh(found?.[2], onRefresh, busy);
  return (
    <Button.Group>
      <ActionIcon
        variant="default"
        size={30}
        className="bz-refresh"
        onClick={busy ? onStop : onRefresh}
        aria-label={busy ? 'Stop loading' : 'Refresh'}
        title={busy ? 'Stop loading' : 'Refresh (r)'}
      >
        <Icon name={busy ? 'stop' : 'refresh'} size={14} />
      </ActionIcon>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="xs" variant="default" px={8} aria-label={`Auto-refresh: ${found?.[1] ?? 'off'}`} rightSection={<Icon name="down" size={12} />}>
            {found?.[1] ?? 'off'}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Refresh by itself</Menu.Label>
          <Menu.Item onClick={() => onEvery(undefined)}>off</Menu.Item>
          {EVERY.map(([id, title]) => (
            <Menu.Item key={id} onClick={() => onEvery(id)}>
              {title}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Button.Group>
  );
}

function useAutoRefresh(ms: number | undefined, refresh: () => void, busy: boolean): void {
  const latest = useRef({ refresh, busy });
  latest.current = { refresh, busy };
  useEffect(() => {
    if (ms === undefined) return;
    let last = Date.now();
    const tick = () => {
      // A run that takes longer than the interval is not started over.
      if (document.hidden || latest.current.busy || Date.now() - last < ms) return;
      last = Date.now();
      latest.current.refresh();
    };
    const timer = setInterval(tick, 1000);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [ms]);
}
