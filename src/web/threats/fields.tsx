/** The fields of a feed's form, by its kind (kinds.ts), a test of it, and what the server refused by field. */
import { NumberInput, Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { FeedAuth } from '../../api/contract/feeds.ts';
import { FALCON_CLOUDS, type FeedKind, INDICATOR_FORMATS, MAPPED_PARTS, type MappedPart } from '../../model/feed.ts';
import { ProblemNote } from '../library/problem.tsx';
import type { FieldProps } from '../sources/fields/field-props.ts';
import { PROXY, SecretInput } from '../sources/fields/secret-input.tsx';
import { useRefusal } from '../sources/fields/source-form.tsx';
import { Folded } from '../sources/parts.tsx';
import { type DefaultsDraft, type FeedDraft, type MappingDraft, toSettings } from './draft.ts';
import { AUTH_NAMES, FORMAT_NAMES, KINDS } from './kinds.ts';
import { TryFeed } from './try-feed.tsx';
import { scheduleText } from './words.ts';

type Props = FieldProps<FeedDraft> & { readonly kind: FeedKind };

interface FormProps {
  readonly kind: FeedKind;
  readonly draft: FeedDraft;
  readonly set: (change: Partial<FeedDraft>) => void;
  /** Why it was not saved. */
  readonly error: unknown;
  /** Of a feed that is there: its kept secrets are used, and its name stays. */
  readonly name?: string;
}

export function FeedFields({ kind, draft, set, error, name }: FormProps) {
  const [testError, setTestError] = useState<unknown>();
  const { problems, rest } = useRefusal(error ?? testError);
  const wrong = (path: string): string | undefined => problems.get(path);
  const props = { kind, draft, set, wrong };
  const has = new Set(KINDS[kind].fields);
  return (
    <div className="bz-source-fields">
      {name === undefined && (
        <TextInput
          label="Name"
          description="Queries and stored matches name the feed by it: it cannot be changed later."
          value={draft.name}
          error={wrong('name')}
          maxLength={100}
          required
          data-autofocus
          onChange={(e) => set({ name: e.currentTarget.value })}
        />
      )}
      {has.has('cloud') && <Cloud {...props} />}
      {(has.has('url') || has.has('path')) && <Place {...props} />}
      {(has.has('format') || has.has('schedule')) && (
        <div className="bz-source-pair">
          {has.has('format') && <Format format={draft.format} onFormat={(format) => set({ format })} error={wrong('settings.format')} />}
          {has.has('schedule') && <Schedule {...props} />}
        </div>
      )}
      {has.has('filter') && <Filter {...props} />}
      {has.has('format') && draft.format === 'csv' && <Mapping mapping={draft.mapping} columns={[]} onMapping={(mapping) => set({ mapping })} wrong={wrong} />}
      {has.has('auth') && <Auth {...props} />}
      {has.has('defaults') && <Assumed draft={draft.defaults} set={(change) => set({ defaults: { ...draft.defaults, ...change } })} wrong={wrong} />}
      {has.has('limits') && <Limits {...props} />}
      {kind !== 'import' && (
        <TryFeed
          request={() => ({ kind, settings: toSettings(kind, draft), ...(name === undefined ? {} : { name }) })}
          about={JSON.stringify(toSettings(kind, draft))}
          onError={setTestError}
        />
      )}
      <ProblemNote error={rest} />
    </div>
  );
}

function Place({ kind, draft, set, wrong }: Props) {
  const { place, fields } = KINDS[kind];
  const name = fields.includes('path') ? 'path' : 'url';
  return (
    <TextInput
      label={place.label}
      description={place.description}
      placeholder={place.placeholder}
      required={place.required}
      readOnly={name === 'path'}
      classNames={{ input: 'bz-mono' }}
      spellCheck={false}
      maxLength={4096}
      value={draft[name]}
      error={wrong(`settings.${name}`)}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
    />
  );
}

const OTHER_CLOUD = 'other';

function Cloud({ draft, set }: Props) {
  const url = draft.url.trim().replace(/\/$/, '');
  return (
    <Select
      label="Cloud"
      description="The console of Falcon names it in its own address."
      data={[...Object.keys(FALCON_CLOUDS).map((value) => ({ value, label: value.toUpperCase() })), { value: OTHER_CLOUD, label: 'Another address' }]}
      value={Object.keys(FALCON_CLOUDS).find((cloud) => FALCON_CLOUDS[cloud] === url) ?? OTHER_CLOUD}
      allowDeselect={false}
      onChange={(value) => set({ url: FALCON_CLOUDS[value ?? ''] ?? '' })}
    />
  );
}

function Filter({ draft, set, wrong }: Props) {
  return (
    <Textarea
      label="Filter"
      description="Which indicators, in Falcon Query Language. Empty: addresses, domains, URLs and user agents of high and medium confidence."
      classNames={{ input: 'bz-mono' }}
      spellCheck={false}
      autosize
      minRows={2}
      maxRows={6}
      maxLength={4096}
      value={draft.filter}
      error={wrong('settings.filter')}
      onChange={(e) => set({ filter: e.currentTarget.value.replace(/[\r\n]+/g, ' ') })}
    />
  );
}

interface FormatProps {
  readonly format: FeedDraft['format'];
  readonly onFormat: (format: FeedDraft['format']) => void;
  readonly error: string | undefined;
}

export function Format({ format, onFormat, error }: FormatProps) {
  return (
    <Select
      label="Format"
      data={(['auto', ...INDICATOR_FORMATS] as const).map((value) => ({ value, label: FORMAT_NAMES[value] }))}
      value={format}
      allowDeselect={false}
      error={error}
      onChange={(value) => onFormat((value ?? 'auto') as FeedDraft['format'])}
    />
  );
}

/** Minutes that people choose between. */
const SCHEDULES = [5, 15, 30, 60, 180, 360, 720, 1440, 10_080, 0];

function Schedule({ kind, draft, set, wrong }: Props) {
  const choices = SCHEDULES.includes(draft.everyMinutes) ? SCHEDULES : [draft.everyMinutes, ...SCHEDULES];
  return (
    <Select
      label="Schedule"
      description="Who publishes a list says how often it may be fetched."
      data={choices.map((minutes) => ({ value: String(minutes), label: minutes === 0 ? 'only when asked' : scheduleText(kind, minutes) }))}
      value={String(draft.everyMinutes)}
      allowDeselect={false}
      error={wrong('settings.everyMinutes')}
      onChange={(value) => set({ everyMinutes: Number(value ?? 60) })}
    />
  );
}

function Auth(props: Props) {
  const { kind, draft, set, wrong } = props;
  const { auths, keyLabel } = KINDS[kind];
  const label =
    draft.auth === 'basic'
      ? 'Password'
      : draft.auth === 'bearer'
        ? 'Token'
        : draft.auth === 'key' || draft.auth === 'oauth2'
          ? (keyLabel ?? 'Key')
          : 'Value of the header';
  return (
    <>
      {auths.length > 1 && (
        <Select
          label="Signs in with"
          data={auths.map((value) => ({ value, label: AUTH_NAMES[value] }))}
          value={draft.auth}
          allowDeselect={false}
          error={wrong('settings.auth') ?? wrong('settings.auth.kind')}
          onChange={(value) => set({ auth: (value ?? 'none') as FeedAuth['kind'] })}
        />
      )}
      {draft.auth !== 'none' && (
        <div className="bz-source-pair">
          {(draft.auth === 'basic' || draft.auth === 'oauth2') && (
            <TextInput
              label={draft.auth === 'basic' ? 'User' : 'Client ID'}
              required={draft.auth === 'oauth2'}
              classNames={{ input: 'bz-mono' }}
              autoComplete="off"
              maxLength={1024}
              value={draft.user}
              error={wrong('settings.auth.user')}
              onChange={(e) => set({ user: e.currentTarget.value })}
            />
          )}
          {draft.auth === 'header' && (
            <TextInput
              label="Header"
              placeholder="Auth-Key"
              classNames={{ input: 'bz-mono' }}
              maxLength={100}
              required
              value={draft.header}
              error={wrong('settings.auth.header')}
              onChange={(e) => set({ header: e.currentTarget.value })}
            />
          )}
          <SecretInput
            draft={draft}
            set={set}
            name="secret"
            label={label}
            description="Stored encrypted and never shown again."
            error={wrong('settings.auth.secret')}
          />
        </div>
      )}
    </>
  );
}

export function Assumed({ draft, set, wrong }: FieldProps<DefaultsDraft>) {
  return (
    <fieldset className="bz-source-group">
      <legend>Assumed where it says nothing</legend>
      <div className="bz-source-pair">
        <NumberInput
          label="Confidence"
          description="From 0 to 100. High from 85, medium from 50, low from 15."
          placeholder="0"
          min={0}
          max={100}
          allowDecimal={false}
          value={draft.confidence}
          error={wrong('settings.defaults.confidence') ?? wrong('confidence')}
          onChange={(value) => set({ confidence: String(value) })}
        />
        <NumberInput
          label="Valid for days"
          description="From when it was named last. Empty: as long as the feed names it."
          placeholder="0"
          min={0}
          max={3650}
          allowDecimal={false}
          value={draft.validDays}
          error={wrong('settings.defaults.validDays') ?? wrong('validDays')}
          onChange={(value) => set({ validDays: String(value) })}
        />
        <TextInput
          label="Sort of threat"
          placeholder="malicious-activity"
          maxLength={100}
          value={draft.threatType}
          error={wrong('settings.defaults.threatType') ?? wrong('threatType')}
          onChange={(e) => set({ threatType: e.currentTarget.value })}
        />
      </div>
    </fieldset>
  );
}

function Limits(props: Props) {
  const { kind, draft, set, wrong } = props;
  const hasProxy = KINDS[kind].fields.includes('url');
  const hasLabels = KINDS[kind].fields.includes('defaults');
  const isWrong = ['settings.maxMib', 'settings.proxy', 'settings.defaults.labels'].some((path) => wrong(path) !== undefined);
  const [open, setOpen] = useState(draft.kept.includes('proxy') || draft.defaults.labels.length > 0);
  return (
    <Folded
      title={`Advanced: ${[...(hasLabels ? ['labels'] : []), 'size', ...(hasProxy ? ['proxy'] : [])].join(', ')}`}
      open={open || isWrong}
      onOpen={setOpen}
    >
      {hasLabels && (
        <TagsInput
          label="Labels"
          description="Added to each of its indicators. Enter or a comma ends one."
          value={[...draft.defaults.labels]}
          splitChars={[',']}
          acceptValueOnBlur
          maxTags={50}
          error={wrong('settings.defaults.labels')}
          onChange={(labels) => set({ defaults: { ...draft.defaults, labels } })}
        />
      )}
      <NumberInput
        label="Largest document, MiB"
        description="Decompressed. A longer one is refused."
        min={1}
        max={1024}
        allowDecimal={false}
        value={draft.maxMib}
        error={wrong('settings.maxMib')}
        onChange={(value) => set({ maxMib: String(value) })}
      />
      {hasProxy && <SecretInput {...PROXY} draft={draft} set={set} error={wrong('settings.proxy')} />}
    </Folded>
  );
}

const PART_NAMES: Readonly<Record<MappedPart, string>> = {
  value: 'Indicator',
  type: 'Type',
  id: 'Id',
  confidence: 'Confidence',
  severity: 'Severity',
  threatType: 'Sort of threat',
  actors: 'Actors',
  malware: 'Malware',
  killChain: 'Kill chain',
  labels: 'Labels',
  firstSeen: 'First seen',
  updated: 'Updated',
  validFrom: 'Valid from',
  validUntil: 'Valid until',
};

interface MappingProps {
  readonly mapping: MappingDraft;
  /** Names of columns to choose from. */
  readonly columns: readonly string[];
  readonly onMapping: (mapping: MappingDraft) => void;
  readonly wrong: (path: string) => string | undefined;
}

/** Which column gives what. */
export function Mapping({ mapping, columns, onMapping, wrong }: MappingProps) {
  const [open, setOpen] = useState(Object.keys(mapping).length > 0);
  return (
    <Folded title="Columns of the CSV file" open={open} onOpen={setOpen}>
      <p className="bz-dim">
        The name of a column in the header line, or its number from 1. Where nothing is filled in at all, columns are known by their usual names: ip,
        confidence, tags, first_seen.
      </p>
      {columns.length > 0 && (
        <p className="bz-dim">
          The file has: <span className="bz-mono">{columns.join(', ')}</span>
        </p>
      )}
      <div className="bz-source-grid bz-threat-mapping">
        {MAPPED_PARTS.map((part) => (
          <TextInput
            key={part}
            size="xs"
            label={PART_NAMES[part]}
            classNames={{ input: 'bz-mono' }}
            maxLength={200}
            spellCheck={false}
            value={mapping[part] ?? ''}
            error={wrong(`settings.mapping.${part}`)}
            onChange={(e) => onMapping({ ...mapping, [part]: e.currentTarget.value })}
          />
        ))}
      </div>
    </Folded>
  );
}
