/** The queries that were run in this browser, to be found and run again. */
import { ActionIcon, Button, Popover, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Icon } from '../app/icons.tsx';
import { ago, localZone } from '../format/times.ts';
import { describeRange } from '../time/range.ts';
import { clearHistory, findRuns, type Run, readHistory } from './history.ts';

interface Props {
  readonly opened: boolean;
  readonly onOpen: (opened: boolean) => void;
  readonly onAsk: (past: Run) => void;
}

export function History({ opened, onOpen, onAsk }: Props) {
  return (
    <Popover opened={opened} onChange={onOpen} position="bottom-end" width={560} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Queries that were run" title="History (↑ in an empty editor)" onClick={() => onOpen(!opened)}>
          <Icon name="clock" />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={12} className="bz-history">
        {opened && (
          <Runs
            onAsk={(run) => {
              onOpen(false);
              onAsk(run);
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function Runs({ onAsk }: Pick<Props, 'onAsk'>) {
  const [runs, setRuns] = useState(readHistory);
  const [words, setWords] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const found = findRuns(runs, words);
  const now = Date.now();
  /** Arrows go through the list, and up from its first entry to the words. */
  const move = (event: React.KeyboardEvent, by: number) => {
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement) + by;
    event.preventDefault();
    if (at < 0) input.current?.focus();
    else buttons[at]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows are a shortcut beside Tab
    <div
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown') move(event, 1);
        if (event.key === 'ArrowUp') move(event, -1);
      }}
    >
      <TextInput
        ref={input}
        size="xs"
        aria-label="Find a query"
        placeholder="Find a query that was run"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && found[0]) onAsk(found[0]);
        }}
      />
      {found.length === 0 ? (
        <p className="bz-dim">{runs.length === 0 ? 'Nothing was run in this browser yet.' : 'No query has these words.'}</p>
      ) : (
        <ul className="bz-runs" ref={list}>
          {found.map((run) => (
            <li key={run.query}>
              <button type="button" className="bz-run-past" onClick={() => onAsk(run)}>
                <code>{run.query}</code>
                <span className="bz-dim bz-small">
                  {ago(run.at, now)} · {describeRange(run.range, localZone(), now)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {runs.length > 0 && (
        <div className="bz-row-end">
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            onClick={() => {
              clearHistory();
              setRuns([]);
            }}
          >
            Forget all
          </Button>
        </div>
      )}
    </div>
  );
}
