/** The connection of an S3 source: what to read, where, and as whom. */
import { NumberInput, Select, Switch } from '@mantine/core';
import { useState } from 'react';
import { Folded } from '../parts.tsx';
import type { S3Draft } from '../s3-draft.ts';
import { Credentials, Secret, Text } from './aws-fields.tsx';
import type { FieldProps } from './field-props.ts';
import { PROXY } from './secret-input.tsx';

type Props = FieldProps<S3Draft>;

const DIGESTS = [
  { value: 'hashes', label: 'Check chain and log files' },
  { value: 'signatures', label: 'Check signatures too: ask CloudTrail for public keys' },
  { value: 'off', label: 'Pass over' },
];

export function S3Fields(props: Props) {
  const { draft } = props;
  const queue = draft.mode === 'queue';
  return (
    <>
      {queue && (
        <Text
          {...props}
          name="queue"
          label="Queue"
          description="Its name, its ARN or its URL: QueueName, QueueArn or QueueUrl of the stack’s outputs."
          placeholder="https://sqs.eu-central-1.amazonaws.com/123456789012/bartizan-flow-logs"
          required
        />
      )}
      <div className="bz-source-pair">
        <Text
          {...props}
          name="bucket"
          label="Bucket"
          description={queue ? 'Where it is given, messages that name another bucket are left alone.' : 'Its name, without s3:// and without a path.'}
          placeholder="acme-flow-logs"
          required={!queue}
        />
        <Text
          {...props}
          name="prefix"
          label="Prefix"
          description="Keys that begin otherwise are passed over. Empty: all."
          placeholder="AWSLogs/123456789012/vpcflowlogs/"
        />
      </div>
      <Text
        {...props}
        name="region"
        label="Region"
        description={queue ? 'Of the queue. A bucket elsewhere is asked in its own region.' : 'Of the bucket.'}
        placeholder="eu-central-1"
        required
      />
      {!queue && <ListFields {...props} />}
      <Credentials {...props} outputs />
      <Select
        label="CloudTrail digests"
        description="They prove that no log file is missing or changed. Signatures need public keys: cloudtrail:ListPublicKeys."
        data={DIGESTS}
        allowDeselect={false}
        value={draft.digests}
        error={props.wrong('connection.digests')}
        onChange={(value) => props.set({ digests: value === 'off' || value === 'signatures' ? value : 'hashes' })}
      />
      <Advanced {...props} />
    </>
  );
}

function ListFields(props: Props) {
  const { draft, set, wrong } = props;
  return (
    <>
      <Text {...props} name="since" label="Since" description="Objects of older days are passed over. Empty: from the beginning." placeholder="2026-11-01" />
      <div className="bz-source-pair">
        <Switch
          label="Follow new objects"
          description="Look again once all are read."
          checked={draft.follow}
          onChange={(e) => set({ follow: e.currentTarget.checked })}
        />
        {draft.follow && (
          <NumberInput
            label="Seconds between looks"
            placeholder="60"
            min={1}
            max={86_400}
            allowDecimal={false}
            value={draft.followSeconds}
            error={wrong('connection.followSeconds')}
            onChange={(value) => set({ followSeconds: String(value) })}
          />
        )}
      </div>
    </>
  );
}

const ADVANCED = ['endpoint', 'queueEndpoint', 'stsEndpoint', 'cloudtrailEndpoint', 'proxy', 'pathStyle', 'visibilitySeconds'] as const;

function Advanced(props: Props) {
  const { draft, set, wrong } = props;
  const used = ADVANCED.some((name) => draft[name] !== '' && draft[name] !== false) || draft.kept.includes('proxy');
  const [open, setOpen] = useState(used);
  const isWrong = ADVANCED.some((name) => wrong(`connection.${name}`) !== undefined);
  return (
    <Folded title="Advanced: endpoints and proxy" open={open || isWrong} onOpen={setOpen}>
      <Text {...props} name="endpoint" label="S3 endpoint" description="Where it is not AWS’s own." placeholder="https://s3.example.net" />
      {draft.mode === 'queue' && <Text {...props} name="queueEndpoint" label="SQS endpoint" placeholder="https://sqs.example.net" />}
      <Text {...props} name="stsEndpoint" label="STS endpoint" placeholder="https://sts.example.net" />
      <Text {...props} name="cloudtrailEndpoint" label="CloudTrail endpoint" placeholder="https://cloudtrail.example.net" />
      <Secret {...props} {...PROXY} path="proxy" />
      <Switch
        label="Bucket in the path"
        description="In place of the host’s name."
        checked={draft.pathStyle}
        onChange={(e) => set({ pathStyle: e.currentTarget.checked })}
      />
      {draft.mode === 'queue' && (
        <NumberInput
          label="Visibility timeout, seconds"
          description="How long a message is hidden from others while it is read; prolonged as long as it takes."
          placeholder="120"
          min={2}
          max={3600}
          allowDecimal={false}
          value={draft.visibilitySeconds}
          error={wrong('connection.visibilitySeconds')}
          onChange={(value) => set({ visibilitySeconds: String(value) })}
        />
      )}
    </Folded>
  );
}
