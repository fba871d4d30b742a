/**
 * Every setting with its default and its doc, in one table: the config file, the environment, the
 * command line's help and docs/configuration.md are derived from it.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { networkRange } from './model/network.ts';
import { didYouMean, quoted, whyOfFile } from './model/wording.ts';
import { inPlaceOf, placeOf } from './model/wrong-value.ts';

/** The settings. Keys are the config file's; BARTIZAN_<KEY> in the environment wins over the file. */
export const ConfigSchema = z.strictObject({
  data: z.string().default('./data').describe('Folder of everything that is stored. One process at a time opens it.'),
  listen: z
    .string()
    .regex(/^(\[[^\]]+\]|[^:]+):\d+$/, 'write HOST:PORT')
    .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) < 65_536, 'a port is a number from 0 to 65535')
    .default('127.0.0.1:8620')
    .describe('Address of the page and the API. Only loopback is accepted until users with passwords exist.'),
  ingestListen: z
    .string()
    .regex(/^$|^(\[[^\]]+\]|[^:]+):\d+$/, 'write HOST:PORT')
    .default('')
    .describe('Address of a second listener with the routes that senders push to and nothing else, such as 0.0.0.0:8621. Empty: none.'),
  ingestTlsCert: z.string().default('').describe('Certificate chain (PEM file) of that listener; plain HTTP when empty. Firehose needs HTTPS on port 443.'),
  ingestTlsKey: z.string().default('').describe('Private key (PEM file) of that certificate.'),
  receiveBodyMib: z.number().int().min(1).max(256).default(64).describe('Largest body of one pushed request, as it is sent.'),
  receiveMemoryMib: z
    .number()
    .int()
    .min(16)
    .default(512)
    .describe(
      'Most memory that bodies which are being received, and what is made of them, take together; over it senders are asked to come again. One large body may go over.',
    ),
  receiveRequestsPerSecond: z.number().int().min(1).default(5000).describe('Most requests a second of one source.'),
  receiveWrongTokensPerMinute: z
    .number()
    .int()
    .min(1)
    .default(600)
    .describe('Most requests a minute with a wrong token that an address is answered as such; then it is asked to wait.'),
  spoolMaxMib: z
    .number()
    .int()
    .min(16)
    .default(4096)
    .describe('Most that is kept on the disk of what is acknowledged and not stored yet; over it senders are asked to come again.'),
  diskMinFreeMib: z
    .number()
    .int()
    .min(0)
    .default(512)
    .describe('Room that stays free on the disk of the data directory: with less, nothing is accepted and nothing stored until there is more.'),
  ingestUrl: z
    .string()
    .regex(/^$|^https?:\/\//, 'write an address such as https://ingest.example.net')
    .default('')
    .describe('Address at which senders reach that listener, as the sources page shows it; the listener’s own when empty.'),
  proxy: z
    .string()
    .default('')
    .describe('Outbound proxy for S3, SQS and STS, such as http://proxy.example.net:3128; HTTPS_PROXY and NO_PROXY of the environment when empty.'),
  internalNetworks: z
    .array(z.string().refine(isNetwork, 'write a CIDR block such as 203.0.113.0/24 or 2001:db8::/32'))
    .default([])
    .describe('Your own public networks as CIDRs, IPv4 or IPv6; private ranges are always internal.'),
  retentionDays: z.number().int().min(0).default(0).describe('Days that flow records are kept; 0 keeps them for ever. Whole days (UTC) are dropped.'),
  eventRetentionDays: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Days that CloudTrail events are kept; 0 keeps them for ever. Whole months (UTC) are dropped.'),
  rawRetentionDays: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe(
      'Days that the text of events is kept as it was received; 0 keeps it as long as the events. Their fields and their JSON stay. Goes by whole months.',
    ),
  retentionTrustClock: z
    .boolean()
    .default(false)
    .describe('Drops by the clock at once also where it is more than a day ahead of what is expected; else only when it has said so for a day.'),
  workers: z.number().int().min(1).max(64).default(availableParallelism()).describe('Threads that decode.'),
  batchRows: z.number().int().min(1000).max(1_000_000).default(262_144).describe('Records per insert. More is faster and takes more memory.'),
  placeV4: z.string().default('').describe('City database (mmdb) for IPv4; the packaged DB-IP when empty.'),
  placeV6: z.string().default('').describe('City database (mmdb) for IPv6; the packaged DB-IP when empty.'),
  awsRanges: z
    .string()
    .default('')
    .describe(
      'AWS’s list of its address ranges (a copy of ip-ranges.json): tells the AWS service of an address. When empty, the one that a feed of it fetched, or none.',
    ),
  cloudtrailKeys: z
    .string()
    .default('')
    .describe(
      'File of public keys that CloudTrail’s digests are verified with: what "aws cloudtrail list-public-keys" prints, or a list of such answers. Empty: none.',
    ),
  queryMaxSeconds: z.number().int().min(1).default(60).describe('Longest time that one query may run.'),
  queryMaxMemoryMib: z.number().int().min(64).default(4096).describe('Most memory that one query may use.'),
  queryMaxRows: z.number().int().min(1).default(1_000_000).describe('Most rows of a result that is held whole; exports and jobs are not.'),
  queryMaxResultMib: z.number().int().min(1).default(256).describe('Most memory that such a result may take.'),
  queryMaxRowsRead: z.number().int().min(0).default(0).describe('Most records that one query may read; 0 sets no limit.'),
  queryMaxReadMib: z.number().int().min(0).default(0).describe('Most that one query may read, uncompressed; 0 sets no limit.'),
  exportMaxRows: z.number().int().min(0).default(0).describe('Most rows of one export; 0 sets no limit.'),
  exportMaxMinutes: z.number().int().min(1).default(360).describe('Longest time that one export may take.'),
  jobMaxMinutes: z.number().int().min(1).default(60).describe('Longest time that one query job may run.'),
  jobMaxMib: z.number().int().min(1).default(1024).describe('Largest file of a query job’s rows.'),
  jobKeepMinutes: z.number().int().min(1).default(60).describe('How long the rows of a query job are kept after it ended.'),
  jobsKept: z.number().int().min(1).max(1000).default(20).describe('Most query jobs that wait, run or are kept.'),
  jobsAtOnce: z.number().int().min(1).max(2).default(1).describe('Query jobs that run at the same time; others wait.'),
  lookupMaxMib: z.number().int().min(1).max(1024).default(32).describe('Most text that one lookup table may have.'),
  lookupMaxCells: z.number().int().min(1000).max(50_000_000).default(2_000_000).describe('Most cells (rows times columns) of one lookup table.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('warn').describe('What is written to the log.'),
});

