/**
 * MISP: attributes of an instance over its REST interface (https://www.misp-project.org/openapi/#tag/Attributes), and
 * feeds, which are a folder with a manifest and a file for each event (https://www.misp-project.org/feeds/).
 */
import { ask, jsonOf, member, urlOf } from './http.ts';
import { FeedError } from './problems.ts';
import type { PagedFetch } from './request.ts';

const PAGE = 1000;
const MAX_PAGES = 100_000;
const MAX_EVENTS = 200_000;
/** Asked for twice rather than missed: clocks differ, and a change may be committed late. */
const OVERLAP_SECONDS = 300;

/** Types of attributes that hold something to match (formats/indicators/misp.ts). */
const TYPES = [
  'ip-src',
  'ip-dst',
  'ip-src|port',
  'ip-dst|port',
  'domain',
  'hostname',
  'hostname|port',
  'domain|ip',
  'url',
  'md5',
  'sha1',
  'sha256',
  'filename|md5',
  'filename|sha1',
  'filename|sha256',
  'malware-sample',
  'user-agent',
];

/** POST /attributes/restSearch, page by page; later only what changed since. */
export const fetchMisp: PagedFetch = async ({ url, way, cursor, now, onDoing, sample }, writer) => {
  const since = typeof cursor.since === 'number' ? cursor.since : undefined;
  const address = urlOf(url);
  if (!/\/restSearch\/?$/.test(address.pathname)) address.pathname = `${address.pathname.replace(/\/$/, '')}/attributes/restSearch`;
  for (let page = 1; ; page++) {
    if (page > MAX_PAGES) throw new FeedError('feed-answer', `${address.host} has more than ${MAX_PAGES} pages.`);
    onDoing(`fetching page ${page}`);
    const body = JSON.stringify({
      returnFormat: 'json',
      type: TYPES,
      to_ids: 1,
      includeEventTags: 1,
      includeContext: 1,
      page,
      limit: PAGE,
      // What was taken away since counts too, as an end of it.
      ...(since === undefined ? {} : { timestamp: since, deleted: [0, 1] }),
    });
    const answer = await ask(address.href, way, { method: 'POST', body, headers: { accept: 'application/json', 'content-type': 'application/json' } });
    const attributes = attributesOf(await jsonOf(answer, address.host));
    if (!attributes)
      throw new FeedError('feed-answer', `${address.host} answered with no attributes of MISP.`, {
        hint: 'The address must be that of the instance: https://misp.example.net.',
      });
    for (const attribute of attributes) await writer.add(attribute);
    if (attributes.length < PAGE || sample) break;
  }
  return { notModified: false, complete: since === undefined, cursor: { since: now - OVERLAP_SECONDS } };
};

function attributesOf(body: unknown): readonly unknown[] | undefined {
  const response = member(body, 'response');
  // Nothing found is an empty list in some releases.
  if (Array.isArray(response) && response.length === 0) return [];
  const attributes = member(response, 'Attribute');
  return Array.isArray(attributes) ? (attributes as unknown[]) : undefined;
}

/** manifest.json, then the events that it says have changed. */
export const fetchMispFeed: PagedFetch = async ({ url, way, cursor, onDoing, sample }, writer) => {
  const base = urlOf(url);
  base.pathname = base.pathname.replace(/(?:manifest\.json)?$/, '').replace(/\/?$/, '/');
  onDoing('fetching the manifest');
  const manifest = await jsonOf(await ask(new URL('manifest.json', base).href, way), base.host);
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest))
    throw new FeedError('feed-answer', `The manifest of ${base.host} is no list of events.`);
  const events = new Map<string, string>();
  for (const [uuid, about] of Object.entries(manifest)) {
    // Names of files are made of these: nothing but a UUID.
    if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) events.set(uuid, String(member(about, 'timestamp') ?? ''));
  }
  if (events.size > MAX_EVENTS) throw new FeedError('feed-too-large', `The manifest of ${base.host} has more than ${MAX_EVENTS} events.`);
  const before = new Map(Object.entries((cursor.events as Record<string, string> | undefined) ?? {}));
  // An event that is gone takes its indicators along: all is fetched, so that they are seen to be missing.
  const partial = before.size > 0 && [...before.keys()].every((uuid) => events.has(uuid));
  const wanted = [...events].filter(([uuid, timestamp]) => !partial || before.get(uuid) !== timestamp).slice(0, sample ? 3 : undefined);
  for (const [i, [uuid]] of wanted.entries()) {
    onDoing(`fetching event ${i + 1} of ${wanted.length}`);
    const event = await jsonOf(await ask(new URL(`${uuid}.json`, base).href, way), base.host);
    if (typeof event !== 'object' || event === null) throw new FeedError('feed-answer', `The event ${uuid} of ${base.host} is no object.`);
    await writer.add(event);
  }
  return { notModified: false, complete: !partial, cursor: { events: Object.fromEntries(events) } };
};
