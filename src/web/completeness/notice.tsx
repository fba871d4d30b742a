/** A quiet line on a dashboard whose window is known to be incomplete: who is missing, from when to when. */
import { Link } from '@tanstack/react-router';
import type { KnownGap } from '../../api/contract/completeness.ts';
import type { Window } from '../../api/contract.ts';
import { exact } from '../format/numbers.ts';
import { shortRange } from '../format/times.ts';
import { absolute } from '../time/range.ts';

interface Props {
  readonly missing: readonly KnownGap[];
  /** SKIPDATA records of the window, whatever the filters. */
  readonly skipdata: number;
  readonly window: Window | null;
  readonly zone: string;
  readonly tz: string | undefined;
}

/** Gaps that are named; the board has all. */
const NAMED = 2;

export function MissingNotice({ missing, skipdata, window, zone, tz }: Props) {
  const gaps = missing.filter((one) => one.kind === 'gap');
  const skips = missing.filter((one) => one.kind === 'skipdata');
  if (gaps.length === 0 && skipdata === 0 && skips.length === 0) return null;
  const nameOf = ({ account, region, source, from, to, open }: KnownGap) =>
    `${[account || 'account not known', region || 'region not known', source].join(' · ')}, ${shortRange(from, to, zone)}${open ? ' and on' : ''}`;
  const list = (all: readonly KnownGap[]) =>
    `${all.slice(0, NAMED).map(nameOf).join('; ')}${all.length > NAMED ? `; and ${exact(all.length - NAMED)} more` : ''}.`;
  return (
    <p className="bz-banner" data-tone="warn" role="status">
      {gaps.length > 0 && (
        <>
          <b>Records are missing.</b> Nothing came of {list(gaps)}{' '}
        </>
      )}
      {(skipdata > 0 || skips.length > 0) && (
        <>
          <b>AWS skipped records.</b>{' '}
          {skipdata > 0 &&
            `${exact(skipdata)} SKIPDATA ${skipdata === 1 ? 'record says' : 'records say'} that flows of this window were not logged: the counts below are too low. `}
          {skips.length > 0 && `${list(skips)} `}
        </>
      )}
      <Link to="/completeness" search={{ ...(window && absolute(window)), ...(tz !== undefined && { tz }) }}>
        Completeness
      </Link>
    </p>
  );
}
