/** What is chosen of a panel beside its query: the kind, the options of the kind (options.ts), and what every kind has. */
import { ActionIcon, Button, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { OutputColumn } from '../../../api/contract.ts';
import { freeId } from '../../../dashboards/ids.ts';
import { MEANINGS, type Measure, MOST_TOP, PANEL_KINDS, type Panel, Unit, type Variable } from '../../../dashboards/schema.ts';
import { Icon } from '../../app/icons.tsx';
import { applied } from '../../filters/filter.ts';
import { FilterBar } from '../../filters/filter-bar.tsx';
import { shapeOf, VIEW_TITLES, viewsOf } from '../../panels/shape.ts';
import { columnsOf, problemsOf, type Surroundings } from '../../search/editor/language.ts';
import type { Range } from '../../time/range.ts';
import { ColumnSelect, ColumnsSelect, CountInput, SecondsInput } from './fields.tsx';
import { HEIGHT, WIDTH } from './grid.ts';
import { FORM, INPUTS, isNeeded, type Option, optionsOf } from './options.ts';

interface Props {
  readonly panel: Panel;
  readonly auto: boolean;
  readonly columns: readonly OutputColumn[];
  /** Of the result, where there is one. */
  readonly rows: number;
  readonly variables: readonly Variable[];
  readonly range: Range;
  readonly surroundings: Surroundings;
  readonly onChange: (part: Partial<Panel>) => void;
  /** null: the kind follows the result. */
  readonly onKind: (kind: Panel['kind'] | null) => void;
}

const AUTO = 'auto';
const NEEDS: readonly (readonly [NonNullable<Panel['needs']>, label: string])[] = [
  ['indicators', 'Waits for threat indicators: says so while none are loaded'],
  ['administrators', 'Waits for the list of administrators: says so while nobody is listed'],
];
const UNITS: Readonly<Record<Panel['unit'], string>> = { count: 'Count', bytes: 'Bytes', percent: 'Percent', none: 'None' };
const MEANING_TITLES: Readonly<Record<Panel['meaning'], string>> = {
  neutral: 'Nothing in particular',
  accept: 'Accepted',
  reject: 'Refused',
  threat: 'Threat',
  inbound: 'Inbound',
  outbound: 'Outbound',
  internal: 'Internal',
};

export function PanelForm(props: Props) {
  const { panel, auto, columns, rows, onChange, onKind } = props;
  const kinds = useMemo(() => {
    const suits = columns.length === 0 ? [] : viewsOf(shapeOf(panel.query, columns), Math.max(1, rows));
    const items = (list: readonly Panel['kind'][]) => list.map((value) => ({ value, label: VIEW_TITLES[value] }));
    const rest = PANEL_KINDS.filter((kind) => !suits.includes(kind));
    return [
      { group: 'Suits the result', items: [{ value: AUTO, label: `By the result (${VIEW_TITLES[panel.kind]})` }, ...items(suits)] },
      { group: 'All kinds', items: items(rest) },
    ];
  }, [panel.query, panel.kind, columns, rows]);
  return (
    <>
      <div className="bz-editor-row">
        <Select
          size="xs"
          label="Drawn as"
          data={kinds}
          value={auto ? AUTO : panel.kind}
          onChange={(value) => onKind(value === null || value === AUTO ? null : (value as Panel['kind']))}
          allowDeselect={false}
          maxDropdownHeight={340}
        />
        <Select
          size="xs"
          label="Unit"
          data={Unit.options.map((value) => ({ value, label: UNITS[value] }))}
          value={panel.unit}
          onChange={(value) => value && onChange({ unit: value as Panel['unit'] })}
          allowDeselect={false}
        />
        <Select
          size="xs"
          label="Colour means"
          data={MEANINGS.toReversed().map((value) => ({ value, label: MEANING_TITLES[value] }))}
          value={panel.meaning}
          onChange={(value) => value && onChange({ meaning: value as Panel['meaning'] })}
          allowDeselect={false}
        />
      </div>
      <div className="bz-editor-row">
        {optionsOf(panel.kind).map((option) => (
          <OptionInput key={option} option={option} panel={panel} columns={columns} onChange={onChange} />
        ))}
      </div>
      <div className="bz-editor-row">
        <CountInput label="Columns wide (of 24)" value={panel.width} {...ends(WIDTH)} onChange={(width) => width && onChange({ width })} required />
        <CountInput label="Rows high" value={panel.height} {...ends(HEIGHT)} onChange={(height) => height && onChange({ height })} required />
        <SecondsInput label="Window of its own" empty="The dashboard’s" value={panel.window} onChange={(window) => onChange(optional('window', window))} />
      </div>
      <TextInput
        size="xs"
        label="Text when nothing is found"
        description="What it means, and what to look at. Stands below the reason why the panel is empty."
        value={panel.empty ?? ''}
        onChange={(event) => onChange(optional('empty', event.currentTarget.value === '' ? undefined : event.currentTarget.value))}
        maxLength={500}
      />
      <PanelFilters {...props} />
      <Measures {...props} />
      {NEEDS.map(([needs, label]) => (
        <Switch
          key={needs}
          size="xs"
          label={label}
          checked={panel.needs === needs}
          onChange={(event) => onChange(optional('needs', event.currentTarget.checked ? needs : undefined))}
        />
      ))}
    </>
  );
}

const ends = ({ least, most }: { readonly least: number; readonly most: number }) => ({ least, most });

/** Absent keys stay absent in what is saved: JSON leaves out what is undefined. */
function optional<K extends keyof Panel>(key: K, value: Panel[K] | undefined): Partial<Panel> {
  return { [key]: value };
}

interface OptionProps {
  readonly option: Option;
  readonly panel: Panel;
  readonly columns: readonly OutputColumn[];
  readonly onChange: (part: Partial<Panel>) => void;
}

function OptionInput({ option, panel, columns, onChange }: OptionProps) {
  const label = FORM[panel.kind][option] ?? option;
  const set = (value: unknown) => onChange({ [option]: value } as Partial<Panel>);
  const value = panel[option];
  const number = typeof value === 'number' ? value : undefined;
  switch (INPUTS[option]) {
    case 'column':
      return (
        <ColumnSelect
          label={label}
          value={value === undefined ? undefined : String(value)}
          columns={columns}
          onChange={set}
          required={isNeeded(panel.kind, option)}
        />
      );
    case 'columns':
      return <ColumnsSelect label={label} value={Array.isArray(value) ? value : []} columns={columns} onChange={set} />;
    case 'seconds':
      return <SecondsInput label={label} value={number} onChange={set} empty="None" />;
    case 'count':
      return <CountInput label={label} value={number} onChange={set} least={1} most={MOST_TOP} />;
    default:
      return INPUTS[option] satisfies never;
  }
}

function PanelFilters({ panel, variables, range, onChange }: Props) {
  const [adding, setAdding] = useState(false);
  const chips = useMemo(() => (panel.filters ?? []).map((f) => ({ ...f, paused: false })), [panel.filters]);
  return (
    <fieldset className="bz-editor-set">
      <legend>Filters of this panel alone</legend>
      <FilterBar
        chips={chips}
        variables={variables}
        range={range}
        onChange={(next) => onChange(optional('filters', next.length > 0 ? applied(next.map((c) => ({ ...c, paused: false }))) : undefined))}
        adding={adding}
        onAdding={setAdding}
      />
    </fieldset>
  );
}

function Measures({ panel, surroundings, onChange }: Props) {
  const set = (at: number, part: Partial<Measure>) => onChange({ measures: panel.measures.map((m, i) => (i === at ? { ...m, ...part } : m)) });
  const add = () =>
    onChange({
      measure: panel.measure ?? 'Count',
      measures: [...panel.measures, { id: freeId('measure', panel.measures), title: '', query: panel.query, y: panel.y ?? '', unit: panel.unit }],
    });
  return (
    <fieldset className="bz-editor-set">
      <legend>Other measures, to switch to</legend>
      {panel.measures.length > 0 && (
        <TextInput
          size="xs"
          label="Title of the first one"
          value={panel.measure ?? ''}
          onChange={(e) => onChange({ measure: e.currentTarget.value })}
          maxLength={200}
        />
      )}
      {panel.measures.map((measure, at) => {
        const problem = problemsOf(measure.query, surroundings).find((p) => p.severity === 'error');
        return (
          <div className="bz-editor-measure" key={measure.id}>
            <TextInput
              size="xs"
              label="Title"
              value={measure.title}
              onChange={(e) => set(at, { title: e.currentTarget.value })}
              maxLength={200}
              error={measure.title.trim() === '' ? 'A measure has a title' : undefined}
            />
            <ColumnSelect
              label="Measure"
              value={measure.y || undefined}
              columns={columnsOf(measure.query, surroundings) ?? []}
              onChange={(y) => set(at, { y: y ?? '' })}
              required
            />
            <Select
              size="xs"
              label="Unit"
              data={Unit.options.map((value) => ({ value, label: UNITS[value] }))}
              value={measure.unit}
              onChange={(unit) => unit && set(at, { unit: unit as Measure['unit'] })}
              allowDeselect={false}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove the measure ${measure.title}`}
              title="Remove"
              onClick={() => onChange({ measures: panel.measures.toSpliced(at, 1) })}
            >
              <Icon name="trash" size={14} />
            </ActionIcon>
            <Textarea
              size="xs"
              className="bz-editor-measure-query"
              label="Query"
              value={measure.query}
              onChange={(e) => set(at, { query: e.currentTarget.value })}
              error={problem ? `${problem.message} ${problem.hint ?? ''}` : undefined}
              classNames={{ input: 'bz-mono' }}
              autosize
              minRows={2}
              spellCheck={false}
            />
          </div>
        );
      })}
      <Button size="compact-xs" variant="subtle" leftSection={<Icon name="plus" size={12} />} onClick={add} disabled={panel.measures.length >= 20}>
        Measure
      </Button>
    </fieldset>
  );
}
