/**
 * The answer of a query that counts, as it streams in. A newer question aborts the older, which ends it in
 * the engine, too. Rows of the answer before stay until the new ones are there, if only the time moved.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { OutputColumn, QueryEvent, Window } from '../../../api/contract.ts';
import { type ErrorBody, explain, post } from '../../api/client.ts';
import { readLines } from '../../api/ndjson.ts';
import type { Asked } from './ask.ts';

/** Rows that a result may have here; an export has all. */
export const MOST_ROWS = 100_000;

export interface Answer {
  readonly columns: OutputColumn[];
  readonly rows: unknown[][];
  readonly window: Window;
  readonly shape: 'records' | 'aggregates';
  readonly timeslice: number | undefined;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly seconds: number;
  readonly rowsRead: number;
  /** There are more rows than came. */
  readonly truncated: boolean;
}

export interface Streamed {
  readonly running: boolean;
  readonly fraction: number | null;
  /** Read so far, while it runs. */
  readonly read: number | null;
  readonly stopped: boolean;
  readonly answer: Answer | undefined;
  readonly error: ErrorBody | undefined;
}

const IDLE: Streamed = { running: false, fraction: null, read: null, stopped: false, answer: undefined, error: undefined };

/** Reads the lines of one answer. Throws ApiFailure; an error line is thrown as its body. */
export async function readAnswer(lines: AsyncIterable<QueryEvent>, onProgress: (fraction: number, read: number) => void): Promise<Answer> {
  let about: Extract<QueryEvent, { type: 'start' }> | undefined;
  const rows: unknown[][] = [];
  for await (const event of lines) {
    switch (event.type) {
      case 'progress':
        onProgress(event.fraction, event.rowsRead);
        break;
      case 'start':
        about = event;
        break;
      case 'rows':
        for (const row of event.rows) rows.push(row);
        break;
      case 'error':
        throw new Failure(event.error);
      case 'end': {
        if (!about) break;
        const { columns, window, shape, timeslice, warnings } = about;
        const { seconds, rowsRead } = event.stats;
        return { columns, rows, window, shape, timeslice, warnings, seconds, rowsRead, truncated: rows.length >= MOST_ROWS };
      }
      default:
        event satisfies never;
    }
  }
  throw new Failure({ code: 'answer-cut-off', message: 'The answer ended before its last row.', hint: 'Try again.' });
}

class Failure extends Error {
  readonly body: ErrorBody;

  constructor(body: ErrorBody) {
    super(body.message);
    this.body = body;
  }
}

/** As long as nothing is known of a question: of the same one at another time the rows are shown meanwhile. */
function begun(asked: Asked | null, { of, answer }: Kept): Kept {
  return { ...IDLE, of: asked, running: asked !== null, answer: asked !== null && of?.query === asked.query ? answer : undefined };
}

type Kept = Streamed & { readonly of: Asked | null };

/** `asked` null asks nothing; every new `asked` asks anew. */
export function useAnswer(asked: Asked | null): Streamed & { readonly stop: () => void; readonly again: () => void } {
  const [state, setState] = useState<Kept>({ ...IDLE, of: null });
  const [tries, setTries] = useState(0);
  const running = useRef<AbortController | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another try asks the same again
  useEffect(() => {
    setState((old) => begun(asked, old));
    if (!asked) return;
    const abort = new AbortController();
    running.current = abort;
    const { run: _, ...body } = asked;
    const ask = async () => {
      const response = await post('/api/v1/query', { ...body, limit: MOST_ROWS }, abort.signal, 'application/x-ndjson');
      if (!response.body) throw new Failure({ code: 'answer-cut-off', message: 'The answer has no body.' });
      return readAnswer(readLines<QueryEvent>(response.body), (fraction, read) => abort.signal.aborted || setState((old) => ({ ...old, fraction, read })));
    };
    ask().then(
      (answer) => abort.signal.aborted || setState({ ...IDLE, of: asked, answer }),
      (error: unknown) => abort.signal.aborted || setState({ ...IDLE, of: asked, error: error instanceof Failure ? error.body : explain(error) }),
    );
    return () => abort.abort();
  }, [asked, tries]);
  const stop = useCallback(() => {
    running.current?.abort();
    setState((old) => (old.running ? { ...old, running: false, fraction: null, read: null, stopped: true } : old));
  }, []);
  const again = useCallback(() => setTries((n) => n + 1), []);
  // Until the effect has run, the state is that of the question before.
  return { ...(state.of === asked ? state : begun(asked, state)), stop, again };
}
