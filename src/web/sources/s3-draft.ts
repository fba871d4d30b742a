/** An S3 source's connection as the fields of a form, all texts, and back (src/collect/s3/settings.ts is what is accepted). Pure. */
import { type AwsDraft, filled, fromAws, NEW_AWS, type Tree, text, toAws, whole } from './aws-draft.ts';

export interface S3Draft extends AwsDraft {
  readonly mode: 'queue' | 'list';
  readonly queue: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly queueEndpoint: string;
  readonly pathStyle: boolean;
  readonly digests: 'off' | 'hashes' | 'signatures';
  readonly cloudtrailEndpoint: string;
  readonly visibilitySeconds: string;
  readonly since: string;
  readonly follow: boolean;
  readonly followSeconds: string;
}

export const NEW_S3: S3Draft = {
  ...NEW_AWS,
  mode: 'queue',
  queue: '',
  bucket: '',
  prefix: '',
  region: '',
  queueEndpoint: '',
  pathStyle: false,
  digests: 'hashes',
  cloudtrailEndpoint: '',
  visibilitySeconds: '',
  since: '',
  follow: true,
  followSeconds: '',
};

export function toConnection(draft: S3Draft): Record<string, unknown> {
  const { mode, region, bucket, prefix, queueEndpoint } = draft;
  const queue = mode === 'queue';
  return filled({
    mode,
    region,
    ...(queue ? { queue: draft.queue, visibilitySeconds: whole(draft.visibilitySeconds), queueEndpoint } : {}),
    ...(queue ? {} : { since: draft.since, follow: draft.follow, followSeconds: draft.follow ? whole(draft.followSeconds) : '' }),
    bucket,
    prefix,
    pathStyle: draft.pathStyle ? true : '',
    digests: draft.digests === NEW_S3.digests ? '' : draft.digests,
    cloudtrailEndpoint: draft.cloudtrailEndpoint,
    ...toAws(draft),
  });
}

export function fromConnection(connection: Tree): S3Draft {
  return {
    ...NEW_S3,
    ...fromAws(connection),
    mode: connection.mode === 'list' ? 'list' : 'queue',
    queue: text(connection, 'queue'),
    bucket: text(connection, 'bucket'),
    prefix: text(connection, 'prefix'),
    region: text(connection, 'region'),
    queueEndpoint: text(connection, 'queueEndpoint'),
    pathStyle: connection.pathStyle === true,
    digests: connection.digests === 'off' || connection.digests === 'signatures' ? connection.digests : 'hashes',
    cloudtrailEndpoint: text(connection, 'cloudtrailEndpoint'),
    visibilitySeconds: text(connection, 'visibilitySeconds'),
    since: typeof connection.since === 'number' ? new Date(connection.since).toISOString() : text(connection, 'since'),
    follow: connection.follow !== false,
    followSeconds: text(connection, 'followSeconds'),
  };
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
