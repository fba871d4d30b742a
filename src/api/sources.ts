/** Collectors and sources as the API shows them: settings without secrets, tokens by their first characters, and what each is doing. */

import { SECRET_PATHS, splitSecrets } from '../collect/aws-credentials.ts';
import { Ec2Settings, joinEc2Secrets } from '../collect/ec2/settings.ts';
import { testS3Source } from '../collect/s3/check.ts';
import { joinSecrets, S3Settings } from '../collect/s3/settings.ts';
import { formatsOf, LayoutError, parseLayout } from '../formats/flow/layout.ts';
import { checkRecordSettings } from '../formats/record-rules.ts';
import type { Collection } from '../ingest/collection.ts';
import { isPushed, type PushedKind, type RecordSettings, type SourceKind } from '../model/source.ts';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import type { Collector as StoredCollector, Source as StoredSource } from '../store/sources.ts';
import {
  type Collector,
  type CollectorChange,
  type CollectorNew,
  SECRET,
  type Source,
  type SourceChange,
  type SourceList,
  type SourceMade,
  type SourceNew,
  type SourceStatus,
  type TestRequest,
  type TestResponse,
} from './contract/sources.ts';
import type { ServerDeps } from './deps.ts';
import { Problem } from './errors.ts';

const MOST_SOURCES = 1000;

interface Collecting {
  readonly collection: Collection;
  readonly sources: NonNullable<ServerDeps['sources']>;
}

/** Throws Problem where this server does not collect. */
function collecting(deps: ServerDeps): Collecting {
  const { collection, sources } = deps;
  if (!collection || !sources) throw new Problem('not-available', 'This server does not collect.');
  return { collection, sources };
}

/** With what each is doing; secrets are left out. Throws Problem `not-available`. */
export async function listSources(deps: ServerDeps): Promise<SourceList> {
  const { collection, sources } = collecting(deps);
  const collectors = await sources.collectors();
  const paused = new Set(collectors.filter((c) => c.paused).map((c) => c.id));
  const { bytes, maxBytes, trouble, damaged } = collection.spool;
  return {
    collectors: collectors.map(toCollector),
    sources: await Promise.all((await sources.list()).map((source) => toSource(deps, source, paused.has(source.collector)))),
    spool: { bytes, maxBytes, damaged, ...(trouble === undefined ? {} : { trouble }) },
    listener: deps.listener?.() ?? null,
  };
}

/** Throws Problem `not-found`. */
export async function getSource(deps: ServerDeps, id: string): Promise<Source> {
  const { sources } = collecting(deps);
  const source = await sources.get(id);
  if (!source) throw new Problem('not-found', 'There is no such source any more.');
  const collector = (await sources.collectors()).find((c) => c.id === source.collector);
  return toSource(deps, source, collector?.paused ?? false);
}

/** Throws LibraryError, as all that change something. */
export async function createCollector(deps: ServerDeps, collector: CollectorNew): Promise<Collector> {
  return toCollector(await collecting(deps).sources.createCollector(collector));
}

/** Its sources follow at once where it is paused. Throws LibraryError. */
export async function changeCollector(deps: ServerDeps, id: string, change: CollectorChange): Promise<Collector> {
  const { collection, sources } = collecting(deps);
  const changed = await sources.updateCollector(id, defined(change));
  await collection.reload();
  return toCollector(changed);
}

/** Throws LibraryError where it has sources, or is none. */
export async function removeCollector(deps: ServerDeps, id: string): Promise<void> {
  await collecting(deps).sources.removeCollector(id);
}

/** A pushed source comes with its address, which is shown this once. Throws LibraryError and Problem. */
export async function createSource(deps: ServerDeps, { kind, connection, ...rest }: SourceNew): Promise<SourceMade> {
  const { collection, sources } = collecting(deps);
  if ((await sources.list()).length >= MOST_SOURCES) throw new Problem('library-full', `There are ${MOST_SOURCES} sources already.`);
  checkRecords(rest.records);
  const { open, secrets } = readConnection(kind, connection, {});
  const made = await sources.create({ ...rest, kind, connection: open, secrets });
  const address = isPushed(kind) ? addressOf(deps, kind, await sources.issueToken(made.id, 0)) : null;
  await collection.reload();
  return { source: await getSource(deps, made.id), address };
}

/** A secret that the connection leaves out stays. What went wrong before the change is forgotten. Throws LibraryError and Problem. */
export async function changeSource(deps: ServerDeps, id: string, { connection, ...change }: SourceChange): Promise<Source> {
  const { collection, sources } = collecting(deps);
  const old = await sources.get(id);
  if (!old) throw new Problem('not-found', 'There is no such source any more.');
  if (change.records) checkRecords(change.records);
  const read = connection === undefined ? undefined : readConnection(old.kind, connection, await sources.secrets(id));
  await sources.update(id, { ...defined(change), ...(read ? { connection: read.open, secrets: read.secrets } : {}) });
  collection.traffic.cleared(id);
  await collection.reload();
  return getSource(deps, id);
}

