/** One source: what it is doing, what went wrong, how it is reached, and its settings. */
import './sources.css';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { type Collector, SECRET, type Source, type SourceList } from '../../api/contract/sources.ts';
import { isPushed } from '../../model/source.ts';
import { explain } from '../api/client.ts';
import { PageFailed } from '../app/failed.tsx';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { exact, short } from '../format/numbers.ts';
import { minuteStamp, zoneName } from '../format/times.ts';
import { SourceActions } from './actions.tsx';
import { RotateDialog } from './address.tsx';
import { sourcesQuery } from './ask.ts';
import { ConnectionTest } from './connection-test.tsx';
import { EditForm } from './edit.tsx';
import { alongside } from './page.tsx';
import { Minutes, State, When } from './parts.tsx';
import { searchOf } from './search-of.ts';
import { Errors, Quarantined } from './troubles.tsx';
import { kindOf, LOOKUP_MEANS, lagText, lookupSummary, storedOf } from './words.ts';

export function SourcePage() {
  const { id } = useParams({ strict: false });
  const sources = useQuery(sourcesQuery);
  const { search, zone, change } = usePage();
  const source = sources.data?.sources.find((s) => s.id === id);
  useTitle(source?.name ?? 'Source');
  const hash = useRouterState({ select: (s) => s.location.hash });
  const there = source !== undefined;
  useEffect(() => {
    if (there && hash) document.getElementById(hash)?.scrollIntoView({ block: 'start' });
  }, [there, hash]);
  if (sources.isError && !sources.data) return <PageFailed error={sources.error} onRetry={() => void sources.refetch()} />;
  if (!sources.data) return <main className="bz-sources" aria-busy="true" />;
  if (!source) return <Gone />;
  const edit = search.step === 'edit';
  const lookup = source.kind === 'ec2';
  return (
    <main className="bz-sources bz-source">
      <Head source={source} list={sources.data} />
      {sources.isError && (
        <p className="bz-source-note" data-tone="warn" role="alert">
          {explain(sources.error).message} The numbers below are older.
        </p>
      )}
      {source.status.trouble !== undefined && (
        <p className="bz-source-note" data-tone="error" role="alert">
          {source.status.trouble}
        </p>
      )}
      {edit ? (
        <EditForm key={source.id} source={source} collectors={sources.data.collectors} onDone={() => change({ step: undefined })} />
      ) : (
        <>
          {lookup ? <Looked source={source} zone={zone} now={sources.dataUpdatedAt} /> : <Now source={source} zone={zone} now={sources.dataUpdatedAt} />}
          <Errors source={source} zone={zone} now={sources.dataUpdatedAt} />
          {!lookup && <Quarantined source={source} collector={sources.data.collectors.find((c) => c.id === source.collector)?.name ?? ''} zone={zone} />}
          {!isPushed(source.kind) ? <Test source={source} /> : <Tokens source={source} list={sources.data} zone={zone} />}
          <Settings source={source} onEdit={() => change({ step: 'edit' })} />
        </>
      )}
    </main>
  );
}

function Gone() {
  const { search } = usePage();
  return (
    <main className="bz-page-note">
      <h1>There is no such source any more</h1>
      <p>
        <Link to="/sources" search={alongside(search)}>
          All sources
        </Link>
      </p>
    </main>
  );
}

function Head({ source, list }: { source: Source; list: SourceList }) {
  const { search } = usePage();
  const navigate = useNavigate();
  const along = alongside(search);
  const collector: Collector | undefined = list.collectors.find((c) => c.id === source.collector);
  return (
    <header className="bz-sources-head">
      <h1>
        <Link to="/sources" search={along} className="bz-dim">
          Sources
        </Link>{' '}
        <span className="bz-dim">/</span> {source.name}
      </h1>
      <State source={source} />
      <span className="bz-dim bz-small">
        {kindOf(source)} · {collector?.name}
        {collector?.paused && ', which is paused'}
      </span>
      <span className="bz-grow" />
      {source.kind !== 'ec2' && (
        <Button size="xs" variant="default" component={Link} to="/search" search={{ ...along, q: searchOf(source, collector?.name) } as never}>
          Search its records
        </Button>
      )}
      <SourceActions source={source} search={along} onRemoved={() => void navigate({ to: '/sources', search: along })} />
    </header>
  );
}

