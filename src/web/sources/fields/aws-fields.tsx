/** As whom a source acts in AWS, and the fields that all connections to AWS have. */
import { SegmentedControl, TextInput } from '@mantine/core';
import type { AwsDraft, SecretField } from '../aws-draft.ts';
import type { FieldProps } from './field-props.ts';
import { SecretInput } from './secret-input.tsx';

type Props = FieldProps<AwsDraft>;

interface TextProps<T> extends FieldProps<T> {
  readonly name: { [K in keyof T]: T[K] extends string ? K : never }[keyof T] & string;
  readonly path?: string;
  readonly label: string;
  readonly description?: string | undefined;
  readonly placeholder?: string;
  readonly required?: boolean;
}

export function Text<T>({ draft, set, wrong, name, path = name, ...shown }: TextProps<T>) {
  return (
    <TextInput
      {...shown}
      classNames={{ input: 'bz-mono' }}
      value={String(draft[name])}
      spellCheck={false}
      error={wrong(`connection.${path}`)}
      onChange={(e) => set({ [name]: e.currentTarget.value } as Partial<T>)}
    />
  );
}

/** `outputs`: the AWS side was made with a stack, whose outputs are named. */
export function Credentials({ outputs = false, ...props }: Props & { outputs?: boolean }) {
  const { draft, set, wrong } = props;
  return (
    <>
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
          onChange={(value) => set({ credentials: value as AwsDraft['credentials'] })}
        />
        <p className="bz-dim bz-small">{CREDENTIALS[draft.credentials]}</p>
        {wrong('connection.credentials') && <p className="bz-source-wrong">{wrong('connection.credentials')}</p>}
      </div>
      <CredentialFields {...props} outputs={outputs} />
    </>
  );
}

const CREDENTIALS = {
  role: 'A role that Bartizan takes for an hour at a time. No secret is stored for it.',
  keys: 'An access key of a user. The secret is stored encrypted and never shown again.',
  profile: 'A profile of ~/.aws/config on the machine that Bartizan runs on.',
  instance: 'What the machine has: environment, web identity, container or instance role, in the AWS SDK’s own order.',
} as const;

function CredentialFields({ outputs, ...props }: Props & { outputs: boolean }) {
  const { draft, set } = props;
  if (draft.credentials === 'keys') return <Keys {...props} outputs={outputs} at="credentials" />;
  if (draft.credentials === 'profile') return <Text {...props} name="profile" path="credentials.name" label="Profile" placeholder="security-audit" required />;
  if (draft.credentials === 'instance') return null;
  return (
    <>
      <Text
        {...props}
        name="roleArn"
        path="credentials.roleArn"
        label="Role ARN"
        description={outputs ? 'RoleArn of the stack’s outputs.' : 'Of the account whose interfaces are looked up.'}
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
          onChange={(value) => set({ base: value as AwsDraft['base'] })}
        />
      </div>
      {draft.base === 'keys' && <Keys {...props} outputs={outputs} at="credentials.base" />}
      {draft.base === 'profile' && <Text {...props} name="profile" path="credentials.base.name" label="Profile" required />}
    </>
  );
}

function Keys({ at, outputs, ...props }: Props & { at: string; outputs: boolean }) {
  return (
    <>
      <div className="bz-source-pair">
        <Text
          {...props}
          name="accessKeyId"
          path={`${at}.accessKeyId`}
          label="Access key id"
          description={outputs ? 'AccessKeyId of the stack’s outputs.' : undefined}
          placeholder="AKIAIOSFODNN7EXAMPLE"
          required
        />
        <Secret
          {...props}
          name="secretAccessKey"
          path={`${at}.secretAccessKey`}
          label="Secret access key"
          description={outputs ? 'SecretArn names where it is read.' : 'Stored encrypted.'}
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

export function Secret({ wrong, path, ...props }: SecretProps) {
  return <SecretInput {...props} error={wrong(`connection.${path}`)} />;
}
