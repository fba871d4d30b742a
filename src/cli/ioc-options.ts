/** Options of feeds, as the API takes them. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FeedNew } from '../api/contract/feeds.ts';
import { environment } from '../config.ts';
import { FALCON_CLOUDS, FEED_KINDS, MAPPED_PARTS } from '../model/feed.ts';
import { CliError, EXIT } from './output.ts';

export interface MapOption {
  readonly map?: readonly string[];
}

export interface FeedOptions extends MapOption {
  readonly url?: string;
  readonly path?: string;
  readonly cloud?: string;
  readonly filter?: string;
  readonly format?: string;
  readonly every: string;
  readonly auth?: string;
  readonly user?: string;
  readonly header?: string;
  readonly secretStdin?: boolean;
  readonly confidence?: string;
  readonly validDays?: string;
  readonly threatType?: string;
  readonly label?: readonly string[];
  readonly maxMib?: string;
  readonly test?: boolean;
}

/** `value=ip confidence=score` → `{value: 'ip', confidence: 'score'}`. Throws CliError. */
export function mappingOf(pairs: readonly string[] | undefined): Record<string, string> | undefined {
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, part = '', column = ''] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (!(MAPPED_PARTS as readonly string[]).includes(part))
        throw new CliError(`--map takes part=column, where part is one of ${MAPPED_PARTS.join(', ')}; not “${pair}”`, EXIT.wrongUse);
      return [part, column];
    }),
  );
}

/** The settings of a feed, as they are sent. Throws CliError. */
export function settingsOf(kind: string, options: FeedOptions): object {
  if (!(FEED_KINDS as readonly string[]).includes(kind) || (kind as FeedNew['kind']) === 'import')
    throw new CliError(`there is no kind “${kind}” of feed: ${FEED_KINDS.filter((known) => known !== 'import').join(', ')}`, EXIT.wrongUse);
  const number = (name: string, text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text)) throw new CliError(`${name} takes a whole number, not “${text}”`, EXIT.wrongUse);
    return Number(text);
  };
  const mapping = mappingOf(options.map);
  const auth = options.auth ?? (kind === 'crowdstrike' ? 'oauth2' : 'none');
  return JSON.parse(
    JSON.stringify({
      url: options.url ?? cloudOf(kind, options.cloud),
      filter: options.filter,
      path: options.path === undefined ? undefined : resolve(options.path),
      format: options.format,
      mapping,
      everyMinutes: number('--every', options.every),
      maxMib: number('--max-mib', options.maxMib),
      proxy: environment('BARTIZAN_FEED_PROXY') || undefined,
      auth: {
        kind: auth,
        ...(auth === 'basic' || auth === 'oauth2' ? { user: options.user ?? '' } : {}),
        ...(auth === 'header' ? { header: options.header ?? '' } : {}),
        ...(auth === 'none' ? {} : { secret: secretOf(options) }),
      },
      defaults: {
        confidence: number('--confidence', options.confidence),
        validDays: number('--valid-days', options.validDays),
        threatType: options.threatType,
        labels: options.label,
      },
    }),
  ) as object;
}

function cloudOf(kind: string, cloud: string | undefined): string | undefined {
  if (cloud === undefined) return undefined;
  const url = kind === 'crowdstrike' && Object.hasOwn(FALCON_CLOUDS, cloud) ? FALCON_CLOUDS[cloud] : undefined;
  if (!url) throw new CliError(`--cloud takes a cloud of a crowdstrike feed: ${Object.keys(FALCON_CLOUDS).join(', ')}; or use --url`, EXIT.wrongUse);
  return url;
}

function secretOf({ secretStdin }: FeedOptions): string {
  const secret = secretStdin ? readFileSync(0, 'utf8').trim() : (environment('BARTIZAN_FEED_SECRET') ?? '');
  if (secret === '') throw new CliError('The secret is missing: set BARTIZAN_FEED_SECRET, or use --secret-stdin.', EXIT.wrongUse);
  return secret;
}