/** What it has acknowledged is stored all the same. */
export async function removeSource(deps: ServerDeps, id: string): Promise<void> {
  const { collection, sources } = collecting(deps);
  await sources.remove(id);
  await collection.reload();
}

/** A new token; those before are taken for some hours more. */
export async function rotateToken(deps: ServerDeps, id: string, graceHours: number): Promise<{ token: string; url: string }> {
  const { collection, sources } = collecting(deps);
  const source = await sources.get(id);
  if (!source) throw new Problem('not-found', 'There is no such source any more.');
  if (!isPushed(source.kind)) throw new Problem('invalid-request', 'This source has no token: nobody sends to it.');
  const token = await sources.issueToken(id, Math.round(graceHours * 3600));
  await collection.reload();
  return addressOf(deps, source.kind, token);
}

/** Tries a connection and stores nothing; `source`: whose secrets stand in for those that are left out. Throws Problem where the connection cannot be read. */
export async function testSource(deps: ServerDeps, { kind, connection, source }: TestRequest, signal: AbortSignal): Promise<TestResponse> {
  const { sources } = collecting(deps);
  if (isPushed(kind)) throw new Problem('invalid-request', 'A source that is sent to is tested by sending to it.');
  const { open, secrets } = readConnection(kind, connection, source === undefined ? {} : await sources.secrets(source));
  const checks = await (kind === 's3'
    ? testS3Source(joinSecrets(open, secrets), { signal, clock: deps.clock })
    : testLookup(joinEc2Secrets(open, secrets), signal));
  return { ok: checks.every((check) => check.result !== 'failed'), checks: checks.map((check) => ({ ...check })) };
}

/** EC2's client takes long to load, and few ask for it. */
async function testLookup(settings: Ec2Settings, signal: AbortSignal) {
  const { testEc2Source } = await import('../collect/ec2/check.ts');
  return testEc2Source(settings, { signal });
}

/** Names each wrong place: `records.rules.0.pattern: …`. Throws Problem. */
function checkRecords(records: RecordSettings): void {
  const found = checkRecordSettings(records).map(({ path, message }) => `${['records', path].filter(Boolean).join('.')}: ${message}`);
  try {
    if (records.layout.toLowerCase() !== 'auto') parseLayout(records.layout, formatsOf(records.format));
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    found.push(`records.layout: ${[error.message, error.hint].filter(Boolean).join(' ')}`);
  }
  if (found.length > 0) throw new Problem('invalid-request', found.join('; '));
}

/** A kind's own settings, checked, and what of them is secret. `kept`: secrets that stay where none is given. Throws Problem. */
function readConnection(
  kind: SourceKind,
  given: Readonly<Record<string, unknown>>,
  kept: Readonly<Record<string, string>>,
): { open: Record<string, unknown>; secrets: Record<string, string> } {
  if (isPushed(kind)) {
    const [unknown] = Object.keys(given);
    if (unknown !== undefined) throw new Problem('invalid-request', `connection.${unknown}: a source that is sent to has no such setting.`);
    return { open: {}, secrets: {} };
  }
  const whole = withKept(given, kept);
  const parsed = kind === 's3' ? S3Settings.safeParse(whole, { error: inPlaceOf }) : Ec2Settings.safeParse(whole, { error: inPlaceOf });
  if (!parsed.success) throw new Problem('invalid-request', wrongPlaces(parsed.error, 'connection'));
  return splitSecrets(parsed.data);
}

/** Puts secrets that are kept where a place for them was left out or says only that there is one; an empty one is not kept. */
function withKept(given: Readonly<Record<string, unknown>>, kept: Readonly<Record<string, string>>): Record<string, unknown> {
  const whole = structuredClone(given) as Record<string, unknown>;
  for (const path of SECRET_PATHS) {
    const last = path[path.length - 1] as string;
    let at: unknown = whole;
    for (const name of path.slice(0, -1)) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
    if (!isObject(at)) continue;
    const value = kept[path.join('.')];
    if (at[last] === '') delete at[last];
    else if (at[last] === undefined || at[last] === SECRET) {
      // The word for a secret is none itself.
      delete at[last];
      if (value !== undefined && fits(at, last)) at[last] = value;
    }
  }
  return whole;
}

