/** The pulses that an account of OTX follows (https://otx.alienvault.com/api), page by page; later only what changed since. */
import { ask, jsonOf, urlOf } from './http.ts';
import { FeedError } from './problems.ts';
import type { PagedFetch } from './request.ts';

const PAGE = 50;
const MAX_PAGES = 100_000;
const OVERLAP_SECONDS = 300;

export const fetchOtx: PagedFetch = async ({ url, way, cursor, now, onDoing, sample }, writer) => {
  const since = typeof cursor.since === 'number' ? cursor.since : undefined;
  const first = urlOf(url);
  if (first.pathname === '/' || first.pathname === '') first.pathname = '/api/v1/pulses/subscribed';
  first.searchParams.set('limit', String(PAGE));
  if (since !== undefined) first.searchParams.set('modified_since', new Date(since * 1000).toISOString().replace(/\.\d{3}Z$/, '+00:00'));
  const seen = new Set<string>();
  for (let address: string | undefined = first.href; address !== undefined; ) {
    if (seen.has(address) || seen.size >= MAX_PAGES) throw new FeedError('feed-answer', `${first.host} leads from a page to one that was read already.`);
    seen.add(address);
    onDoing(`fetching page ${seen.size}`);
    const body = (await jsonOf(await ask(address, way), first.host)) as { results?: unknown; next?: unknown } | null;
    if (!Array.isArray(body?.results))
      throw new FeedError('feed-answer', `${first.host} answered with no pulses.`, {
        hint: 'The address is https://otx.alienvault.com, and the key that of the account.',
      });
    for (const pulse of body.results as unknown[]) await writer.add(pulse);
    const next = typeof body.next === 'string' && body.next !== '' && !sample ? URL.parse(body.next, first) : null;
    // The key goes to no other server.
    if (next && next.host !== first.host) throw new FeedError('feed-answer', `${first.host} leads on to another server: ${next.host}.`);
    // Behind a proxy a server may not know that it is asked over HTTPS.
    if (next) next.protocol = first.protocol;
    address = next?.href;
  }
  return { notModified: false, complete: since === undefined, cursor: { since: now - OVERLAP_SECONDS } };
};
