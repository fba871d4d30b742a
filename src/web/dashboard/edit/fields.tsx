/** Inputs of the editor: lengths of time, numbers, columns of a result. */
import { MultiSelect, NumberInput, Select, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { OutputColumn } from '../../../api/contract.ts';
import { locate } from '../../panels/columns.ts';
import { relativeSeconds } from '../../time/range.ts';

interface Field {
  readonly label: string;
  readonly description?: string;
  readonly required?: boolean;
}

const UNITS = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

/** 900 → `15m`, 5400 → `90m`. */
export function secondsText(seconds: number): string {
  const [unit, length] = UNITS.find(([, size]) => seconds % size === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}

/** `15m`, `1h30m`, `90` (minutes) → seconds; null when it is none. */
export function secondsOf(text: string): number | null {
  const typed = text.trim().replace(/\s+/g, '');
  const seconds = relativeSeconds(`-${/^\d+$/.test(typed) ? `${typed}m` : typed}`);
  return seconds !== null && seconds > 0 && Number.isSafeInteger(seconds) ? seconds : null;
}

/** Undefined when it is left empty. What cannot be read is said, and changes nothing. */
export function SecondsInput({
  value,
  onChange,
  empty = '',
  ...field
}: Field & { value: number | undefined; onChange: (seconds: number | undefined) => void; empty?: string }) {
  const [text, setText] = useState(value === undefined ? '' : secondsText(value));
  useEffect(() => setText((old) => (secondsOf(old) === (value ?? null) ? old : value === undefined ? '' : secondsText(value))), [value]);
  const wrong = text.trim() !== '' && secondsOf(text) === null;
  return (
    <TextInput
      {...field}
      size="xs"
      placeholder={empty}
      value={text}
      error={wrong ? 'Write a time such as 15m, 1h or 7d' : undefined}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        const seconds = secondsOf(next);
        if (seconds !== null) onChange(seconds);
        else if (next.trim() === '' && !field.required) onChange(undefined);
      }}
    />
  );
}

export function CountInput({
  value,
  onChange,
  least,
  most,
  ...field
}: Field & { value: number | undefined; onChange: (count: number | undefined) => void; least: number; most: number }) {
  return (
    <NumberInput
      {...field}
      size="xs"
      value={value ?? ''}
      min={least}
      max={most}
      placeholder={field.required ? '' : 'All'}
      allowDecimal={false}
      clampBehavior="blur"
      onChange={(next) => {
        if (next === '' && !field.required) onChange(undefined);
        else if (typeof next === 'number' && next >= least && next <= most) onChange(next);
      }}
    />
  );
}

/** A name that the result does not have stays to be seen, as an error. */
export function ColumnSelect({
  value,
  columns,
  onChange,
  ...field
}: Field & { value: string | undefined; columns: readonly OutputColumn[]; onChange: (name: string | undefined) => void }) {
  const found = locate(columns, value)?.column.name;
  const missing = value !== undefined && found === undefined;
  return (
    <Select
      {...field}
      size="xs"
      data={[...new Set([...columns.map((c) => c.name), ...(missing ? [value] : [])])]}
      value={found ?? value ?? null}
      onChange={(name) => onChange(name ?? undefined)}
      placeholder={field.required ? 'Choose a column' : 'None'}
      error={missing && columns.length > 0 ? 'The result has no such column' : undefined}
      clearable={!field.required}
      allowDeselect={!field.required}
      clearButtonProps={{ 'aria-label': `Clear ${field.label}` }}
    />
  );
}

export function ColumnsSelect({
  value,
  columns,
  onChange,
  ...field
}: Field & { value: readonly string[]; columns: readonly OutputColumn[]; onChange: (names: string[]) => void }) {
  const data = [...new Set([...columns.map((c) => c.name), ...value])];
  return <MultiSelect {...field} size="xs" data={data} value={[...value]} onChange={onChange} placeholder={value.length > 0 ? '' : 'None'} />;
}
