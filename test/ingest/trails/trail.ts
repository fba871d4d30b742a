/** A trail as AWS writes it: log files, hourly digests that name them and each other, and signatures of real RSA keys. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export const BUCKET = 'trail-logs';
export const HOUR = 3600;
/** 2026-03-01 00:01:31 UTC: digests of AWS begin at any second. */
export const START = Date.UTC(2026, 2, 1, 0, 1, 31) / 1000;

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** PKCS #1. */
  readonly der: Buffer;
  readonly fingerprint: string;
}

export function newKey(bits = 2048): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const der = publicKey.export({ type: 'pkcs1', format: 'der' });
  return { privateKey, der, fingerprint: createHash('md5').update(der).digest('hex') };
}

/** As `aws cloudtrail list-public-keys` prints it. */
export function keyList(keys: readonly SigningKey[], from = START - 10 * HOUR, to = START + 1000 * HOUR) {
  return {
    PublicKeyList: keys.map(({ der, fingerprint }) => ({
      Value: der.toString('base64'),
      ValidityStartTime: new Date(from * 1000).toISOString(),
      ValidityEndTime: new Date(to * 1000).toISOString(),
      Fingerprint: fingerprint,
    })),
  };
}

export interface LogFile {
  readonly key: string;
  readonly content: string;
  readonly bytes: Buffer;
}

export interface DigestObject {
  readonly key: string;
  readonly content: string;
  readonly bytes: Buffer;
  readonly signature: string;
  readonly logFiles: readonly LogFile[];
  readonly from: number;
  readonly to: number;
}

export interface TrailOptions {
  readonly account?: string;
  readonly region?: string;
  readonly trail?: string;
  readonly key: SigningKey;
  readonly start?: number;
  readonly prefix?: string;
}

const sha = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000', '');
const compact = (seconds: number) => iso(seconds).replaceAll(/[-:]/g, '');
let made = 0;

export class Trail {
  readonly account: string;
  readonly region: string;
  readonly trail: string;
  readonly prefix: string;
  key: SigningKey;
  at: number;
  readonly digests: DigestObject[] = [];
  #previous: DigestObject | undefined;

  constructor(options: TrailOptions) {
    this.account = options.account ?? '111122223333';
    this.region = options.region ?? 'eu-central-1';
    this.trail = options.trail ?? 'all_events';
    this.prefix = options.prefix ?? '';
    this.key = options.key;
    this.at = options.start ?? START;
  }

  /** The hours after each other, with so many log files each; none prove silence. */
  hours(...logFiles: readonly number[]): this {
    for (const count of logFiles) this.hour(count);
    return this;
  }

  hour(count: number, change: Partial<Record<string, unknown>> = {}): DigestObject {
    const from = this.at;
    this.at += HOUR;
    const digest = this.#digest(from, this.at, this.#logFiles(from, count), '', this.#previous, change);
    this.#previous = digest;
    this.digests.push(digest);
    return digest;
  }

  /** Validation was switched off for so many hours: the next chain begins anew. */
  restart(hours: number): this {
    this.at += hours * HOUR;
    this.#previous = undefined;
    return this;
  }

  /** Names log files that the digest of the hour did not. */
  backfill(hour: number, count: number): DigestObject {
    const of = this.digests[hour] as DigestObject;
    const digest = this.#digest(of.from, of.to, this.#logFiles(of.from, count), '_backfill', undefined, {});
    this.digests.push(digest);
    return digest;
  }

  /** Everything as objects of the bucket. */
  objects(): { key: string; bytes: Buffer; metadata?: Record<string, string> }[] {
    return this.digests.flatMap((digest) => [
      ...digest.logFiles.map(({ key, bytes }) => ({ key, bytes })),
      { key: digest.key, bytes: digest.bytes, metadata: { signature: digest.signature, 'signature-algorithm': 'SHA256withRSA' } },
    ]);
  }

  /** A copy of the bucket in a folder; signatures beside their digests. */
  async write(folder: string, signatures = true): Promise<void> {
    for (const { key, bytes, metadata } of this.objects()) {
      await put(folder, key, bytes);
      if (metadata && signatures) await put(folder, `${key}.signature`, `${metadata.signature}\n`);
    }
  }

  #logFiles(from: number, count: number): LogFile[] {
    return Array.from({ length: count }, (_, i) => {
      const at = from + 60 + i;
      const record = {
        eventVersion: '1.09',
        userIdentity: { type: 'IAMUser', userName: 'mallory', accountId: this.account },
        eventTime: iso(at),
        eventSource: 'iam.amazonaws.com',
        eventName: 'CreateUser',
        awsRegion: this.region,
        sourceIPAddress: '198.51.100.7',
        eventID: `00000000-0000-4000-8000-${String(made++).padStart(12, '0')}`,
        recipientAccountId: this.account,
      };
      const content = JSON.stringify({ Records: [record] });
      const day = iso(from).slice(0, 10).replaceAll('-', '/');
      const name = `${this.account}_CloudTrail_${this.region}_${compact(at).slice(0, 13)}Z_${randomBytes(8).toString('hex')}.json.gz`;
      return { key: `${this.prefix}AWSLogs/${this.account}/CloudTrail/${this.region}/${day}/${name}`, content, bytes: gzipSync(content) };
    });
  }

  #digest(
    from: number,
    to: number,
    logFiles: LogFile[],
    suffix: string,
    previous: DigestObject | undefined,
    change: Partial<Record<string, unknown>>,
  ): DigestObject {
    const day = iso(to).slice(0, 10).replaceAll('-', '/');
    const folder = `${this.prefix}AWSLogs/${this.account}/CloudTrail-Digest/${this.region}/${day}/`;
    const key = `${folder}${this.account}_CloudTrail-Digest_${this.region}_${this.trail}_eu-central-1_${compact(to)}${suffix}.json.gz`;
    const content = JSON.stringify({
      awsAccountId: this.account,
      digestStartTime: iso(from),
      digestEndTime: iso(to),
      digestS3Bucket: BUCKET,
      digestS3Object: key,
      digestPublicKeyFingerprint: this.key.fingerprint,
      digestSignatureAlgorithm: 'SHA256withRSA',
      newestEventTime: logFiles.length > 0 ? iso(from + 60) : null,
      oldestEventTime: logFiles.length > 0 ? iso(from + 60) : null,
      previousDigestS3Bucket: previous ? BUCKET : null,
      previousDigestS3Object: previous?.key ?? null,
      previousDigestHashValue: previous ? sha(previous.content) : null,
      previousDigestHashAlgorithm: previous ? 'SHA-256' : null,
      previousDigestSignature: previous?.signature ?? null,
      logFiles: logFiles.map((file) => ({
        s3Bucket: BUCKET,
        s3Object: file.key,
        hashValue: sha(file.content),
        hashAlgorithm: 'SHA-256',
        newestEventTime: iso(from + 60),
        oldestEventTime: iso(from + 60),
      })),
      ...change,
    });
    const text = `${iso(to)}\n${BUCKET}/${key}\n${sha(content)}\n${previous?.signature ?? 'null'}`;
    const signature = sign('RSA-SHA256', Buffer.from(text), this.key.privateKey).toString('hex');
    return { key, content, bytes: gzipSync(content), signature, logFiles, from, to };
  }
}

export async function put(folder: string, key: string, bytes: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, key)), { recursive: true });
  await writeFile(join(folder, key), bytes);
}