/** What stands in the environment only: secrets, and addresses that may hold one. Settings are shown, and arguments can be read by everybody on the machine. */
export const ENVIRONMENT = {
  BARTIZAN_SECRET_KEY: 'Key that stored secrets are encrypted with, at least 32 characters; `secret.key` in the data directory when unset.',
  BARTIZAN_SECRET_ACCESS_KEY: 'Secret of the access key that `--access-key-id` of a command names.',
  BARTIZAN_SESSION_TOKEN: 'Session token of that access key, where it is a temporary one.',
  BARTIZAN_SOURCE_PROXY: 'Outbound proxy of the S3 source that a command makes or tests, which may hold a password.',
  BARTIZAN_FEED_PROXY: 'Outbound proxy of the feed that a command makes, changes or tests, which may hold a password.',
  BARTIZAN_FEED_SECRET: 'Password, token or value of the header that `--auth` of a command asks a feed with.',
} as const;

/** The value of one of ENVIRONMENT, undefined where it is not set; secrets are read where they are used, and never become part of the settings. */
export function environment(name: keyof typeof ENVIRONMENT): string | undefined {
  return process.env[name];
}

export type Config = z.infer<typeof ConfigSchema>;

/** A setting is wrong: names the setting, the place and what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Settings from the file (YAML), then the environment, then `flags` (undefined ones are passed over).
 * Throws ConfigError.
 */
export function loadConfig(options: { file?: string | undefined; env: Readonly<Record<string, string | undefined>>; flags: Partial<Config> }): Config {
  const fromFile = options.file ? readConfigFile(options.file) : {};
  const fromEnv: Record<string, unknown> = {};
  for (const key of Object.keys(ConfigSchema.shape)) {
    const text = options.env[variable(key)];
    if (text !== undefined) fromEnv[key] = parseText(key as keyof Config, text);
  }
  const flags = Object.fromEntries(Object.entries(options.flags).filter(([, v]) => v !== undefined));
  const result = ConfigSchema.safeParse({ ...fromFile, ...fromEnv, ...flags }, { error: inPlaceOf });
  if (!result.success) {
    const place = (key: string) => (key in flags ? 'command line' : key in fromEnv ? variable(key) : options.file);
    throw new ConfigError(['Wrong settings:', ...result.error.issues.flatMap((issue) => complaints(issue, place))].join('\n'));
  }
  return { ...result.data, data: resolve(result.data.data) };
}

/** `retentionDays` → `BARTIZAN_RETENTION_DAYS` */
export function variable(key: string): string {
  return `BARTIZAN_${key.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`;
}

/** Names the setting, where it is set, and the way out. */
function complaints(issue: z.core.$ZodIssue, place: (key: string) => string | undefined): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const hint = didYouMean(key, Object.keys(ConfigSchema.shape)) ?? 'docs/configuration.md names them.';
      return `  ${quoted(key)} (${place(key)}): no setting has this name. ${hint}`;
    });
  const key = String(issue.path[0]);
  return [`  ${quoted(placeOf(issue.path))} (${place(key)}): ${issue.message}`];
}

function isNetwork(text: string): boolean {
  try {
    networkRange(text);
    return true;
  } catch {
    return false;
  }
}

function readConfigFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`The config file ${quoted(path)} cannot be read: it ${whyOfFile(error)}.`);
  }
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    throw new ConfigError(`${quoted(path)} is not valid YAML: ${error instanceof Error ? error.message.trim() : String(error)}`);
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw new ConfigError(`${quoted(path)} must hold settings as “name: value” lines.`);
  return value as Record<string, unknown>;
}

const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

/** Environment values are text; numbers, switches and comma-separated lists are read as the setting expects. */
function parseText(key: keyof Config, text: string): unknown {
  const fallback = ConfigSchema.shape[key].parse(undefined);
  // What is no number stays text: the complaint then says so.
  if (typeof fallback === 'number') return /^\s*-?\d+\s*$/.test(text) ? Number(text) : text;
  if (typeof fallback === 'boolean') return SWITCHES.get(text.trim().toLowerCase()) ?? text;
  if (Array.isArray(fallback))
    return text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  return text;
}
