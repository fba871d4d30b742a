/** `bartizan cloudtrail`: digests of CloudTrail verified without a store, and what those that were ingested prove. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { CompletenessResponse, CompletenessTrail } from '../api/contract/completeness.ts';
import { expandPaths, PathError } from '../collect/files.ts';
import { Limiter } from '../collect/s3/limiter.ts';
import { S3Settings } from '../collect/s3/settings.ts';
import { startS3Source } from '../collect/s3/source.ts';
import { AskedTrailKeys, joinKeys } from '../collect/trail-keys.ts';
import { type Proof, proofOf } from '../formats/cloudtrail/digest-chain.ts';
import { isDigestFile, takeDigestFiles } from '../ingest/trails/files.ts';
import { MemoryChains, type TrailKey, TrailProofs } from '../ingest/trails/proofs.ts';
import { DIGEST_FAULTS } from '../model/digest-faults.ts';
import { DEFAULT_RECORD_SETTINGS } from '../model/source.ts';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import { withApi } from './api.ts';
import { type ConnectionOptions, s3Connection } from './connection-options.ts';
import { type AnswerOptions, type CommonOptions, configOf, withAnswer, withCommon } from './options.ts';
import { CliError, count, EXIT, note, print, visible } from './output.ts';
import { trailKeys } from './workspace.ts';

interface VerifyOptions extends CommonOptions, ConnectionOptions {
  readonly keys?: string;
  readonly askKeys?: boolean;
  readonly json?: boolean;
}

interface ProofsOptions extends AnswerOptions {
  readonly from: string;
  readonly to: string;
}

/** Faults that are printed of a trail. */
const NAMED = 20;
const LOOK_MS = 50;

export function cloudtrailCommand(): Command {
  const command = new Command('cloudtrail').description('digests of CloudTrail: whether all that AWS delivered is there, and unchanged');
  command.addCommand(
    withCommon(new Command('verify'))
      .description('verify digests and the log files that they name; nothing is stored')
      .argument('<path...>', 'files, folders, globs, or one s3://bucket/prefix')
      .option('--keys <file>', 'public keys: what "aws cloudtrail list-public-keys" prints (default: the setting cloudtrailKeys)')
      .option('--ask-keys', 'ask CloudTrail for the public keys, with the credentials below')
      .option('--region <region>', 'region of the bucket')
      .option('--role-arn <arn>', 'role to take')
      .option('--external-id <id>', 'external id of the role')
      .option('--profile <name>', 'profile of ~/.aws/config')
      .option('--access-key-id <id>', 'access key; its secret is read from BARTIZAN_SECRET_ACCESS_KEY, or with --secret-stdin')
      .option('--secret-stdin', 'read the secret access key from standard input')
      .option('--endpoint <url>', 'endpoint of S3 that is not AWS’s own')
      .option('--sts-endpoint <url>', 'endpoint of STS')
      .option('--cloudtrail-endpoint <url>', 'endpoint of CloudTrail')
      .option('--json', 'print as JSON')
      .action(verify),
  );
  command.addCommand(
    withAnswer(new Command('proofs'))
      .description('what the digests that were ingested or collected prove')
      .option('--from <time>', 'ISO 8601, epoch s or ms, relative (-15m, -3d)', '-24h')
      .option('--to <time>', 'end of the window', 'now')
      .action(proofs),
  );
  return command;
}

async function verify(paths: string[], options: VerifyOptions): Promise<void> {
  const config = configOf(options, options.keys === undefined ? {} : { cloudtrailKeys: options.keys });
  const bucket = paths.find((path) => path.startsWith('s3://'));
  if (bucket !== undefined && paths.length > 1) throw new CliError('A bucket is verified alone: give one s3://bucket/prefix, or files.', EXIT.wrongUse);
  const file = await trailKeys(config);
  const settings = bucket !== undefined || options.askKeys ? await settingsOf(bucket ?? 's3://no-bucket', options, config.proxy) : undefined;
  const asked = options.askKeys && settings ? new AskedTrailKeys({ access: settings, endpoint: settings.cloudtrailEndpoint, clock: Date.now }) : undefined;
  const chains = new MemoryChains();
  const unnamed: string[] = [];
  const keys = joinKeys([file, asked].filter((from) => from !== undefined));
  const intake = new TrailProofs({ chains, keys, onUnnamed: (message) => unnamed.push(message) });
  const failures: string[] = [];
  try {
    if (bucket !== undefined && settings) await verifyBucket(settings, intake);
    else {
      const files = await expandPaths(paths).catch((error: unknown) => {
        throw error instanceof PathError ? new CliError(error.message, EXIT.wrongUse) : error;
      });
      if (!files.some(({ path }) => isDigestFile(path))) throw new CliError('There is no digest of CloudTrail among the files.', EXIT.wrongUse);
      failures.push(...(await takeDigestFiles(files, intake)).map(({ path, message }) => `${path}: ${message}`));
    }
  } finally {
    asked?.close();
  }
  const found = [...chains.all.values()]
    .map(({ key, chain }) => ({ key, proof: proofOf(chain) }))
    .sort((a, b) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1));
  if (found.length === 0 && failures.length === 0 && unnamed.length === 0) throw new CliError('There is no digest of CloudTrail there.', EXIT.wrongUse);
  for (const failure of failures) note(`could not verify ${failure}`);
  for (const message of unnamed) note(message);
  if (!keys) note('Signatures are not checked: give --keys FILE or --ask-keys.');
  if (options.json) await print(JSON.stringify({ trails: found.map(({ key, proof }) => ({ ...named(key), ...proof })), failures: [...failures, ...unnamed] }));
  else for (const { key, proof } of found) await print(described(key, stateOf(proof), { ...proof, since: proof.from }));
  if (failures.length + unnamed.length > 0 || found.some(({ proof }) => proof.state === 'broken' || proof.state === 'none')) process.exitCode = EXIT.failure;
}

