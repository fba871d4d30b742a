/** Field extraction rules: which there are, what they make, and a form to write and try one. */
import './extraction.css';
import { ActionIcon, Button, Modal, Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Rule } from '../../api/contract/rules.ts';
import { explain } from '../api/client.ts';
import { PageFailed } from '../app/failed.tsx';
import { Icon } from '../app/icons.tsx';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { changeRule, removeRule, rulesQuery } from './ask.ts';
import { FieldNames, RuleEditor } from './editor.tsx';
import { Problem } from './problem.tsx';

const AT = { ingest: 'at ingest', query: 'when a query asks' } as const;

export function ExtractionPage() {
  const { search, change } = usePage();
  const rules = useQuery(rulesQuery);
  const [removing, setRemoving] = useState<Rule | null>(null);
  const [saved, setSaved] = useState<Rule | null>(null);
  useTitle('Field extraction');
  if (rules.isError && !rules.data) return <PageFailed error={rules.error} onRetry={() => void rules.refetch()} />;
  const list = rules.data?.rules ?? [];
  const edited = list.find((rule) => rule.id === search.view);
  const isOpen = search.view === 'new' || edited !== undefined;
  const open = (view: string | undefined) => change({ view });
  return (
    <main className="bz-extraction">
      <header>
        <h1>Field extraction rules</h1>
        <span className="bz-grow" />
        {rules.data && (
          <span className="bz-dim">
            {rules.data.fields.names.length} of {rules.data.fields.most} fields
          </span>
        )}
        <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => open('new')} disabled={search.view === 'new'}>
          New rule
        </Button>
      </header>
      <p className="bz-dim">
        A rule takes fields out of records, and a search can name them like any other. Applied at ingest, it holds <b>from now on</b>; applied when a query
        asks, it works on <b>everything that is stored</b>.
      </p>
      {saved && !isOpen && (
        <p role="status">
          “{saved.name}” is saved. It makes <FieldNames names={saved.fields} />.
        </p>
      )}
      {rules.data && list.length === 0 && !isOpen && <p>There are no rules yet.</p>}
      {list.length > 0 && <RuleTable rules={list} onOpen={open} onRemove={setRemoving} />}
      {isOpen && (
        <RuleEditor
          key={edited ? `${edited.id} ${edited.revision}` : 'new'}
          rule={edited}
          onDone={(rule) => {
            setSaved(rule ?? null);
            open(undefined);
          }}
        />
      )}
      <RemoveDialog rule={removing} onClose={() => setRemoving(null)} />
    </main>
  );
}

interface TableProps {
  readonly rules: readonly Rule[];
  readonly onOpen: (id: string) => void;
  readonly onRemove: (rule: Rule) => void;
}

function RuleTable({ rules, onOpen, onRemove }: TableProps) {
  return (
    <table className="bz-rules">
      <thead>
        <tr>
          <th>Enabled</th>
          <th>Name</th>
          <th>Applied</th>
          <th>Scope</th>
          <th>Fields</th>
          <th aria-label="Remove" />
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={rule.id} data-off={!rule.enabled || undefined}>
            <td>
              <Enabled rule={rule} />
            </td>
            <td>
              <button type="button" className="bz-link" onClick={() => onOpen(rule.id)}>
                {rule.name}
              </button>
              {rule.diagnostics.map((d) => (
                <Problem key={`${d.in} ${d.span.start}`} text={rule[d.in]} wrong={{ ...d, message: `It does not run: ${d.message}` }} />
              ))}
            </td>
            <td>{AT[rule.at]}</td>
            <td>{rule.scope.trim() === '' ? <span className="bz-dim">all records</span> : <code>{rule.scope}</code>}</td>
            <td>
              <FieldNames names={rule.fields} />
            </td>
            <td>
              <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${rule.name}`} title="Remove" onClick={() => onRemove(rule)}>
                <Icon name="close" size={14} />
              </ActionIcon>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Enabled({ rule }: { rule: Rule }) {
  const client = useQueryClient();
  const changing = useMutation({
    mutationFn: (enabled: boolean) => changeRule(rule.id, { enabled, revision: rule.revision }),
    onSettled: () => client.invalidateQueries({ queryKey: rulesQuery.queryKey }),
  });
  return (
    <>
      <Switch
        size="xs"
        aria-label={`${rule.name} is enabled`}
        checked={changing.isPending ? changing.variables : rule.enabled}
        onChange={(e) => changing.mutate(e.currentTarget.checked)}
      />
      {changing.isError && <Problem text="" wrong={explain(changing.error)} />}
    </>
  );
}

function RemoveDialog({ rule, onClose }: { rule: Rule | null; onClose: () => void }) {
  const client = useQueryClient();
  const removing = useMutation({
    mutationFn: (id: string) => removeRule(id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: rulesQuery.queryKey });
      onClose();
    },
  });
  return (
    <Modal opened={rule !== null} onClose={onClose} title={`Remove “${rule?.name ?? ''}”?`} size="md">
      <p>
        {rule?.at === 'query'
          ? 'Queries that name its fields will not find them any more.'
          : 'Records that come from now on get no fields of it. Records that are stored keep theirs, and searches go on finding them.'}
      </p>
      {removing.isError && <Problem text="" wrong={explain(removing.error)} />}
      <div className="bz-rule-buttons">
        <Button size="xs" color="red" loading={removing.isPending} onClick={() => rule && removing.mutate(rule.id)}>
          Remove
        </Button>
        <Button size="xs" variant="default" onClick={onClose}>
          Keep it
        </Button>
      </div>
    </Modal>
  );
}