/** Keys belong to settings with keys: not where somebody has chosen a role in their place. */
function fits(parent: Readonly<Record<string, unknown>>, name: string): boolean {
  return name === 'proxy' || parent.kind === 'keys';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function addressOf(deps: ServerDeps, kind: PushedKind, token: string): { token: string; url: string } {
  const base = (deps.listener?.() ?? '').replace(/\/$/, '');
  return { token, url: kind === 'http' ? `${base}/v1/http/${token}` : `${base}/firehose` };
}

function toCollector(collector: StoredCollector): Collector {
  return { ...collector, created: collector.created * 1000, updated: collector.updated * 1000 };
}

async function toSource(deps: ServerDeps, source: StoredSource, collectorPaused: boolean): Promise<Source> {
  const { sources } = collecting(deps);
  const tokens = await sources.tokens(source.id);
  return {
    ...source,
    records: { ...source.records, rules: source.records.rules.map((rule) => ({ ...rule })), internalTraffic: [...source.records.internalTraffic] },
    connection: isPushed(source.kind) ? {} : await withSecretsNamed(deps, source),
    created: source.created * 1000,
    updated: source.updated * 1000,
    tokens: tokens.map((t) => ({ hint: t.hint, created: t.created * 1000, expires: t.expires === null ? null : t.expires * 1000 })),
    status: statusOf(deps, source, collectorPaused),
  };
}

/** The connection with `secret` in each place that has one. */
async function withSecretsNamed(deps: ServerDeps, source: StoredSource): Promise<Record<string, unknown>> {
  const secrets = await collecting(deps)
    .sources.secrets(source.id)
    .catch(() => ({}));
  return withKept(source.connection, Object.fromEntries(Object.keys(secrets).map((path) => [path, SECRET])));
}

function statusOf(deps: ServerDeps, source: StoredSource, collectorPaused: boolean): SourceStatus {
  const { s3, ec2, trouble, errors, ...traffic } = collecting(deps).collection.status(source.id);
  const failing = trouble ?? (s3?.state === 'failing' ? (s3.problems[0]?.message ?? 'It does not answer.') : failingRegion(ec2));
  const state = source.paused || collectorPaused ? 'paused' : failing !== undefined ? 'trouble' : traffic.lastDelivery === null ? 'waiting' : 'running';
  return {
    ...traffic,
    counts: { ...traffic.counts },
    recordsByMinute: [...traffic.recordsByMinute],
    state,
    ...(failing === undefined ? {} : { trouble: failing }),
    errors: [
      ...errors.map(({ hint, ...error }) => ({ ...error, ...(hint === undefined ? {} : { hint }) })),
      ...(s3?.problems ?? []).map(({ code, message, hint, count, lastAt, objects }) => ({
        ...{ code, message, hint, count, last: lastAt },
        ...(objects.length > 0 ? { objects: [...objects] } : {}),
      })),
      ...(ec2?.problems ?? []).map(({ code, message, hint, count, lastAt }) => ({ code, message, hint, count, last: lastAt })),
    ].sort((a, b) => b.last - a.last),
    details: s3 ? detailsOf(s3) : ec2 ? detailsOfLookup(ec2) : [],
  };
}

type Ec2Status = NonNullable<ReturnType<Collection['status']>['ec2']>;

function failingRegion(ec2: Ec2Status | undefined): string | undefined {
  return [...(ec2?.regions.values() ?? [])].find(({ problem }) => problem)?.problem?.message;
}

function detailsOfLookup({ scope, regions, retries }: Ec2Status): { name: string; value: string }[] {
  return [
    ...(scope === undefined ? [] : [{ name: 'Account', value: scope }]),
    ...[...regions].map(([name, { lastTaken, interfaces, changes, problem }]) => {
      const taken = lastTaken === undefined ? 'not looked up yet' : `${interfaces} interfaces at ${new Date(lastTaken).toISOString()}, ${changes} changes`;
      return { name, value: problem ? `${taken}; the last try failed: ${problem.code}` : taken };
    }),
    { name: 'Requests asked again', value: String(retries) },
  ];
}

function detailsOf({ counts, queue, listing, inFlight, recognized }: NonNullable<ReturnType<Collection['status']>['s3']>): { name: string; value: string }[] {
  const details: [string, string | number | undefined][] = [
    ['Messages waiting', queue?.depth],
    ['Dead-letter queue', queue && (queue.deadLetter ? `${queue.deadLetter.queue}, after ${queue.deadLetter.maxReceiveCount} tries` : 'none')],
    ['Messages received', queue && counts.messages],
    ['Messages not understood', queue && counts.unknown],
    ['Listed up to', listing && (listing.caughtUp ? 'the end; following' : listing.position || 'the beginning')],
    ['Objects that could not be read', listing?.failed],
    ['Objects stored', counts.objects],
    ['Events stored that were messages', counts.events || undefined],
    ['Objects that were gone', counts.gone],
    ['Digests verified', counts.digests || undefined],
    ['Objects in hand', `${inFlight.objects} of ${inFlight.limit}`],
    ...Object.entries(recognized).map(([kind, count]): [string, number | undefined] => [`Recognized, not collected: ${kind}`, count]),
  ];
  return details.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: String(value) }]));
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function defined<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<Defined<T>>;
}
