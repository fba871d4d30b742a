/** What the sources page says in words and numbers. Pure. */
import type { Source, SourceStatus } from '../../api/contract/sources.ts';

export const KIND_NAME: Readonly<Record<Source['kind'], string>> = { http: 'HTTP', firehose: 'Firehose', s3: 'S3', ec2: 'EC2 interfaces' };

/** `S3 queue`, `S3 listing`, `HTTP`, `Firehose`, `EC2 interfaces` */
export function kindOf(source: Pick<Source, 'kind' | 'connection'>): string {
  if (source.kind !== 's3') return KIND_NAME[source.kind];
  return source.connection.mode === 'list' ? 'S3 listing' : 'S3 queue';
}

export const STATE_WORD: Readonly<Record<SourceStatus['state'], string>> = {
  running: 'running',
  waiting: 'waiting',
  paused: 'paused',
  trouble: 'trouble',
};

/** What a lookup’s states mean; it neither delivers nor is sent to. */
export const LOOKUP_MEANS: Readonly<Record<SourceStatus['state'], string>> = {
  running: 'It has looked its interfaces up.',
  waiting: 'No region has answered since the server started.',
  paused: 'It is paused: nothing is asked, and what is known is kept.',
  trouble: 'The last look of a region failed.',
};

export const STATE_MEANS: Readonly<Record<SourceStatus['state'], string>> = {
  running: 'It delivers.',
  waiting: 'Nothing has come since the server started.',
  paused: 'It is paused: senders are asked to come again, objects are left where they are.',
  trouble: 'Nothing of it is stored or fetched at the moment.',
};

/** Milliseconds in one unit: `820 ms`, `3.2 s`, `4 min`, `2.5 h`, `3 d`. */
export function lagText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${oneDecimal(seconds)} s`;
  if (seconds < 5400) return `${oneDecimal(seconds / 60)} min`;
  if (seconds < 129_600) return `${oneDecimal(seconds / 3600)} h`;
  return `${oneDecimal(seconds / 86_400)} d`;
}

function oneDecimal(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}

/** Records stored in some way: flow records, NODATA and SKIPDATA. */
export function storedOf({ counts }: Pick<SourceStatus, 'counts'>): number {
  return counts.stored + counts.nodata + counts.skipdata;
}

/** 1 → `1 record`, 3 → `3 records` */
export function many(count: number, one: string): string {
  return `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
}

/** `eu-central-1, us-east-1, every 10 minutes` */
export function lookupSummary({ connection: { regions, intervalMinutes } }: Pick<Source, 'connection'>): string {
  const list = Array.isArray(regions) ? regions.map(String) : [];
  const where = list.length > 3 ? `${list.slice(0, 2).join(', ')} and ${list.length - 2} more regions` : list.join(', ');
  return `${where}, every ${intervalMinutes === 1 ? 'minute' : `${intervalMinutes} minutes`}`;
}
