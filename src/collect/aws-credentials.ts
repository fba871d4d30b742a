/**
 * How a source comes to act in an AWS account, and how it gets there: region, credentials, endpoints and proxy,
 * with messages for people, and which of them are secret.
 */
import { z } from 'zod';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import { isRegion } from './s3/problems.ts';

export const Region = z.string({ error: 'write a region such as eu-central-1' }).trim().refine(isRegion, 'write a region such as eu-central-1');
export const Endpoint = z
  .string()
  .trim()
  .max(2048)
  .refine((text) => isHttpUrl(text) && !/[@?#]/.test(text), 'write an address such as https://s3.example.net, without a name, a password or a query');
export const OutboundProxy = z
  .string()
  .trim()
  .max(2048)
  .refine(isHttpUrl, 'write an address such as http://proxy.example.net:3128 or http://name:password@proxy.example.net:3128')
  .meta({ secret: true });
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

export const AwsCredentials = z.discriminatedUnion('kind', [Keys, Profile, Role, Instance], { error: 'choose keys, profile, role or instance' });

export type AwsCredentials = z.infer<typeof AwsCredentials>;

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
export function splitSecrets(settings: object): { readonly open: Tree; readonly secrets: Record<string, string> } {
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

/** The settings of a source whole again. Throws an Error that names what is wrong with them. */
export function joined<T>(schema: z.ZodType<T>, open: Readonly<Tree>, secrets: Readonly<Record<string, string>>): T {
  const read = schema.safeParse(withSecrets(open, secrets), { error: inPlaceOf });
  if (read.success) return read.data;
  throw new Error(`The source’s settings are not what they must be: ${wrongPlaces(read.error, 'connection')}`, { cause: read.error });
}

function withSecrets(open: Readonly<Tree>, secrets: Readonly<Record<string, string>>): Tree {
  const whole = structuredClone(open) as Tree;
  for (const path of SECRET_PATHS) {
    const value = secrets[path.join('.')];
    const parent = descend(whole, path.slice(0, -1));
    if (value !== undefined && parent) parent[path.at(-1) as string] = value;
  }
  return whole;
}

function descend(tree: Tree, path: readonly string[]): Tree | undefined {
  let at: unknown = tree;
  for (const name of path) at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Tree)[name] : undefined;
  return typeof at === 'object' && at !== null ? (at as Tree) : undefined;
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
