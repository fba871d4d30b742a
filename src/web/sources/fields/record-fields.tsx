/** What is done with each record before it is stored: format, rules, time, lines, internal traffic. */
import { ActionIcon, Button, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { Icon } from '../../app/icons.tsx';
import type { RecordDraft, RuleDraft, SourceDraft } from '../draft.ts';
import type { FieldProps } from './field-props.ts';

const FORMATS = [
  { value: 'auto', label: 'Told by content' },
  { value: 'vpc-flow', label: 'VPC flow logs' },
  { value: 'tgw-flow', label: 'Transit gateway flow logs' },
  { value: 'cloudtrail', label: 'CloudTrail events' },
];

const RULES: Readonly<Record<RuleDraft['kind'], string>> = {
  exclude: 'Exclude: a record that matches is not stored',
  include: 'Include: only records that match an include rule are stored',
  mask: 'Mask: what the first group matches is replaced',
  hash: 'Hash: what the first group matches becomes its SHA-256',
};

const LINES = [
  { value: 'off', label: 'Off' },
  { value: 'automatic', label: 'Automatic' },
  { value: 'boundary', label: 'Boundary' },
];
const LINES_MEAN = {
  off: 'Each line is a record; JSON objects end at their brackets. Right for flow logs.',
  automatic: 'A line that begins with blanks goes on the record before it.',
  boundary: 'A record begins at each line that the pattern matches.',
} as const;

const MONO = { input: 'bz-mono' };

export function RecordFields({ draft, set, wrong }: FieldProps<SourceDraft>) {
  const { records } = draft;
  const change = (part: Partial<RecordDraft>) => set({ records: { ...records, ...part } });
  const setRule = (key: number, part: Partial<RuleDraft>) => change({ rules: records.rules.map((rule) => (rule.key === key ? { ...rule, ...part } : rule)) });
  return (
    <>
      <div className="bz-source-pair">
        <Select
          label="Format"
          data={FORMATS}
          value={records.format}
          allowDeselect={false}
          error={wrong('records.format')}
          onChange={(value) => change({ format: (value ?? 'auto') as RecordDraft['format'] })}
        />
        <TextInput
          label="Layout of lines without a header"
          description="v2 … v11, v5-alphabetical, or AWS’s field names in order. Empty: told by content."
          placeholder="v5"
          classNames={MONO}
          value={records.layout}
          error={wrong('records.layout')}
          onChange={(e) => change({ layout: e.currentTarget.value })}
        />
      </div>
      <fieldset className="bz-source-rules">
        <legend>Processing rules</legend>
        <p className="bz-dim bz-small">
          They run in this order on the text of each record as it came. Patterns are RE2 and match anywhere in the record; ^ and $ pin them. A header line sets
          the layout before any rule sees it.
        </p>
        {records.rules.map((rule, i) => (
          <fieldset key={rule.key} className="bz-source-rule" aria-label={`Rule ${i + 1}`}>
            <Select
              label="Does"
              data={Object.entries(RULES).map(([value, label]) => ({ value, label: label.split(':')[0] ?? '' }))}
              value={rule.kind}
              allowDeselect={false}
              description={RULES[rule.kind].split(': ')[1]}
              onChange={(value) => setRule(rule.key, { kind: (value ?? 'exclude') as RuleDraft['kind'] })}
            />
            <TextInput
              label="Name"
              description="For people."
              value={rule.name}
              maxLength={200}
              required
              error={wrong(`records.rules.${i}.name`)}
              onChange={(e) => setRule(rule.key, { name: e.currentTarget.value })}
            />
            <TextInput
              label="Pattern"
              description="RE2."
              classNames={MONO}
              value={rule.pattern}
              required
              spellCheck={false}
              error={wrong(`records.rules.${i}.pattern`)}
              onChange={(e) => setRule(rule.key, { pattern: e.currentTarget.value })}
            />
            {rule.kind === 'mask' && (
              <TextInput
                label="Becomes"
                description="# when empty."
                classNames={MONO}
                value={rule.replacement}
                error={wrong(`records.rules.${i}.replacement`)}
                onChange={(e) => setRule(rule.key, { replacement: e.currentTarget.value })}
              />
            )}
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove rule ${i + 1}`}
              title="Remove this rule"
              onClick={() => change({ rules: records.rules.filter(({ key }) => key !== rule.key) })}
            >
              <Icon name="trash" size={14} />
            </ActionIcon>
          </fieldset>
        ))}
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<Icon name="plus" size={12} />}
          onClick={() =>
            change({
              rules: [...records.rules, { key: Math.max(0, ...records.rules.map((r) => r.key)) + 1, kind: 'exclude', name: '', pattern: '', replacement: '' }],
            })
          }
        >
          Add a rule
        </Button>
        {wrong('records.rules') && <p className="bz-source-wrong">{wrong('records.rules')}</p>}
      </fieldset>
      <Textarea
        label="Internal traffic"
        description="CIDR blocks. A record whose two ends both lie in them is not stored, and counted as filtered."
        placeholder={'10.0.0.0/8\n2001:db8::/32'}
        classNames={MONO}
        value={records.internalTraffic}
        minRows={2}
        maxRows={8}
        autosize
        spellCheck={false}
        error={networksWrong(records, wrong)}
        onChange={(e) => change({ internalTraffic: e.currentTarget.value })}
      />
      <TextInput
        label="Timestamp locator"
        description="RE2. What its first group matches, epoch seconds or milliseconds, becomes _messageTime. Empty: the record’s start."
        placeholder="\s(\d{10,13})\s\d{10,13}"
        classNames={MONO}
        value={records.timestampLocator}
        spellCheck={false}
        error={wrong('records.timestampLocator')}
        onChange={(e) => change({ timestampLocator: e.currentTarget.value })}
      />
      <div>
        <p className="bz-source-label" id="multiline">
          Records of several lines
        </p>
        <SegmentedControl
          size="xs"
          aria-labelledby="multiline"
          data={LINES}
          value={records.multiline}
          onChange={(value) => change({ multiline: value as RecordDraft['multiline'] })}
        />
        <p className="bz-dim bz-small">{LINES_MEAN[records.multiline]}</p>
        {records.multiline === 'boundary' && (
          <TextInput
            label="Boundary"
            description="RE2."
            classNames={MONO}
            value={records.boundary}
            required
            spellCheck={false}
            error={wrong('records.multiline.pattern') ?? wrong('records.multiline')}
            onChange={(e) => change({ boundary: e.currentTarget.value })}
          />
        )}
      </div>
      <div className="bz-source-pair">
        <TextInput
          label="Source name of its records"
          description="_sourceName, in place of what a delivery is called."
          value={draft.sourceName}
          maxLength={1024}
          error={wrong('sourceName')}
          onChange={(e) => set({ sourceName: e.currentTarget.value })}
        />
        <TextInput
          label="Source host of its records"
          description="_sourceHost."
          value={draft.sourceHost}
          maxLength={1024}
          error={wrong('sourceHost')}
          onChange={(e) => set({ sourceHost: e.currentTarget.value })}
        />
      </div>
    </>
  );
}

/** The networks are one field here and a list there: each wrong one is named. */
function networksWrong(records: RecordDraft, wrong: FieldProps<SourceDraft>['wrong']): string | undefined {
  const all = records.internalTraffic.split(/[\s,;]+/).filter((cidr) => cidr !== '');
  const lines = all.flatMap((cidr, i) => {
    const message = wrong(`records.internalTraffic.${i}`);
    return message === undefined ? [] : [`${cidr}: ${message}`];
  });
  return lines.length > 0 ? lines.join('; ') : wrong('records.internalTraffic');
}
