/** Options of a source's connection as the API takes it. Secrets are read from the environment or standard input. */
import type { Command } from 'commander';
import { environment } from '../config.ts';
import type { SourceKind } from '../model/source.ts';
import { CliError, EXIT } from './output.ts';

export interface ConnectionOptions {
  readonly queue?: string;
  readonly list?: boolean;
  readonly bucket?: string;
  readonly prefix?: string;
  readonly region?: string;
  readonly since?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly profile?: string;
  readonly accessKeyId?: string;
  readonly secretStdin?: boolean;
  readonly endpoint?: string;
  readonly queueEndpoint?: string;
  readonly stsEndpoint?: string;
  readonly digests?: string;
  readonly cloudtrailEndpoint?: string;
  readonly interval?: string;
  readonly test?: boolean;
}

const S3: readonly SourceKind[] = ['s3'];
const FETCHED: readonly SourceKind[] = ['s3', 'ec2'];

const OPTIONS: readonly (readonly [key: keyof ConnectionOptions, flags: string, kinds: readonly SourceKind[], doc: string])[] = [
  ['queue', '--queue <queue>', S3, 'name, ARN or URL of the queue that is told of new objects'],
  ['list', '--list', S3, 'list the bucket in place of a queue'],
  ['bucket', '--bucket <name>', S3, 'the bucket'],
  ['prefix', '--prefix <prefix>', S3, 'keys that begin otherwise are passed over'],
  ['region', '--region <region>', FETCHED, 'region of the queue, or of the bucket; of ec2 the regions to look up, separated by commas'],
  ['since', '--since <time>', S3, 'with --list: objects of older days are passed over'],
  ['interval', '--interval <minutes>', ['ec2'], 'how often it asks; 10 where nothing is said'],
  ['roleArn', '--role-arn <arn>', FETCHED, 'role to take'],
  ['externalId', '--external-id <id>', FETCHED, 'external id of the role'],
  ['profile', '--profile <name>', FETCHED, 'profile of ~/.aws/config'],
  ['accessKeyId', '--access-key-id <id>', FETCHED, 'access key; its secret is read from BARTIZAN_SECRET_ACCESS_KEY, or with --secret-stdin'],
  ['secretStdin', '--secret-stdin', FETCHED, 'read the secret access key from standard input'],
  ['endpoint', '--endpoint <url>', FETCHED, 'endpoint of S3 or EC2 that is not AWS’s own'],
  ['queueEndpoint', '--queue-endpoint <url>', S3, 'endpoint of SQS'],
  ['stsEndpoint', '--sts-endpoint <url>', FETCHED, 'endpoint of STS'],
  ['digests', '--digests <how>', S3, 'CloudTrail’s digests: off, hashes (the default), or signatures, which asks CloudTrail for public keys'],
  ['cloudtrailEndpoint', '--cloudtrail-endpoint <url>', S3, 'endpoint of CloudTrail'],
  ['test', '--test', FETCHED, 'try the connection first, and make nothing where a step fails'],
];

export function withConnectionOptions(command: Command): Command {
  for (const [, flags, kinds, doc] of OPTIONS) command.option(flags, `${kinds.join(', ')}: ${doc}`);
  return command;
}

/** Undefined for what is sent to. Throws CliError, also for options that the kind does not have. */
export async function connectionOf(kind: SourceKind, options: ConnectionOptions): Promise<Record<string, unknown> | undefined> {
  const misplaced = OPTIONS.find(([key, , kinds]) => options[key] !== undefined && !kinds.includes(kind));
  if (misplaced) throw new CliError(`${misplaced[1].split(' ')[0]} is for ${misplaced[2].join(' and ')}, not for ${kind}`, EXIT.wrongUse);
  if (kind === 's3') return s3Connection(options);
  return kind === 'ec2' ? ec2Connection(options) : undefined;
}

const SECRET_KEY = 'BARTIZAN_SECRET_ACCESS_KEY';
const LONGEST_SECRET = 16_384;

async function ec2Connection(options: ConnectionOptions): Promise<Record<string, unknown>> {
  const { region, interval, endpoint, stsEndpoint } = options;
  const regions = (region ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (regions.length === 0) throw new CliError('--region is needed: the regions to look up, separated by commas', EXIT.wrongUse);
  const intervalMinutes = interval === undefined ? undefined : Number(interval);
  if (intervalMinutes !== undefined && !(Number.isInteger(intervalMinutes) && intervalMinutes >= 1 && intervalMinutes <= 1440))
    throw new CliError('--interval takes minutes, from 1 to 1440', EXIT.wrongUse);
  return given({ regions, intervalMinutes, endpoint, stsEndpoint, proxy: environment('BARTIZAN_SOURCE_PROXY'), credentials: await credentials(options) });
}

/** Throws CliError. */
export async function s3Connection(options: ConnectionOptions): Promise<Record<string, unknown>> {
  if (options.list && options.queue !== undefined) throw new CliError('--list and --queue are two ways: choose one', EXIT.wrongUse);
  const { queue, bucket, prefix, region, since, endpoint, queueEndpoint, stsEndpoint, digests, cloudtrailEndpoint } = options;
  return given({
    mode: options.list ? 'list' : 'queue',
    queue,
    bucket,
    prefix,
    region,
    since,
    endpoint,
    queueEndpoint,
    stsEndpoint,
    digests,
    cloudtrailEndpoint,
    proxy: environment('BARTIZAN_SOURCE_PROXY'),
    credentials: await credentials(options),
  });
}

async function credentials(options: ConnectionOptions): Promise<Record<string, unknown>> {
  const { roleArn, externalId, profile, accessKeyId } = options;
  const base =
    accessKeyId !== undefined
      ? given({ kind: 'keys', accessKeyId, secretAccessKey: await secretKey(options), sessionToken: environment('BARTIZAN_SESSION_TOKEN') })
      : profile !== undefined
        ? { kind: 'profile', name: profile }
        : undefined;
  if (roleArn !== undefined) return given({ kind: 'role', roleArn, externalId, base });
  return base ?? { kind: 'instance' };
}

async function secretKey({ secretStdin }: ConnectionOptions): Promise<string> {
  if (!secretStdin) {
    const secret = environment(SECRET_KEY);
    if (secret) return secret;
    throw new CliError(`--access-key-id needs its secret: set ${SECRET_KEY}, or give --secret-stdin and write it to standard input.`, EXIT.wrongUse);
  }
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) {
    text += part;
    if (text.length > LONGEST_SECRET) throw new CliError('Standard input holds more than a secret access key.', EXIT.wrongUse);
  }
  if (text.trim() === '') throw new CliError('Standard input holds no secret access key.', EXIT.wrongUse);
  return text.trim();
}

function given(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
