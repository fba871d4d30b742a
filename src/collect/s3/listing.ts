/**
 * Objects under a prefix in key order. A folder of a day that is too old is jumped over by asking for what comes
 * behind it, so that a look for what is new costs about one request for each account and region, whatever the
 * bucket holds.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Clients } from './clients.ts';
import { datedKey, startOfDay } from './dated-key.ts';
import { inS3, S3Failure } from './problems.ts';

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly modified: number;
  /** YYYY-MM-DD of its folder, else of its writing. */
  readonly day: string;
}

export interface ListOptions {
  readonly clients: Clients;
  readonly bucket: string;
  readonly prefix: string;
  /** Keys up to it are passed over. */
  readonly after: string;
  /** Folders of earlier days are jumped over: YYYY-MM-DD; empty: none. */
  readonly fromDay: string;
  readonly signal: AbortSignal;
  readonly pageSize?: number;
}

/** Pages in key order. Throws S3Failure. */
export async function* listObjects(options: ListOptions): AsyncGenerator<readonly ListedObject[]> {
  const { clients, bucket, prefix, fromDay, signal } = options;
  const resource = inS3(bucket, prefix);
  let after = options.after;
  let token: string | undefined;
  for (;;) {
    const asked = { after, token };
    const answer = await clients.withBucket(bucket, { action: 's3:ListBucket', resource }, (client) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          MaxKeys: options.pageSize ?? 1000,
          // Keys may hold characters that XML cannot.
          EncodingType: 'url',
          ...(token ? { ContinuationToken: token } : after ? { StartAfter: after } : {}),
        }),
        { abortSignal: signal },
      ),
    );
    const page: ListedObject[] = [];
    let base = '';
    let jump = '';
    for (const item of answer.Contents ?? []) {
      const key = answer.EncodingType === 'url' ? decodeURIComponent((item.Key ?? '').replaceAll('+', ' ')) : (item.Key ?? '');
      if (key === '' || (jump && key.startsWith(base) && isBefore(key, jump))) continue;
      const dated = datedKey(key);
      if (dated && fromDay && dated.day < fromDay) {
        base = dated.base;
        jump = startOfDay(dated, fromDay);
        continue;
      }
      const modified = item.LastModified?.getTime() ?? 0;
      page.push({ key, size: item.Size ?? 0, etag: (item.ETag ?? '').replace(/^"|"$/g, ''), modified, day: dated?.day ?? dayOf(modified) });
      after = key;
    }
    yield page;
    if (!answer.IsTruncated) return;
    // A jump that the page did not reach the end of.
    const ahead = jump !== '' && isBefore(after, jump);
    if (ahead) after = jump;
    token = ahead ? undefined : answer.NextContinuationToken;
    // Without a token what comes behind the last key is asked for; an answer that leads nowhere else would be asked for for ever.
    if (!ahead && (token === undefined ? after === asked.after : token === asked.token))
      throw new S3Failure({
        code: 'unexpected',
        message: `The listing of ${resource} says that there is more, and not where.`,
        hint: 'The endpoint does not list as S3 does: set up notifications by a queue in place of the listing, or look for a newer release of it.',
        retryable: true,
      });
  }
}

/** In the order of S3: that of the UTF-8 bytes, which differs from JavaScript's for rare characters. */
export function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export function dayBefore(day: string, days: number): string {
  return dayOf(Date.parse(`${day}T00:00:00Z`) - days * 86_400_000);
}
