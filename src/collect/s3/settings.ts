/**
 * The settings of an S3 source: their shape with messages for people.
 */
import { z } from 'zod';
import { AwsCredentials, Endpoint, isHttpUrl, joined, OutboundProxy } from '../aws-credentials.ts';
import { isRegion } from './problems.ts';

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
const queue = z
  .string({ error: 'name the queue: its name, its ARN or its URL' })
  .trim()
  .max(2048)
  .refine(
    (text) => readQueue(text) !== undefined,
    'write the queue’s name, its ARN (arn:aws:sqs:REGION:ACCOUNT:NAME) or its URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME)',
  );
/** An ISO date or time (UTC where it names no zone), or an epoch in seconds or milliseconds; becomes epoch milliseconds. */
export const Since = z.union([z.string(), z.number()]).transform((value, context): number => {
  const time = readSince(value);
  if (time !== undefined) return time;
  context.addIssue({ code: 'custom', message: 'write a date such as 2026-11-01 or 2026-11-01T06:00:00Z, or epoch seconds' });
  return z.NEVER;
});

const common = {
  region: z
    .string({ error: 'write a region such as eu-central-1' })
    .trim()
    .regex(/^[A-Za-z0-9-]{1,40}$/, 'write a region such as eu-central-1'),
  credentials: AwsCredentials,
  /** Of S3, where it is not AWS's own; S3, SQS and STS have one each. */
  endpoint: Endpoint.optional(),
  queueEndpoint: Endpoint.optional(),
  stsEndpoint: Endpoint.optional(),
  /** Goes before HTTPS_PROXY and NO_PROXY of the environment. */
  proxy: OutboundProxy.optional(),
  /** Buckets in the path in place of the host's name; true where `endpoint` is set and nothing is said. */
  pathStyle: z.boolean().optional(),
  /** Keys that begin otherwise are passed over. */
  prefix: prefix.optional(),
  /**
   * CloudTrail's digests: passed over; their chain and the hashes of their log files checked; or CloudTrail also asked for
   * the public keys that their signatures are checked with.
   */
  digests: z.enum(['off', 'hashes', 'signatures']).default('hashes'),
  /** Of CloudTrail, which is asked for public keys. */
  cloudtrailEndpoint: Endpoint.optional(),
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
/** As people write them. */
export type S3SettingsInput = z.input<typeof S3Settings>;

/** The settings whole again. Throws an Error that names what is wrong with them. */
export function joinSecrets(open: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>>): S3Settings {
  return joined(S3Settings, open, secrets);
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

function readSince(value: string | number): number | undefined {
  const text = String(value).trim();
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,13}$/.test(text)) return Number(text);
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  if (!iso) return undefined;
  const time = Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}${iso[3] ?? 'Z'}`);
  return Number.isNaN(time) ? undefined : time;
}
