/** Kinds of feeds: what each is called, which settings it has, and feeds that many people begin with. Pure data. */
import type { FeedAuth } from '../../api/contract/feeds.ts';
import { FALCON_CLOUDS, type FeedKind, type IndicatorFormat } from '../../model/feed.ts';

/** Groups of fields of a feed's form. */
export type FeedField = 'url' | 'path' | 'cloud' | 'filter' | 'format' | 'schedule' | 'auth' | 'defaults' | 'limits';

export interface KindAbout {
  readonly name: string;
  /** What is entered as its place. */
  readonly place: { readonly label: string; readonly placeholder: string; readonly description: string; readonly required: boolean };
  readonly fields: readonly FeedField[];
  /** Ways to sign in, the usual one first. */
  readonly auths: readonly FeedAuth['kind'][];
  /** Of the auth kind `key`. */
  readonly keyLabel?: string;
}

const NO_PLACE = { label: '', placeholder: '', description: '', required: false };

export const KINDS: Readonly<Record<FeedKind, KindAbout>> = {
  http: {
    name: 'Document over HTTP',
    place: {
      label: 'Address',
      placeholder: 'https://feeds.example.net/blocklist.txt',
      description: 'Of one document. It is fetched anew only when the server says that it has changed.',
      required: true,
    },
    fields: ['url', 'format', 'schedule', 'auth', 'defaults', 'limits'],
    auths: ['none', 'basic', 'bearer', 'header'],
  },
  file: {
    name: 'File on the server',
    place: {
      label: 'Path',
      placeholder: '/srv/feeds/list.txt',
      description: 'On the machine that Bartizan runs on: only the command line names files of it. It is read anew when its size or time has changed.',
      required: true,
    },
    fields: ['path', 'format', 'schedule', 'defaults', 'limits'],
    auths: ['none'],
  },
  taxii: {
    name: 'TAXII 2.1 collection',
    place: {
      label: 'Address of the collection',
      placeholder: 'https://taxii.example.net/api/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/',
      description: 'Later runs ask only for what was added since.',
      required: true,
    },
    fields: ['url', 'schedule', 'auth', 'defaults', 'limits'],
    auths: ['basic', 'bearer', 'header', 'none'],
  },
  misp: {
    name: 'MISP instance',
    place: {
      label: 'Address of the instance',
      placeholder: 'https://misp.example.net',
      description: 'Attributes for detection are asked for; later runs ask only for what has changed.',
      required: true,
    },
    fields: ['url', 'schedule', 'auth', 'defaults', 'limits'],
    auths: ['key', 'header', 'none'],
    keyLabel: 'Authentication key',
  },
  'misp-feed': {
    name: 'MISP feed',
    place: {
      label: 'Address of the folder',
      placeholder: 'https://feeds.example.net/osint/',
      description: 'Where manifest.json is. Only events that have changed are fetched.',
      required: true,
    },
    fields: ['url', 'schedule', 'auth', 'defaults', 'limits'],
    auths: ['none', 'basic', 'header', 'key'],
    keyLabel: 'Authentication key',
  },
  otx: {
    name: 'OTX pulses',
    place: {
      label: 'Address',
      placeholder: 'https://otx.alienvault.com',
      description: 'Empty: the public service. The pulses that your account follows are fetched.',
      required: false,
    },
    fields: ['url', 'schedule', 'auth', 'defaults', 'limits'],
    auths: ['key'],
    keyLabel: 'API key',
  },
  crowdstrike: {
    name: 'CrowdStrike Falcon',
    place: {
      label: 'Address of the API',
      placeholder: 'https://api.crowdstrike.com',
      description: 'Of the cloud that your console is in. Later runs ask only for what has changed.',
      required: true,
    },
    fields: ['cloud', 'url', 'filter', 'schedule', 'auth', 'defaults', 'limits'],
    auths: ['oauth2'],
    keyLabel: 'Client secret',
  },
  'aws-ranges': {
    name: 'Ranges of AWS',
    place: {
      label: 'Address',
      placeholder: 'https://ip-ranges.amazonaws.com/ip-ranges.json',
      description: 'Empty: the document of AWS. It names no threats: addresses in it get the service and the region as src_aws and dst_aws.',
      required: false,
    },
    fields: ['url', 'schedule', 'limits'],
    auths: ['none'],
  },
  import: { name: 'Import', place: NO_PLACE, fields: ['format', 'defaults'], auths: ['none'] },
};

