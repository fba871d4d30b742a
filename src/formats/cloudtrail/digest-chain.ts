/**
 * The chain of digests of one trail, account and region, kept small: digests that follow each other without a break are
 * one run. Digests come in any order and more than once; what is proven is worked out when it is asked for.
 */
import type { DigestFaultCode } from '../../model/digest-faults.ts';
import { quotedWhole } from '../../model/wording.ts';

/** Why [from, to) is not proven. Epoch seconds. */
export interface DigestFault {
  readonly code: DigestFaultCode;
  /** `bucket/key` of the digest that shows it, or is wrong itself. */
  readonly digest: string;
  readonly from: number;
  readonly to: number;
  /** Names the thing. */
  readonly message: string;
  /** Things of the same kind; `message` names the first. */
  readonly count: number;
  /** Fingerprint of the key that is not known. */
  readonly key?: string;
}

export interface DigestRef {
  /** `bucket/key`. */
  readonly object: string;
  /** Of its uncompressed content. */
  readonly hash: string;
  /** Hex; empty where it is not known. */
  readonly signature: string;
}

/** A digest that was looked at. */
export interface Link {
  readonly self: DigestRef;
  readonly previous: DigestRef | null;
  readonly from: number;
  readonly to: number;
  readonly logFiles: number;
  /** Whether its signature was found right; where it was found wrong, `faults` say so. */
  readonly signed: boolean;
  /** Whether there were keys to check it with, whatever was found. */
  readonly judged: boolean;
  /** Whether it is one of the hourly chain: not a backfill, and not one that is not believed. */
  readonly chained: boolean;
  readonly faults: readonly DigestFault[];
}

interface Run {
  from: number;
  to: number;
  digests: number;
  logFiles: number;
  signed: boolean;
  /** Not in chains of before it was kept: then it is not so. */
  judged?: boolean;
  previous: DigestRef | null;
  last: DigestRef;
  lastFrom: number;
}

export interface Chain {
  readonly runs: Run[];
  readonly faults: DigestFault[];
  /** Faults and runs that were let go of, the oldest first. */
  dropped: number;
}

const MOST_RUNS = 500;
const MOST_FAULTS = 500;

export function newChain(): Chain {
  return { runs: [], faults: [], dropped: 0 };
}

/** Changes the chain. A digest that comes again takes the place of what was found of it before. */
export function addDigest(chain: Chain, link: Link): void {
  const { runs, faults } = chain;
  for (let i = faults.length - 1; i >= 0; i--) if (faults[i]?.digest === link.self.object) faults.splice(i, 1);
  for (const fault of link.faults) faults.push(fault);
  faults.sort((a, b) => a.from - b.from);
  const holder = runs.findIndex((run) => run.from <= link.from && link.to <= run.to);
  const held = runs[holder];
  if (held ? isBetter(link, held) : link.chained) {
    // What was taken without its signature is taken anew with it.
    if (held) runs.splice(holder, 1, ...beside(held, link));
    const { from, to, logFiles, signed, judged, previous, self } = link;
    const same = runs.findIndex((run) => run.digests === 1 && run.last.object === self.object);
    if (same >= 0) runs.splice(same, 1);
    if (link.chained) runs.push({ from, to, digests: 1, logFiles, signed, judged, previous, last: self, lastFrom: from });
    runs.sort((a, b) => a.from - b.from || a.to - b.to);
    join(runs);
  }
  chain.dropped += runs.splice(0, Math.max(0, runs.length - MOST_RUNS)).length + faults.splice(0, Math.max(0, faults.length - MOST_FAULTS)).length;
}

/** Whether more is known of a digest than when it was taken into its run. One that is not believed any more leaves it. */
function isBetter(link: Link, held: Run): boolean {
  if (held.signed || !link.judged) return false;
  return link.chained ? link.signed || !held.judged : link.previous !== null;
}

/** A digest that came when its key was not known. */
export interface Waiting {
  /** `bucket/key`. */
  readonly object: string;
  /** Fingerprint of the key; undefined where that is seen only by reading it. */
  readonly key: string | undefined;
  /** Epoch seconds at which it was written, about. */
  readonly at: number;
}

