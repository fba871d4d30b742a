/** A feed as the fields of a form, and back. Pure. */
import { type Feed, type FeedAuth, type FeedSettings, SECRET } from '../../api/contract/feeds.ts';
import { FALCON_FILTER, type FeedKind, MAPPED_PARTS, type MappedPart } from '../../model/feed.ts';
import { KINDS, type Preset } from './kinds.ts';

export type MappingDraft = Readonly<Partial<Record<MappedPart, string>>>;

export interface DefaultsDraft {
  /** Numbers as they are typed; empty: 0. */
  readonly confidence: string;
  readonly validDays: string;
  readonly threatType: string;
  readonly labels: readonly string[];
}

export interface FeedDraft {
  readonly name: string;
  readonly url: string;
  readonly path: string;
  readonly filter: string;
  readonly format: FeedSettings['format'];
  readonly mapping: MappingDraft;
  readonly everyMinutes: number;
  readonly auth: FeedAuth['kind'];
  readonly user: string;
  readonly header: string;
  readonly secret: string;
  readonly proxy: string;
  /** Secrets that the server keeps and never shows; of them those that are to be forgotten. */
  readonly kept: readonly SecretField[];
  readonly dropped: readonly SecretField[];
  readonly defaults: DefaultsDraft;
  readonly maxMib: string;
}

export type SecretField = 'secret' | 'proxy';

export const NO_DEFAULTS: DefaultsDraft = { confidence: '', validDays: '', threatType: '', labels: [] };

export function newFeed({ kind, name, url = '', format, everyMinutes = 60, confidence, threatType = '' }: Preset): FeedDraft {
  return {
    name,
    url,
    path: '',
    filter: kind === 'crowdstrike' ? FALCON_FILTER : '',
    format: format ?? 'auto',
    mapping: {},
    everyMinutes: kind === 'import' ? 0 : everyMinutes,
    auth: KINDS[kind].auths[0] ?? 'none',
    user: '',
    header: '',
    secret: '',
    proxy: '',
    kept: [],
    dropped: [],
    defaults: { ...NO_DEFAULTS, confidence: confidence === undefined ? '' : String(confidence), threatType },
    maxMib: '256',
  };
}

export function fromFeed({ name, settings }: Pick<Feed, 'name' | 'settings'>): FeedDraft {
  const { url = '', path = '', filter = '', format, mapping = {}, everyMinutes, auth, proxy, defaults, maxMib } = settings;
  const hasSecret = auth.kind !== 'none' && auth.secret !== undefined;
  return {
    name,
    url,
    path,
    filter,
    format,
    mapping: mappingIn(mapping),
    everyMinutes,
    auth: auth.kind,
    user: auth.kind === 'basic' || auth.kind === 'oauth2' ? auth.user : '',
    header: auth.kind === 'header' ? auth.header : '',
    secret: '',
    proxy: '',
    kept: [...(hasSecret ? (['secret'] as const) : []), ...(proxy === undefined ? [] : (['proxy'] as const))],
    dropped: [],
    defaults: {
      confidence: defaults.confidence === 0 ? '' : String(defaults.confidence),
      validDays: defaults.validDays === 0 ? '' : String(defaults.validDays),
      threatType: defaults.threatType,
      labels: defaults.labels,
    },
    maxMib: String(maxMib),
  };
}

/** Only what its kind has. A number that cannot be read goes along as it is, and the server says so. */
export function toSettings(kind: FeedKind, draft: FeedDraft): FeedSettings {
  const has = new Set(KINDS[kind].fields);
  const url = draft.url.trim();
  const path = draft.path.trim();
  const filter = draft.filter.trim();
  const mapping = draft.format === 'csv' ? mappingIn(draft.mapping) : {};
  const proxy = secretOf(draft, 'proxy');
  return {
    ...(has.has('url') && url !== '' ? { url } : {}),
    ...(has.has('path') && path !== '' ? { path } : {}),
    ...(has.has('filter') && filter !== '' ? { filter } : {}),
    format: has.has('format') ? draft.format : 'auto',
    ...(has.has('format') && Object.keys(mapping).length > 0 ? { mapping } : {}),
    everyMinutes: has.has('schedule') ? draft.everyMinutes : 0,
    auth: has.has('auth') ? authOf(draft) : { kind: 'none' },
    ...(has.has('limits') && has.has('url') && proxy !== undefined ? { proxy } : {}),
    defaults: {
      confidence: Number(draft.defaults.confidence),
      validDays: Number(draft.defaults.validDays),
      threatType: draft.defaults.threatType.trim(),
      labels: [...draft.defaults.labels],
    },
    maxMib: has.has('limits') ? Number(draft.maxMib) : 256,
  };
}

function authOf(draft: FeedDraft): FeedAuth {
  const secret = secretOf(draft, 'secret');
  const kept = secret === undefined ? {} : { secret };
  switch (draft.auth) {
    case 'none':
      return { kind: 'none' };
    case 'basic':
    case 'oauth2':
      return { kind: draft.auth, user: draft.user, ...kept };
    case 'header':
      return { kind: 'header', header: draft.header.trim(), ...kept };
    default:
      return { kind: draft.auth, ...kept };
  }
}

/** Undefined leaves what is kept as it is; empty forgets it. */
function secretOf(draft: FeedDraft, name: SecretField): string | undefined {
  if (draft[name] !== '') return draft[name];
  if (draft.dropped.includes(name)) return '';
  return draft.kept.includes(name) ? SECRET : undefined;
}

/** What is filled in. */
export function mappingIn(mapping: { readonly [part in MappedPart]?: string | undefined }): Partial<Record<MappedPart, string>> {
  return Object.fromEntries(MAPPED_PARTS.flatMap((part) => (mapping[part]?.trim() ? [[part, mapping[part].trim()]] : [])));
}

/** Names of the columns of a CSV file, by its first line that is no comment. For people to choose from: the server reads the file. */
export function columnsOf(start: string): string[] {
  const header = start.split(/\r?\n/).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  const delimiter = [',', '\t', ';', '|'].find((sign) => header.includes(sign));
  if (delimiter === undefined) return [];
  const names = header.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  return [...new Set(names.filter((name) => name !== '' && name.length <= 200))].slice(0, 100);
}

/** An entry a line: blanks and empty lines are left out, each entry once. */
export function entriesIn(text: string): string[] {
  return [...new Set(text.split(/\r?\n/).map((line) => line.trim()))].filter((line) => line !== '');
}

interface ImportDraft {
  readonly name: string;
  readonly format: FeedDraft['format'];
  readonly mapping: MappingDraft;
  readonly defaults: DefaultsDraft;
  readonly replace: boolean;
}

/** Parameters of an import; what is empty is what the feed assumes already. */
export function importQuery({ name, format, mapping, defaults, replace }: ImportDraft): Record<string, string> {
  const columns = mappingIn(mapping);
  const { confidence, validDays, threatType } = defaults;
  return {
    feed: name.trim(),
    format,
    ...(Object.keys(columns).length > 0 ? { mapping: JSON.stringify(columns) } : {}),
    ...(confidence === '' ? {} : { confidence }),
    ...(validDays === '' ? {} : { validDays }),
    ...(threatType.trim() === '' ? {} : { threatType: threatType.trim() }),
    ...(replace ? { replace: 'true' } : {}),
  };
}
