/**
 * Public keys that CloudTrail's digests are verified with: of a file, or asked of CloudTrail. A key is found by its
 * fingerprint, the MD5 of its DER form (PKCS #1); the keys of each region are its own.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
 */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { CloudTrailClient, ListPublicKeysCommand, type PublicKey } from '@aws-sdk/client-cloudtrail';
import { whyOfFile } from '../model/wording.ts';
import { type AwsAccess, AwsConnection } from './aws-connection.ts';
import type { Environment } from './proxy.ts';
import { explain, isRegion, S3Failure } from './s3/problems.ts';

export interface TrailKey {
  readonly fingerprint: string;
  readonly key: KeyObject;
  /** Epoch seconds between which it signs; undefined where nothing says it. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export interface TrailKeys {
  /** The key of a digest that was written at this time (epoch seconds). Rejects where it may be found later. */
  find(fingerprint: string, region: string, at: number): Promise<TrailKey | undefined>;
}

/** A file of keys is none; the message says why. */
export class TrailKeysError extends Error {
  override readonly name = 'TrailKeysError';
}

const LARGEST_FILE = 16 * 2 ** 20;
const MOST_KEYS = 100_000;
const SHORTEST_BITS = 2048;
/** How often a file is looked at for a key that it does not have. */
const LOOK_MS = 10_000;
const WRITE = 'write into it what "aws cloudtrail list-public-keys" prints.';

/** The keys of a file: what `aws cloudtrail list-public-keys` prints, or a list of such answers. Read again when it has changed. Throws TrailKeysError. */
export async function readTrailKeys(path: string): Promise<TrailKeys> {
  let { keys, changed } = await readKeys(path);
  let lookedAt = performance.now();
  return {
    async find(fingerprint) {
      if (!keys.has(fingerprint) && performance.now() - lookedAt > LOOK_MS) {
        lookedAt = performance.now();
        const now = await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => changed,
        );
        if (now !== changed) ({ keys, changed } = await readKeys(path));
      }
      return keys.get(fingerprint);
    },
  };
}

async function readKeys(path: string): Promise<{ keys: Map<string, TrailKey>; changed: number }> {
  const { size, mtimeMs } = await stat(path).catch((error: unknown) => {
    throw new TrailKeysError(`The file of public keys “${path}” cannot be read: it ${whyOfFile(error)}.`);
  });
  if (size > LARGEST_FILE) throw new TrailKeysError(`The file of public keys “${path}” has more than ${LARGEST_FILE} bytes.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    throw new TrailKeysError(`“${path}” is no JSON: ${WRITE}`);
  }
  const entries = (Array.isArray(parsed) ? parsed : [parsed]).flatMap(entriesOf);
  if (entries.length === 0 || entries.length > MOST_KEYS) throw new TrailKeysError(`“${path}” holds no public keys: ${WRITE}`);
  const keys = new Map<string, TrailKey>();
  for (const [i, entry] of entries.entries()) {
    const key = keyOf(Buffer.from(String(entry.Value ?? ''), 'base64'), timeOf(entry.ValidityStartTime), timeOf(entry.ValidityEndTime));
    if (!key) throw new TrailKeysError(`“${path}”: key ${i + 1} is no RSA public key of at least ${SHORTEST_BITS} bits in DER (PKCS #1), base64.`);
    keys.set(key.fingerprint, key);
  }
  return { keys, changed: mtimeMs };
}

type Entry = Readonly<Record<string, unknown>>;

function entriesOf(answer: unknown): Entry[] {
  if (typeof answer !== 'object' || answer === null) return [];
  const list = (answer as Entry).PublicKeyList ?? (answer as Entry).publicKeyList ?? [answer];
  return Array.isArray(list) ? list.filter((entry): entry is Entry => typeof entry === 'object' && entry !== null && 'Value' in entry) : [];
}

/** Epoch seconds of what the command line writes: ISO 8601, or epoch seconds. */
function timeOf(value: unknown): number | undefined {
  const text = String(value ?? '');
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  return Number.isNaN(time) ? undefined : time;
}

function keyOf(der: Uint8Array, from: number | undefined, to: number | undefined): TrailKey | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' });
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < SHORTEST_BITS) return undefined;
    return { fingerprint: createHash('md5').update(der).digest('hex'), key, from, to };
  } catch {
    return undefined;
  }
}

