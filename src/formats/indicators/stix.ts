/**
 * STIX 2.1 bundles and TAXII 2.1 envelopes (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html,
 * https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html): both are an object with `objects`. STIX 2.0 reads
 * the same way. Relationships may stand before or behind what they join, so that the document is walked twice.
 */
import {
  type Entry,
  type FeedDocument,
  get,
  type IndicatorReader,
  indicators,
  isObject,
  type Json,
  labels,
  listOf,
  type Parts,
  problem,
  textOf,
  timeOf,
} from './entry.ts';
import { type JsonItem, jsonItems, type Path } from './json-items.ts';
import { readPattern } from './stix-pattern.ts';
import { refang, type TypedValue, valuesOf } from './value.ts';

/** What relationships say of indicators: `actors`, `malware` or `killChain`. */
type Role = 'actors' | 'malware' | 'killChain';
const ROLES: Readonly<Record<string, Role>> = {
  'threat-actor': 'actors',
  'intrusion-set': 'actors',
  campaign: 'actors',
  malware: 'malware',
  tool: 'malware',
  'attack-pattern': 'killChain',
};

/** Names and relationships that are held in memory of one document. */
const MAX_NAMES = 200_000;
const MAX_RELATIONS = 500_000;

/** Indicator → what it is a sign of: many may have one id, or be signs of one thing. */
type Context = ReadonlyMap<string, Readonly<Record<Role, readonly string[]>>>;

const objects = (path: Path) => {
  if (path.length === 0) return 'enter';
  if (path.length === 1) return path[0] === 'objects' ? 'enter' : path[0] === '*' ? 'take' : 'skip';
  return path.length === 2 && path[0] === 'objects' && path[1] === '*' ? 'take' : 'skip';
};

export const stix: IndicatorReader = {
  format: 'stix',
  title: 'STIX 2.1 bundle or TAXII 2.1 envelope',
  recognizes: (start) => /^[[{]/.test(start) && (/"type"\s*:\s*"bundle"|"spec_version"\s*:\s*"2\./.test(start) || /^\{[^{]*"objects"\s*:\s*\[/.test(start)),
  async *read(document, { limits }) {
    const context = await readContext(document, limits.entryChars);
    for await (const items of jsonItems(document, objects, limits.entryChars)) yield items.flatMap((item) => readItem(item, context));
  },
};

async function readContext(document: FeedDocument, maxChars: number): Promise<Context> {
  const names = new Map<string, { role: Role; names: readonly string[] }>();
  const targets = new Map<string, string[]>();
  let relations = 0;
  for await (const items of jsonItems(document, objects, maxChars)) {
    for (const item of items) {
      if (!('value' in item) || !isObject(item.value)) continue;
      const { value } = item;
      const type = textOf(value, 'type');
      if (type === 'relationship') {
        const source = textOf(value, 'source_ref');
        const target = textOf(value, 'target_ref');
        if (!source.startsWith('indicator--') || !target || get(value, 'revoked') === true || relations++ >= MAX_RELATIONS) continue;
        const known = targets.get(source);
        if (known) known.push(target.slice(0, 200));
        else targets.set(source.slice(0, 200), [target.slice(0, 200)]);
      } else if (Object.hasOwn(ROLES, type) && names.size < MAX_NAMES) {
        names.set(textOf(value, 'id').slice(0, 200), { role: ROLES[type] as Role, names: labels(namesOf(value, type)) });
      }
    }
  }
  return new Map(
    [...targets].map(([source, refs]) => {
      const known = refs.flatMap((target) => names.get(target) ?? []);
      const of = (role: Role): string[] => labels(known.flatMap((one) => (one.role === role ? one.names : [])));
      return [source, { actors: of('actors'), malware: of('malware'), killChain: of('killChain') }];
    }),
  );
}

/** A technique by its number (T1071) and tactics; all else by its name. */
function namesOf(value: Json, type: string): string[] {
  const name = textOf(value, 'name').slice(0, 200);
  if (type !== 'attack-pattern') return [name];
  const technique = listOf(value, 'external_references')
    .filter((reference) => textOf(reference, 'source_name') === 'mitre-attack')
    .map((reference) => textOf(reference, 'external_id'))
    .find((id) => id !== '');
  return [technique ?? name, ...phases(value)];
}

function phases(value: Json): string[] {
  return listOf(value, 'kill_chain_phases').map((phase) => [textOf(phase, 'kill_chain_name'), textOf(phase, 'phase_name')].filter(Boolean).join(':'));
}

function readItem(item: JsonItem, context: Context): Entry[] {
  if ('broken' in item) return [item];
  const place = { index: item.index };
  if ('reason' in item) return [{ problem: { ...place, reason: item.reason, excerpt: item.excerpt } }];
  const { value } = item;
  if (!isObject(value)) return [problem(place, 'this is no STIX object', value)];
  // What indicators refer to, and what was seen: no indicator itself.
  if (textOf(value, 'type') !== 'indicator') return [];
  const language = textOf(value, 'pattern_type');
  if (language !== '' && language !== 'stix') return [{ skipped: `indicators with a pattern of ${language.slice(0, 50)}` }];
  const read = readPattern(textOf(value, 'pattern'));
  if (typeof read === 'string') return [problem(place, read, get(value, 'pattern'))];
  if (read.values.length === 0) return [{ skipped: `patterns of ${read.unread[0] ?? 'nothing'}` }];
  const parts = partsOf(value, context);
  return read.values.flatMap(({ type, text }) => {
    const values = valuesOf(type, type === 'url' || type === 'domain' ? refang(text) : text);
    return indicators(values satisfies readonly TypedValue[] | string, parts, place, text);
  });
}

function partsOf(value: Json, context: Context): Parts {
  const id = textOf(value, 'id');
  const signs = context.get(id);
  const types = listOf(value, 'indicator_types').filter((type): type is string => typeof type === 'string');
  const names = listOf(value, 'labels').filter((name): name is string => typeof name === 'string');
  const modified = get(value, 'modified');
  const until = get(value, 'valid_until');
  const confidence = get(value, 'confidence');
  return {
    id,
    // A pattern may name thousands of values.
    actors: signs?.actors ?? [],
    malware: signs?.malware ?? [],
    killChain: labels([...phases(value), ...(signs?.killChain ?? [])]),
    confidence: typeof confidence === 'number' ? confidence : undefined,
    // STIX 2.0 has the type among the labels.
    threatType: types[0] ?? names[0],
    labels: labels([...types.slice(1), ...names]),
    firstSeen: get(value, 'created'),
    updated: modified,
    validFrom: get(value, 'valid_from'),
    validUntil: get(value, 'revoked') === true ? earlier(modified, until) : until,
  };
}

/** What is revoked holds no longer than until it was revoked. */
function earlier(modified: unknown, until: unknown): number {
  const end = timeOf(until);
  const revoked = timeOf(modified) || 1;
  return end === 0 ? revoked : Math.min(end, revoked);
}
