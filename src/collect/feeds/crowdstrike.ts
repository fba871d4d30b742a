/**
 * Indicators of CrowdStrike Falcon Intelligence over its API: a token for a client's id and secret
 * (`POST /oauth2/token`, https://developer.crowdstrike.com/docs/authentication/), then
 * `/intel/combined/indicators/v1` (https://www.falconpy.io/Service-Collections/Intel.html#queryintelindicatorentities)
 * page by page in the order of `_marker`, which rises whenever an indicator changes. Later only what lies behind the last one.
 */
import { ask, jsonOf, member, urlOf, type Way } from './http.ts';
import { FeedError } from './problems.ts';
import type { PagedFetch } from './request.ts';

const INDICATORS = '/intel/combined/indicators/v1';
/** The most that the API gives at once. */
const PAGE = 5000;
const SAMPLE = 100;
const MAX_PAGES = 100_000;

export const fetchCrowdstrike: PagedFetch = async ({ url, filter, way, cursor, onDoing, sample }, writer) => {
  const base = urlOf(url);
  base.search = '';
  base.pathname = base.pathname.replace(INDICATORS, '').replace(/\/$/, '');
  const since = typeof cursor.marker === 'string' ? cursor.marker : undefined;
  let marker = since;
  onDoing('signing in');
  let token = await tokenOf(base, way);
  for (let page = 1; ; page++) {
    if (page > MAX_PAGES) throw new FeedError('feed-answer', `${base.host} has more than ${MAX_PAGES} pages.`);
    onDoing(`fetching page ${page}`);
    const address = pageUrl(base, { filter, marker, limit: sample ? SAMPLE : PAGE, deleted: since !== undefined });
    const answer = await ask(address, signed(way, token)).catch(async (error: unknown) => {
      if (!(error instanceof FeedError) || error.status !== 401) throw error;
      // A token holds for half an hour, and a long run longer. One that is new and refused as well is no matter of time.
      token = await tokenOf(base, way);
      return ask(address, signed(way, token));
    });
    const { indicators, left } = pageOf(await jsonOf(answer, base.host), base.host);
    for (const indicator of indicators) await writer.add(indicator);
    const last = indicators.at(-1);
    if (last === undefined) break;
    const next = markerOf(last, base.host);
    // As text: that is how the API orders them. A server that does not go forward would be asked for ever.
    if (marker !== undefined && next <= marker) throw new FeedError('feed-answer', `${base.host} leads from a page to one that was read already.`);
    marker = next;
    if (sample || left === indicators.length) break;
  }
  return { notModified: false, complete: since === undefined, cursor: { marker } };
};

async function tokenOf(base: URL, way: Way): Promise<string> {
  const { user = '', secret = '' } = way.auth;
  const answer = await ask(`${base.href.replace(/\/$/, '')}/oauth2/token`, signed(way, undefined), {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: user, client_secret: secret }).toString(),
  }).catch((error: unknown) => {
    if (!(error instanceof FeedError)) throw error;
    // It answers 400 to an id that is none.
    if (error.code === 'feed-refused' || error.status === 400)
      throw new FeedError('feed-refused', `${base.host} gives no token to this client (${error.status}).`, {
        hint: 'Look at the id and the secret of the API client, and at the cloud that it belongs to.',
        cause: error,
      });
    if (error.code === 'feed-redirect')
      throw new FeedError('feed-redirect', error.message, { hint: 'The API client belongs to another cloud: choose its region.', cause: error });
    throw error;
  });
  const token = member(await jsonOf(answer, base.host), 'access_token');
  // It becomes a header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) throw new FeedError('feed-answer', `${base.host} answered with no token.`);
  return token;
}

function signed(way: Way, token: string | undefined): Way {
  return { ...way, auth: token === undefined ? { kind: 'none' } : { kind: 'bearer', secret: token } };
}

interface Page {
  readonly filter: string | undefined;
  readonly marker: string | undefined;
  readonly limit: number;
  readonly deleted: boolean;
}

function pageUrl(base: URL, { filter, marker, limit, deleted }: Page): string {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, '')}${INDICATORS}`;
  const parts = [...(filter ? [`(${filter})`] : []), ...(marker === undefined ? [] : [`_marker:>'${marker}'`])];
  if (parts.length > 0) url.searchParams.set('filter', parts.join('+'));
  url.searchParams.set('sort', '_marker|asc');
  url.searchParams.set('limit', String(limit));
  // What was taken away since counts too, as an end of it.
  url.searchParams.set('include_deleted', String(deleted));
  url.searchParams.set('include_relations', 'false');
  return url.href;
}

/** `left`: how many there are from this page on; undefined where the API does not say. Throws FeedError. */
function pageOf(body: unknown, host: string): { readonly indicators: readonly unknown[]; readonly left: number | undefined } {
  const errors = member(body, 'errors');
  if (Array.isArray(errors) && errors.length > 0)
    throw new FeedError('feed-answer', `${host} answered with an error: ${String(member(errors[0], 'message') ?? 'it says nothing more').slice(0, 300)}`, {
      hint: 'Look at the filter of this feed.',
    });
  const indicators = member(body, 'resources');
  const total = member(member(member(body, 'meta'), 'pagination'), 'total');
  if (indicators === null && total === 0) return { indicators: [], left: 0 };
  if (!Array.isArray(indicators))
    throw new FeedError('feed-answer', `${host} answered with no indicators of CrowdStrike.`, {
      hint: 'The address is that of your Falcon cloud, such as https://api.crowdstrike.com.',
    });
  return { indicators: indicators as unknown[], left: typeof total === 'number' ? total : undefined };
}

/** It becomes a part of the next filter. Throws FeedError. */
function markerOf(indicator: unknown, host: string): string {
  const marker = member(indicator, '_marker');
  if (typeof marker !== 'string' || !/^[\w.:-]{1,200}$/.test(marker))
    throw new FeedError('feed-answer', `${host} ends a page with an indicator that has no marker: nobody knows where the next begins.`);
  return marker;
}
