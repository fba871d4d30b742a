/**
 * A collection of a TAXII 2.1 server (https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html, section 5.4): its
 * objects page by page, and later only what was added since.
 */
import { ask, jsonOf, urlOf } from './http.ts';
import { FeedError } from './problems.ts';
import type { PagedFetch } from './request.ts';

const MEDIA_TYPE = 'application/taxii+json;version=2.1';
const PAGE = 1000;
const MAX_PAGES = 100_000;

export const fetchTaxii: PagedFetch = async ({ url, way, cursor, onDoing, sample }, writer) => {
  const since = typeof cursor.addedAfter === 'string' ? cursor.addedAfter : undefined;
  let addedAfter = since;
  let last = since;
  let next: string | undefined;
  const host = urlOf(url).host;
  for (let page = 1; ; page++) {
    if (page > MAX_PAGES) throw new FeedError('feed-answer', `${host} has more than ${MAX_PAGES} pages.`);
    onDoing(`fetching page ${page}`);
    const answer = await ask(pageUrl(url, addedAfter, next), way, { headers: { accept: MEDIA_TYPE } });
    const envelope = (await jsonOf(answer, host)) as { objects?: unknown; more?: unknown; next?: unknown } | null;
    const objects = envelope?.objects ?? [];
    if (typeof envelope !== 'object' || envelope === null || !Array.isArray(objects))
      throw new FeedError('feed-answer', `${host} answered with no TAXII envelope.`, { hint: 'The address must be that of a collection: …/collections/ID/.' });
    for (const object of objects as unknown[]) await writer.add(object);
    const newest = answer.headers['x-taxii-date-added-last'];
    const moved = typeof newest === 'string' && newest !== last;
    if (typeof newest === 'string') last = newest;
    if (envelope.more !== true || sample) break;
    if (typeof envelope.next === 'string' && envelope.next !== '') {
      if (envelope.next === next) throw new FeedError('feed-answer', `${host} leads from a page to the same page.`);
      next = envelope.next;
    } else if (moved) {
      // A server without names for its pages goes on behind the last object.
      addedAfter = last;
      next = undefined;
    } else throw new FeedError('feed-answer', `${host} says that there is more, and not where.`);
  }
  return { notModified: false, complete: since === undefined, cursor: { addedAfter: last } };
};

function pageUrl(collection: string, addedAfter: string | undefined, next: string | undefined): string {
  const url = urlOf(collection);
  if (!/\/objects\/?$/.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/$/, '')}/objects/`;
  url.searchParams.set('limit', String(PAGE));
  if (addedAfter !== undefined) url.searchParams.set('added_after', addedAfter);
  if (next !== undefined) url.searchParams.set('next', next);
  return url.href;
}
