/**
 * The settings of an S3 source: their shape with messages for people, and which of them are secret.
 */
import { z } from 'zod';
import { isRegion } from './problems.ts';

const region = z
  .string({ error: 'write a region such as eu-central-1' })
  .trim()
  .regex(/^[A-Za-z0-9-]{1,40}$/, 'write a region such as eu-central-1');
const bucket = z
  .string({ error: 'name the bucket' })
  .trim()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'write the bucket’s name alone: 3 to 63 small letters, digits, dots and hyphens, without s3:// and without a path',
  );
const prefix = z
  .string()
  .max(1024)
  .refine((text) => !text.startsWith('/') && !text.startsWith('s3://'), 'write a prefix as keys have it, without the bucket and without a / in front');
const endpoint = z
  .string()
  .trim()
  .max(2048)
  .refine((text) => isHttpUrl(text) && !/[@?#]/.test(text), 'write an address such as https://s3.example.net, without a name, a password or a query');
const proxy = z
  .string()
  .trim()
  .max(2048)
  .refine(isHttpUrl, 'write an address such as http://proxy.example.net:3128 or http://name:password@proxy.example.net:3128')
  .meta({ secret: true });
const queue = z
  .string({ error: 'name the queue: its name, its ARN or its URL' })
  .trim()
  .max(2048)
  .refine(
    (text) => readQueue(text) !== undefined,
    'write the queue’s name, its ARN (arn:aws:sqs:REGION:ACCOUNT:NAME) or its URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME)',
  );
const roleArn = z
  .string({ error: 'write the role’s ARN: arn:aws:iam::123456789012:role/name' })
  .trim()
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/, 'write the role’s ARN: arn:aws:iam::123456789012:role/name');
const secret = (name: string) =>
  z
    .string({ error: `${name} is missing` })
    .trim()
    .min(1, `${name} is missing`)
    .max(16_384)
    .meta({ secret: true });

const Keys = z.strictObject({
  kind: z.literal('keys'),
  accessKeyId: z
    .string({ error: 'the access key id is missing' })
    .trim()
    .regex(/^\w{16,128}$/, 'an access key id has 16 to 128 letters and digits, such as AKIAIOSFODNN7EXAMPLE'),
  secretAccessKey: secret('the secret access key'),
  sessionToken: secret('the session token').optional(),
});
const Profile = z.strictObject({
  kind: z.literal('profile'),
  name: z.string().trim().min(1, 'name a profile of ~/.aws/config').max(256),
});
/** What the machine has: the SDK's own order of environment, default profile, web identity, container and instance. */
const Instance = z.strictObject({ kind: z.literal('instance') });
const Role = z.strictObject({
  kind: z.literal('role'),
  roleArn,
  externalId: z
    .string()
    .trim()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, 'an external id has 2 to 1224 letters, digits and + = , . @ : / -')
    .optional(),
  /** The identity that assumes the role; the machine's own where it is absent. */
  base: z.discriminatedUnion('kind', [Keys, Profile, Instance]).optional(),
});

export const S3Credentials = z.discriminatedUnion('kind', [Keys, Profile, Role, Instance], { error: 'choose keys, profile, role or instance' });

/** An ISO date or time (UTC where it names no zone), or an epoch in seconds or milliseconds; becomes epoch milliseconds. */
export const Since = z.union([z.string(), z.number()]).transform((value, context): number => {
  const time = readSince(value);
  if (time !== undefined) return time;
  context.addIssue({ code: 'custom', message: 'write a date such as 2026-11-01 or 2026-11-01T06:00:00Z, or epoch seconds' });
  return z.NEVER;
});

const common = {
  region,
  credentials: S3Credentials,
  /** Of S3, where it is not AWS's own; S3, SQS and STS have one each. */
  endpoint: endpoint.optional(),
  queueEndpoint: endpoint.optional(),
  stsEndpoint: endpoint.optional(),
  /** Goes before HTTPS_PROXY and NO_PROXY of the environment. */
  proxy: proxy.optional(),
  /** Buckets in the path in place of the host's name; true where `endpoint` is set and nothing is said. */
  pathStyle: z.boolean().optional(),
  /** Keys that begin otherwise are passed over. */
  prefix: prefix.optional(),
};