function Now({ source, zone, now }: { source: Source; zone: string; now: number }) {
  const { status } = source;
  const { counts, lag } = status;
  return (
    <section className="bz-source-now" aria-label="Now">
      <dl className="bz-source-facts">
        <Fact name={`Last delivery (${zoneName(zone)})`}>
          <When ms={status.lastDelivery} zone={zone} now={now} />
        </Fact>
        <Fact name="Last stored">
          <When ms={status.lastStored} zone={zone} now={now} />
        </Fact>
        <Fact name="Lag p50 / p95 / p99">{lag ? `${lagText(lag.p50)} / ${lagText(lag.p95)} / ${lagText(lag.p99)}` : '–'}</Fact>
        <Fact name="Deliveries">{exact(status.deliveries)}</Fact>
        <Fact name="Known already" title="Deliveries that the ledger knew: not read again">
          {exact(status.known)}
        </Fact>
        <Fact name="Received">{short(status.bytes, 'bytes')}</Fact>
        <Fact name="Spool" title="Acknowledged, and not stored yet">
          {short(status.spooled, 'bytes')}
        </Fact>
      </dl>
      <figure>
        <figcaption>
          Records a minute over the last hour{' '}
          <span className="bz-dim">
            · last minute {exact(status.recordsByMinute.at(-2) ?? 0)}, at most {exact(Math.max(0, ...status.recordsByMinute))}
          </span>
        </figcaption>
        <Minutes byMinute={status.recordsByMinute} height={64} />
      </figure>
      <dl className="bz-source-facts" aria-label="Records since the server started">
        <Fact name="Records">{exact(counts.records)}</Fact>
        <Fact name="Stored" title={`${exact(counts.stored)} flow records, ${exact(counts.nodata)} NODATA, ${exact(counts.skipdata)} SKIPDATA`}>
          {exact(storedOf(status))}
        </Fact>
        <Fact name="Duplicates">{exact(counts.duplicates)}</Fact>
        <Fact name="Filtered" title="Left out by the rules of the source">
          {exact(counts.filtered)}
        </Fact>
        <Fact name="Quarantined">{counts.quarantined > 0 ? <a href="#quarantine">{exact(counts.quarantined)}</a> : '0'}</Fact>
      </dl>
      <Details status={status} label="Of the bucket and its queue" />
      <p className="bz-dim bz-small">Counts since the server started.</p>
    </section>
  );
}

/** What a lookup is doing: it has no records to count. */
function Looked({ source, zone, now }: { source: Source; zone: string; now: number }) {
  const { state, details, lastDelivery } = source.status;
  return (
    <section className="bz-source-now" aria-label="Now">
      {details.length === 0 && <p className="bz-dim">{LOOKUP_MEANS[state]}</p>}
      <dl className="bz-source-facts">
        <Fact name={`Last answer (${zoneName(zone)})`}>
          <When ms={lastDelivery} zone={zone} now={now} />
        </Fact>
      </dl>
      <Details status={source.status} label="By region" />
      <p className="bz-dim bz-small">
        It looks up {lookupSummary(source)}, and brings no records: those of other sources get the names that it knows. Counts since the server started.
      </p>
    </section>
  );
}

function Details({ status: { details }, label }: { status: Source['status']; label: string }) {
  if (details.length === 0) return null;
  return (
    <dl className="bz-source-facts" aria-label={label}>
      {details.map(({ name, value }) => (
        <Fact key={name} name={name}>
          <span className="bz-source-value">{value}</span>
        </Fact>
      ))}
    </dl>
  );
}

