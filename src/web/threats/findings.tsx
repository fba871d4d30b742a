/** What was found later, as a table: flows and events of the past that an indicator speaks of which was not known then. */
import { Link } from '@tanstack/react-router';
import type { RetroFinding } from '../../api/contract/findings.ts';
import { CLOUDTRAIL } from '../../model/log-formats.ts';
import { carried, EVENT_COLUMNS, FLOW_COLUMNS, type Search } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { exact, short } from '../format/numbers.ts';
import { ago, rangeText, stamp } from '../format/times.ts';
import { absolute } from '../time/range.ts';
import { Chips, Confidence } from './parts.tsx';
import { recordsOf } from './search-of.ts';

interface Props {
  readonly findings: readonly RetroFinding[];
  readonly zone: string;
  /** Of one indicator: what it is stands elsewhere. */
  readonly short?: boolean;
}

export function Findings({ findings, zone, short: brief = false }: Props) {
  return (
    <div className="bz-sources-scroll">
      <table className="bz-sources-table" aria-label="Found later">
        <thead>
          <tr>
            {!brief && <th>Indicator</th>}
            <th>Address</th>
            {!brief && (
              <>
                <th>Confidence</th>
                <th>About</th>
              </>
            )}
            <th>Known since</th>
            <th>Seen at</th>
            <th className="bz-number" title="Flows that were accepted and refused, events that succeeded and failed">
              Accepted / refused
            </th>
            {!brief && <th className="bz-number">Bytes</th>}
            <th>Found</th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding) => (
            <Row key={`${finding.feed} ${finding.indicator} ${finding.address} ${finding.dataset}`} finding={finding} zone={zone} brief={brief} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const KIND: Readonly<Record<string, string>> = { vpc_flow: 'flows', tgw_flow: 'flows of transit gateways', cloudtrail: 'events' };

function Row({ finding, zone, brief }: { finding: RetroFinding; zone: string; brief: boolean }) {
  const { search } = usePage();
  const { indicator, address, feed, dataset, known, first, last, accepted, refused, bytes, foundAt, ...about } = finding;
  const events = dataset === CLOUDTRAIL.main;
  const records: Search = {
    ...(search.tz && { tz: search.tz }),
    ...absolute({ from: first, to: last + 1 }),
    q: recordsOf(address, dataset),
    cols: events ? EVENT_COLUMNS : FLOW_COLUMNS,
  };
  return (
    <tr>
      {!brief && (
        <th scope="row">
          <Link to="/threats" search={{ ...carried(search), view: 'indicators', q: address, feed }} className="bz-mono" title={`${indicator} of ${feed}`}>
            {indicator}
          </Link>{' '}
          <span className="bz-dim">{feed}</span>
        </th>
      )}
      <td data-label="Address" className="bz-mono">
        <Link to="/search" search={records} title="The records">
          {address}
        </Link>
        <span className="bz-dim"> {KIND[dataset] ?? dataset}</span>
      </td>
      {!brief && (
        <>
          <td data-label="Confidence">
            <Confidence of={about} />
          </td>
          <td data-label="About">
            <Chips of={about} most={2} />
          </td>
        </>
      )}
      <td data-label="Known since" title={stamp(known * 1000, zone)}>
        {ago(known * 1000)}
      </td>
      <td data-label="Seen at">{first === last ? stamp(first * 1000, zone) : rangeText(first, last, zone)}</td>
      <td data-label="Accepted / refused" className="bz-number">
        <span data-meaning={accepted > 0 ? 'accept' : undefined} title={`${exact(accepted)} ${events ? 'events succeeded' : 'flows were accepted'}`}>
          {short(accepted)}
        </span>{' '}
        /{' '}
        <span data-meaning={refused > 0 ? 'reject' : undefined} title={`${exact(refused)} ${events ? 'events failed' : 'flows were refused'}`}>
          {short(refused)}
        </span>
      </td>
      {!brief && (
        <td data-label="Bytes" className="bz-number" title={events ? 'Events move no bytes' : exact(bytes, 'bytes')}>
          {events ? <span className="bz-dim">–</span> : short(bytes, 'bytes')}
        </td>
      )}
      <td data-label="Found" title={stamp(foundAt * 1000, zone)}>
        {ago(foundAt * 1000)}
      </td>
    </tr>
  );
}
