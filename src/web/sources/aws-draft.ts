/** How a source comes to act in an AWS account, as the fields of a form, all texts, and back (src/collect/aws-credentials.ts is what is accepted). Pure. */
import { SECRET } from '../../api/contract/sources.ts';

export interface AwsDraft {
  readonly credentials: 'role' | 'keys' | 'profile' | 'instance';
  readonly roleArn: string;
  readonly externalId: string;
  /** What takes the role. */
  readonly base: 'instance' | 'keys' | 'profile';
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly profile: string;
  readonly endpoint: string;
  readonly stsEndpoint: string;
  readonly proxy: string;
  /** Secrets that the server keeps: an empty field leaves them as they are. */
  readonly kept: readonly SecretField[];
  /** Kept secrets that are to go. */
  readonly dropped: readonly SecretField[];
}

export type SecretField = 'secretAccessKey' | 'sessionToken' | 'proxy';

export const NEW_AWS: AwsDraft = {
  credentials: 'role',
  roleArn: '',
  externalId: '',
  base: 'instance',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  profile: '',
  endpoint: '',
  stsEndpoint: '',
  proxy: '',
  kept: [],
  dropped: [],
};

export type Tree = Readonly<Record<string, unknown>>;

/** What all connections to AWS have alike. */
export function toAws(draft: AwsDraft): Tree {
  return { credentials: credentialsOf(draft), endpoint: draft.endpoint, stsEndpoint: draft.stsEndpoint, ...secret(draft, 'proxy') };
}

function credentialsOf(draft: AwsDraft): Tree {
  if (draft.credentials !== 'role') return identity(draft.credentials, draft);
  const { roleArn, externalId, base } = draft;
  return { ...filled({ kind: 'role', roleArn, externalId }), ...(base === 'instance' ? {} : { base: identity(base, draft) }) };
}

function identity(kind: 'keys' | 'profile' | 'instance', draft: AwsDraft): Tree {
  if (kind === 'instance') return { kind };
  if (kind === 'profile') return filled({ kind, name: draft.profile });
  return { ...filled({ kind, accessKeyId: draft.accessKeyId }), ...secret(draft, 'secretAccessKey'), ...secret(draft, 'sessionToken') };
}

/** New text, kept as it is, taken out (an empty text), or none. */
function secret(draft: AwsDraft, name: SecretField): Tree {
  if (draft[name] !== '') return { [name]: draft[name] };
  if (draft.dropped.includes(name)) return { [name]: '' };
  return draft.kept.includes(name) ? { [name]: SECRET } : {};
}

/** Digits as a number; what is none goes to the server as it was written, which says what is wrong. */
export function whole(text: string): number | string {
  return /^\d+$/.test(text.trim()) ? Number(text) : text;
}

/** What is empty is left out, so that the server says what is missing. An empty proxy takes the kept one out. */
export function filled(values: Tree): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name, v]) => name === 'proxy' || (v !== '' && v !== undefined)));
}

export function fromAws(connection: Tree): AwsDraft {
  const credentials = treeAt(connection, 'credentials');
  const base = treeAt(credentials, 'base');
  const keys = credentials.kind === 'role' ? base : credentials;
  return {
    ...NEW_AWS,
    credentials: isOneOf(credentials.kind, 'role', 'keys', 'profile', 'instance') ?? 'role',
    roleArn: text(credentials, 'roleArn'),
    externalId: text(credentials, 'externalId'),
    base: isOneOf(base.kind, 'keys', 'profile') ?? 'instance',
    accessKeyId: text(keys, 'accessKeyId'),
    profile: text(keys, 'name'),
    endpoint: text(connection, 'endpoint'),
    stsEndpoint: text(connection, 'stsEndpoint'),
    kept: [
      ...(keys.secretAccessKey === SECRET ? (['secretAccessKey'] as const) : []),
      ...(keys.sessionToken === SECRET ? (['sessionToken'] as const) : []),
      ...(connection.proxy === SECRET ? (['proxy'] as const) : []),
    ],
  };
}

function isOneOf<T extends string>(value: unknown, ...values: readonly T[]): T | undefined {
  return values.find((v) => v === value);
}

export function text(tree: Tree, name: string): string {
  return typeof tree[name] === 'string' || typeof tree[name] === 'number' ? String(tree[name]) : '';
}

function treeAt(tree: Tree, name: string): Tree {
  const value = tree[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : {};
}
