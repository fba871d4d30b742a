/** Tries a feed: fetches and reads it, stores nothing, and shows what would come. */
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { FeedTest, FeedTested } from '../../api/contract/feeds.ts';
import { explain } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { exact, short } from '../format/numbers.ts';
import { testFeed } from './ask.ts';
import { FORMAT_NAMES } from './kinds.ts';
import { Chips, Confidence, Problems } from './parts.tsx';
import { many, TYPE_NAME, typesName } from './words.ts';

interface Props {
  readonly request: () => FeedTest;
  /** What is tried: an answer to other settings is no answer. */
  readonly about: unknown;
  /** What the server refused before it tried anything. */
  readonly onError: (error: unknown) => void;
}

export function TryFeed({ request, about, onError }: Props) {
  const stop = useRef<AbortController | null>(null);
  const test = useMutation({
    mutationFn: () => {
      stop.current = new AbortController();
      return testFeed(request(), stop.current.signal);
    },
    onMutate: () => onError(undefined),
    onError: (error) => onError(error instanceof DOMException ? undefined : error),
  });
  const { reset } = test;
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer belongs to the settings that were tried
  useEffect(() => {
    stop.current?.abort();
    reset();
  }, [about, reset]);
  return (
    <section className="bz-source-test" aria-label="Test">
      <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
        Test it
      </Button>
      {test.isPending ? (
        <>
          <span className="bz-dim"> Fetching and reading. </span>
          <button type="button" className="bz-link" onClick={() => stop.current?.abort()}>
            Stop
          </button>
        </>
      ) : (
        <span className="bz-dim"> It is fetched and read; nothing is stored.</span>
      )}
      <div aria-live="polite">{test.data && <Tested tested={test.data} />}</div>
      {test.isError && explain(test.error).code === 'page-error' && !(test.error instanceof DOMException) && (
        <p className="bz-source-wrong">{explain(test.error).message}</p>
      )}
    </section>
  );
}

function Tested({ tested }: { tested: FeedTested }) {
  const { ok, error, format, bytes, entries, byType, partial, samples } = tested;
  return (
    <>
      {error && (
        <div className="bz-source-note" data-tone="error">
          <p>
            <Icon name="warn" size={14} /> {error.message} <code>{error.code}</code>
          </p>
          {error.hint && <p className="bz-dim">{error.hint}</p>}
        </div>
      )}
      {ok && (
        <p>
          <Icon name="check" size={14} /> It works: {format ? FORMAT_NAMES[format] : 'ranges of AWS'}, {many(entries, 'entry', 'entries')} in{' '}
          {short(bytes, 'bytes')}
          {partial && ', of a part that the test reads'}.{' '}
          {byType.map(({ type, count }, i) => (
            <span key={type}>
              {i > 0 && ', '}
              <b>{exact(count)}</b> {typesName(type)}
            </span>
          ))}
        </p>
      )}
      <Problems of={tested} />
      {samples.length > 0 && (
        <div className="bz-threat-scroll">
          <table className="bz-source-list" aria-label="The first indicators">
            <thead>
              <tr>
                <th>Indicator</th>
                <th>Type</th>
                <th>Confidence</th>
                <th>About</th>
              </tr>
            </thead>
            <tbody>
              {samples.map((sample) => (
                <tr key={`${sample.type} ${sample.value}`}>
                  <td className="bz-mono bz-source-raw">{sample.value}</td>
                  <td>{TYPE_NAME[sample.type]}</td>
                  <td>
                    <Confidence of={sample} />
                  </td>
                  <td>
                    <Chips of={sample} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