/** Those of the first that knows the fingerprint. */
export function joinKeys(all: readonly TrailKeys[]): TrailKeys | undefined {
  if (all.length === 0) return undefined;
  return {
    async find(fingerprint, region, at) {
      for (const keys of all) {
        const found = await keys.find(fingerprint, region, at);
        if (found) return found;
      }
      return undefined;
    },
  };
}

export interface AskedKeysOptions {
  readonly access: AwsAccess;
  /** Of CloudTrail, where it is not AWS's own. */
  readonly endpoint: string | undefined;
  readonly environment?: Environment | undefined;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** Keys are asked for around the time of a digest: one signs for weeks. */
const AROUND_S = 86_400;
const MOST_PAGES = 50;
/** How long what was not found is not asked for again. */
const UNKNOWN_MS = 300_000;

/** Keys that CloudTrail is asked for, region by region, and remembered. */
export class AskedTrailKeys implements TrailKeys {
  readonly #options: AskedKeysOptions;
  readonly #connection: AwsConnection;
  readonly #clients = new Map<string, CloudTrailClient>();
  readonly #keys = new Map<string, TrailKey>();
  /** By region and day: asked, and when. */
  readonly #asked = new Map<string, { readonly at: number; readonly done: Promise<void> }>();

  constructor(options: AskedKeysOptions) {
    this.#options = options;
    this.#connection = new AwsConnection(options.access, options.environment ?? process.env);
  }

  async find(fingerprint: string, region: string, at: number): Promise<TrailKey | undefined> {
    const name = `${region} ${fingerprint}`;
    const known = this.#keys.get(name);
    // The region is of a name that anybody may have written: only AWS's own are asked.
    if (known || !isRegion(region)) return known;
    const day = `${region} ${Math.floor(at / AROUND_S)}`;
    const asked = this.#asked.get(day);
    const now = this.#options.clock();
    if (asked && now - asked.at < UNKNOWN_MS) await asked.done;
    else {
      if (this.#asked.size > MOST_KEYS) this.#asked.clear();
      const done = this.#ask(region, at);
      this.#asked.set(day, { at: now, done });
      await done.catch((error: unknown) => {
        this.#asked.delete(day);
        throw error;
      });
    }
    return this.#keys.get(name);
  }

  close(): void {
    for (const client of this.#clients.values()) client.destroy();
    this.#connection.close();
  }

  /** Throws S3Failure. */
  async #ask(region: string, at: number): Promise<void> {
    try {
      let token: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const answer = await this.#in(region).send(
          new ListPublicKeysCommand({
            StartTime: new Date((at - AROUND_S) * 1000),
            EndTime: new Date((at + AROUND_S) * 1000),
            ...(token ? { NextToken: token } : {}),
          }),
          this.#options.signal ? { abortSignal: this.#options.signal } : {},
        );
        for (const entry of answer.PublicKeyList ?? []) this.#keep(region, entry);
        token = answer.NextToken;
        if (!token) return;
      }
    } catch (error) {
      throw new S3Failure(explain(error, { action: 'cloudtrail:ListPublicKeys', resource: `CloudTrail in ${region}`, region }), error);
    }
  }

  #keep(region: string, { Value, ValidityStartTime, ValidityEndTime }: PublicKey): void {
    const key = Value && keyOf(Value, ValidityStartTime && ValidityStartTime.getTime() / 1000, ValidityEndTime && ValidityEndTime.getTime() / 1000);
    if (key && this.#keys.size < MOST_KEYS) this.#keys.set(`${region} ${key.fingerprint}`, key);
  }

  #in(region: string): CloudTrailClient {
    const known = this.#clients.get(region);
    if (known) return known;
    const { endpoint } = this.#options;
    const client = new CloudTrailClient({
      region,
      credentials: this.#connection.credentials,
      maxAttempts: 3,
      ...(endpoint ? { endpoint } : {}),
      ...this.#connection.transport(endpoint ?? `https://cloudtrail.${region}.amazonaws.com`),
    });
    this.#clients.set(region, client);
    return client;
  }
}
