/** Tries a connection step by step and shows each step with what it found and the way out. */
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { TestRequest, TestResponse } from '../../api/contract/sources.ts';
import { explain } from '../api/client.ts';
import { Icon, type IconName } from '../app/icons.tsx';
import { testSource } from './ask.ts';

type Check = TestResponse['checks'][number];

const LOOK: Readonly<Record<Check['result'], readonly [icon: IconName, word: string]>> = {
  ok: ['check', 'works'],
  warning: ['info', 'look at this'],
  failed: ['warn', 'failed'],
  skipped: ['minus', 'not tried'],
};

const NAMES: Readonly<Record<string, string>> = {
  credentials: 'Credentials',
  queue: 'Queue',
  'dead-letter': 'Dead-letter queue',
  'queue-policy': 'Queue’s policy',
  bucket: 'Bucket',
  list: 'Listing',
  object: 'Reading an object',
  regions: 'Regions',
  notification: 'Notifications',
  interfaces: 'Interfaces',
  instances: 'Instances',
  groups: 'Security groups',
};

interface Props {
  readonly request: () => TestRequest;
  /** What is tried: an answer to other settings is no answer. */
  readonly about: unknown;
  /** What the server refused before it tried anything. */
  readonly onError?: (error: unknown) => void;
}

export function ConnectionTest({ request, about, onError }: Props) {
  const stop = useRef<AbortController | null>(null);
  const test = useMutation({
    mutationFn: () => {
      stop.current = new AbortController();
      return testSource(request(), stop.current.signal);
    },
    onMutate: () => onError?.(undefined),
    onError: (error) => onError?.(error instanceof DOMException ? undefined : error),
  });
  const { reset } = test;
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer belongs to the settings that were tried
  useEffect(() => {
    stop.current?.abort();
    reset();
  }, [about, reset]);
  const failed = test.data?.checks.filter((check) => check.result === 'failed').length ?? 0;
  return (
    <div className="bz-source-test">
      <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
        Test the connection
      </Button>
      {test.isPending && (
        <>
          <span className="bz-dim">Asking AWS; it takes a minute at most. </span>
          <button type="button" className="bz-link" onClick={() => stop.current?.abort()}>
            Stop
          </button>
        </>
      )}
      <div aria-live="polite">
        {test.isError && !onError && <p className="bz-source-wrong">{explain(test.error).message}</p>}
        {test.data && (
          <>
            <p className={failed > 0 ? 'bz-source-wrong' : undefined}>
              {failed > 0 ? `${failed} of ${test.data.checks.length} steps failed.` : 'The connection works.'}
            </p>
            <ul className="bz-source-checks">
              {test.data.checks.map((check, i) => (
                // Steps have no identity but their place.
                // biome-ignore lint/suspicious/noArrayIndexKey: the steps never move
                <CheckLine key={i} check={check} />
              ))}
            </ul>
          </>
        )}
      </div>
    </div>
  );
}

/** `interfaces:eu-central-1` → `Interfaces, eu-central-1` */
function checkName(name: string): string {
  const [step = '', ...where] = name.split(':');
  return [NAMES[step] ?? step, ...where].join(', ');
}

function CheckLine({ check: { name, result, message, hint, code } }: { check: Check }) {
  const [icon, word] = LOOK[result];
  return (
    <li data-result={result}>
      <Icon name={icon} size={14} />
      <div>
        <b>{checkName(name)}</b> <span className="bz-source-verdict">{word}</span> {code && <code className="bz-dim">{code}</code>}
        <p>{message}</p>
        {hint && <p className="bz-dim">{hint}</p>}
      </div>
    </li>
  );
}
