/** Small parts that the views of threats share. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Feed, Imported, StoredIndicator } from '../../api/contract/feeds.ts';
import { explain } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { exact } from '../format/numbers.ts';
import { BAND_MEANS, many, placeOf, progressText, stateMeans, stateWord } from './words.ts';

/** The state in a word and a shape; of a run that goes on what it is doing. */
export function FeedState({ feed }: { feed: Feed }) {
  const { state, progress } = feed.state;
  return (
    <span className="bz-source-state" data-state={state} title={stateMeans(feed)}>
      {state === 'trouble' ? <Icon name="warn" size={14} /> : state === 'disabled' ? <Icon name="pause" size={14} /> : <i aria-hidden="true" />}
      {stateWord(feed)}
      {progress && <span className="bz-dim bz-threat-progress">{progressText(progress)}</span>}
    </span>
  );
}

/** `90 high`: the number, the band in words, and a bar whose length repeats it. */
export function Confidence({ of: { confidence, band } }: { of: Pick<StoredIndicator, 'confidence' | 'band'> }) {
  return (
    <span className="bz-threat-confidence" data-band={band} title={BAND_MEANS[band]}>
      <i aria-hidden="true">
        <b style={{ width: `${Math.max(4, confidence)}%` }} />
      </i>
      {confidence === 0 ? '' : confidence} {band}
    </span>
  );
}

interface ChipsProps {
  readonly of: Pick<StoredIndicator, 'threatType' | 'actors' | 'malware' | 'labels'> & { readonly severity: string };
  /** The rest is counted. */
  readonly most?: number;
}

/** Severity, sort of threat, actors, malware and labels, each with what it is in its title. */
export function Chips({ of: { severity, threatType, actors, malware, labels }, most = 5 }: ChipsProps) {
  const all: readonly (readonly [what: string, text: string])[] = [
    ...(severity ? ([['severity', severity]] as const) : []),
    ...(threatType ? ([['threat', threatType]] as const) : []),
    ...actors.map((text) => ['actor', text] as const),
    ...malware.map((text) => ['malware', text] as const),
    ...labels.map((text) => ['label', text] as const),
  ];
  return (
    <span className="bz-threat-chips">
      {all.slice(0, most).map(([what, text]) => (
        <span key={`${what} ${text}`} className="bz-threat-chip" data-what={what} title={`${what}: ${text}`}>
          {text}
        </span>
      ))}
      {all.length > most && (
        <span
          className="bz-dim"
          title={all
            .slice(most)
            .map(([what, text]) => `${what}: ${text}`)
            .join('\n')}
        >
          +{all.length - most}
        </span>
      )}
    </span>
  );
}

/** A part of the page that could not be asked for: why, and again. */
export function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { message, hint, code } = explain(error);
  return (
    <div className="bz-source-note" data-tone="error" role="alert">
      <p>
        <Icon name="warn" size={14} /> {message} <code>{code}</code>
      </p>
      {hint && <p className="bz-dim">{hint}</p>}
      <Button size="compact-xs" variant="default" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** One line of a description list. */
export function Item({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Fact({ name, value, title }: { name: string; value: number; title?: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{exact(value)}</dd>
    </div>
  );
}

/** What became of the entries of a run or of a file. */
export function Counts({ counts }: { counts: NonNullable<Feed['state']['counts']> }) {
  return (
    <>
      <Fact name="Added" value={counts.added} />
      <Fact name="Changed" value={counts.changed} />
      <Fact name="Expired" value={counts.expired} title="No longer named by the feed" />
      <Fact name="Unchanged" value={counts.unchanged} />
    </>
  );
}

/** Entries that could not be read, by their places, and entries that are nothing for matching. */
export function Problems({ of: { problemCount, problems, skipped } }: { of: Pick<Imported, 'problemCount' | 'problems' | 'skipped'> }) {
  return (
    <>
      {problemCount > 0 && (
        <>
          <p className="bz-warn">
            <Icon name="warn" size={14} /> {many(problemCount, 'entry', 'entries')} could not be read and {problemCount === 1 ? 'was' : 'were'} left out
            {problems.length < problemCount && `; these are the first ${exact(problems.length)}`}.
          </p>
          <div className="bz-threat-scroll">
            <table className="bz-source-list" aria-label="Entries that could not be read">
              <thead>
                <tr>
                  <th>Where</th>
                  <th>Why</th>
                  <th>Entry</th>
                </tr>
              </thead>
              <tbody>
                {problems.map((problem, i) => (
                  // Problems have no identity but their place, and an entry may have several.
                  // biome-ignore lint/suspicious/noArrayIndexKey: the rows never move
                  <ProblemRow key={i} problem={problem} />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {skipped.length > 0 && <p className="bz-dim">Not for matching: {skipped.map(({ reason, count }) => `${reason} (${exact(count)})`).join('; ')}.</p>}
    </>
  );
}

function ProblemRow({ problem }: { problem: Imported['problems'][number] }) {
  return (
    <tr>
      <td className="bz-nowrap">{placeOf(problem)}</td>
      <td>{problem.reason}</td>
      <td className="bz-mono bz-source-raw">{problem.excerpt}</td>
    </tr>
  );
}
