/** Edits one filter: field, is or is not, and values with completion from the data. Enter takes what is typed, so wildcards, CIDR and ranges need no list. */
import { Autocomplete, Button, SegmentedControl, TagsInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Variable } from '../../dashboards/schema.ts';
import { canonicalName, FIELDS, findField } from '../../model/fields.ts';
import { isPartOfEvent } from '../../query/event-parts.ts';
import { valuesQuery } from '../api/queries.ts';
import { short } from '../format/numbers.ts';
import { display, roleOf } from '../format/values.ts';
import type { Range } from '../time/range.ts';
import { type Chip, canonical } from './filter.ts';

interface Props {
  readonly chip: Chip | null;
  readonly variables: readonly Variable[];
  readonly range: Range;
  /** The edited filter; null when it was left empty. */
  readonly onDone: (chip: Chip | null) => void;
}

const HINTS: Readonly<Record<string, string>> = {
  address: 'Addresses, CIDR (10.0.0.0/8), wildcards (10.1.*)',
  number: 'Numbers, ranges (1024-65535)',
  text: 'Values, wildcards (eni-*)',
  time: 'Times',
};

export function FilterEditor({ chip, variables, range, onDone }: Props) {
  const [name, setName] = useState(chip ? titleFor(chip.field, variables) : '');
  const [values, setValues] = useState<string[]>(chip ? [...chip.values] : []);
  const [typed, setTyped] = useState('');
  const [negate, setNegate] = useState(chip?.negate ?? false);
  const byTitle = useMemo(() => new Map(variables.map((v) => [v.title.toLowerCase(), v.field])), [variables]);
  const named = byTitle.get(name.trim().toLowerCase()) ?? name.trim();
  const field = canonicalName(named) ?? (isPartOfEvent(named) ? named : undefined);
  const offered = useMemo(
    () => [
      { group: 'Of this dashboard', items: variables.map((v) => v.title) },
      { group: 'All fields', items: [...new Set(FIELDS.map((f) => f.name))] },
    ],
    [variables],
  );
  const done = () => {
    const last = typed.trim().replace(/^!/, '');
    const all = last && !values.includes(last) ? [...values, last] : values;
    onDone(field && all.length > 0 ? { field, values: all, negate: negate || typed.trim().startsWith('!'), paused: chip?.paused ?? false } : null);
  };
  return (
    <form
      className="bz-filter-editor"
      onKeyDown={(event) => {
        // The first Escape closes an open list of completions, the next one the editor.
        if (event.key === 'Escape' && (event.target as Element).getAttribute('aria-expanded') !== 'true') onDone(null);
      }}
      onSubmit={(event) => {
        event.preventDefault();
        done();
      }}
    >
      <Autocomplete
        size="xs"
        label="Field"
        data={offered}
        value={name}
        onChange={setName}
        limit={30}
        selectFirstOptionOnChange
        data-autofocus={chip ? undefined : true}
        error={name && !field ? 'No such field' : undefined}
        comboboxProps={{ withinPortal: false }}
        placeholder="dest_port, Source IP …"
      />
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Is or is not"
        data={[
          { value: 'is', label: 'is' },
          { value: 'not', label: 'is not' },
        ]}
        value={negate ? 'not' : 'is'}
        onChange={(v) => setNegate(v === 'not')}
      />
      <Values
        field={field}
        hint={field ? (HINTS[findField(field)?.type ?? 'text'] ?? '') : 'Choose a field first'}
        values={values}
        onValues={setValues}
        typed={typed}
        onTyped={setTyped}
        range={range}
        focus={chip !== null}
      />
      <div className="bz-row-end">
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onDone(null)}>
          Cancel
        </Button>
        <Button size="compact-xs" type="submit" disabled={!field || (values.length === 0 && !typed.trim())}>
          Apply
        </Button>
      </div>
    </form>
  );
}

function titleFor(field: string, variables: readonly Variable[]): string {
  return variables.find((v) => canonical(v.field) === canonical(field))?.title ?? field;
}

interface ValuesProps {
  readonly field: string | undefined;
  readonly hint: string;
  readonly values: string[];
  readonly onValues: (values: string[]) => void;
  readonly typed: string;
  readonly onTyped: (typed: string) => void;
  readonly range: Range;
  readonly focus: boolean;
}

function Values({ field, hint, values, onValues, typed, onTyped, range, focus }: ValuesProps) {
  const [prefix] = useDebouncedValue(typed.replace(/^!/, ''), 150);
  const found = useQuery({ ...valuesQuery(field ?? '', prefix, range), enabled: field !== undefined, placeholderData: keepPreviousData });
  const counts = useMemo(() => new Map(found.data?.values.map((v) => [v.value, v.count])), [found.data]);
  const role = roleOf({ name: field ?? '', kind: 'text', ...(field && { field }) });
  return (
    <TagsInput
      size="xs"
      label="Values"
      description={found.isError ? 'Completion is not available; type the value.' : hint}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      data={[...counts.keys()]}
      value={values}
      onChange={(next) => onValues([...new Set(next.map((v) => v.replace(/^!/, '')))])}
      searchValue={typed}
      onSearchChange={onTyped}
      disabled={!field}
      splitChars={[',', ' ']}
      maxDropdownHeight={220}
      data-autofocus={focus || undefined}
      // The server has filtered already, by prefix and by wildcard.
      filter={({ options }) => options}
      comboboxProps={{ withinPortal: false }}
      renderOption={({ option }) => (
        <span className="bz-option">
          <span className="bz-mono">{display(option.value, role)}</span>
          <span className="bz-dim bz-number">{short(counts.get(option.value) ?? 0)}</span>
        </span>
      )}
    />
  );
}
