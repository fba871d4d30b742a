/** What was found later, as a table: flows of the past that an indicator speaks of which was not known then. */
import { Link } from '@tanstack/react-router';
import type { RetroFinding } from '../../api/contract/findings.ts';
import { carried, type Search } from '../app/search.ts';
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
            <th>Flows at</th>
            <th className="bz-number">Accepted / refused</th>
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

function Row({ finding, zone, brief }: { finding: RetroFinding; zone: string; brief: boolean }) {
  const { search } = usePage();
  const { indicator, address, feed, dataset, known, first, last, accepted, refused, bytes, foundAt, ...about } = finding;
  const records: Search = { ...(search.tz && { tz: search.tz }), ...absolute({ from: first, to: last + 1 }), q: recordsOf(address, dataset) };
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
        {dataset !== 'vpc_flow' && <span className="bz-dim"> {dataset}</span>}
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
      <td data-label="Flows at">{first === last ? stamp(first * 1000, zone) : rangeText(first, last, zone)}</td>
      <td data-label="Accepted / refused" className="bz-number">
        <span data-meaning={accepted > 0 ? 'accept' : undefined} title={`${exact(accepted)} flows were accepted`}>
          {short(accepted)}
        </span>{' '}
        /{' '}
        <span data-meaning={refused > 0 ? 'reject' : undefined} title={`${exact(refused)} flows were refused`}>
          {short(refused)}
        </span>
      </td>
      {!brief && (
        <td data-label="Bytes" className="bz-number" title={exact(bytes, 'bytes')}>
          {short(bytes, 'bytes')}
        </td>
      )}
      <td data-label="Found" title={stamp(foundAt * 1000, zone)}>
        {ago(foundAt * 1000)}
      </td>
    </tr>
  );
}
