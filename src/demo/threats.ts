/**
 * What the demo's threat feed knows: addresses of the estate's attackers, and ranges. The same for the same
 * seed, whatever the clock says, so that the feed changes nothing when it is read again.
 */
import { formatAddress, parseAddress } from '../model/address.ts';
import type { Indicator } from '../model/indicator.ts';
import type { Estate, Threat } from './estate.ts';
import { poolAddresses, poolSeed } from './parties.ts';

/** A feed has an address once; of several entries the first counts. Throws Error when the estate names what it does not have. */
export function demoIndicators(estate: Estate, seed: number): Indicator[] {
  const found = new Map<string, Indicator>();
  for (const threat of estate.threats) {
    for (const value of valuesOf(estate, threat, seed)) if (!found.has(value)) found.set(value, indicatorOf(threat, value));
  }
  return [...found.values()];
}

function valuesOf(estate: Estate, { pool: name, members, ranges = [] }: Threat, seed: number): string[] {
  if (name === undefined) return [...ranges];
  const pool = estate.pools[name];
  if (!pool) throw new Error(`demo estate: there is no pool ${name}`);
  const [first, end] = members ?? [0, pool.members];
  const address = poolAddresses(pool, poolSeed(seed, name));
  const families = pool.networks6 ? [false, true] : [false];
  const texts = families.flatMap((ipv6) => Array.from({ length: Math.min(end, pool.members) - first }, (_, i) => address(first + i, ipv6)));
  return texts.map((text) => formatAddress(parseAddress(text) as Uint8Array));
}

function indicatorOf(threat: Threat, value: string): Indicator {
  const updated = Date.parse(threat.updated) / 1000;
  return {
    type: 'address',
    value,
    id: '',
    confidence: threat.confidence,
    severity: threat.severity,
    threatType: threat.threatType,
    actors: threat.actors ?? [],
    malware: threat.malware ?? [],
    killChain: threat.killChain ?? [],
    labels: threat.labels,
    firstSeen: updated - 30 * 86_400,
    updated,
    // History is matched, too.
    validFrom: 0,
    validUntil: 0,
  };
}
