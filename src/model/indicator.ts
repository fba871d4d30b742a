/**
 * Threat indicators: what feeds say of addresses, names and files. The vocabulary follows STIX 2.1
 * (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html, sections 4.7 and 10) and ECS
 * (https://www.elastic.co/docs/reference/ecs/ecs-threat).
 */

/**
 * `address`: an IPv4 or IPv6 address or a CIDR block of them. `file`: a hash (MD5, SHA-1, SHA-256) in
 * lower-case hex. `domain`: lower case, without a dot at its end. `url`: as the feed wrote it.
 */
export const INDICATOR_TYPES = ['address', 'domain', 'url', 'file', 'user-agent'] as const;
export type IndicatorType = (typeof INDICATOR_TYPES)[number];

/** By confidence: high from 85, medium from 50, low from 15, else unverified. */
export const CONFIDENCE_BANDS = ['high', 'medium', 'low', 'unverified'] as const;
export type ConfidenceBand = (typeof CONFIDENCE_BANDS)[number];

export const SEVERITIES = ['critical', 'high', 'medium', 'low', ''] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One indicator of one feed. Times are epoch seconds, 0 where the feed does not say. */
export interface Indicator {
  readonly type: IndicatorType;
  /** In the canonical form of its type: addresses by formatAddress, blocks as `first/prefix` without host bits. */
  readonly value: string;
  /** The feed's own id for it (a STIX id, a MISP uuid); empty where it has none. */
  readonly id: string;
  /** 0–100 (STIX confidence); 0 where nothing is said: unverified. */
  readonly confidence: number;
  readonly severity: Severity;
  /** What it is a sign of: malicious-activity, anonymization, botnet_cc, … in the feed's words, lower case. */
  readonly threatType: string;
  readonly actors: readonly string[];
  readonly malware: readonly string[];
  /** Phases, as `kill-chain-name:phase-name` or the phase alone. */
  readonly killChain: readonly string[];
  readonly labels: readonly string[];
  readonly firstSeen: number;
  readonly updated: number;
  /** It holds for records from `validFrom` on (0: any) and before `validUntil` (0: without end). */
  readonly validFrom: number;
  readonly validUntil: number;
}

/** Of a confidence from 0 to 100. */
export function confidenceBand(confidence: number): ConfidenceBand {
  if (confidence >= 85) return 'high';
  if (confidence >= 50) return 'medium';
  return confidence >= 15 ? 'low' : 'unverified';
}

/** Whether it holds at a record's time, epoch seconds. */
export function isValidAt({ validFrom, validUntil }: Pick<Indicator, 'validFrom' | 'validUntil'>, time: number): boolean {
  return time >= validFrom && (validUntil === 0 || time < validUntil);
}

/** An address or block of an indicator, as it is matched. Times are epoch seconds. */
export interface IndicatorEntry {
  /** First address of the block: four words of 32 bits, network order (IPv4 as ::ffff:a.b.c.d). */
  readonly words: readonly [number, number, number, number];
  /** Bits of the 128 that the block fixes: 128 for an address, 120 for 192.0.2.0/24. */
  readonly prefix: number;
  /** Halves of its number: SipHash of feed, type and value, never 0. */
  readonly low: number;
  readonly high: number;
  readonly feed: string;
  readonly confidence: number;
  /** When its feed last said something of it: of two with the same confidence the newer one counts. */
  readonly newest: number;
  readonly validFrom: number;
  /** 0: without end. */
  readonly validUntil: number;
}

/** What never matches, of one feed or (feed '') of all. */
export type AllowedRange = Pick<IndicatorEntry, 'words' | 'prefix' | 'feed'>;

/** Addresses, networks and other values that never match, by feed; those of '' hold for all feeds. */
export type AllowedIndicators = Readonly<Record<string, readonly string[]>>;

/** What an index of indicators is built of. */
export interface IndicatorEntries {
  /** How many will come at most, by family. */
  readonly ipv4: number;
  readonly ipv6: number;
  readonly allowed: readonly AllowedRange[];
  /** In the order of their first address, wider blocks before those that they hold. */
  readonly entries: AsyncIterable<readonly IndicatorEntry[]>;
}
