/**
 * One digest looked at: its signature, where it lies, and the hash of each log file that it names. What it says is
 * followed only where its signature is right, or nobody asked for signatures.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
 */
import { constants, createHash, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { DigestFile, LogFiles } from '../../collect/digests.ts';
import type { TrailKeys } from '../../collect/trail-keys.ts';
import { type Digest, DigestError, type DigestName, digestName, LARGEST_DIGEST, readDigest, signedText } from '../../formats/cloudtrail/digest.ts';
import type { DigestFault, DigestRef, Link } from '../../formats/cloudtrail/digest-chain.ts';
import type { DigestFaultCode } from '../../model/digest-faults.ts';
import { quotedWhole } from '../../model/wording.ts';

/** The chain that a digest belongs to. */
export interface TrailId {
  readonly trail: string;
  /** Region that the trail was made in. */
  readonly home: string;
  readonly account: string;
  readonly region: string;
}

export interface Checked {
  readonly trail: TrailId;
  readonly link: Link;
}

/** A digest usually covers an hour: what one is taken to cover that cannot be read or is not believed. */
const HOUR = 3600;
/** How much a key's validity and the time of a digest may differ. */
const SLACK = 3600;
/** Log files read at once. */
const AT_ONCE = 8;
const inflate = promisify(gunzip);

/** What was found before of the log files of a digest; undefined where they are to be looked at. */
type Compared = (trail: TrailId, digest: DigestRef) => Promise<readonly DigestFault[] | undefined>;

/** Undefined for a file that does not even have the name of a digest. Rejects where it must be brought again. */
export async function checkDigest(
  file: DigestFile,
  logFiles: LogFiles,
  keys: TrailKeys | undefined,
  compared?: Compared,
): Promise<Checked | { readonly unnamed: string }> {
  let digest: Digest | undefined;
  let hash = '';
  let wrong = '';
  try {
    const content = await unpacked(file.bytes);
    hash = createHash('sha256').update(content).digest('hex');
    digest = readDigest(content);
  } catch (error) {
    wrong = error instanceof DigestError ? error.message : 'it cannot be uncompressed';
  }
  // Where it lies tells what it should be; a file of this machine says it by itself.
  const name = digestName(file.place?.object ?? digest?.object ?? file.name) ?? digestName(file.name);
  if (!name) return { unnamed: `${quotedWhole(file.name)} is not named as digests are.` };
  const found = new Findings(file, digest, name);
  if (!digest) found.add('digest-unreadable', `${quotedWhole(file.name)}: ${wrong}.`);
  else if (digest.account !== name.account || digest.end !== name.end)
    found.add('digest-unreadable', `${quotedWhole(file.name)} says another account or time than its name.`);
  else if (file.place && (digest.bucket !== file.place.bucket || digest.object !== file.place.object))
    found.add('digest-moved', `${quotedWhole(file.name)} says that it was delivered to ${quotedWhole(`${digest.bucket}/${digest.object}`)}.`);
  const signed = digest !== undefined && found.clean && keys !== undefined && (await hasSignature(digest, hash, file, name, keys, found));
  const believed = found.clean || found.onlyKey;
  const { trail, home, account, region } = name;
  const id = { trail, home, account, region };
  const self = { object: found.object, hash, signature: (file.signature ?? '').toLowerCase() };
  const before = digest && found.clean ? await compared?.(id, self) : undefined;
  if (digest && found.clean && !before) await compare(digest, file, logFiles, found);
  const previous = digest?.previous ?? null;
  return {
    trail: id,
    link: {
      self,
      previous: previous && { object: `${previous.bucket}/${previous.object}`, hash: previous.hash, signature: previous.signature.toLowerCase() },
      ...found.span,
      logFiles: digest?.logFiles.length ?? 0,
      signed,
      judged: keys !== undefined,
      chained: digest !== undefined && believed && !name.backfill,
      faults: [...found.faults, ...(before ?? [])],
    },
  };
}

async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return inflate(bytes, { maxOutputLength: LARGEST_DIGEST });
  return bytes;
}

