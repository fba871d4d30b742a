/** An S3 source's connection as the fields of a form, all texts, and back (src/collect/s3/settings.ts is what is accepted). Pure. */
import { SECRET } from '../../api/contract/sources.ts';

export interface S3Draft {
  readonly mode: 'queue' | 'list';
  readonly queue: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
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
  readonly queueEndpoint: string;
  readonly stsEndpoint: string;
  readonly proxy: string;
  readonly pathStyle: boolean;
  readonly visibilitySeconds: string;
  readonly since: string;
  readonly follow: boolean;
  readonly followSeconds: string;
  /** Secrets that the server keeps: an empty field leaves them as they are. */
  readonly kept: readonly SecretField[];
  /** Kept secrets that are to go. */
  readonly dropped: readonly SecretField[];
}

export type SecretField = 'secretAccessKey' | 'sessionToken' | 'proxy';

export const NEW_S3: S3Draft = {
  mode: 'queue',
  queue: '',
  bucket: '',
  prefix: '',
  region: '',
  credentials: 'role',
  roleArn: '',
  externalId: '',
  base: 'instance',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  profile: '',
  endpoint: '',
  queueEndpoint: '',
  stsEndpoint: '',
  proxy: '',
  pathStyle: false,
  visibilitySeconds: '',
  since: '',
  follow: true,
  followSeconds: '',
  kept: [],
  dropped: [],
};

type Tree = Readonly<Record<string, unknown>>;

/** What is empty is left out, so that the server says what is missing. */
export function toConnection(draft: S3Draft): Record<string, unknown> {
  const { mode, region, bucket, prefix, endpoint, queueEndpoint, stsEndpoint } = draft;
  const queue = mode === 'queue';
  return filled({
    mode,
    region,
    ...(queue ? { queue: draft.queue, visibilitySeconds: whole(draft.visibilitySeconds), queueEndpoint } : {}),
    ...(queue ? {} : { since: draft.since, follow: draft.follow, followSeconds: draft.follow ? whole(draft.followSeconds) : '' }),
    bucket,
    prefix,
    credentials: credentialsOf(draft),
    endpoint,
    stsEndpoint,
    pathStyle: draft.pathStyle ? true : '',
    ...secret(draft, 'proxy'),
  });
}

function credentialsOf(draft: S3Draft): Tree {
  if (draft.credentials !== 'role') return identity(draft.credentials, draft);
  const { roleArn, externalId, base } = draft;
  return { ...filled({ kind: 'role', roleArn, externalId }), ...(base === 'instance' ? {} : { base: identity(base, draft) }) };
}

function identity(kind: 'keys' | 'profile' | 'instance', draft: S3Draft): Tree {
  if (kind === 'instance') return { kind };
  if (kind === 'profile') return filled({ kind, name: draft.profile });
  return { ...filled({ kind, accessKeyId: draft.accessKeyId }), ...secret(draft, 'secretAccessKey'), ...secret(draft, 'sessionToken') };
}

/** New text, kept as it is, taken out (an empty text), or none. */
function secret(draft: S3Draft, name: SecretField): Tree {
  if (draft[name] !== '') return { [name]: draft[name] };
  if (draft.dropped.includes(name)) return { [name]: '' };
  return draft.kept.includes(name) ? { [name]: SECRET } : {};
}

/** Digits as a number; what is none goes to the server as it was written, which says what is wrong. */
function whole(text: string): number | string {
  return /^\d+$/.test(text.trim()) ? Number(text) : text;
}

function filled(values: Tree): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name, v]) => name === 'proxy' || (v !== '' && v !== undefined)));
}

export function fromConnection(connection: Tree): S3Draft {
  const credentials = treeAt(connection, 'credentials');
  const base = treeAt(credentials, 'base');
  const keys = credentials.kind === 'role' ? base : credentials;
  const text = (tree: Tree, name: string): string => (typeof tree[name] === 'string' || typeof tree[name] === 'number' ? String(tree[name]) : '');
  const isOneOf = <T extends string>(value: unknown, ...values: readonly T[]): T | undefined => values.find((v) => v === value);
  return {
    ...NEW_S3,
    mode: connection.mode === 'list' ? 'list' : 'queue',
    queue: text(connection, 'queue'),
    bucket: text(connection, 'bucket'),
    prefix: text(connection, 'prefix'),
    region: text(connection, 'region'),
    credentials: isOneOf(credentials.kind, 'role', 'keys', 'profile', 'instance') ?? 'role',
    roleArn: text(credentials, 'roleArn'),
    externalId: text(credentials, 'externalId'),
    base: isOneOf(base.kind, 'keys', 'profile') ?? 'instance',
    accessKeyId: text(keys, 'accessKeyId'),
    profile: text(keys, 'name'),
    endpoint: text(connection, 'endpoint'),
    queueEndpoint: text(connection, 'queueEndpoint'),
    stsEndpoint: text(connection, 'stsEndpoint'),
    pathStyle: connection.pathStyle === true,
    visibilitySeconds: text(connection, 'visibilitySeconds'),
    since: typeof connection.since === 'number' ? new Date(connection.since).toISOString() : text(connection, 'since'),
    follow: connection.follow !== false,
    followSeconds: text(connection, 'followSeconds'),
    kept: [
      ...(keys.secretAccessKey === SECRET ? (['secretAccessKey'] as const) : []),
      ...(keys.sessionToken === SECRET ? (['sessionToken'] as const) : []),
      ...(connection.proxy === SECRET ? (['proxy'] as const) : []),
    ],
  };
}

function treeAt(tree: Tree, name: string): Tree {
  const value = tree[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : {};
}

/** Outputs of a stack as settings of a form: of `describe-stacks`, as JSON, as a table, or one `Name value` a line. */
export function readOutputs(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, key = '', value = ''] of text.matchAll(/"OutputKey"\s*:\s*"([^"]+)"[^{}]*?"OutputValue"\s*:\s*"([^"]*)"/g)) found.set(key, value);
  if (found.size > 0) return found;
  for (const line of text.split('\n')) {
    const cells = line
      .split(/[|\t=]|\s{2,}|\s(?=\S+$)/)
      .map((cell) => cell.trim())
      .filter((cell) => cell !== '' && !/^[-+]+$/.test(cell));
    const key = cells.findIndex((cell) => /^[A-Z][A-Za-z]+$/.test(cell));
    const value = cells.at(-1);
    if (key >= 0 && value !== undefined && key < cells.length - 1 && !/^OutputKey$/.test(cells[key] as string)) found.set(cells[key] as string, value);
  }
  return found;
}
