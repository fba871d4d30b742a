/** The filters of a page in one bar: a chip each, edited by a click, paused or removed in place; below 640 px in a sheet. */
import { ActionIcon, Button, Drawer, Popover } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import type { Variable } from '../../dashboards/schema.ts';
import { Icon } from '../app/icons.tsx';
import { display, roleOf } from '../format/values.ts';
import type { Range } from '../time/range.ts';
import { type Chip, canonical } from './filter.ts';
import { FilterEditor } from './filter-editor.tsx';

interface Props {
  readonly chips: readonly Chip[];
  /** Fields that are offered first. */
  readonly variables: readonly Variable[];
  readonly range: Range;
  readonly onChange: (chips: Chip[]) => void;
  /** The editor of a new filter is open (key f). */
  readonly adding: boolean;
  readonly onAdding: (open: boolean) => void;
}

export function FilterBar(props: Props) {
  const narrow = useMediaQuery('(max-width: 640px)');
  const [sheet, { open, close }] = useDisclosure(false);
  if (!narrow) return <Chips {...props} />;
  const leave = () => {
    props.onAdding(false);
    close();
  };
  const active = props.chips.filter((c) => !c.paused).length;
  return (
    <>
      <Button size="xs" variant="default" leftSection={<Icon name="filter" size={14} />} onClick={open}>
        {active === 0 ? 'Filters' : `${active} filter${active === 1 ? '' : 's'}`}
      </Button>
      <Drawer opened={sheet || props.adding} onClose={leave} position="bottom" size="auto" title="Filters">
        <Chips {...props} stacked />
      </Drawer>
    </>
  );
}

function Chips({ chips, variables, range, onChange, adding, onAdding, stacked = false }: Props & { stacked?: boolean }) {
  const [editing, setEditing] = useState<number | null>(null);
  const editor = (chip: Chip | null, at: number | null) => (
    <FilterEditor
      chip={chip}
      variables={variables}
      range={range}
      onDone={(next) => {
        setEditing(null);
        onAdding(false);
        if (next) onChange(at === null ? [...chips, next] : chips.with(at, next));
      }}
    />
  );
  return (
    <fieldset className="bz-chips" data-stacked={stacked || undefined} aria-label="Filters">
      {chips.map((chip, at) => (
        <Popped
          key={`${chip.field} ${chip.negate} ${chip.values.join()}`}
          opened={editing === at}
          onChange={(opened) => setEditing(opened ? at : null)}
          stacked={stacked}
          target={
            <ChipView
              chip={chip}
              variables={variables}
              onEdit={() => setEditing(editing === at ? null : at)}
              onChange={(next) => onChange(next ? chips.with(at, next) : chips.toSpliced(at, 1))}
            />
          }
        >
          {editor(chip, at)}
        </Popped>
      ))}
      <Popped
        opened={adding}
        onChange={onAdding}
        stacked={stacked}
        target={
          <Button size="compact-xs" variant="subtle" leftSection={<Icon name="plus" size={12} />} onClick={() => onAdding(!adding)} title="Add a filter (f)">
            Filter
          </Button>
        }
      >
        {editor(null, null)}
      </Popped>
      {chips.length > 1 && (
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onChange([])}>
          Clear all
        </Button>
      )}
    </fieldset>
  );
}

/** A popover on a wide page; in the sheet, below its chip. */
function Popped({
  opened,
  onChange,
  stacked,
  target,
  children,
}: {
  opened: boolean;
  onChange: (opened: boolean) => void;
  stacked: boolean;
  target: ReactNode;
  children: ReactNode;
}) {
  if (stacked) {
    return (
      <div>
        {target}
        {opened && <div className="bz-sheet-editor">{children}</div>}
      </div>
    );
  }
  return (
    <Popover opened={opened} onChange={onChange} position="bottom-start" width={340} shadow="md" trapFocus returnFocus withRoles={false} closeOnEscape={false}>
      <Popover.Target>
        <span className="bz-chip-target">{target}</span>
      </Popover.Target>
      <Popover.Dropdown p={12}>{opened && children}</Popover.Dropdown>
    </Popover>
  );
}

/** What a field is called here: the variable's title where there is one. */
export function titleOf(field: string, variables: readonly Variable[]): string {
  return variables.find((v) => canonical(v.field) === canonical(field))?.title ?? field;
}

function ChipView({
  chip,
  variables,
  onEdit,
  onChange,
}: {
  chip: Chip;
  variables: readonly Variable[];
  onEdit: () => void;
  onChange: (chip: Chip | null) => void;
}) {
  const title = titleOf(chip.field, variables);
  const role = roleOf({ name: chip.field, kind: 'text', field: chip.field });
  const values = chip.values.map((v) => (v === '' ? '(none)' : display(v, role))).join(', ');
  const text = `${title} ${chip.negate ? 'is not' : 'is'} ${values}`;
  return (
    <span className="bz-chip" data-paused={chip.paused || undefined} data-negate={chip.negate || undefined}>
      <button type="button" className="bz-chip-text" onClick={onEdit} title={`${text}${chip.paused ? ' (paused)' : ''} · edit`}>
        <span className="bz-dim">{title}</span> <b>{chip.negate ? 'is not' : 'is'}</b> <span className="bz-mono">{values}</span>
      </button>
      <ActionIcon
        size="xs"
        variant="subtle"
        color="gray"
        aria-label={`${chip.paused ? 'Apply' : 'Pause'} the filter: ${text}`}
        title={chip.paused ? 'Apply again' : 'Pause'}
        onClick={() => onChange({ ...chip, paused: !chip.paused })}
      >
        <Icon name={chip.paused ? 'play' : 'pause'} size={10} />
      </ActionIcon>
      <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Remove the filter: ${text}`} title="Remove" onClick={() => onChange(null)}>
        <Icon name="close" size={10} />
      </ActionIcon>
    </span>
  );
}