function Fact({ name, title, children }: { name: string; title?: string; children: React.ReactNode }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Test({ source }: { source: Source }) {
  return (
    <section aria-label="Connection" id="test">
      <h2>Connection</h2>
      <p className="bz-dim">Each step is tried with the stored secrets, and nothing is changed.</p>
      <ConnectionTest request={() => ({ kind: source.kind, connection: source.connection, source: source.id })} about={source.revision} />
    </section>
  );
}

function Tokens({ source, list, zone }: { source: Source; list: SourceList; zone: string }) {
  const { search, change } = usePage();
  const firehose = source.kind === 'firehose';
  const base = (list.listener ?? '').replace(/\/$/, '');
  return (
    <section aria-label="Senders">
      <h2>Senders</h2>
      <p>
        {firehose ? (
          <>
            They send to <code>{base}/firehose</code> with the access key.
          </>
        ) : (
          <>
            They send to <code>{base}/v1/http/…</code>, the address with its token.
          </>
        )}
      </p>
      <table className="bz-source-list">
        <thead>
          <tr>
            <th>{firehose ? 'Access key' : 'Token'}</th>
            <th>Made</th>
            <th>Taken until</th>
          </tr>
        </thead>
        <tbody>
          {source.tokens.map((token) => (
            <tr key={`${token.hint} ${token.created}`}>
              <td className="bz-mono">{token.hint}…</td>
              <td>{minuteStamp(token.created, zone)}</td>
              <td>{token.expires === null ? 'it is replaced' : minuteStamp(token.expires, zone)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Button size="xs" variant="default" onClick={() => change({ step: 'rotate' })}>
        New {firehose ? 'access key' : 'token'}
      </Button>
      {search.step === 'rotate' && <RotateDialog source={source} onClose={() => change({ step: undefined })} />}
    </section>
  );
}

function Settings({ source, onEdit }: { source: Source; onEdit: () => void }) {
  const { connection } = source;
  const facts: { name: string; value: string }[] = [...(source.kind === 'ec2' ? [] : ofRecords(source)), ...flat(connection)].filter(
    ({ value }) => value !== '',
  );
  return (
    <section aria-label="Settings">
      <h2>Settings</h2>
      <dl className="bz-source-settings">
        {facts.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="bz-mono">{value}</dd>
          </div>
        ))}
      </dl>
      <Button size="xs" variant="default" onClick={onEdit}>
        Edit
      </Button>
    </section>
  );
}

function ofRecords({ records, sourceCategory, sourceName, sourceHost }: Source): { name: string; value: string }[] {
  return [
    { name: 'Source category', value: sourceCategory },
    { name: 'Source name', value: sourceName },
    { name: 'Source host', value: sourceHost },
    { name: 'Format', value: records.format === 'auto' ? 'told by content' : records.format },
    { name: 'Layout', value: records.layout === 'auto' ? 'told by content' : records.layout },
    ...records.rules.map(({ kind, name, pattern }) => ({ name: `${kind}: ${name}`, value: pattern })),
    { name: 'Timestamp locator', value: records.timestampLocator },
    { name: 'Records over several lines', value: records.multiline.mode === 'boundary' ? records.multiline.pattern : records.multiline.mode },
    { name: 'Internal traffic', value: records.internalTraffic.join(', ') },
  ];
}

const LABELS: Readonly<Record<string, string>> = {
  mode: 'Reads by',
  queue: 'Queue',
  bucket: 'Bucket',
  prefix: 'Prefix',
  region: 'Region',
  regions: 'Regions',
  intervalMinutes: 'Minutes between looks',
  visibilitySeconds: 'Visibility timeout, s',
  follow: 'Follows new objects',
  followSeconds: 'Seconds between looks',
  'credentials.kind': 'Reads as',
  'credentials.name': 'Profile',
  'credentials.roleArn': 'Role ARN',
  'credentials.externalId': 'External id',
  'credentials.accessKeyId': 'Access key id',
  'credentials.secretAccessKey': 'Secret access key',
  'credentials.sessionToken': 'Session token',
  'credentials.base.kind': 'Role taken as',
  'credentials.base.name': 'Profile',
  'credentials.base.accessKeyId': 'Access key id',
  'credentials.base.secretAccessKey': 'Secret access key',
  'credentials.base.sessionToken': 'Session token',
  endpoint: 'Endpoint',
  queueEndpoint: 'SQS endpoint',
  stsEndpoint: 'STS endpoint',
  proxy: 'Outbound proxy',
  pathStyle: 'Bucket in the path',
  digests: 'CloudTrail digests',
};

/** Values that the forms have other words for. */
const VALUES: Readonly<Record<string, string>> = {
  true: 'yes',
  false: 'no',
  'digests off': 'passed over',
  'digests hashes': 'chain and log files are checked',
  'digests signatures': 'signatures are checked, too',
};

/** `{credentials: {kind: 'role'}}` → `Reads as: role` */
function flat(tree: Readonly<Record<string, unknown>>, above = ''): { name: string; value: string }[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const name = above === '' ? key : `${above}.${key}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return flat(value as Record<string, unknown>, name);
    if (name === 'since' && typeof value === 'number') return [{ name: 'Since', value: new Date(value).toISOString() }];
    return [{ name: LABELS[name] ?? name, value: textOf(name, value) }];
  });
}

function textOf(name: string, value: unknown): string {
  if (value === SECRET) return 'stored, encrypted';
  return Array.isArray(value) ? value.join(', ') : (VALUES[`${name} ${value}`] ?? (typeof value === 'boolean' ? (VALUES[String(value)] ?? '') : String(value)));
}
