/** What the digests of CloudTrail's trails prove of a window, worst first. */
import { type Chain, proofOf } from '../formats/cloudtrail/digest-chain.ts';
import { DIGEST_FAULTS } from '../model/digest-faults.ts';
import type { StoredProof } from '../store/metadata.ts';
import type { CompletenessTrail } from './contract/completeness.ts';
import type { Window } from './contract.ts';
import type { ServerDeps } from './deps.ts';

/** A source as far as a trail needs it. */
interface Followed {
  readonly name: string;
  readonly kind: string;
  readonly paused: boolean;
}

const MOST = 2000;
const MOST_FAULTS = 20;
const MOST_RANGES = 50;
/** Digests come every hour, and some time after it. Seconds. */
const LATE = 3 * 3600;
const RANK = { broken: 0, late: 1, unsigned: 2, proven: 3 } as const satisfies Record<CompletenessTrail['state'], number>;

export async function trailsOf(
  deps: ServerDeps,
  window: Window,
  sources: ReadonlyMap<string, Followed>,
): Promise<{ trails: CompletenessTrail[]; trailsTruncated: boolean }> {
  const stored = (await deps.proofs?.list(MOST + 1)) ?? [];
  const now = Math.floor(deps.clock() / 1000);
  const trails = stored.slice(0, MOST).flatMap((row) => trailOf(row, window, now, sources.get(row.source)) ?? []);
  return { trails: trails.sort(worstFirst), trailsTruncated: stored.length > MOST };
}

function trailOf(row: StoredProof, window: Window, now: number, source: Followed | undefined): CompletenessTrail | undefined {
  const { trail, home, account, region } = row;
  const proof = proofOf(JSON.parse(row.chain) as Chain, window);
  const followed = source?.kind === 's3' && !source.paused;
  const late = followed && proof.newest !== null && Math.min(now, window.to) - proof.newest > LATE;
  // What is over is not listed for ever.
  if (proof.state === 'none' && !late) return undefined;
  return {
    source: row.source,
    sourceName: row.source === '' ? 'files' : (source?.name ?? 'a source that was removed'),
    trail,
    home,
    account,
    region,
    state: proof.state === 'broken' ? 'broken' : late || proof.state === 'none' ? 'late' : proof.state,
    until: proof.until,
    since: proof.from,
    ranges: proof.ranges.slice(-MOST_RANGES),
    faults: proof.faults.slice(0, MOST_FAULTS).map(({ code, from, to, message, count }) => ({ code, from, to, meaning: DIGEST_FAULTS[code], message, count })),
    moreFaults: Math.max(0, proof.faults.length - MOST_FAULTS),
    newest: proof.newest,
    digests: proof.digests,
    logFiles: proof.logFiles,
  };
}

function worstFirst(a: CompletenessTrail, b: CompletenessTrail): number {
  const name = ({ account, region, trail }: CompletenessTrail) => `${account} ${region} ${trail}`;
  return RANK[a.state] - RANK[b.state] || (name(a) < name(b) ? -1 : Number(name(a) > name(b)));
}
