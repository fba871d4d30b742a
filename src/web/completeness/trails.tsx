/** What the digests of CloudTrail's trails prove: a row for each trail, account and region, the worst first. */
import { useId } from 'react';
import type { CompletenessTrail } from '../../api/contract/completeness.ts';
import { exact } from '../format/numbers.ts';
import { ago, minuteStamp, rangeText, stamp } from '../format/times.ts';

interface Props {
  readonly trails: readonly CompletenessTrail[];
  readonly truncated: boolean;
  readonly zone: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

const STATE: Readonly<Record<CompletenessTrail['state'], string>> = {
  broken: 'not proven',
  late: 'digests stay away',
  unsigned: 'signatures not checked',
  proven: 'proven complete',
};
/** Of the board's states, those that look as these do. */
const LOOK: Readonly<Record<CompletenessTrail['state'], string>> = { broken: 'silent', late: 'gap', unsigned: 'skipped', proven: 'ok' };
const COLUMNS = 7;

export function TrailsView({ trails, truncated, zone, now }: Props) {
  const heading = useId();
  if (trails.length === 0) return null;
  return (
    <section className="bz-source" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>CloudTrail digests</h2>
        <span className="bz-dim">What the trails’ digests say was delivered, compared with the log files that are here</span>
      </header>
      <table className="bz-board bz-trails">
        <thead>
          <tr>
            <th>Account</th>
            <th>Region</th>
            <th>State</th>
            <th>Proven complete until</th>
            <th>Trail</th>
            <th>Source</th>
            <th className="bz-number">Digests · log files</th>
          </tr>
        </thead>
        {trails.map((trail) => (
          <Row key={JSON.stringify([trail.source, trail.trail, trail.home, trail.account, trail.region])} trail={trail} zone={zone} now={now} />
        ))}
      </table>
      {truncated && <p className="bz-dim">There are more; these are those that changed last.</p>}
    </section>
  );
}

function Row({ trail, zone, now }: { trail: CompletenessTrail; zone: string; now: number }) {
  const { account, region, state, until, since, newest, digests, logFiles, faults, moreFaults, ranges } = trail;
  const later = ranges.filter(({ from }) => until !== null && from > until);
  const unsigned = ranges.filter(({ signed }) => !signed);
  return (
    <tbody>
      <tr>
        <td data-label="Account" className="bz-mono">
          {account}
        </td>
        <td data-label="Region">{region}</td>
        <td data-label="State">
          <span className="bz-state" data-state={LOOK[state]}>
            {STATE[state]}
          </span>
        </td>
        <td data-label="Proven complete until">
          {until === null || since === null ? (
            <span className="bz-warn">nothing before the first fault</span>
          ) : (
            <>
              <time dateTime={new Date(until * 1000).toISOString()} title={`${stamp(until * 1000, zone)}, ${ago(until * 1000, now)}`}>
                {minuteStamp(until * 1000, zone)}
              </time>{' '}
              <span className="bz-dim">
                <span>since {minuteStamp(since * 1000, zone)}</span>
                {state === 'unsigned' && ', by hashes alone'}
              </span>
            </>
          )}
        </td>
        <td data-label="Trail" title={`Made in ${trail.home}`}>
          {trail.trail}
        </td>
        <td data-label="Source">{trail.sourceName}</td>
        <td data-label="Digests · log files" className="bz-number" title={`${exact(digests)} digests with ${exact(logFiles)} log files were verified in all`}>
          {exact(digests)} · {exact(logFiles)}
        </td>
      </tr>
      {state !== 'proven' && (
        <tr className="bz-board-details">
          <td colSpan={COLUMNS}>
            {state === 'late' && newest !== null && (
              <p>
                CloudTrail writes a digest every hour, also of an hour without an event. The newest ends at {minuteStamp(newest * 1000, zone)}: validation or
                logging was switched off, or digests do not reach this source.
              </p>
            )}
            {unsigned.length > 0 && (
              <p>
                Signatures were not checked from{' '}
                {unsigned
                  .slice(0, 3)
                  .map(({ from, to }) => rangeText(from, to, zone, now))
                  .join('; ')}
                {unsigned.length > 3 && ` and ${exact(unsigned.length - 3)} more`}: digests and log files agree, and somebody who may write to the bucket could
                have changed both. Give public keys to have them checked.
              </p>
            )}
            {faults.length > 0 && (
              <ul>
                {faults.map(({ code, from, to, meaning, message, count }) => (
                  <li key={`${code} ${from} ${to} ${message}`}>
                    <b>{rangeText(from, to, zone, now)}</b> <code>{code}</code> {meaning} <span className="bz-trails-thing">{message}</span>
                    {count > 1 && ` ${exact(count)} of them.`}
                  </li>
                ))}
                {moreFaults > 0 && <li>{exact(moreFaults)} more</li>}
              </ul>
            )}
            {later.length > 0 && <p>Proven again: {later.map(({ from, to }) => rangeText(from, to, zone, now)).join('; ')}.</p>}
          </td>
        </tr>
      )}
    </tbody>
  );
}
