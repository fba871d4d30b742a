/** The connection of an S3 source: what to read, where, and as whom. */
import { NumberInput, PasswordInput, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Folded } from '../parts.tsx';
import type { S3Draft, SecretField } from '../s3-draft.ts';
import type { FieldProps } from './field-props.ts';

const MONO = { input: 'bz-mono' };

type Props = FieldProps<S3Draft>;
type TextField = { [K in keyof S3Draft]: S3Draft[K] extends string ? K : never }[keyof S3Draft];

interface TextProps extends Props {
  readonly name: Exclude<TextField, undefined>;
  readonly path?: string;
  readonly label: string;
  readonly description?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
}

function Text({ draft, set, wrong, name, path = name, ...shown }: TextProps) {
  return (
    <TextInput
      {...shown}
      classNames={MONO}
      value={String(draft[name])}
      spellCheck={false}
      error={wrong(`connection.${path}`)}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
    />
  );
}

export function S3Fields(props: Props) {
  const { draft, set, wrong } = props;
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
      <div>
        <p className="bz-source-label" id="credentials">
          Read as
        </p>
        <SegmentedControl
          size="xs"
          aria-labelledby="credentials"
          data={[
            { value: 'role', label: 'Role' },
            { value: 'keys', label: 'Access key' },
            { value: 'profile', label: 'Profile' },
            { value: 'instance', label: 'This machine' },
          ]}
          value={draft.credentials}
          onChange={(value) => set({ credentials: value as S3Draft['credentials'] })}
        />
        <p className="bz-dim bz-small">{CREDENTIALS[draft.credentials]}</p>
        {wrong('connection.credentials') && <p className="bz-source-wrong">{wrong('connection.credentials')}</p>}
      </div>
      <CredentialFields {...props} />
      <Advanced {...props} />
    </>
  );
}

const CREDENTIALS = {
  role: 'A role that Bartizan takes for an hour at a time. No secret is stored for it.',
  keys: 'An access key of a user. The secret is stored encrypted and never shown again.',
  profile: 'A profile of ~/.aws/config on the machine that Bartizan runs on.',
  instance: 'What the machine has: environment, web identity, container or instance role, in the AWS SDK’s own order.',
} as const;

function CredentialFields(props: Props) {
  const { draft, set } = props;
  if (draft.credentials === 'keys') return <Keys {...props} at="credentials" />;
  if (draft.credentials === 'profile') return <Text {...props} name="profile" path="credentials.name" label="Profile" placeholder="security-audit" required />;
  if (draft.credentials === 'instance') return null;
  return (
    <>
      <Text
        {...props}
        name="roleArn"
        path="credentials.roleArn"
        label="Role ARN"
        description="RoleArn of the stack’s outputs."
        placeholder="arn:aws:iam::123456789012:role/bartizan-reader"
        required
      />
      <Text {...props} name="externalId" path="credentials.externalId" label="External id" description="The role’s trust policy asks for it." />
      <div>
        <p className="bz-source-label" id="base">
          Who takes the role
        </p>
        <SegmentedControl
          size="xs"
          aria-labelledby="base"
          data={[
            { value: 'instance', label: 'This machine' },
            { value: 'keys', label: 'Access key' },
            { value: 'profile', label: 'Profile' },
          ]}
          value={draft.base}
          onChange={(value) => set({ base: value as S3Draft['base'] })}
        />
      </div>
      {draft.base === 'keys' && <Keys {...props} at="credentials.base" />}
      {draft.base === 'profile' && <Text {...props} name="profile" path="credentials.base.name" label="Profile" required />}
    </>
  );
}

function Keys({ at, ...props }: Props & { at: string }) {
  return (
    <>
      <div className="bz-source-pair">
        <Text
          {...props}
          name="accessKeyId"
          path={`${at}.accessKeyId`}
          label="Access key id"
          description="AccessKeyId of the stack’s outputs."
          placeholder="AKIAIOSFODNN7EXAMPLE"
          required
        />
        <Secret
          {...props}
          name="secretAccessKey"
          path={`${at}.secretAccessKey`}
          label="Secret access key"
          description="SecretArn names where it is read."
          required
        />
      </div>
      <Secret {...props} name="sessionToken" path={`${at}.sessionToken`} label="Session token" description="Of temporary keys only." />
    </>
  );
}

interface SecretProps extends Props {
  readonly name: SecretField;
  readonly path: string;
  readonly label: string;
  readonly description: string;
  readonly required?: boolean;
}

function Secret({ draft, set, wrong, name, path, label, description, required }: SecretProps) {
  const kept = draft.kept.includes(name);
  const dropped = draft.dropped.includes(name);
  return (
    <div>
      <PasswordInput
        label={label}
        description={kept && !dropped ? `${description} One is stored: empty leaves it as it is.` : description}
        placeholder={kept && !dropped ? '••••••••  stored' : ''}
        classNames={{ innerInput: 'bz-mono' }}
        visibilityToggleButtonProps={{ 'aria-label': `Show the ${label.toLowerCase()}` }}
        autoComplete="off"
        value={draft[name]}
        required={required === true && !kept}
        error={wrong(`connection.${path}`)}
        onChange={(e) => set({ [name]: e.currentTarget.value })}
      />
      {kept && required !== true && (
        <Switch
          size="xs"
          mt={4}
          label={`Forget the stored ${label.toLowerCase()}`}
          checked={dropped}
          onChange={(e) => set({ dropped: e.currentTarget.checked ? [...draft.dropped, name] : draft.dropped.filter((field) => field !== name) })}
        />
      )}
    </div>
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

const ADVANCED = ['endpoint', 'queueEndpoint', 'stsEndpoint', 'proxy', 'pathStyle', 'visibilitySeconds'] as const;

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
      <Secret
        {...props}
        name="proxy"
        path="proxy"
        label="Outbound proxy"
        description="http://proxy.example.net:3128, with name:password@ where it asks. Goes before HTTPS_PROXY."
      />
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
