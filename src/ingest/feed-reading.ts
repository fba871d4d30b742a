/** Indicators out of a document on the disk, with what the feed assumes where they say nothing, and what was wrong. */
import { createReadStream } from 'node:fs';
import { FeedError } from '../collect/feeds/problems.ts';
import { type FeedDocument, type ReadLimits, readIndicators } from '../formats/indicators/index.ts';
import type { EntryProblem, FeedDefaults, IndicatorFormat } from '../model/feed.ts';
import type { Indicator } from '../model/indicator.ts';

/** Problems that are kept in full; the rest is counted. */
const KEPT_PROBLEMS = 100;
const KEPT_REASONS = 50;
const DAY = 86_400;

/** Grows while a document is read. */
export interface ReadSummary {
  format: IndicatorFormat | undefined;
  /** What is in the document: indicators, problems and what is none. */
  entries: number;
  indicators: number;
  problemCount: number;
  readonly problems: EntryProblem[];
  readonly skipped: Map<string, number>;
}

export function newSummary(): ReadSummary {
  return { format: undefined, entries: 0, indicators: 0, problemCount: 0, problems: [], skipped: new Map() };
}

export interface Reading {
  readonly file: string;
  readonly format: IndicatorFormat | 'auto';
  readonly mapping: Readonly<Record<string, string | undefined>> | undefined;
  readonly defaults: FeedDefaults;
  /** Epoch seconds at which the feed said it. */
  readonly at: number;
  /**
   * `whole`: the document takes the place of what was there, and is refused where most of it cannot be read: it may
   * be another document altogether. `some`: what can be read counts.
   */
  readonly trust: 'whole' | 'some';
  readonly limits?: Partial<ReadLimits>;
  readonly signal: AbortSignal;
}

/** The indicators of a document. Throws FeedError, behind what was read before it. */
export async function* readFeed(reading: Reading, summary: ReadSummary): AsyncGenerator<Indicator> {
  const document: FeedDocument = { open: () => createReadStream(reading.file, { highWaterMark: 256 * 1024 }) };
  const { format, mapping, defaults, at, trust, limits, signal } = reading;
  const { format: found, entries } = await readIndicators(document, { format, mapping, ...(limits ? { limits } : {}) });
  summary.format = found;
  for await (const batch of entries) {
    signal.throwIfAborted();
    for (const entry of batch) {
      if ('broken' in entry) throw new FeedError('feed-unreadable', entry.broken);
      summary.entries++;
      if ('indicator' in entry) {
        summary.indicators++;
        yield withDefaults(entry.indicator, defaults, at);
      } else if ('problem' in entry) {
        summary.problemCount++;
        if (summary.problems.length < KEPT_PROBLEMS) summary.problems.push(entry.problem);
      } else if (summary.skipped.has(entry.skipped) || summary.skipped.size < KEPT_REASONS) {
        summary.skipped.set(entry.skipped, (summary.skipped.get(entry.skipped) ?? 0) + 1);
      } else summary.skipped.set(OTHERS, (summary.skipped.get(OTHERS) ?? 0) + 1);
    }
  }
  const { indicators, problemCount } = summary;
  if (problemCount === 0 || (trust === 'some' && indicators > 0)) return;
  if (indicators === 0 || (problemCount > indicators && problemCount >= 10)) throw unreadable(summary);
}

const OTHERS = 'other reasons';

function unreadable({ indicators, problemCount, problems }: ReadSummary): FeedError {
  const [first] = problems;
  const where = first?.line === undefined ? (first?.index === undefined ? '' : `entry ${first.index}: `) : `line ${first.line}: `;
  return new FeedError(
    'feed-unreadable',
    indicators === 0
      ? `Nothing of the document can be read as an indicator (${problemCount} ${problemCount === 1 ? 'entry' : 'entries'}).`
      : `Most of the document cannot be read: ${problemCount} entries of ${problemCount + indicators}.`,
    first ? { hint: `${where}${first.reason} (${first.excerpt.slice(0, 80)}). Look at the format of the feed.` } : {},
  );
}

function withDefaults(indicator: Indicator, { confidence, validDays, threatType, labels }: FeedDefaults, at: number): Indicator {
  const says = indicator.validUntil !== 0 || validDays === 0;
  // Whole days where there is no date: else each look would change every indicator.
  const since = indicator.updated || indicator.firstSeen || Math.floor(at / DAY) * DAY;
  return {
    ...indicator,
    confidence: indicator.confidence || confidence,
    threatType: indicator.threatType || threatType,
    labels: labels.length === 0 ? indicator.labels : [...new Set([...indicator.labels, ...labels])],
    validUntil: says ? indicator.validUntil : since + validDays * DAY,
  };
}