export const AUTH_NAMES: Readonly<Record<FeedAuth['kind'], string>> = {
  none: 'Nothing',
  basic: 'Name and password',
  bearer: 'Bearer token',
  key: 'Key',
  header: 'Header',
  oauth2: 'API client',
};

export const FORMAT_NAMES: Readonly<Record<IndicatorFormat | 'auto', string>> = {
  auto: 'By its content',
  stix: 'STIX 2.1 bundle',
  misp: 'MISP',
  crowdstrike: 'CrowdStrike Falcon',
  otx: 'OTX pulses',
  feodo: 'abuse.ch Feodo Tracker',
  threatfox: 'abuse.ch ThreatFox',
  urlhaus: 'abuse.ch URLhaus',
  'spamhaus-drop': 'Spamhaus DROP',
  list: 'List, a value a line',
  csv: 'CSV with a header line',
};

export interface Preset {
  readonly id: string;
  readonly kind: FeedKind;
  readonly title: string;
  readonly description: string;
  /** A name to begin with. */
  readonly name: string;
  readonly url?: string;
  readonly format?: IndicatorFormat;
  readonly everyMinutes?: number;
  readonly confidence?: number;
  readonly threatType?: string;
}

/** No file of the server’s machine: only the command line names those. Nothing of this is fetched before somebody saves a feed. Who publishes a list says who may use it and how often. */
export const PRESETS: readonly Preset[] = [
  {
    id: 'http',
    kind: 'http',
    title: 'A document at an address',
    description: 'STIX, CSV, a list with a value a line, CrowdStrike, MISP or OTX as a file: the format is known by its content.',
    name: '',
  },
  { id: 'taxii', kind: 'taxii', title: 'A TAXII 2.1 collection', description: 'STIX objects of a threat intelligence platform or an ISAC.', name: '' },
  { id: 'misp', kind: 'misp', title: 'A MISP instance', description: 'Attributes for detection, with their tags, over its REST interface.', name: 'misp' },
  { id: 'misp-feed', kind: 'misp-feed', title: 'A MISP feed', description: 'A folder of events with a manifest, as communities publish them.', name: '' },
  { id: 'otx', kind: 'otx', title: 'OTX pulses', description: 'What an account of LevelBlue OTX follows. It needs the key of the account.', name: 'otx' },
  {
    id: 'crowdstrike',
    kind: 'crowdstrike',
    title: 'CrowdStrike Falcon',
    description: 'Indicators of Falcon Intelligence. It needs an API client that may read “Indicators (Falcon Intelligence)”.',
    name: 'crowdstrike',
    url: FALCON_CLOUDS['us-1'] ?? '',
  },
  {
    id: 'feodo',
    kind: 'http',
    title: 'abuse.ch Feodo Tracker',
    description: 'Addresses of botnet command and control servers.',
    name: 'feodo',
    url: 'https://feodotracker.abuse.ch/downloads/ipblocklist.json',
    format: 'feodo',
  },
  {
    id: 'threatfox',
    kind: 'http',
    title: 'abuse.ch ThreatFox',
    description: 'Addresses, domains, URLs and hashes of malware of the last days.',
    name: 'threatfox',
    url: 'https://threatfox.abuse.ch/export/json/recent/',
    format: 'threatfox',
  },
  {
    id: 'urlhaus',
    kind: 'http',
    title: 'abuse.ch URLhaus',
    description: 'URLs that serve malware.',
    name: 'urlhaus',
    url: 'https://urlhaus.abuse.ch/downloads/csv_recent/',
    format: 'urlhaus',
  },
  {
    id: 'drop',
    kind: 'http',
    title: 'Spamhaus DROP',
    description: 'Networks that are hijacked or leased by criminals.',
    name: 'spamhaus-drop',
    url: 'https://www.spamhaus.org/drop/drop_v4.json',
    format: 'spamhaus-drop',
    everyMinutes: 1440,
  },
  {
    id: 'firehol',
    kind: 'http',
    title: 'FireHOL level 1',
    description: 'Networks of several lists of attackers, put together to be blocked with few false alarms.',
    name: 'firehol-level1',
    url: 'https://raw.githubusercontent.com/firehol/blocklist-ipsets/master/firehol_level1.netset',
    format: 'list',
    everyMinutes: 1440,
    confidence: 60,
    threatType: 'malicious-activity',
  },
  {
    id: 'aws-ranges',
    kind: 'aws-ranges',
    title: 'Ranges of AWS',
    description: 'No threats: it tells which service and region an address of AWS belongs to.',
    name: 'aws-ranges',
    everyMinutes: 1440,
  },
];