/** Digests that a key may prove now: the last of each run without one, and those whose key is known to be missing, newest first. */
export function waiting({ runs, faults }: Chain): Waiting[] {
  const unknown = faults.filter(({ code }) => code === 'key-unknown').map(({ digest, key, to }) => ({ object: digest, key, at: to }));
  const named = new Set(faults.map(({ digest }) => digest));
  const ends = runs.filter(({ signed, judged, last }) => !signed && !(judged && named.has(last.object)));
  return [...unknown, ...ends.map(({ last, to }) => ({ object: last.object, key: undefined, at: to }))].sort((a, b) => b.at - a.at);
}

/** What was found of the log files of a digest that came before there were keys; undefined where they were not looked at, or it was another one. */
export function comparedBefore({ runs, faults }: Chain, { object, hash }: Pick<DigestRef, 'object' | 'hash'>): readonly DigestFault[] | undefined {
  if (!runs.some((run) => !run.signed && !run.judged && run.last.object === object && run.last.hash === hash)) return undefined;
  return faults.filter(({ digest, code }) => digest === object && code.startsWith('log-file-'));
}

/**
 * What is left of a run on both sides of one of its digests. A run does not keep what is inside of it: how many digests a side
 * has is told by its time, and its end by what the digest says of the one before it.
 */
function beside(run: Run, link: Link): Run[] {
  const [left, right] = [link.from - run.from, run.to - link.to];
  const digests = Math.max(0, run.digests - 1);
  const logFiles = Math.max(0, run.logFiles - link.logFiles);
  const share = left + right === 0 ? 0 : left / (left + right);
  const before = { digests: right === 0 ? digests : Math.round(digests * share), logFiles: right === 0 ? logFiles : Math.round(logFiles * share) };
  const sides: Run[] = [];
  if (left > 0 && link.previous) {
    const lastFrom = Math.max(run.from, link.from - (link.to - link.from));
    sides.push({ ...run, ...before, to: link.from, last: link.previous, lastFrom });
  }
  if (right > 0) sides.push({ ...run, digests: digests - before.digests, logFiles: logFiles - before.logFiles, from: link.to, previous: link.self });
  return sides;
}

function join(runs: Run[]): void {
  for (let i = runs.length - 1; i > 0; i--) {
    const before = runs[i - 1] as Run;
    const after = runs[i] as Run;
    if (
      before.signed !== after.signed ||
      (before.judged ?? false) !== (after.judged ?? false) ||
      before.to !== after.from ||
      !isSame(after.previous, before.last)
    )
      continue;
    before.to = after.to;
    before.digests += after.digests;
    before.logFiles += after.logFiles;
    before.last = after.last;
    before.lastFrom = after.lastFrom;
    runs.splice(i, 1);
  }
}

function isSame(named: DigestRef | null, found: DigestRef): boolean {
  return named?.object === found.object && named.hash === found.hash && (found.signature === '' || named.signature === found.signature);
}

/** `unsigned`: hashes and chain agree, signatures were not checked. `none`: no digest covers any of it. */
export type ProofState = 'broken' | 'unsigned' | 'proven' | 'none';

export interface ProvenRange {
  readonly from: number;
  readonly to: number;
  /** Whether the signatures of all its digests were found right. */
  readonly signed: boolean;
}

export interface Proof {
  readonly state: ProofState;
  /** Up to here nothing is missing or changed since `from`; null where nothing is proven before the first fault. */
  readonly until: number | null;
  /** Where the unbroken stretch up to `until` begins. */
  readonly from: number | null;
  /** Oldest first. */
  readonly ranges: readonly ProvenRange[];
  /** Newest first. */
  readonly faults: readonly DigestFault[];
  /** End of the newest digest; null where there is none. */
  readonly newest: number | null;
  readonly digests: number;
  readonly logFiles: number;
}

