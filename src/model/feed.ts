/**
 * Feeds of threat indicators: a named set of them that is fetched, read from a file, or imported. The name is
 * part of what an indicator is (model/indicator.ts), so that a feed keeps its name.
 */

/**
 * `http`: one document at an address. `file`: one on this machine. `taxii`: a TAXII 2.1 collection. `misp`: the
 * attributes of a MISP instance. `misp-feed`: a folder of MISP events with a manifest. `otx`: the pulses that an
 * account of OTX follows. `crowdstrike`: indicators of Falcon Intelligence over its API. `aws-ranges`: ip-ranges.json of AWS, which names services and regions and no threats.
 * `import`: what people hand over, and nothing is fetched.
 */
export const FEED_KINDS = ['http', 'file', 'taxii', 'misp', 'misp-feed', 'otx', 'crowdstrike', 'aws-ranges', 'import'] as const;
export type FeedKind = (typeof FEED_KINDS)[number];

/** Clouds of CrowdStrike, by the name that the console shows, and where the API of each is (https://developer.crowdstrike.com/docs/authentication/). */
export const FALCON_CLOUDS: Readonly<Record<string, string>> = {
  'us-1': 'https://api.crowdstrike.com',
  'us-2': 'https://api.us-2.crowdstrike.com',
  'eu-1': 'https://api.eu-1.crowdstrike.com',
  'us-gov-1': 'https://api.laggar.gcw.crowdstrike.com',
  'us-gov-2': 'https://api.us-gov-2.crowdstrike.mil',
};

/** Without hashes, of which there are more than all others together, and without what nobody has looked at. */
export const FALCON_FILTER = "type:['ip_address','ip_address_block','domain','url','user_agent']+malicious_confidence:['high','medium']";

/** Formats of a document with indicators. */
export const INDICATOR_FORMATS = ['stix', 'misp', 'crowdstrike', 'otx', 'feodo', 'threatfox', 'urlhaus', 'spamhaus-drop', 'list', 'csv'] as const;
export type IndicatorFormat = (typeof INDICATOR_FORMATS)[number];

/** Parts of an indicator that a column of a CSV file can give. */
export const MAPPED_PARTS = [
  'value',
  'type',
  'id',
  'confidence',
  'severity',
  'threatType',
  'actors',
  'malware',
  'killChain',
  'labels',
  'firstSeen',
  'updated',
  'validFrom',
  'validUntil',
] as const;
export type MappedPart = (typeof MAPPED_PARTS)[number];

/** What lists that say nothing more than addresses are taken to say. */
export interface FeedDefaults {
  /** 0–100. */
  readonly confidence: number;
  /** An indicator without an end holds so many days from when the feed named it last; 0: while the feed names it. */
  readonly validDays: number;
  readonly threatType: string;
  readonly labels: readonly string[];
}

export const DEFAULT_FEED_DEFAULTS: FeedDefaults = { confidence: 0, validDays: 0, threatType: '', labels: [] };

/** An entry that could not be read: its line, or its number where the document has no lines (both from 1). */
export interface EntryProblem {
  readonly line?: number;
  readonly index?: number;
  readonly reason: string;
  /** The beginning of the entry as it was. */
  readonly excerpt: string;
}
