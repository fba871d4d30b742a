/** What every source has: a name, its collector, and where its records say they come from. */
import { Select, TextInput } from '@mantine/core';
import type { Collector } from '../../../api/contract/sources.ts';
import type { SourceDraft } from '../draft.ts';
import type { FieldProps } from './field-props.ts';

const NEW = 'new';

export function PlaceFields({ draft, set, wrong, collectors, lookup }: FieldProps<SourceDraft> & { collectors: readonly Collector[]; lookup: boolean }) {
  const fresh = draft.collector === '';
  return (
    <>
      <TextInput
        label="Name"
        description={lookup ? 'For example the account that it asks.' : 'Its records have it as _sourceName, unless a sender or an object’s address says more.'}
        value={draft.name}
        maxLength={200}
        required
        error={wrong('name')}
        onChange={(e) => set({ name: e.currentTarget.value })}
      />
      <div className="bz-source-pair">
        <Select
          label="Collector"
          description={`A group of sources that can be paused as one${lookup ? '' : '; _collector of its records'}.`}
          data={[...collectors.map(({ id, name }) => ({ value: id, label: name })), { value: NEW, label: 'A new collector …' }]}
          value={fresh ? NEW : draft.collector}
          allowDeselect={false}
          error={wrong('collector')}
          onChange={(value) => set({ collector: value === NEW || value === null ? '' : value })}
        />
        {fresh && (
          <TextInput
            label="Name of the new collector"
            description="For example an account, a region or a team."
            value={draft.newCollector}
            maxLength={200}
            required
            onChange={(e) => set({ newCollector: e.currentTarget.value })}
          />
        )}
      </div>
      {!lookup && (
        <TextInput
          label="Source category"
          description="What searches, dashboards and extraction rules ask for: _sourceCategory=prod/vpc."
          placeholder="prod/vpc"
          value={draft.sourceCategory}
          maxLength={1024}
          error={wrong('sourceCategory')}
          onChange={(e) => set({ sourceCategory: e.currentTarget.value })}
        />
      )}
    </>
  );
}
