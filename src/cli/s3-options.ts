/** Options of an S3 source as the connection that the API takes. Secrets are read from the environment or standard input. */
import { environment } from '../config.ts';
import { CliError, EXIT } from './output.ts';

export interface S3Options {
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
}

const SECRET_KEY = 'BARTIZAN_SECRET_ACCESS_KEY';
const LONGEST_SECRET = 16_384;

/** Throws CliError. */
export async function s3Connection(options: S3Options): Promise<Record<string, unknown>> {
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

async function credentials(options: S3Options): Promise<Record<string, unknown>> {
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

async function secretKey({ secretStdin }: S3Options): Promise<string> {
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
