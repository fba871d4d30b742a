/** The fields of the matches, beside the results: found by name, opened to their values, shown as columns. */
import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { OutputColumn } from '../../../api/contract.ts';
import { catalogueQuery } from '../../api/queries.ts';
import { Icon } from '../../app/icons.tsx';
import type { Asked } from './ask.ts';
import { fieldGroups, filtered } from './field-list.ts';
import { FieldValues } from './field-values.tsx';
import type { Listed } from './listed.ts';
import type { Pages } from './pages.ts';

interface Props {
  readonly asked: Asked;
  readonly pages: Pages;
  readonly zone: string;
  /** Names of the columns that the messages show. */
  readonly shown: readonly string[];
  readonly onColumn: (name: string) => void;
  readonly onFilter: (field: Listed, value: string, negate: boolean) => void;
  readonly onCount: (field: Listed) => void;
  /** Where the matches are flows. */
  readonly onBytes?: (field: Listed) => void;
  readonly onTopOverTime: (field: Listed, values: readonly string[]) => void;
}

export function Fields({ asked, pages, zone, shown, onColumn, onFilter, onCount, onBytes, onTopOverTime }: Props) {
  const [typed, setTyped] = useState('');
  const [open, setOpen] = useState<string | null>(null);
  const catalogue = useQuery(catalogueQuery).data;
  const groups = useMemo(() => fieldGroups(pages.made, pages.first, catalogue), [pages.made, pages.first, catalogue]);
  const listed = useMemo(() => filtered(groups, typed), [groups, typed]);
  return (
    <div className="bz-fields-list">
      <TextInput
        size="xs"
        aria-label="Find a field"
        placeholder="Find a field"
        leftSection={<Icon name="search" size={14} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && setTyped('')}
      />
      {listed.length === 0 && <p className="bz-dim bz-small">No field is called like that.</p>}
      {listed.map((group) => (
        <section key={group.title} aria-label={group.title}>
          <h2>
            {group.title} <span className="bz-dim">{group.fields.length}</span>
          </h2>
          <ul>
            {group.fields.map((field) => (
              <li key={field.name}>
                <div className="bz-field">
                  <button
                    type="button"
                    className="bz-field-name"
                    aria-expanded={open === field.name}
                    title={field.doc ? `${field.column.field ?? field.name}: ${field.doc}` : field.name}
                    onClick={() => setOpen(open === field.name ? null : field.name)}
                  >
                    <Kind kind={field.column.kind} />
                    <span>{field.name}</span>
                  </button>
                  {field.carried && (
                    <button
                      type="button"
                      className="bz-field-column"
                      aria-pressed={shown.includes(field.name)}
                      aria-label={`${field.name} as a column`}
                      title={shown.includes(field.name) ? 'Take the column away' : 'Show as a column'}
                      onClick={() => onColumn(field.name)}
                    >
                      <Icon name={shown.includes(field.name) ? 'check' : 'table'} size={12} />
                    </button>
                  )}
                </div>
                {open === field.name && (
                  <FieldValues
                    field={field}
                    asked={asked}
                    zone={zone}
                    onFilter={onFilter}
                    onCount={onCount}
                    {...(onBytes && { onBytes })}
                    onTopOverTime={onTopOverTime}
                  />
                )}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

const SIGNS: Readonly<Record<OutputColumn['kind'], readonly [sign: string, title: string]>> = {
  text: ['a', 'text'],
  number: ['#', 'number'],
  time: ['t', 'time'],
  address: ['ip', 'address'],
  boolean: ['?', 'true or false'],
  list: ['[ ]', 'list'],
};

function Kind({ kind }: { kind: OutputColumn['kind'] }) {
  const [sign, title] = SIGNS[kind];
  return (
    <span className="bz-field-kind" role="img" aria-label={title} title={title}>
      {sign}
    </span>
  );
}
