/**
 * The CloudFormation templates in `deploy/aws/`: what each is for, what it is asked, and which setting of a source each
 * output fills. The sources page and `docs/aws-templates.md` are made of this table and of the templates themselves.
 */
import type { SourceKind } from '../../model/source.ts';

/** What a template and a source's settings exchange, under the names that the add-a-source page uses. */
export type SourceSetting =
  | 'queue'
  | 'bucket'
  | 'prefix'
  | 'region'
  | 'roleArn'
  | 'externalId'
  | 'accessKeyId'
  | 'secretAccessKey'
  | 'endpointUrl'
  | 'accessKey';

export interface AwsTemplate {
  /** Its file is `deploy/aws/{name}.yaml`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Kind of source that takes in what it sends; undefined: it makes logs and another template brings them here. */
  readonly source: SourceKind | undefined;
  /** Parameters that the person is asked before the file is filled in; the others have defaults that do. */
  readonly asked: readonly string[];
  /** Parameters that the source knows already. Secret ones are shown to be pasted, never written into the file. */
  readonly given: Readonly<Record<string, SourceSetting>>;
  /** Every output, and the setting that it fills; null: worth knowing, no setting. SecretArn names where the secret is read. */
  readonly outputs: Readonly<Record<string, SourceSetting | null>>;
}

const READER = { ExternalId: 'externalId' } as const;
const QUEUE_OUTPUTS = {
  QueueUrl: 'queue',
  QueueArn: 'queue',
  QueueName: 'queue',
  BucketName: 'bucket',
  Region: 'region',
  RoleArn: 'roleArn',
  ExternalId: 'externalId',
} as const;

export const AWS_TEMPLATES: readonly AwsTemplate[] = [
  {
    name: 's3-source',
    title: 'Bucket and queue',
    description: 'A bucket (new, or one that you have), a queue that tells of new objects, and a role or a user that may read both.',
    source: 's3',
    asked: ['BucketName', 'CreateBucket', 'SQSName', 'Access', 'TrustedPrincipalArn', 'IAMUserName'],
    given: READER,
    outputs: { ...QUEUE_OUTPUTS, AccessKeyId: 'accessKeyId', SecretArn: 'secretAccessKey' },
  },
  {
    name: 'flow-log',
    title: 'Flow log',
    description: 'Flow logs of a VPC, a subnet, a network interface or a transit gateway, written to a bucket or to a log group.',
    source: undefined,
    asked: ['ResourceType', 'ResourceId', 'Destination', 'BucketName', 'LogGroupName'],
    given: {},
    outputs: { FlowLogId: null, BucketName: 'bucket', ObjectPrefix: 'prefix', LogGroupName: null, Region: 'region' },
  },
  {
    name: 'cloudtrail-source',
    title: 'CloudTrail',
    description: 'A trail of all regions with log file validation, its bucket, a queue that tells of new files, and a role that may read both.',
    source: 's3',
    asked: ['TrailName', 'OrganizationId', 'BucketName', 'SQSName', 'TrustedPrincipalArn'],
    given: READER,
    outputs: { ...QUEUE_OUTPUTS, TrailArn: null },
  },
  {
    name: 'firehose-source',
    title: 'Log group through Firehose',
    description: 'A log group, subscribed by Firehose, which delivers it here; what could not be delivered is kept in a bucket.',
    source: 'firehose',
    asked: ['LogGroupName'],
    given: { EndpointUrl: 'endpointUrl', AccessKey: 'accessKey' },
    outputs: { DeliveryStreamArn: null, BackupBucketName: null, LogGroupName: null, Region: null },
  },
  {
    name: 'cloudwatch-forwarder',
    title: 'Log group through a Lambda function',
    description: 'A function that sends a log group here: it can leave internal traffic out and add the security groups of the interface.',
    source: 'http',
    asked: ['LogGroupName', 'LogFormat', 'IncludeSecurityGroupInfo', 'VpcCidrPrefix', 'AlarmEmail'],
    given: { EndpointUrl: 'endpointUrl' },
    outputs: { FunctionName: null, RedriveFunctionName: null, DeadLetterQueueUrl: null, LogGroupName: null, FunctionLogGroupName: null, Region: null },
  },
];
