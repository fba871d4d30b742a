/** Events for decoder tests, as AWS writes them. */
import { type Decoded, type DecodeOptions, decodeAll, type Row } from '../support.ts';

type Json = Readonly<Record<string, unknown>>;

const EVENT: Json = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLEROLEID0001:ann',
    arn: 'arn:aws:sts::111122223333:assumed-role/Admin/ann',
    accountId: '111122223333',
    accessKeyId: 'ASIAEXAMPLEKEY000001',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAEXAMPLEROLEID0001',
        arn: 'arn:aws:iam::111122223333:role/Admin',
        accountId: '111122223333',
        userName: 'Admin',
      },
      attributes: { creationDate: '2026-11-18T09:00:00Z', mfaAuthenticated: 'true' },
    },
  },
  eventTime: '2026-11-18T10:00:00Z',
  eventSource: 'ec2.amazonaws.com',
  eventName: 'RunInstances',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '203.0.113.9',
  userAgent: 'aws-cli/2.15.0 Python/3.11',
  requestParameters: { instancesSet: { items: [{ imageId: 'ami-0abc', minCount: 1 }] }, note: 'a "quoted" \\ {bracket] \n' },
  responseElements: null,
  requestID: '11111111-2222-3333-4444-555555555555',
  readOnly: false,
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
  tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', clientProvidedHostHeader: 'ec2.eu-west-1.amazonaws.com' },
};

/** An event with its id, and other values where they are given; undefined leaves a key out. */
export function event(id: string, other: Json = {}): Json {
  return { ...EVENT, eventID: id, ...other };
}

export const text = (id: string, other: Json = {}): string => JSON.stringify(event(id, other));

export function fileOf(...records: readonly string[]): string {
  return `{"Records":[${records.join(',')}]}`;
}

export function decodeEvents(input: string | Uint8Array, options: DecodeOptions = {}): Decoded {
  return decodeAll(input, { ...options, kind: 'cloudtrail' });
}

/** Ids of what was stored, and codes of what was not, in the order of input. */
export function outline(rows: readonly Row[]): string[] {
  return rows.map((row) => (row.table === 'bad' ? row.bad.code : String(row.record.event_id ?? '')));
}

/** Rows without what depends on how batches were cut. */
export function comparable(rows: readonly Row[]): unknown[] {
  return rows.map((row) => (row.table === 'bad' ? { ...row, bad: { ...row.bad, delivery: 0 } } : row));
}
