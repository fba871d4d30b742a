/** Fetching of one feed over real HTTP, for tests of what is asked and of what comes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fetchFeed, KEY_HEADERS } from '../../../src/collect/feeds/fetch.ts';
import type { FeedAuth, Timeouts } from '../../../src/collect/feeds/http.ts';
import type { FeedError } from '../../../src/collect/feeds/problems.ts';
import type { Cursor, Fetched } from '../../../src/collect/feeds/request.ts';
import type { Environment } from '../../../src/collect/proxy.ts';
import type { FeedKind } from '../../../src/model/feed.ts';

/** Epoch seconds. */
export const NOW = 1_773_000_000;

interface Options {
  readonly kind?: FeedKind;
  readonly path?: string;
  readonly filter?: string;
  readonly auth?: FeedAuth;
  readonly proxy?: string;
  readonly environment?: Environment;
  readonly cursor?: Cursor;
  readonly most?: number;
  readonly timeouts?: Timeouts;
  readonly now?: number;
  readonly sample?: boolean;
  readonly signal?: AbortSignal;
}

/** Fetches as a run does, and gives what came too. */
export async function fetched(url: string | undefined, options: Options = {}): Promise<Fetched & { text: string; bytes: number }> {
  const { kind = 'http', most = 10_000_000 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-fetched-'));
  const file = join(folder, 'document');
  let bytes = 0;
  const keyHeader = KEY_HEADERS[kind];
  try {
    const result = await fetchFeed({
      kind,
      url,
      path: options.path,
      filter: options.filter,
      cursor: options.cursor ?? {},
      file,
      now: options.now ?? NOW,
      sample: options.sample ?? false,
      onDoing: () => {},
      way: {
        auth: options.auth ?? { kind: 'none' },
        ...(keyHeader ? { keyHeader } : {}),
        proxy: options.proxy,
        environment: options.environment ?? {},
        signal: options.signal ?? new AbortController().signal,
        userAgent: 'bartizan/test',
        timeouts: options.timeouts ?? { idleMs: 20_000, wholeMs: 60_000, runMs: 600_000 },
        budget: { left: most, most },
        onBytes: (count) => {
          bytes += count;
        },
      },
    });
    return { ...result, text: await readFile(file, 'utf8').catch(() => ''), bytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why it was not fetched. */
export async function failure(url: string | undefined, options: Options = {}): Promise<FeedError> {
  const error = await fetched(url, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'FeedError' });
  return error as FeedError;
}
