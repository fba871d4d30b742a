/** CloudTrail files as AWS writes them, made up: sessions that repeat, ids that do not. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { random } from './flows.ts';

const PER_FILE = 2000;
const ACCOUNTS = ['111122223333', '444455556666'];
const CALLS = [
  ['ec2', 'DescribeInstances', true],
  ['s3', 'GetBucketAcl', true],
  ['sts', 'AssumeRole', true],
  ['iam', 'ListRoles', true],
  ['kms', 'Decrypt', true],
  ['ec2', 'RunInstances', false],
  ['logs', 'CreateLogStream', false],
  ['dynamodb', 'DescribeTable', true],
] as const;

export interface WrittenEvents {
  readonly events: number;
  readonly files: readonly string[];
  /** Bytes of all files: as text, and packed. */
  readonly text: number;
  readonly packed: number;
}

/** Writes `count` events of the day that ends at `end` (epoch seconds), in order of time. */
export function writeEvents(directory: string, count: number, end: number): WrittenEvents {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const next = random(7);
  const hex = (n: number) => Array.from({ length: n }, () => Math.floor(next() * 16).toString(16)).join('');
  const uuid = () => [8, 4, 4, 4, 12].map(hex).join('-');
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const time = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
  const sessions = Array.from({ length: 400 }, (_, i) => {
    const account = pick(ACCOUNTS);
    const role = `role-${i % 30}`;
    const issuer = { type: 'Role', principalId: `AROA${role}`, arn: `arn:aws:iam::${account}:role/${role}`, accountId: account, userName: role };
    return {
      account,
      identity: {
        type: 'AssumedRole',
        principalId: `AROA${role}:session-${i}`,
        arn: `arn:aws:sts::${account}:assumed-role/${role}/session-${i}`,
        accountId: account,
        accessKeyId: `ASIA${hex(16).toUpperCase()}`,
        sessionContext: { sessionIssuer: issuer, attributes: { creationDate: time(end - 86_400 + i * 60), mfaAuthenticated: 'false' } },
      },
    };
  });
  const event = (at: number) => {
    const [service, name, readOnly] = pick(CALLS);
    const { account, identity } = pick(sessions);
    const instance = `i-${hex(17)}`;
    return {
      eventVersion: '1.09',
      userIdentity: identity,
      eventTime: time(at),
      eventSource: `${service}.amazonaws.com`,
      eventName: name,
      awsRegion: 'eu-central-1',
      sourceIPAddress: `203.0.113.${Math.floor(next() * 200)}`,
      userAgent: `aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/${service}`,
      requestParameters: { instancesSet: { items: [{ instanceId: instance }] }, filterSet: {}, maxResults: 100 },
      responseElements: readOnly
        ? null
        : { requestId: uuid(), instancesSet: { items: [{ instanceId: instance, imageId: 'ami-12345678', currentState: { code: 0, name: 'pending' } }] } },
      requestID: uuid(),
      eventID: uuid(),
      readOnly,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: 'Management',
      tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', clientProvidedHostHeader: `${service}.eu-central-1.amazonaws.com` },
    };
  };
  const files: string[] = [];
  let [text, packed] = [0, 0];
  const step = 86_400 / count;
  for (let done = 0; done < count; done += PER_FILE) {
    const records = Array.from({ length: Math.min(PER_FILE, count - done) }, (_, i) => event(Math.floor(end - 86_400 + (done + i) * step)));
    const body = JSON.stringify({ Records: records });
    const gz = gzipSync(body);
    const file = join(directory, `${String(files.length).padStart(6, '0')}.json.gz`);
    writeFileSync(file, gz);
    files.push(file);
    text += body.length;
    packed += gz.length;
  }
  return { events: count, files, text, packed };
}
