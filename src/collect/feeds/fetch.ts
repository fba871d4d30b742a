/**
 * Fetching a feed into a file: one document at an address or on this machine, or the pages of a service joined to one
 * document in the service's own form. What a run remembers for the next one (its cursor) is kept only when what was
 * fetched is stored. Nothing here knows what an indicator is.
 */

import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { FeedKind, IndicatorFormat } from '../../model/feed.ts';
import { whyOfFile } from '../../model/wording.ts';
import { fetchCrowdstrike } from './crowdstrike.ts';
import { ask, unzipped } from './http.ts';
import { fetchMisp, fetchMispFeed } from './misp.ts';
import { fetchOtx } from './otx.ts';
import { FeedError } from './problems.ts';
import type { Fetched, FetchRequest, PagedFetch } from './request.ts';
import { fetchTaxii } from './taxii.ts';

/** What changed is asked for; all is fetched anew after so many seconds, for what is only taken away. */
const FULL_SECONDS = 7 * 86_400;

const PAGED: Readonly<
  Partial<Record<FeedKind, { readonly fetch: PagedFetch; readonly format: IndicatorFormat; readonly open: string; readonly close: string }>>
> = {
  taxii: { fetch: fetchTaxii, format: 'stix', open: '{"objects":[', close: ']}' },
  misp: { fetch: fetchMisp, format: 'misp', open: '{"response":{"Attribute":[', close: ']}}' },
  'misp-feed': { fetch: fetchMispFeed, format: 'misp', open: '{"response":[', close: ']}' },
  crowdstrike: { fetch: fetchCrowdstrike, format: 'crowdstrike', open: '{"resources":[', close: ']}' },
  otx: { fetch: fetchOtx, format: 'otx', open: '{"results":[', close: ']}' },
};

/** Header that the kind's own key goes into. */
export const KEY_HEADERS: Readonly<Partial<Record<FeedKind, string>>> = { misp: 'authorization', 'misp-feed': 'authorization', otx: 'x-otx-api-key' };

/** Fetches. Throws FeedError, and the signal's reason. */
export async function fetchFeed(request: FetchRequest): Promise<Fetched> {
  if (request.kind === 'file') return fetchFile(request);
  if (request.kind === 'import') throw new FeedError('feed-settings', 'This feed is imported: there is nothing to fetch.');
  const { url } = request;
  if (!url) throw new FeedError('feed-settings', 'This feed has no address.');
  const paged = PAGED[request.kind];
  return paged ? fetchPages({ ...request, url }, paged) : fetchDocument({ ...request, url });
}

async function fetchDocument({ url, way, cursor, file, onDoing, sample }: FetchRequest & { readonly url: string }): Promise<Fetched> {
  onDoing('fetching');
  const { etag, modified } = cursor;
  const known = !sample && cursor.url === url;
  const answer = await ask(url, way, {
    headers: {
      accept: '*/*',
      ...(known && typeof etag === 'string' ? { 'if-none-match': etag } : {}),
      ...(known && typeof modified === 'string' ? { 'if-modified-since': modified } : {}),
    },
  });
  if (answer.status === 304) return { notModified: true, complete: true, cursor };
  await pipeline(Readable.from(answer.body), createWriteStream(file, { mode: 0o600 }));
  const next = { url, etag: answer.headers.etag?.slice(0, 1000), modified: answer.headers['last-modified']?.slice(0, 100) };
  return { notModified: false, complete: true, cursor: next };
}

async function fetchFile({ path, cursor, file, way, onDoing, sample }: FetchRequest): Promise<Fetched> {
  if (!path || !isAbsolute(path)) throw new FeedError('feed-settings', 'A feed from a file needs the file’s whole path, such as /srv/feeds/list.txt.');
  onDoing('reading');
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new FeedError('feed-file', `“${path}” cannot be read: it ${whyOfFile(error)}.`, { cause: error });
  });
  if (!about.isFile()) throw new FeedError('feed-file', `“${path}” is no file.`);
  const next = { path, bytes: about.size, changed: about.mtimeMs };
  if (!sample && cursor.path === path && cursor.bytes === about.size && cursor.changed === about.mtimeMs) return { notModified: true, complete: true, cursor };
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of unzipped(createReadStream(path))) {
      way.budget.left -= chunk.length;
      if (way.budget.left < 0) throw new FeedError('feed-too-large', `“${path}” has more than ${Math.round(way.budget.most / 2 ** 20)} MiB.`);
      way.onBytes(chunk.length);
      yield chunk;
    }
  };
  await pipeline(Readable.from(counted()), createWriteStream(file, { mode: 0o600 }), { signal: way.signal }).catch((error: unknown) => {
    if (error instanceof FeedError || way.signal.aborted) throw error;
    throw new FeedError('feed-file', `“${path}” cannot be read: it ${whyOfFile(error)}.`, { cause: error });
  });
  return { notModified: false, complete: true, cursor: next };
}

async function fetchPages(
  request: FetchRequest & { readonly url: string },
  { fetch, format, open, close }: NonNullable<(typeof PAGED)[FeedKind]>,
): Promise<Fetched> {
  const { cursor, url, now, sample } = request;
  // Another address is another set; what was only taken away is seen when all is fetched.
  const stale = sample || cursor.url !== url || typeof cursor.full !== 'number' || now - cursor.full >= FULL_SECONDS;
  const out = createWriteStream(request.file, { mode: 0o600 });
  const done = finished(out);
  done.catch(() => undefined);
  let any = false;
  const put = async (text: string): Promise<void> => {
    if (!out.write(text)) await Promise.race([new Promise((resolve) => out.once('drain', () => resolve(undefined))), done]);
  };
  try {
    await put(open);
    const fetched = await fetch(
      { ...request, cursor: stale ? {} : cursor },
      {
        async add(value) {
          await put(`${any ? ',\n' : ''}${JSON.stringify(value)}`);
          any = true;
        },
      },
    );
    out.end(close);
    await done;
    const full = fetched.complete ? now : cursor.full;
    return { ...fetched, notModified: !fetched.complete && !any, cursor: { ...fetched.cursor, url, full }, format };
  } finally {
    out.destroy();
  }
}
