/** A rule as a form; while somebody writes, it is tried on the samples below it. */
import { Button, SegmentedControl, Switch, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Rule, RuleNew } from '../../api/contract/rules.ts';
import { explain } from '../api/client.ts';
import { rulesQuery, saveRule, trialQuery } from './ask.ts';
import { Problem } from './problem.tsx';
import { Trial } from './trial.tsx';

const TRY_MS = 400;
const MOST_SAMPLES = 20;

const NEW: RuleNew = { name: '', scope: '', expression: '', at: 'ingest', enabled: true, samples: [] };

const WHEN = {
  ingest: 'Its fields are stored with records that come from now on. Records that are stored already do not get them, and keep theirs when the rule goes.',
  query: 'Its fields are made when a query names one, of every record in the scope, however old. Nothing is stored; each such query takes longer.',
} as const;

export function RuleEditor({ rule, onDone }: { rule: Rule | undefined; onDone: (saved: Rule | undefined) => void }) {
  const { name, scope, expression, at, enabled } = rule ?? NEW;
  const [draft, setDraft] = useState<RuleNew>({ name, scope, expression, at, enabled, samples: [] });
  const [samplesText, setSamplesText] = useState((rule ?? NEW).samples.join('\n'));
  const [sourceCategory, setSourceCategory] = useState('');
  const samples = samplesText
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, MOST_SAMPLES);
  const [tried] = useDebouncedValue({ scope: draft.scope, expression: draft.expression, at: draft.at, samples, sourceCategory, text: samplesText }, TRY_MS);
  const { text: _, ...test } = tried;
  const trial = useQuery({ ...trialQuery(test), placeholderData: keepPreviousData });
  const answer = tried.expression.trim() === '' ? undefined : trial.data;
  const client = useQueryClient();
  const saving = useMutation({
    mutationFn: () => saveRule(rule?.id, { ...draft, samples }, rule?.revision),
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: rulesQuery.queryKey });
      onDone(saved);
    },
  });
  const set = (change: Partial<RuleNew>) => {
    saving.reset();
    setDraft((old) => ({ ...old, ...change }));
  };
  const wrong = (where: 'scope' | 'expression') => answer?.diagnostics.find((d) => d.in === where);
  const refused = saving.isError ? explain(saving.error) : undefined;
  return (
    <form
      className="bz-rule-editor"
      aria-label={rule ? `Rule ${rule.name}` : 'New rule'}
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <h2>{rule ? rule.name : 'New rule'}</h2>
      <TextInput
        label="Name"
        value={draft.name}
        maxLength={200}
        required
        data-autofocus={rule ? undefined : true}
        onChange={(e) => set({ name: e.currentTarget.value })}
      />
      <TextInput
        label="Scope"
        description="A search: the records that the rule is for. Empty is all records."
        placeholder="_sourceCategory=Labs/vpc"
        classNames={{ input: 'bz-mono' }}
        value={draft.scope}
        aria-invalid={wrong('scope') !== undefined}
        onChange={(e) => set({ scope: e.currentTarget.value })}
      />
      <Wrong text={tried.scope} wrong={wrong('scope')} />
      <div>
        <SegmentedControl
          size="xs"
          aria-label="Applied at"
          data={[
            { value: 'ingest', label: 'Applied at ingest' },
            { value: 'query', label: 'Applied when a query asks' },
          ]}
          value={draft.at}
          onChange={(value) => set({ at: value as RuleNew['at'] })}
        />
        <p className="bz-dim bz-small">{WHEN[draft.at]}</p>
      </div>
      <Textarea
        label="Parse expression"
        description="Steps: parse, parse regex, json, xml, csv, split, keyvalue, where, fields, and expressions with a name. Where one of them finds nothing, the record gets no field of this rule."
        placeholder={'json "message" as msg nodrop\n| parse field=msg "user=* " as user'}
        classNames={{ input: 'bz-mono' }}
        value={draft.expression}
        minRows={4}
        maxRows={16}
        autosize
        required
        spellCheck={false}
        aria-invalid={wrong('expression') !== undefined}
        onChange={(e) => set({ expression: e.currentTarget.value })}
      />
      <Wrong text={tried.expression} wrong={wrong('expression')} />
      {answer && answer.diagnostics.length === 0 && <Makes fields={answer.fields} stored={answer.stored} />}
      <Textarea
        label="Samples"
        description={`Records to try the rule on, one a line, at most ${MOST_SAMPLES}. They are kept with the rule.`}
        classNames={{ input: 'bz-mono' }}
        value={samplesText}
        minRows={3}
        maxRows={12}
        autosize
        spellCheck={false}
        onChange={(e) => setSamplesText(e.currentTarget.value)}
      />
      <TextInput
        label="Source category of the samples"
        description="For a scope that asks for one."
        classNames={{ input: 'bz-mono' }}
        value={sourceCategory}
        onChange={(e) => setSourceCategory(e.currentTarget.value)}
      />
      <div aria-live="polite" aria-busy={trial.isFetching}>
        {trial.isError && <Problem text="" wrong={explain(trial.error)} />}
        {answer && answer.samples.length > 0 && <Trial answer={answer} samples={tried.samples} />}
      </div>
      <Switch label="Enabled" checked={draft.enabled} onChange={(e) => set({ enabled: e.currentTarget.checked })} />
      {refused && <Problem text={refused.in === 'scope' ? draft.scope : draft.expression} wrong={refused} />}
      <div className="bz-rule-buttons">
        <Button type="submit" size="xs" loading={saving.isPending} disabled={draft.name.trim() === '' || draft.expression.trim() === ''}>
          Save
        </Button>
        <Button size="xs" variant="default" onClick={() => onDone(undefined)}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Wrong({ text, wrong }: { text: string; wrong: Parameters<typeof Problem>[0]['wrong'] | undefined }) {
  return wrong ? <Problem text={text} wrong={wrong} /> : null;
}

function Makes({ fields, stored }: { fields: readonly string[]; stored: readonly string[] }) {
  return (
    <p className="bz-small">
      Makes <FieldNames names={fields} />.
      {stored.length > 0 && (
        <span className="bz-dim">
          {' '}
          Stored fields already, and not stored again: <FieldNames names={stored} />.
        </span>
      )}
    </p>
  );
}

export function FieldNames({ names }: { names: readonly string[] }) {
  return names.map((name, i) => (
    <span key={name}>
      {i > 0 && ', '}
      <code>{name}</code>
    </span>
  ));
}
