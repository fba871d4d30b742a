/** The sources of all collectors in one table, so that their columns can be compared. */
import { Link } from '@tanstack/react-router';
import type { Collector, Source, SourceList } from '../../api/contract/sources.ts';
import type { Search } from '../app/search.ts';
import { exact } from '../format/numbers.ts';
import { zoneName } from '../format/times.ts';
import { CollectorActions, SourceActions } from './actions.tsx';
import { Count, Lag, Minutes, State, When } from './parts.tsx';
import { kindOf, lookupSummary, many, storedOf } from './words.ts';

interface Props {
  readonly list: SourceList;
  readonly zone: string;
  /** Epoch milliseconds at which the numbers were taken. */
  readonly now: number;
  readonly search: Search;
}

const COLUMNS = 12;

export function SourcesTable({ list, zone, now, search }: Props) {
  return (
    <div className="bz-sources-scroll">
      <table className="bz-sources-table" aria-label="Sources by collector">
        <thead>
          <tr>
            <th>Source</th>
            <th>Kind</th>
            <th>State</th>
            <th>Category</th>
            <th>Last delivery ({zoneName(zone)})</th>
            <th>Records a minute, last hour</th>
            <th className="bz-number" title="From when a delivery was sent until it was stored">
              Lag p50 / p95
            </th>
            <th className="bz-number">Stored</th>
            <th className="bz-number">Quarantined</th>
            <th className="bz-number" title="Acknowledged, and not stored yet">
              Spool
            </th>
            <th className="bz-number">Errors</th>
            <th>
              <span className="bz-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        {list.collectors.map((collector) => (
          <CollectorRows
            key={collector.id}
            collector={collector}
            sources={list.sources.filter((source) => source.collector === collector.id)}
            zone={zone}
            now={now}
            search={search}
          />
        ))}
      </table>
    </div>
  );
}

function CollectorRows({ collector, sources, ...shown }: Omit<Props, 'list'> & { collector: Collector; sources: readonly Source[] }) {
  return (
    <tbody>
      <tr className="bz-sources-collector">
        <th colSpan={COLUMNS - 1} scope="rowgroup">
          {collector.name} <span className="bz-dim">{collector.paused ? 'paused with all its sources' : many(sources.length, 'source')}</span>{' '}
          {collector.description && <span className="bz-dim">· {collector.description}</span>}
        </th>
        <td>
          <CollectorActions collector={collector} sources={sources.length} />
        </td>
      </tr>
      {sources.map((source) => (
        <SourceRow key={source.id} source={source} {...shown} />
      ))}
    </tbody>
  );
}

function SourceRow({ source, zone, now, search }: Omit<Props, 'list'> & { source: Source }) {
  const { status } = source;
  const errors = status.errors.reduce((sum, { count }) => sum + count, 0);
  const params = { id: source.id };
  return (
    <tr data-state={status.state}>
      <th scope="row">
        <Link to="/sources/$id" params={params} search={search}>
          {source.name}
        </Link>
      </th>
      <td data-label="Kind">{kindOf(source)}</td>
      <td data-label="State">
        <State source={source} />
      </td>
      <td data-label="Category" className="bz-mono">
        {source.sourceCategory || <span className="bz-dim">–</span>}
      </td>
      <td data-label={source.kind === 'ec2' ? 'Last answer' : 'Last delivery'}>
        <When ms={status.lastDelivery} zone={zone} now={now} />
      </td>
      {source.kind === 'ec2' ? <LookupCells source={source} /> : <RecordCells source={source} search={search} />}
      <td data-label="Errors" className="bz-number">
        {errors > 0 ? (
          <Link to="/sources/$id" params={params} search={search} hash="errors" className="bz-source-wrong" title={status.errors[0]?.message}>
            {exact(errors)}
          </Link>
        ) : (
          <span className="bz-dim">0</span>
        )}
      </td>
      <td>
        <SourceActions source={source} search={search} />
      </td>
    </tr>
  );
}

/** A lookup has no records: what it looks up stands in their columns. */
function LookupCells({ source }: { source: Source }) {
  const { details } = source.status;
  return (
    <td data-label="Looks up" colSpan={5} className="bz-dim" title={details.map(({ name, value }) => `${name}: ${value}`).join('\n')}>
      {lookupSummary(source)}
    </td>
  );
}

function RecordCells({ source, search }: Pick<Props, 'search'> & { source: Source }) {
  const { status } = source;
  const latest = status.recordsByMinute.at(-2) ?? 0;
  const params = { id: source.id };
  return (
    <>
      <td data-label="Records a minute">
        <span className="bz-sources-rate">
          <Minutes byMinute={status.recordsByMinute} />
          <span title={`${exact(latest)} in the last whole minute`}>
            <Count value={latest} />
          </span>
        </span>
      </td>
      <td data-label="Lag p50 / p95" className="bz-number">
        <Lag lag={status.lag} />
      </td>
      <td data-label="Stored" className="bz-number">
        <Count value={storedOf(status)} />
      </td>
      <td data-label="Quarantined" className="bz-number">
        {status.counts.quarantined > 0 ? (
          <Link to="/sources/$id" params={params} search={search} hash="quarantine" className="bz-warn" title={exact(status.counts.quarantined)}>
            {exact(status.counts.quarantined)}
          </Link>
        ) : (
          <span className="bz-dim">0</span>
        )}
      </td>
      <td data-label="Spool" className="bz-number">
        <Count value={status.spooled} unit="bytes" />
      </td>
    </>
  );
}
