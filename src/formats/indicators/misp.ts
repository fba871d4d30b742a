/**
 * MISP (https://www.misp-standard.org/rfc/misp-standard-core.html): an event or a list of them, as `/events/restSearch`
 * and feeds give them, and attributes as `/attributes/restSearch` gives them. Attributes that are not meant for
 * detection (`to_ids`) are left out.
 */
import type { IndicatorType, Severity } from '../../model/indicator.ts';
import {
  type Entry,
  entriesOf,
  get,
  type IndicatorReader,
  isObject,
  type Json,
  labels,
  listOf,
  type Parts,
  type Place,
  problem,
  textOf,
  timeOf,
} from './entry.ts';
import { jsonItems, type Path } from './json-items.ts';
import { withoutPort } from './value.ts';

/** An event is held whole: its tags may stand behind its attributes. */
const EVENT_CHARS = 64 * 2 ** 20;

const choose = (path: Path) => {
  const [first, second] = path;
  if (path.length === 0) return 'enter';
  if (path.length === 1) return first === 'Event' || first === '*' ? 'take' : first === 'response' || first === 'Attribute' ? 'enter' : 'skip';
  if (first === 'Attribute') return path.length === 2 ? 'take' : 'skip';
  if (first !== 'response') return 'skip';
  if (path.length === 2) return second === '*' || second === 'Event' ? 'take' : second === 'Attribute' ? 'enter' : 'skip';
  return path.length === 3 && second === 'Attribute' ? 'take' : 'skip';
};

/** Types of attributes; of those with two parts, the one that is a value. */
const TYPES: Readonly<Record<string, readonly [IndicatorType, 'whole' | 'first' | 'last' | 'both']>> = {
  'ip-src': ['address', 'whole'],
  'ip-dst': ['address', 'whole'],
  'ip-src|port': ['address', 'first'],
  'ip-dst|port': ['address', 'first'],
  domain: ['domain', 'whole'],
  hostname: ['domain', 'whole'],
  'hostname|port': ['domain', 'first'],
  'domain|ip': ['domain', 'both'],
  url: ['url', 'whole'],
  md5: ['file', 'whole'],
  sha1: ['file', 'whole'],
  sha256: ['file', 'whole'],
  'filename|md5': ['file', 'last'],
  'filename|sha1': ['file', 'last'],
  'filename|sha256': ['file', 'last'],
  'malware-sample': ['file', 'last'],
  'user-agent': ['user-agent', 'whole'],
};

const THREAT_LEVELS: Readonly<Record<string, Severity>> = { '1': 'high', '2': 'medium', '3': 'low' };

/** Taxonomies that say how sure somebody is (https://www.misp-project.org/taxonomies.html). */
const CONFIDENCE: Readonly<Record<string, number>> = {
  'misp:confidence-level="completely-confident"': 100,
  'misp:confidence-level="usually-confident"': 75,
  'misp:confidence-level="fairly-confident"': 50,
  'misp:confidence-level="rarely-confident"': 25,
  'misp:confidence-level="unconfident"': 5,
  'estimative-language:confidence-in-analytic-judgment="high"': 90,
  'estimative-language:confidence-in-analytic-judgment="moderate"': 60,
  'estimative-language:confidence-in-analytic-judgment="low"': 30,
  'admiralty-scale:information-credibility="1"': 95,
  'admiralty-scale:information-credibility="2"': 75,
  'admiralty-scale:information-credibility="3"': 50,
  'admiralty-scale:information-credibility="4"': 25,
  'admiralty-scale:information-credibility="5"': 5,
};

const ACTORS = new Set(['threat-actor', 'mitre-intrusion-set', 'mitre-enterprise-attack-intrusion-set', 'microsoft-activity-group', '360net-threat-actor']);
const FAMILIES = new Set([
  'malpedia',
  'tool',
  'mitre-malware',
  'mitre-tool',
  'mitre-enterprise-attack-malware',
  'ransomware',
  'banker',
  'botnet',
  'rat',
  'stealer',
  'backdoor',
]);