const named = ({ trail, home, account, region }: TrailKey) => ({ trail, home, account, region });

async function settingsOf(address: string, options: VerifyOptions, proxy: string): Promise<S3Settings> {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  const { keys: _keys, ...rest } = options;
  const connection = await s3Connection({ ...rest, list: true, bucket, region: options.region ?? process.env.AWS_REGION ?? 'us-east-1' });
  const given = {
    ...connection,
    follow: false,
    ...(prefix === '' ? {} : { prefix }),
    ...(proxy === '' || connection.proxy !== undefined ? {} : { proxy }),
  };
  const result = S3Settings.safeParse(given, { error: inPlaceOf });
  if (result.success) return result.data;
  throw new CliError(wrongPlaces(result.error), EXIT.wrongUse);
}

/** Throws CliError at the first problem that keeps something from being verified. */
async function verifyBucket(settings: S3Settings, digests: TrailProofs): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-verify-'));
  const source = startS3Source({
    id: '',
    name: 'verify',
    settings,
    records: DEFAULT_RECORD_SETTINGS,
    origin: { sourceName: '', sourceCategory: '', sourceHost: '', collector: '' },
    intake: { take: () => Promise.reject(new Error('nothing is stored')) },
    digests,
    digestsOnly: true,
    checkpoints: { get: async () => undefined, set: async () => undefined, list: async () => [] },
    limiter: new Limiter(),
    folder,
    log: { info: () => undefined, warn: () => undefined },
  });
  try {
    let ended = false;
    const end = source.ended.then(() => {
      ended = true;
    });
    while (!ended) {
      await Promise.race([end, delay(LOOK_MS)]);
      // A log file that is gone is a finding, and no problem of the connection.
      const problem = source.status().problems.find(({ code }) => code !== 'object-gone');
      if (problem) throw new CliError(`${problem.message} ${problem.hint}`);
    }
  } finally {
    await source.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function proofs(options: ProofsOptions): Promise<void> {
  const { from, to } = options;
  const { trails, trailsTruncated } = await withApi(options, (api) =>
    api<CompletenessResponse>('GET', `/api/v1/completeness?${new URLSearchParams({ from, to })}`),
  );
  if (options.json) await print(JSON.stringify({ trails, truncated: trailsTruncated }));
  else {
    for (const trail of trails) await print(described(trail, trail.state, trail));
    if (trailsTruncated) note('There are more; these are those that changed last.');
    if (trails.length === 0) note('No digest of CloudTrail covers this window.');
  }
  if (trails.some(({ state }) => state === 'broken')) process.exitCode = EXIT.failure;
}

function stateOf({ state }: Proof): CompletenessTrail['state'] | 'none' {
  return state;
}

const STATES: Readonly<Record<CompletenessTrail['state'] | 'none', string>> = {
  broken: 'BROKEN',
  late: 'LATE: no digest has come for hours',
  unsigned: 'hashes agree, signatures not checked',
  proven: 'proven',
  none: 'nothing is proven',
};

type Told = Pick<CompletenessTrail, 'until' | 'since' | 'digests' | 'logFiles'> & {
  readonly faults: readonly Pick<CompletenessTrail['faults'][number], 'code' | 'from' | 'to' | 'message' | 'count'>[];
};

function described(
  of: Pick<TrailKey, 'trail' | 'account' | 'region'>,
  state: CompletenessTrail['state'] | 'none',
  { until, since, digests, logFiles, faults }: Told,
): string {
  const lines = [
    `${visible(of.trail)} ${of.account} ${of.region}: ${STATES[state]}`,
    until === null || since === null ? '  nothing is proven before the first fault' : `  complete from ${iso(since)} until ${iso(until)}`,
    `  ${count(digests)} digests, ${count(logFiles)} log files`,
    ...faults
      .slice(0, NAMED)
      .map(
        ({ code, from, to, message, count: n }) =>
          `  ${iso(from)} – ${iso(to)} ${code}: ${visible(message)}${n > 1 ? ` (${count(n)} of them)` : ''} ${DIGEST_FAULTS[code]}`,
      ),
    ...(faults.length > NAMED ? [`  and ${count(faults.length - NAMED)} more`] : []),
  ];
  return lines.join('\n');
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}
