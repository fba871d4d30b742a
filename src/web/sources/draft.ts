/** A source as the fields of a form, and back. Pure. */
import type { RecordSettings, Source, SourceNew } from '../../api/contract/sources.ts';
import { type Ec2Draft, fromEc2Connection, NEW_EC2, toEc2Connection } from './ec2-draft.ts';
import { fromConnection, NEW_S3, type S3Draft, toConnection } from './s3-draft.ts';

export interface RuleDraft {
  /** Of this page alone: rows keep their place in the form while they move. */
  readonly key: number;
  readonly kind: RecordSettings['rules'][number]['kind'];
  readonly name: string;
  readonly pattern: string;
  /** Of `mask`; empty: `#`. */
  readonly replacement: string;
}

export interface RecordDraft {
  readonly format: RecordSettings['format'];
  readonly layout: string;
  readonly rules: readonly RuleDraft[];
  readonly timestampLocator: string;
  readonly multiline: RecordSettings['multiline']['mode'];
  readonly boundary: string;
  /** CIDRs, separated by blanks, commas or line ends. */
  readonly internalTraffic: string;
}

export interface SourceDraft {
  readonly name: string;
  /** Id of a collector; empty: a new one. */
  readonly collector: string;
  readonly newCollector: string;
  readonly sourceCategory: string;
  readonly sourceName: string;
  readonly sourceHost: string;
  readonly records: RecordDraft;
  readonly s3: S3Draft;
  readonly ec2: Ec2Draft;
}

export const NEW_RECORDS: RecordDraft = {
  format: 'auto',
  layout: '',
  rules: [],
  timestampLocator: '',
  multiline: 'off',
  boundary: '',
  internalTraffic: '',
};

export const NEW_SOURCE: SourceDraft = {
  name: '',
  collector: '',
  newCollector: '',
  sourceCategory: '',
  sourceName: '',
  sourceHost: '',
  records: NEW_RECORDS,
  s3: NEW_S3,
  ec2: NEW_EC2,
};

export function toRecords(draft: RecordDraft): RecordSettings {
  const { format, layout, rules, timestampLocator, multiline, boundary, internalTraffic } = draft;
  return {
    format,
    layout: layout.trim() || 'auto',
    rules: rules.map(({ kind, name, pattern, replacement }) => ({ kind, name, pattern, ...(kind === 'mask' && replacement !== '' ? { replacement } : {}) })),
    timestampLocator,
    multiline: multiline === 'boundary' ? { mode: 'boundary', pattern: boundary } : { mode: multiline },
    internalTraffic: internalTraffic.split(/[\s,;]+/).filter((cidr) => cidr !== ''),
  };
}

export function fromRecords(records: RecordSettings): RecordDraft {
  return {
    format: records.format,
    layout: records.layout === 'auto' ? '' : records.layout,
    rules: records.rules.map(({ kind, name, pattern, replacement = '' }, key) => ({ key, kind, name, pattern, replacement })),
    timestampLocator: records.timestampLocator,
    multiline: records.multiline.mode,
    boundary: records.multiline.mode === 'boundary' ? records.multiline.pattern : '',
    internalTraffic: records.internalTraffic.join('\n'),
  };
}

export function fromSource(source: Source): SourceDraft {
  const { name, collector, sourceCategory, sourceName, sourceHost, records, connection, kind } = source;
  const s3 = kind === 's3' ? fromConnection(connection) : NEW_S3;
  const ec2 = kind === 'ec2' ? fromEc2Connection(connection) : NEW_EC2;
  return { name, collector, newCollector: '', sourceCategory, sourceName, sourceHost, records: fromRecords(records), s3, ec2 };
}

/** What a new source and a change of one have alike. */
export function toBody(draft: SourceDraft, kind: Source['kind'], collector: string): Omit<SourceNew, 'kind'> {
  const { name, sourceCategory, sourceName, sourceHost, records } = draft;
  return {
    collector,
    name,
    sourceCategory,
    sourceName,
    sourceHost,
    records: toRecords(records),
    connection: toConnectionOf(kind, draft),
  };
}

/** A kind's own settings; what is sent to has none. */
export function toConnectionOf(kind: Source['kind'], { s3, ec2 }: SourceDraft): Record<string, unknown> {
  if (kind === 's3') return toConnection(s3);
  return kind === 'ec2' ? toEc2Connection(ec2) : {};
}
