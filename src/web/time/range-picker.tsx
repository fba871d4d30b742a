/** The time range of a page: an expression, presets, what was used lately, and custom times. */
import { Button, Popover, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { Window } from '../../api/contract.ts';
import { Icon } from '../app/icons.tsx';
import { minuteStamp, rangeText, zoneName } from '../format/times.ts';
import { describeRange, PRESETS, parseExpression, type Range, resolveRange } from './range.ts';
import { recentRanges, remember } from './recent.ts';

interface Props {
  readonly range: Range;
  readonly zone: string;
  /** Window that the page shows, when it is known better than by the clock here. */
  readonly window: Window | null;
  readonly onChange: (range: Range) => void;
  readonly opened: boolean;
  readonly onOpen: (opened: boolean) => void;
}

export function RangePicker({ range, zone, window, onChange, opened, onOpen }: Props) {
  const now = Date.now();
  const shown = window ?? resolveRange(range, now);
  const relative = range.to === 'now';
  const choose = (next: Range) => {
    remember(next);
    onOpen(false);
    onChange(next);
  };
  return (
    <Popover opened={opened} onChange={onOpen} position="bottom-end" trapFocus returnFocus width={430} shadow="md">
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          className="bz-range"
          leftSection={<Icon name="clock" size={14} />}
          rightSection={<Icon name="down" size={12} />}
          onClick={() => onOpen(!opened)}
          aria-expanded={opened}
          title={shown ? `${rangeText(shown.from, shown.to, zone)} ${zoneName(zone)} (t)` : undefined}
        >
          {describeRange(range, zone, now)}
          {relative && shown && <span className="bz-range-exact">{rangeText(shown.from, shown.to, zone, now)}</span>}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={12} maw="calc(100vw - 16px)">
        <Editor key={String(opened)} range={range} zone={zone} shown={shown} onChoose={choose} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Editor({ range, zone, shown, onChoose }: { range: Range; zone: string; shown: Window | null; onChoose: (range: Range) => void }) {
  const [typed, setTyped] = useState('');
  const [from, setFrom] = useState(shown ? minuteStamp(shown.from * 1000, zone) : '');
  const [to, setTo] = useState(range.to === 'now' ? 'now' : shown ? minuteStamp(shown.to * 1000, zone) : '');
  const [wrong, setWrong] = useState<'typed' | 'custom' | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const apply = (text: string, which: 'typed' | 'custom') => {
    const read = parseExpression(text, zone, Date.now());
    if (read) onChoose(read);
    else setWrong(which);
  };
  const preview = typed ? parseExpression(typed, zone, Date.now()) : null;
  const recent = recentRanges();
  return (
    <div className="bz-range-editor">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          apply(typed, 'typed');
        }}
      >
        <TextInput
          ref={input}
          size="xs"
          label={`Time range (${zoneName(zone)})`}
          placeholder="-90m · 2026-11-20 10:00 to 11:00 · yesterday"
          description={preview ? describeRange(preview, zone, Date.now()) : 'Type a range and press Enter'}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={typed}
          error={wrong === 'typed' ? 'This is not a time range, or it is empty.' : undefined}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setWrong(null);
          }}
        />
      </form>
      <div className="bz-range-lists">
        <fieldset>
          <legend>Presets</legend>
          {PRESETS.map((preset) => (
            <button
              type="button"
              key={preset.from}
              className="bz-choice"
              aria-pressed={preset.from === range.from && range.to === 'now'}
              onClick={() => onChoose(preset)}
            >
              {describeRange(preset, zone, Date.now())}
            </button>
          ))}
        </fieldset>
        {recent.length > 0 && (
          <fieldset>
            <legend>Recently used</legend>
            {recent.map((r) => (
              <button type="button" key={`${r.from} ${r.to}`} className="bz-choice" onClick={() => onChoose(r)}>
                {describeRange(r, zone, Date.now())}
              </button>
            ))}
          </fieldset>
        )}
      </div>
      <form
        className="bz-range-custom"
        onSubmit={(event) => {
          event.preventDefault();
          apply(`${from} to ${to}`, 'custom');
        }}
      >
        <TextInput size="xs" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} error={wrong === 'custom'} />
        <TextInput
          size="xs"
          label="To"
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
          error={wrong === 'custom' ? 'Not before “to”, or no time' : undefined}
        />
        <Button size="xs" type="submit" variant="default">
          Apply
        </Button>
      </form>
    </div>
  );
}
