/** Records of CloudTrail for tests: a whole record of each, of which a test says what matters to it. */
import { gzipSync } from 'node:zlib';

export type Json = { readonly [key: string]: unknown };

/** A person’s call of the API from the internet. `at`: epoch seconds; `more`: keys of the record in place of these. */
export function event(id: string, at: number, more: Json = {}): Json {
  return {
    eventVersion: '1.08',
    userIdentity: {
      type: 'IAMUser',
      principalId: 'AIDACKCEVSQ6C2EXAMPLE',
      arn: 'arn:aws:iam::123456789012:user/ann',
      accountId: '123456789012',
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      userName: 'ann',
    },
    eventTime: new Date(at * 1000).toISOString().replace('.000Z', 'Z'),
    eventSource: 'ec2.amazonaws.com',
    eventName: 'DescribeInstances',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '198.51.100.7',
    userAgent: 'aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64',
    requestParameters: null,
    responseElements: null,
    requestID: `${id}-request`,
    eventID: id,
    readOnly: true,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '123456789012',
    eventCategory: 'Management',
    ...more,
  };
}

/** A file as CloudTrail delivers it. */
export function trail(records: readonly Json[]): Uint8Array {
  return gzipSync(JSON.stringify({ Records: records }));
}
