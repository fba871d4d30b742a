/** Threat indicators for benches. */
import type { Indicator } from '../src/model/indicator.ts';
import { random } from './flows.ts';

/** `count` different addresses, `first` ones among them. */
export function* indicatorsOf(first: readonly string[], count: number): Iterable<Indicator> {
  const next = random(5);
  const seen = new Set<string>();
  const rest = {
    type: 'address',
    id: '',
    confidence: 60,
    severity: '',
    threatType: 'scanner',
    actors: [],
    malware: [],
    killChain: [],
    labels: ['bench'],
  } as const;
  const times = { firstSeen: 0, updated: 0, validFrom: 0, validUntil: 0 };
  while (seen.size < count) {
    const value = first[seen.size] ?? `${1 + Math.floor(next() * 222)}.${Math.floor(next() * 256)}.${Math.floor(next() * 256)}.${Math.floor(next() * 256)}`;
    if (seen.has(value)) continue;
    seen.add(value);
    yield { ...rest, ...times, value };
  }
}
