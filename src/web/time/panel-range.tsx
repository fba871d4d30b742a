/** A panel's own range, in its menu: presets, an expression, or the dashboard's again. */
import { Menu, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Icon } from '../app/icons.tsx';
import { describeRange, PRESETS, parseExpression, type Range } from './range.ts';

interface Props {
  readonly zone: string;
  readonly own: Range | null;
  readonly onChange: (range: Range | null) => void;
}

export function PanelRange({ zone, own, onChange }: Props) {
  const [typed, setTyped] = useState('');
  const [wrong, setWrong] = useState(false);
  return (
    <Menu.Sub>
      <Menu.Sub.Target>
        <Menu.Sub.Item leftSection={<Icon name="clock" size={14} />}>{own ? describeRange(own, zone, Date.now()) : 'Own time range'}</Menu.Sub.Item>
      </Menu.Sub.Target>
      <Menu.Sub.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const range = parseExpression(typed, zone, Date.now());
            if (range) onChange(range);
            else setWrong(true);
          }}
        >
          <TextInput
            size="xs"
            m={4}
            aria-label="Time range of this panel"
            placeholder="-90m, 10:00 to 11:00"
            value={typed}
            error={wrong ? 'Not a time range' : undefined}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              setWrong(false);
            }}
          />
        </form>
        {PRESETS.map((preset) => (
          <Menu.Item key={preset.from} onClick={() => onChange(preset)}>
            {describeRange(preset, zone, Date.now())}
          </Menu.Item>
        ))}
        {own && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => onChange(null)}>As the dashboard</Menu.Item>
          </>
        )}
      </Menu.Sub.Dropdown>
    </Menu.Sub>
  );
}
