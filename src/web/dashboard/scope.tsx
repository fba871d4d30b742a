/** The scope of a dashboard's app: which records all of its dashboards are for. Shown on each, kept on the server. */
import { Button, Popover } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { AppList, ScopeChange } from '../../api/contract/apps.ts';
import type { DashboardAnswer } from '../../api/contract/dashboards.ts';
import { explain, getJson, putJson } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import type { Chip } from '../filters/filter.ts';
import { titleOf } from '../filters/filter-bar.tsx';
import { FilterEditor } from '../filters/filter-editor.tsx';
import type { Range } from '../time/range.ts';

const APPS = '/api/v1/apps';
const appsQuery = queryOptions({ queryKey: ['apps'], queryFn: ({ signal }) => getJson<AppList>(APPS, signal), staleTime: 300_000 });
/** What an app is bound by unless another field is chosen. */
const DEFAULT_KEY: Chip = { field: '_sourceCategory', values: [], negate: false, paused: false };

/** The scope of the app that a dashboard ships in; own dashboards have none. It is asked for beside the dashboard; no panel is, before it is known. */
export function useScope(dashboard: Pick<DashboardAnswer, 'app' | 'own'> | undefined) {
  const asked = dashboard !== undefined && !dashboard.own;
  const { data, error, refetch } = useQuery({ ...appsQuery, enabled: !dashboard?.own });
  const scope = asked ? data?.apps.find((a) => a.app === dashboard.app)?.scope : null;
  const chips = useMemo(() => (scope ? [{ ...scope, paused: false }] : []), [scope]);
  return { chips: scope === undefined ? undefined : chips, error: data ? null : error, refetch };
}

interface Props {
  readonly dashboard: Pick<DashboardAnswer, 'app' | 'own' | 'variables'>;
  /** One chip, or none. */
  readonly scope: readonly Chip[];
  readonly range: Range;
}

export function ScopeButton({ dashboard: { app, own, variables }, scope, range }: Props) {
  const [opened, setOpened] = useState(false);
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (change: ScopeChange) => putJson<AppList>(`${APPS}/scope`, change),
    onSuccess: (list) => {
      client.setQueryData(appsQuery.queryKey, list);
      setOpened(false);
    },
  });
  if (own) return null;
  const [chip] = scope;
  const text = chip ? `${titleOf(chip.field, variables)} ${chip.negate ? 'is not' : 'is'} ${chip.values.join(', ')}` : 'all records';
  const bind = (next: Chip | null) => {
    if (!next) return setOpened(false);
    const { paused: _, ...filter } = next;
    save.mutate({ app, scope: filter });
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" width={340} shadow="md" trapFocus returnFocus withRoles={false} closeOnEscape={false}>
      <Popover.Target>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<Icon name="folder" size={12} />}
          aria-label={`Scope of the app: ${text}`}
          title={`All dashboards of “${app}” are for ${text}. Change it for everybody.`}
          onClick={() => setOpened(!opened)}
        >
          <span className="bz-dim">Scope</span>&nbsp;{text}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={12}>
        {chip && (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => save.mutate({ app, scope: null })}>
            All records
          </Button>
        )}
        {opened && <FilterEditor chip={chip ?? DEFAULT_KEY} variables={variables} range={range} onDone={bind} />}
        {save.error && (
          <p className="bz-small" role="alert">
            {explain(save.error).message}
          </p>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
