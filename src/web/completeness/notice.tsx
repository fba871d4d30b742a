/**
 * A quiet line at the foot of the screen, on a dashboard whose window is known to be incomplete: who is missing, from when to
 * when. It lies over the page, so that panels stay where they are when it comes with the answer.
 */
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
  if (gaps.length === 0 && skipdata === 0 && skips.length === 0) return <div className="bz-missing" />;
  return (
    <div className="bz-missing">
      <p className="bz-banner" data-tone="warn" role="status">
        {gaps.length > 0 && (
          <>
            <b>Records are missing.</b> <Places before="No records came from " all={gaps} zone={zone} />{' '}
          </>
        )}
        {(skipdata > 0 || skips.length > 0) && (
          <>
            <b>AWS skipped records.</b>{' '}
            {skipdata > 0 &&
              `${exact(skipdata)} SKIPDATA ${skipdata === 1 ? 'record says' : 'records say'} that flows of this window were not logged: the counts on this page are too low. `}
            {skips.length > 0 && (
              <>
                <Places all={skips} zone={zone} />{' '}
              </>
            )}
          </>
        )}
        <Link to="/completeness" search={{ ...(window && absolute(window)), ...(tz !== undefined && { tz }) }}>
          Completeness
        </Link>
      </p>
    </div>
  );
}

/** Narrow pages have no room for them; the board has them all. */
function Places({ before = '', all, zone }: { before?: string; all: readonly KnownGap[]; zone: string }) {
  const nameOf = ({ account, region, source, from, to, open }: KnownGap) =>
    `${[account || 'account not known', region || 'region not known', source].join(' · ')}, ${shortRange(from, to, zone)}${open ? ' and on' : ''}`;
  const more = all.length > NAMED ? `; and ${exact(all.length - NAMED)} more` : '';
  return <span className="bz-missing-places">{`${before}${all.slice(0, NAMED).map(nameOf).join('; ')}${more}.`}</span>;
}