export const S3Settings = z
  .discriminatedUnion(
    'mode',
    [
      z.strictObject({
        mode: z.literal('queue'),
        queue,
        /** Where it is given, messages that name another bucket are not followed. */
        bucket: bucket.optional(),
        /** Seconds that a message is hidden from others while it is read; prolonged as long as it takes. */
        visibilitySeconds: z.number().int().min(2).max(3600).default(120),
        ...common,
      }),
      z.strictObject({
        mode: z.literal('list'),
        bucket,
        /** Objects of older days, and those written before it, are passed over. */
        since: Since.optional(),
        /** Whether new objects are looked for once all are read. */
        follow: z.boolean().default(true),
        followSeconds: z.number().int().min(1).max(86_400).default(60),
        ...common,
      }),
    ],
    { error: 'choose queue or list' },
  )
  .superRefine((settings, context) => {
    // Other services than AWS name their regions as they like.
    if (!isRegion(settings.region) && settings.endpoint === undefined)
      context.addIssue({ code: 'custom', path: ['region'], message: 'write a region such as eu-central-1' });
  });

export type S3Settings = z.infer<typeof S3Settings>;
export type S3Credentials = z.infer<typeof S3Credentials>;
/** As people write them. */
export type S3SettingsInput = z.input<typeof S3Settings>;

/** Paths of what is secret, to be stored encrypted and never shown. */
export const SECRET_PATHS = [
  ['credentials', 'secretAccessKey'],
  ['credentials', 'sessionToken'],
  ['credentials', 'base', 'secretAccessKey'],
  ['credentials', 'base', 'sessionToken'],
  ['proxy'],
] as const;

type Tree = Record<string, unknown>;

/** The secrets of settings by path (`credentials.secretAccessKey`), and the settings without them. */
export function splitSecrets(settings: S3Settings): { readonly open: Tree; readonly secrets: Record<string, string> } {
  const open = structuredClone(settings) as Tree;
  const secrets: Record<string, string> = {};
  for (const path of SECRET_PATHS) {
    const parent = descend(open, path.slice(0, -1));
    const name = path.at(-1) as string;
    const value = parent?.[name];
    if (typeof value !== 'string') continue;
    secrets[path.join('.')] = value;
    delete parent?.[name];
  }
  return { open, secrets };
}

/** The settings whole again. Throws a ZodError where they are not what they must be. */
export function joinSecrets(open: Readonly<Tree>, secrets: Readonly<Record<string, string>>): S3Settings {
  const whole = structuredClone(open) as Tree;
  for (const path of SECRET_PATHS) {
    const value = secrets[path.join('.')];
    const parent = descend(whole, path.slice(0, -1));
    if (value !== undefined && parent) parent[path.at(-1) as string] = value;
  }
  return S3Settings.parse(whole);
}

function descend(tree: Tree, path: readonly string[]): Tree | undefined {
  let at: unknown = tree;
  for (const name of path) at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Tree)[name] : undefined;
  return typeof at === 'object' && at !== null ? (at as Tree) : undefined;
}

export interface QueueName {
  readonly name: string;
  /** Where the text says them. */
  readonly region?: string;
  readonly account?: string;
  readonly url?: string;
}

/** A queue as people name it: its name, ARN or URL. */
export function readQueue(text: string): QueueName | undefined {
  const arn = /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):(\d{12}):([\w-]{1,80}(?:\.fifo)?)$/.exec(text);
  if (arn) return isRegion(arn[1] as string) ? { region: arn[1] as string, account: arn[2] as string, name: arn[3] as string } : undefined;
  if (isHttpUrl(text)) {
    const url = new URL(text);
    const path = /^\/(?:.*\/)?(\d{12})\/([\w-]{1,80}(?:\.fifo)?)$/.exec(url.pathname);
    if (!path || url.username || url.search) return undefined;
    const named = /(?:^|\.)sqs\.([a-z0-9-]+)\./.exec(url.hostname)?.[1] ?? /^([a-z0-9-]+)\.queue\.amazonaws\./.exec(url.hostname)?.[1];
    return { url: text, account: path[1] as string, name: path[2] as string, ...(named !== undefined && isRegion(named) ? { region: named } : {}) };
  }
  return /^[\w-]{1,80}(\.fifo)?$/.test(text) ? { name: text } : undefined;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function readSince(value: string | number): number | undefined {
  const text = String(value).trim();
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,13}$/.test(text)) return Number(text);
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  if (!iso) return undefined;
  const time = Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}${iso[3] ?? 'Z'}`);
  return Number.isNaN(time) ? undefined : time;
}
