/** Pulses of OTX (https://otx.alienvault.com/api): one, a list, or a page of `/api/v1/pulses/subscribed`. */
import type { IndicatorType } from '../../model/indicator.ts';
import { type Entry, entriesOf, get, type IndicatorReader, isObject, type Json, labels, listOf, type Parts, type Place, problem, textOf } from './entry.ts';
import { jsonItems, type Path } from './json-items.ts';

/** A pulse is held whole: what it says of all its indicators stands around them. */
const PULSE_CHARS = 64 * 2 ** 20;

const TYPES: Readonly<Record<string, IndicatorType>> = {
  ipv4: 'address',
  ipv6: 'address',
  cidr: 'address',
  domain: 'domain',
  hostname: 'domain',
  url: 'url',
  'filehash-md5': 'file',
  'filehash-sha1': 'file',
  'filehash-sha256': 'file',
};

const choose = (path: Path) => {
  if (path.length === 0) return 'enter';
  if (path.length === 1) return path[0] === 'results' ? 'enter' : path[0] === '*' ? 'take' : 'skip';
  return path[0] === 'results' && path.length === 2 ? 'take' : 'skip';
};

/** One pulse is a document that is no list. */
const whole = (path: Path) => (path.length === 0 ? 'take' : 'skip');

export const otx: IndicatorReader = {
  format: 'otx',
  title: 'OTX pulses',
  recognizes: (start) =>
    /^[[{]/.test(start) &&
    (/"FileHash-|"(?:pulse_key|adversary|attack_ids)"\s*:/.test(start) || (/"indicators"\s*:\s*\[/.test(start) && /"indicator"\s*:/.test(start))),
  async *read(document, { limits }) {
    const many = await isMany(document);
    for await (const items of jsonItems(document, many ? choose : whole, Math.max(limits.entryChars, PULSE_CHARS))) {
      yield items.flatMap((item): Entry[] => {
        if ('broken' in item) return [item];
        const place = { index: item.index };
        if ('reason' in item) return [{ problem: { ...place, reason: item.reason, excerpt: item.excerpt } }];
        return readPulse(item.value, place);
      });
    }
  },
};

/** Whether the document is a list of pulses, or has one as its `results`. */
async function isMany(document: Parameters<IndicatorReader['read']>[0]): Promise<boolean> {
  let list = false;
  const look = (path: Path) => {
    if (path.length === 1 && (path[0] === 'results' || path[0] === '*')) list = true;
    return path.length === 0 ? 'enter' : 'skip';
  };
  for await (const _ of jsonItems(document, look, 1)) if (list) break;
  return list;
}

function readPulse(pulse: unknown, place: Place): Entry[] {
  if (!isObject(pulse)) return [problem(place, 'the pulse is no object', pulse)];
  const shared: Parts = {
    actors: [get(pulse, 'adversary')],
    malware: labels(namesOf(pulse, 'malware_families')),
    killChain: labels(namesOf(pulse, 'attack_ids')),
    labels: labels([...listOf(pulse, 'tags'), get(pulse, 'name')]),
    updated: get(pulse, 'modified'),
  };
  return listOf(pulse, 'indicators').flatMap((indicator) => readIndicator(indicator, shared, place));
}

function readIndicator(value: unknown, shared: Parts, place: Place): Entry[] {
  if (!isObject(value)) return [problem(place, 'the indicator is no object', value)];
  const named = textOf(value, 'type').toLowerCase();
  const type = Object.hasOwn(TYPES, named) ? TYPES[named] : undefined;
  if (!type) return [{ skipped: `indicators of type ${named.slice(0, 50) || 'nothing'}` }];
  const active = get(value, 'is_active');
  const created = get(value, 'created');
  const expiration = get(value, 'expiration');
  const parts: Parts = {
    ...shared,
    id: get(value, 'id'),
    threatType: get(value, 'role'),
    firstSeen: created,
    updated: shared.updated ?? created,
    validUntil: expiration ?? (active === 0 || active === false ? (shared.updated ?? created) : 0),
  };
  return entriesOf(type, get(value, 'indicator'), parts, place);
}

function namesOf(pulse: Json, name: string): unknown[] {
  return listOf(pulse, name).map((one) => (isObject(one) ? get(one, 'id') || get(one, 'display_name') : one));
}