class Findings {
  readonly object: string;
  readonly span: { readonly from: number; readonly to: number };
  readonly #found = new Map<DigestFaultCode, { message: string; count: number; key?: string }>();

  constructor(file: DigestFile, digest: Digest | undefined, name: DigestName) {
    this.object = file.place ? `${file.place.bucket}/${file.place.object}` : digest ? `${digest.bucket}/${digest.object}` : file.name;
    // Of a digest that may be anybody's work, its name is believed and nothing else.
    this.span = { from: digest?.end === name.end ? digest.start : name.end - HOUR, to: name.end };
  }
  get clean(): boolean {
    return this.#found.size === 0;
  }
  /** Nothing is known against it but that its key is not known. */
  get onlyKey(): boolean {
    return this.#found.size === 1 && this.#found.has('key-unknown');
  }
  get faults(): DigestFault[] {
    return [...this.#found].map(([code, what]) => ({ code, digest: this.object, ...this.span, ...what }));
  }
  add(code: DigestFaultCode, message: string, more: { readonly key?: string } = {}): void {
    const known = this.#found.get(code);
    if (known) known.count += 1;
    else this.#found.set(code, { message, count: 1, ...more });
  }
}

/** Whether the signature is right; adds what is wrong. A file of this machine may have none: then it is not checked. */
async function hasSignature(digest: Digest, hash: string, file: DigestFile, name: DigestName, keys: TrailKeys, found: Findings): Promise<boolean> {
  if (file.signature === undefined) {
    if (file.place) found.add('signature-missing', `${quotedWhole(file.name)} has no x-amz-meta-signature.`);
    return false;
  }
  if (digest.algorithm !== 'SHA256withRSA') {
    found.add('signature-wrong', `${quotedWhole(file.name)} is signed by another way than SHA256withRSA.`);
    return false;
  }
  const at = file.writtenAt ?? digest.end;
  const key = await keys.find(digest.fingerprint, name.region, at);
  if (!key) {
    found.add('key-unknown', `No public key in ${name.region} has the fingerprint “${digest.fingerprint}” of ${quotedWhole(file.name)}.`, {
      key: digest.fingerprint,
    });
    return false;
  }
  const signature = Buffer.from(file.signature, 'hex');
  const right = verify('RSA-SHA256', Buffer.from(signedText(digest, hash)), { key: key.key, padding: constants.RSA_PKCS1_PADDING }, signature);
  if (!right) {
    found.add('signature-wrong', `The signature of ${quotedWhole(file.name)} is not right.`);
    return false;
  }
  // A backfill is signed long after its hour.
  if (
    (!name.backfill || file.writtenAt !== undefined) &&
    ((key.from !== undefined && at < key.from - SLACK) || (key.to !== undefined && at > key.to + SLACK))
  ) {
    found.add('key-not-valid', `The key of ${quotedWhole(file.name)} was not valid at its time.`);
    return false;
  }
  return true;
}

async function compare(digest: Digest, file: DigestFile, logFiles: LogFiles, found: Findings): Promise<void> {
  let next = 0;
  const results: (readonly [DigestFaultCode, string] | undefined)[] = new Array(digest.logFiles.length).fill(undefined);
  const lane = async () => {
    while (next < digest.logFiles.length) {
      const at = next++;
      const { bucket, object, hash } = digest.logFiles[at] as Digest['logFiles'][number];
      const got = await logFiles.hash(bucket, object).catch((error: unknown) => {
        next = digest.logFiles.length;
        throw error;
      });
      if ('problem' in got) results[at] = [`log-file-${got.problem}`, got.message];
      else if (got.hash !== hash)
        results[at] = ['log-file-changed', `${quotedWhole(`${bucket}/${object}`)} has another content than ${quotedWhole(file.name)} says.`];
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, digest.logFiles.length) }, lane));
  for (const result of results) if (result) found.add(...result);
}
