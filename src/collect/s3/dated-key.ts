/**
 * Days in the keys of a log bucket: AWS writes the objects of a day into a folder of its own.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
 */

/** A key that lies in a folder of a day. */
export interface DatedKey {
  /** The key up to the year. */
  readonly base: string;
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly hive: boolean;
}

// Only where AWS itself lays days out; elsewhere three numbers in a path may be anything.
const PLAIN_DAY = /^((?:.*\/)?AWSLogs\/(?:[^/]+\/){2,4}?)(\d{4})\/(\d{2})\/(\d{2})\//;
const HIVE_DAY = /^((?:.*\/)?AWSLogs\/(?:[^/]+\/){2,4}?)year=(\d{4})\/month=(\d{2})\/day=(\d{2})\//;

export function datedKey(key: string): DatedKey | undefined {
  if (key.length > 1024) return undefined;
  const plain = PLAIN_DAY.exec(key);
  const match = plain ?? HIVE_DAY.exec(key);
  return match ? { base: match[1] as string, day: `${match[2]}-${match[3]}-${match[4]}`, hive: !plain } : undefined;
}

/** A key that lies before every key of that day and behind every key of the days before, in the same folder. */
export function startOfDay(dated: DatedKey, day: string): string {
  const [year, month, date] = day.split('-');
  return dated.hive ? `${dated.base}year=${year}/month=${month}/day=${date}` : `${dated.base}${year}/${month}/${date}`;
}