export const misp: IndicatorReader = {
  format: 'misp',
  title: 'MISP events or attributes',
  recognizes: (start) => /^[[{]/.test(start) && (/"(?:Event|Attribute)"\s*:/.test(start) || (/"to_ids"\s*:/.test(start) && /"uuid"\s*:/.test(start))),
  async *read(document, { limits }) {
    for await (const items of jsonItems(document, choose, Math.max(limits.entryChars, EVENT_CHARS))) {
      yield items.flatMap((item): Entry[] => {
        if ('broken' in item) return [item];
        const place = { index: item.index };
        if ('reason' in item) return [{ problem: { ...place, reason: item.reason, excerpt: item.excerpt } }];
        const event = item.key === 'Event' ? item.value : get(item.value, 'Event');
        // An attribute of a search names its event too, and has a value.
        if (isObject(event) && get(item.value, 'value') === undefined) return readEvent(event, place);
        return readAttribute(get(item.value, 'Attribute') ?? item.value, isObject(event) ? event : {}, UNTAGGED, place);
      });
    }
  },
};

function readEvent(event: Json, place: Place): Entry[] {
  const clusters = listOf(event, 'Galaxy').flatMap((galaxy) => listOf(galaxy, 'GalaxyCluster').map((cluster) => textOf(cluster, 'tag_name')));
  const tags = tagged([...tagsOf(event), ...clusters.filter(Boolean)]);
  const attributes = [...listOf(event, 'Attribute'), ...listOf(event, 'Object').flatMap((object) => listOf(object, 'Attribute'))];
  return attributes.flatMap((attribute) => readAttribute(attribute, event, tags, place));
}

function tagsOf(value: unknown): string[] {
  return [...listOf(value, 'Tag'), ...listOf(value, 'EventTag').map((tag) => get(tag, 'Tag'))].map((tag) => textOf(tag, 'name')).filter(Boolean);
}

function readAttribute(attribute: unknown, event: Json, ofEvent: Tagged, place: Place): Entry[] {
  if (!isObject(attribute)) return [problem(place, 'the attribute is no object', attribute)];
  const type = textOf(attribute, 'type').toLowerCase();
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (!known) return [{ skipped: type === '' ? 'attributes without a type' : `attributes of type ${type.slice(0, 50)}` }];
  const detects = get(attribute, 'to_ids');
  if (detects === false || detects === 0 || detects === '0') return [{ skipped: 'attributes that are not for detection (to_ids)' }];
  const value = get(attribute, 'value');
  if (typeof value !== 'string') return [problem(place, 'the attribute has no value', attribute)];
  const parts = partsOf(attribute, event, tagged(tagsOf(attribute)), ofEvent);
  const [kind, which] = known;
  const bar = value.indexOf('|');
  const first = bar < 0 ? value : value.slice(0, bar);
  const last = value.slice(value.lastIndexOf('|') + 1);
  if (which === 'both') return [...entriesOf('domain', first, parts, place), ...(bar < 0 ? [] : entriesOf('address', last, parts, place))];
  const text = which === 'last' ? last : which === 'first' ? first : value;
  return entriesOf(kind, kind === 'address' ? withoutPort(text) : text, parts, place);
}

/** What tags say. */
interface Tagged {
  readonly actors: readonly string[];
  readonly malware: readonly string[];
  readonly killChain: readonly string[];
  readonly labels: readonly string[];
  readonly confidence: number | undefined;
}

const UNTAGGED: Tagged = { actors: [], malware: [], killChain: [], labels: [], confidence: undefined };

function tagged(tags: readonly string[]): Tagged {
  if (tags.length === 0) return UNTAGGED;
  const actors: string[] = [];
  const malware: string[] = [];
  const killChain: string[] = [];
  const others: string[] = [];
  let confidence: number | undefined;
  for (const tag of tags) {
    const galaxy = /^misp-galaxy:([^=]{1,100})="(.{1,200})"$/.exec(tag);
    const kind = galaxy?.[1] ?? '';
    const name = galaxy?.[2] ?? '';
    if (ACTORS.has(kind)) actors.push(bare(name));
    else if (FAMILIES.has(kind)) malware.push(bare(name));
    else if (kind.endsWith('attack-pattern')) killChain.push(/\bT\d{4}(?:\.\d{3})?\b/.exec(name)?.[0] ?? name);
    else if (tag.startsWith('kill-chain:')) killChain.push(`kill-chain:${tag.slice(11)}`);
    else others.push(tag);
    const sure = Object.hasOwn(CONFIDENCE, tag.toLowerCase()) ? CONFIDENCE[tag.toLowerCase()] : undefined;
    confidence ??= sure;
  }
  return { actors: labels(actors), malware: labels(malware), killChain: labels(killChain), labels: labels(others), confidence };
}

/** Tags of the attribute go before those of its event. */
function partsOf(attribute: Json, event: Json, own: Tagged, ofEvent: Tagged): Parts {
  const level = textOf(event, 'threat_level_id') || textOf(attribute, 'threat_level_id');
  const updated = textOf(attribute, 'timestamp') || textOf(event, 'timestamp');
  const deleted = get(attribute, 'deleted') === true || get(attribute, 'deleted') === '1';
  return {
    id: textOf(attribute, 'uuid'),
    confidence: own.confidence ?? ofEvent.confidence,
    severity: THREAT_LEVELS[level] ?? '',
    threatType: textOf(attribute, 'category'),
    actors: [...own.actors, ...ofEvent.actors],
    malware: [...own.malware, ...ofEvent.malware],
    killChain: [...own.killChain, ...ofEvent.killChain],
    labels: [...own.labels, ...ofEvent.labels],
    firstSeen: get(attribute, 'first_seen') ?? get(event, 'date'),
    updated,
    validUntil: deleted ? timeOf(updated) || 1 : 0,
  };
}

/** `Example Family - S0001` without the number behind it. */
function bare(name: string): string {
  return name.replace(/ - [A-Z]\d{4}(?:\.\d{3})?$/, '');
}