/** What the chain proves of [from, to); of all that is known where no window is given. */
export function proofOf(
  chain: Chain,
  window: { readonly from: number; readonly to: number } = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
): Proof {
  const { runs } = chain;
  const all = [...chain.faults, ...breaks(chain)].sort((a, b) => b.from - a.from || b.to - a.to);
  const inside = (span: { readonly from: number; readonly to: number }) => span.from < window.to && span.to > window.from;
  const ranges = proven(runs, all);
  const faults = all.filter(inside);
  const shown = ranges.filter(inside);
  const first = runs[0]?.from ?? Number.POSITIVE_INFINITY;
  // A fault may lie before the first digest that is believed.
  const begin = Math.max(window.from, Math.min(first, ...all.map((fault) => fault.from)));
  const stretch = stretchAt(ranges, begin);
  return {
    state: faults.length > 0 ? 'broken' : shown.length === 0 ? 'none' : shown.every(({ signed }) => signed) ? 'proven' : 'unsigned',
    until: stretch?.to ?? null,
    from: stretch?.from ?? null,
    ranges: shown,
    faults,
    newest: runs.length === 0 ? null : Math.max(...runs.map(({ to }) => to)),
    digests: runs.reduce((sum, run) => sum + run.digests, 0),
    logFiles: runs.reduce((sum, run) => sum + run.logFiles, 0),
  };
}

/** The unbroken stretch that holds `at`, else the last one before it. */
function stretchAt(ranges: readonly ProvenRange[], at: number): { from: number; to: number } | undefined {
  let found: { from: number; to: number } | undefined;
  for (const { from, to } of ranges) {
    if (found && found.to === from) found.to = to;
    else if (from <= at) found = { from, to };
    else break;
  }
  return found;
}

/** Faults between runs. */
function breaks({ runs, faults }: Chain): DigestFault[] {
  const found: DigestFault[] = [];
  for (let i = 1; i < runs.length; i++) {
    const before = runs[i - 1] as Run;
    const after = runs[i] as Run;
    const add = (code: DigestFaultCode, from: number, to: number, message: string) =>
      found.push({ code, digest: after.previous?.object ?? before.last.object, from, to, message, count: 1 });
    const { previous } = after;
    if (isSame(previous, before.last)) {
      if (after.from > before.to) add('chain-gap', before.to, after.from, `${quotedWhole(before.last.object)} ends before the next digest begins.`);
    } else if (previous === null) {
      // One that begins at once, as after a change of the trail, leaves no time unproven.
      if (after.from > before.to) add('chain-restarted', before.to, after.from, `After ${quotedWhole(before.last.object)} a new chain begins.`);
    } else if (previous.object === before.last.object) {
      add('digest-changed', before.lastFrom, before.to, `${quotedWhole(previous.object)} is not what the next digest says that it was.`);
    } else if (!faults.some(({ digest }) => digest === previous.object)) {
      add(
        'digest-missing',
        after.from > before.to ? before.to : before.lastFrom,
        Math.max(before.to, after.from),
        `${quotedWhole(previous.object)} is missing.`,
      );
    } else if (!covered(faults, before.to, after.from)) {
      add('digest-missing', before.to, after.from, `Digests between ${quotedWhole(before.last.object)} and ${quotedWhole(previous.object)} are missing.`);
    }
  }
  return found;
}

function covered(faults: readonly DigestFault[], from: number, to: number): boolean {
  let at = from;
  for (const fault of faults) if (fault.from <= at) at = Math.max(at, fault.to);
  return at >= to;
}

/** Runs without what faults take out of them; those that touch are kept apart only where one is signed and the other is not. */
function proven(runs: readonly Run[], faults: readonly DigestFault[]): ProvenRange[] {
  const pieces: { from: number; to: number; signed: boolean }[] = [];
  const oldestFirst = [...faults].sort((a, b) => a.from - b.from);
  for (const { from, to, signed } of runs) {
    let at = from;
    for (const fault of oldestFirst) {
      if (fault.to <= at || fault.from >= to) continue;
      if (fault.from > at) pieces.push({ from: at, to: fault.from, signed });
      at = Math.max(at, Math.min(to, fault.to));
    }
    if (at < to) pieces.push({ from: at, to, signed });
  }
  const ranges: { from: number; to: number; signed: boolean }[] = [];
  for (const piece of pieces) {
    const before = ranges.at(-1);
    if (before && before.to === piece.from && before.signed === piece.signed) before.to = piece.to;
    else ranges.push(piece);
  }
  return ranges;
}
