/**
 * Indicators of CrowdStrike Falcon Intelligence as its API gives them (`/intel/combined/indicators/v1`,
 * https://www.falconpy.io/Service-Collections/Intel.html): an object with `resources`, or the list alone.
 */
import type { IndicatorType } from '../../model/indicator.ts';
import { type Entry, entriesOf, get, type IndicatorReader, isObject, type Json, listOf, type Place, problem, textOf, timeOf } from './entry.ts';
import { jsonItems, type Path } from './json-items.ts';

const TYPES: Readonly<Record<string, IndicatorType>> = {
  ip_address: 'address',
  ip_address_block: 'address',
  domain: 'domain',
  url: 'url',
  hash_md5: 'file',
  hash_sha1: 'file',
  hash_sha256: 'file',
  user_agent: 'user-agent',
};

/** The middle of the band that each word names. */
const CONFIDENCE: Readonly<Record<string, number>> = { high: 90, medium: 65, low: 30, unverified: 0 };

const choose = (path: Path) => {
  if (path.length === 0) return 'enter';
  if (path.length === 1) return path[0] === 'resources' ? 'enter' : path[0] === '*' ? 'take' : 'skip';
  return path[0] === 'resources' && path.length === 2 ? 'take' : 'skip';
};

export const crowdstrike: IndicatorReader = {
  format: 'crowdstrike',
  title: 'CrowdStrike Falcon indicators',
  recognizes: (start) =>
    /^[[{]/.test(start) && (/"malicious_confidence"\s*:/.test(start) || (/"malware_families"\s*:/.test(start) && /"kill_chains"\s*:/.test(start))),
  async *read(document, { limits }) {
    for await (const items of jsonItems(document, choose, limits.entryChars)) {
      yield items.flatMap((item): Entry[] => {
        if ('broken' in item) return [item];
        if ('reason' in item) return [{ problem: { index: item.index, reason: item.reason, excerpt: item.excerpt } }];
        return readIndicator(item.value, { index: item.index });
      });
    }
  },
};

function readIndicator(value: unknown, place: Place): Entry[] {
  if (!isObject(value)) return [problem(place, 'the indicator is no object', value)];
  const named = textOf(value, 'type').toLowerCase();
  const type = Object.hasOwn(TYPES, named) ? TYPES[named] : undefined;
  if (!type) return [named === '' ? problem(place, 'the indicator has no type', value) : { skipped: `indicators of type ${named.slice(0, 50)}` }];
  const updated = get(value, 'last_updated');
  return entriesOf(
    type,
    get(value, 'indicator'),
    {
      id: get(value, 'id') ?? get(value, '_marker'),
      confidence: CONFIDENCE[textOf(value, 'malicious_confidence').toLowerCase()],
      threatType: listOf(value, 'threat_types')[0],
      actors: listOf(value, 'actors'),
      malware: listOf(value, 'malware_families'),
      killChain: listOf(value, 'kill_chains'),
      labels: labelsOf(value),
      firstSeen: get(value, 'published_date'),
      updated,
      validUntil: get(value, 'deleted') === true ? timeOf(updated) || 1 : 0,
    },
    place,
  );
}

function labelsOf(value: Json): unknown[] {
  return [...listOf(value, 'threat_types').slice(1), ...listOf(value, 'labels').map((label) => (isObject(label) ? get(label, 'name') : label))];
}
