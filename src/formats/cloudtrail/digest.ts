/**
 * A digest file of CloudTrail: which log files were delivered in an hour, with the hash of each, and the digest before.
 * Reads hostile input: a digest is believed only after its signature is found right (ingest/trails/check.ts).
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
 */

/** An object of a bucket, and the hash (SHA-256, hex) of its uncompressed content. */
export interface HashedObject {
  readonly bucket: string;
  readonly object: string;
  readonly hash: string;
}

export interface Digest extends Pick<HashedObject, 'bucket' | 'object'> {
  readonly account: string;
  /** Epoch seconds, [start, end). */
  readonly start: number;
  readonly end: number;
  /** As it is written: it is signed so. */
  readonly endText: string;
  /** MD5 of the public key in DER (PKCS #1), hex. */
  readonly fingerprint: string;
  readonly algorithm: string;
  /** Null in the first digest of a chain. */
  readonly previous: (HashedObject & { readonly signature: string }) | null;
  /** None: nothing was delivered in that hour. */
  readonly logFiles: readonly HashedObject[];
}

/** What the name of a digest says: a trail has a chain of digests in each account and region. */
export interface DigestName {
  readonly account: string;
  readonly region: string;
  readonly trail: string;
  /** Region that the trail was made in. */
  readonly home: string;
  /** Epoch seconds. */
  readonly end: number;
  /** It names log files that the digest of their hour does not, and is no part of the hourly chain. */
  readonly backfill: boolean;
}

/** The bytes are no digest; the message says what is wrong. */
export class DigestError extends Error {
  override readonly name = 'DigestError';
}

/** Of a digest's uncompressed content. */
export const LARGEST_DIGEST = 64 * 2 ** 20;
export const MOST_LOG_FILES = 100_000;
const LONGEST_KEY = 1024;
const LONGEST_BUCKET = 255;
/** Hex digits of a signature of a key of 16,384 bits. */
const LONGEST_SIGNATURE = 4096;

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const NAME =
  /^(\d{12})_CloudTrail-Digest_([a-z0-9-]{1,40})_([A-Za-z0-9._-]{1,128})_([a-z0-9-]{1,40})_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z(_backfill)?\.json\.gz$/;

/** By the last part of a key or path; undefined for what is not named as digests are. */
export function digestName(key: string): DigestName | undefined {
  const match = NAME.exec(key.slice(key.lastIndexOf('/') + 1));
  if (!match) return undefined;
  const [, account = '', region = '', trail = '', home = '', ...time] = match;
  const [year, month, day, hour, minute, second] = time;
  const end = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) / 1000;
  return Number.isNaN(end) ? undefined : { account, region, trail, home, end, backfill: match[11] !== undefined };
}

/** Throws DigestError. */
export function readDigest(content: Uint8Array): Digest {
  if (content.length > LARGEST_DIGEST) throw new DigestError(`it has more than ${LARGEST_DIGEST} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    throw new DigestError('it is no JSON');
  }
  const fields = asObject(parsed, 'the digest');
  const start = time(fields, 'digestStartTime');
  const end = time(fields, 'digestEndTime');
  if (end <= start) throw new DigestError('digestEndTime is not after digestStartTime');
  const account = text(fields, 'awsAccountId', 12);
  if (!/^\d{12}$/.test(account)) throw new DigestError('awsAccountId is no account');
  const files = fields.logFiles;
  if (!Array.isArray(files)) throw new DigestError('logFiles is no list');
  if (files.length > MOST_LOG_FILES) throw new DigestError(`it names more than ${MOST_LOG_FILES} log files`);
  return {
    account,
    start,
    end,
    endText: text(fields, 'digestEndTime', 20),
    bucket: text(fields, 'digestS3Bucket', LONGEST_BUCKET),
    object: text(fields, 'digestS3Object', LONGEST_KEY),
    fingerprint: hex(fields, 'digestPublicKeyFingerprint', 32),
    algorithm: text(fields, 'digestSignatureAlgorithm', 64),
    previous: previousOf(fields),
    logFiles: files.map((file) => hashed(asObject(file, 'an entry of logFiles'), 's3Bucket', 's3Object', 'hashValue', 'hashAlgorithm')),
  };
}

/** What its signature is of, beside its hash. */
type Signed = Pick<Digest, 'endText' | 'bucket' | 'object'> & { readonly previous: { readonly signature: string } | null };

/** What is signed. `hash`: SHA-256 of the digest's uncompressed content, hex. */
export function signedText(digest: Signed, hash: string): string {
  return `${digest.endText}\n${digest.bucket}/${digest.object}\n${hash}\n${digest.previous?.signature ?? 'null'}`;
}

type Fields = Readonly<Record<string, unknown>>;

function previousOf(fields: Fields): Digest['previous'] {
  const names = ['previousDigestS3Bucket', 'previousDigestS3Object', 'previousDigestHashValue', 'previousDigestSignature'];
  if (names.every((name) => (fields[name] ?? null) === null)) return null;
  const signature = text(fields, 'previousDigestSignature', LONGEST_SIGNATURE);
  if (!/^[0-9a-fA-F]*$/.test(signature)) throw new DigestError('previousDigestSignature is not hexadecimal');
  return { ...hashed(fields, 'previousDigestS3Bucket', 'previousDigestS3Object', 'previousDigestHashValue', 'previousDigestHashAlgorithm'), signature };
}

function hashed(fields: Fields, bucket: string, object: string, hash: string, algorithm: string): HashedObject {
  if (fields[algorithm] !== 'SHA-256') throw new DigestError(`${algorithm} is not SHA-256`);
  return { bucket: text(fields, bucket, LONGEST_BUCKET), object: text(fields, object, LONGEST_KEY), hash: hex(fields, hash, 64) };
}

function asObject(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new DigestError(`${what} is no object`);
  return value as Fields;
}

function text(fields: Fields, name: string, longest: number): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new DigestError(`${name} is missing`);
  // A line end would move the borders between what is signed.
  if (value.length > longest || /[\u0000-\u001f]/.test(value)) throw new DigestError(`${name} is too long or has control characters`);
  return value;
}

function hex(fields: Fields, name: string, digits: number): string {
  const value = text(fields, name, digits).toLowerCase();
  if (value.length !== digits || !/^[0-9a-f]+$/.test(value)) throw new DigestError(`${name} is not ${digits} hexadecimal digits`);
  return value;
}

function time(fields: Fields, name: string): number {
  const value = text(fields, name, 20);
  const at = TIME.test(value) ? Date.parse(value) / 1000 : Number.NaN;
  if (Number.isNaN(at)) throw new DigestError(`${name} is no time`);
  return at;
}
