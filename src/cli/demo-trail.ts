/**
 * Digests of the demo's trail, an hour after the other for each account and region, as CloudTrail writes them: each names the
 * log files of its hour and the digest before, and is signed with a key that was made for this data directory. They are verified as
 * those of AWS are, from the files and with the public key.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readTrailKeys, type TrailKeys } from '../collect/trail-keys.ts';
import type { DemoFile } from '../demo/demo.ts';
import type { DemoEvents } from '../demo/events.ts';
import { signedText } from '../formats/cloudtrail/digest.ts';

const TRAIL = 'estate-trail';
const HOME = 'us-east-1';
const BUCKET = 'estate-trail-logs';
const HOUR_MINUTES = 60;
const PUBLIC_KEYS = 'trail-public-keys.json';

export interface DemoTrailKey {
  readonly privateKey: KeyObject;
  readonly fingerprint: string;
}

/** What verifies the digests of a data directory's demo. */
export function trailKeysOf(dataDir: string): Promise<TrailKeys> {
  openTrailKey(dataDir);
  return readTrailKeys(join(dataDir, 'demo', PUBLIC_KEYS));
}

/** The key of a data directory's demo, made at its first start; the public one is written as `aws cloudtrail list-public-keys` prints it. */
export function openTrailKey(dataDir: string): DemoTrailKey {
  const folder = join(dataDir, 'demo');
  const secret = join(folder, 'trail-key.pem');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(secret)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeWhole(secret, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  }
  const privateKey = createPrivateKey(readFileSync(secret));
  const der = createPublicKey(privateKey).export({ type: 'pkcs1', format: 'der' });
  const fingerprint = createHash('md5').update(der).digest('hex');
  writeWhole(join(folder, PUBLIC_KEYS), JSON.stringify({ PublicKeyList: [{ Value: der.toString('base64'), Fingerprint: fingerprint }] }));
  return { privateKey, fingerprint };
}

const Previous = z.strictObject({ object: z.string(), hash: z.string(), signature: z.string() });
const StateSchema = z.strictObject({
  /** Minutes since the epoch: the digests of all hours before it are stored. */
  done: z.number().int(),
  /** The last digest of each account and region. */
  previous: z.record(z.string(), Previous),
});
type State = z.infer<typeof StateSchema>;
type Previous = z.infer<typeof Previous>;

export interface DemoTrail {
  /** Gives `store` the digests of all whole hours until `until` (minutes since the epoch) whose digests are not stored. */
  catchUp(until: number, store: (files: readonly DemoFile[]) => Promise<void>): Promise<void>;
  /** Another chain begins with the first full hour from this minute on: before it, log files were never written. */
  restart(minute: number): void;
  folders(minute: number): string[];
}

/** Hours whose digests are stored at once. */
const HOURS_AT_ONCE = 24;

/** `begin`: minutes since the epoch where there were no digests before. Throws Error when its state cannot be read. */
export function openDemoTrail(dataDir: string, events: DemoEvents, key: DemoTrailKey, begin: number): DemoTrail {
  const file = join(dataDir, 'demo', 'trail.json');
  let state: State;
  const save = (next: State) => {
    writeWhole(file, `${JSON.stringify(next)}\n`);
    state = next;
  };
  const restart = (minute: number) => save({ done: Math.ceil(minute / HOUR_MINUTES) * HOUR_MINUTES, previous: {} });
  if (existsSync(file)) state = StateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  else restart(begin);
  const chains = (minute: number) =>
    events
      .folders(minute)
      .map((folder) => folder.split('/'))
      .filter(([, , kind]) => kind === 'CloudTrail')
      .map(([, account = '', , region = '']) => ({ account, region }));

  const hour = (from: number, previous: Record<string, Previous>): DemoFile[] => {
    const to = from + HOUR_MINUTES;
    const logFiles = Map.groupBy(events.files(from, to), ({ name }) =>
      name
        .split('/')
        .filter((_, i) => i === 1 || i === 3)
        .join(' '),
    );
    return chains(to).flatMap(({ account, region }) => {
      const of = `${account} ${region}`;
      const end = iso(to);
      const object = `${folderOf(account, region, to)}/${account}_CloudTrail-Digest_${region}_${TRAIL}_${HOME}_${end.replaceAll(/[-:]/g, '')}.json.gz`;
      const before = previous[of] ?? null;
      const text = JSON.stringify({
        awsAccountId: account,
        digestStartTime: iso(from),
        digestEndTime: end,
        digestS3Bucket: BUCKET,
        digestS3Object: object,
        digestPublicKeyFingerprint: key.fingerprint,
        digestSignatureAlgorithm: 'SHA256withRSA',
        previousDigestS3Bucket: before && BUCKET,
        previousDigestS3Object: before?.object ?? null,
        previousDigestHashValue: before?.hash ?? null,
        previousDigestHashAlgorithm: before && 'SHA-256',
        previousDigestSignature: before?.signature ?? null,
        logFiles: (logFiles.get(of) ?? []).map((log) => ({
          s3Bucket: BUCKET,
          s3Object: `${log.name}.gz`,
          hashValue: sha256(log.text),
          hashAlgorithm: 'SHA-256',
        })),
      });
      const hash = sha256(text);
      const signature = sign('RSA-SHA256', Buffer.from(signedText({ endText: end, bucket: BUCKET, object, previous: before }, hash)), key.privateKey).toString(
        'hex',
      );
      previous[of] = { object, hash, signature };
      return [
        { name: object, text },
        { name: `${object}.signature`, text: `${signature}\n` },
      ];
    });
  };

  return {
    restart,
    async catchUp(until, store) {
      while (state.done + HOUR_MINUTES <= until) {
        const next: State = { done: state.done, previous: { ...state.previous } };
        const files: DemoFile[] = [];
        for (let i = 0; i < HOURS_AT_ONCE && next.done + HOUR_MINUTES <= until; i++, next.done += HOUR_MINUTES) files.push(...hour(next.done, next.previous));
        await store(files);
        save(next);
      }
    },
    folders: (minute) => chains(minute).map(({ account, region }) => folderOf(account, region, minute)),
  };
}

function folderOf(account: string, region: string, minute: number): string {
  return `AWSLogs/${account}/CloudTrail-Digest/${region}/${iso(minute).slice(0, 10).replaceAll('-', '/')}`;
}

function iso(minute: number): string {
  return new Date(minute * 60_000).toISOString().replace('.000', '');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Never half of it, whatever ends the process. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
