/** The keys of a record that something is made of. Told by their bytes, without decoding them. */

/** Spelled as in records; some have more than one spelling. */
export const KEYS = [
  'eventVersion',
  'userIdentity',
  'eventTime',
  'eventSource',
  'eventName',
  'awsRegion',
  'sourceIPAddress',
  'userAgent',
  'errorCode',
  'errorMessage',
  'requestParameters',
  'responseElements',
  'additionalEventData',
  'requestID',
  'eventID',
  'readOnly',
  'resources',
  'eventType',
  'apiVersion',
  'managementEvent',
  'recipientAccountId',
  'sharedEventID',
  'vpcEndpointId',
  'vpcEndpointAccountId',
  'eventCategory',
  'sessionCredentialFromConsole',
  'tlsDetails',
  'insightDetails',
  // Of aggregated events.
  'accountId',
  'eventId',
  'timeWindow',
  'summary',
  // Of what is around records.
  'Records',
  'Events',
  'CloudTrailEvent',
  'detail',
  'detail-type',
  // Of a digest file.
  'digestStartTime',
  'logFiles',
] as const;

export type Key = (typeof KEYS)[number];

/** Places in KEYS. */
export const KEY = Object.fromEntries(KEYS.map((key, i) => [key, i])) as Readonly<Record<Key, number>>;

const SIZE = 1024;
const BYTES = KEYS.map((key) => Uint8Array.from(key, (c) => c.charCodeAt(0)));
const slot = (length: number, first: number, last: number): number => (length * 37 + first * 7 + last) & (SIZE - 1);
const BY_SLOT: readonly (readonly number[])[] = Array.from({ length: SIZE }, (_, at) =>
  BYTES.flatMap((bytes, key) => (slot(bytes.length, bytes[0]!, bytes.at(-1)!) === at ? [key] : [])),
);

/** Place of the key whose bytes are `[from, to)`, without its quotes; -1 for any other. */
export function keyAt(buf: Uint8Array, from: number, to: number): number {
  if (to <= from) return -1;
  for (const key of BY_SLOT[slot(to - from, buf[from]!, buf[to - 1]!)]!) {
    const bytes = BYTES[key]!;
    if (bytes.length !== to - from) continue;
    let i = 1;
    while (i < bytes.length && buf[from + i] === bytes[i]) i++;
    if (i === bytes.length) return key;
  }
  return -1;
}
