/** Calls as CloudTrail records them, each with the searches that must find it, or that it must not be mistaken for. */

type Json = Readonly<Record<string, unknown>>;

export interface Call {
  /** Of `eventSource`, before the domain. */
  readonly source: string;
  readonly name: string;
  readonly request?: unknown;
  readonly response?: Json;
  /** Keys of the record beside the usual ones. */
  readonly more?: Json;
  /** Absent: the record is older than the field. */
  readonly readOnly?: boolean;
  readonly error?: readonly [code: string, message: string];
  readonly denied?: true;
  readonly address?: string;
  /** Always by this one; else by one after the other. */
  readonly who?: keyof typeof NAMES;
  /** Searches that find it… */
  readonly finds?: readonly string[];
  /** …if its identity is of one of these types. */
  readonly by?: readonly string[];
  /** Searches that it looks like, and that must not find it. */
  readonly beside?: readonly string[];
}

interface RawRecord {
  readonly eventSource: string;
  readonly eventName: string;
  readonly sourceIPAddress: string;
  readonly awsRegion: string;
  readonly userIdentity: Json;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: unknown;
  readonly responseElements: Json | null;
  readonly additionalEventData?: Json;
  readonly eventType?: string;
}

export interface RawEvent {
  readonly call: Call;
  readonly record: RawRecord;
  /** Epoch seconds. */
  readonly at: number;
  readonly actor: string;
  readonly mfa: string | null;
  readonly outcome: 'success' | 'failure';
}

export const ACCOUNT = '111122223333';
export const USER_ARN = (name: string): string => `arn:aws:iam::${ACCOUNT}:user/${name}`;
/** Identities, and the actors that they are. */
export const NAMES = { ann: 'ann', zoe: 'Admin/zoe', root: 'root', service: 'autoscaling.amazonaws.com', served: 'root' } as const;

function identityOf(who: keyof typeof NAMES, user: string): Json {
  const root = { type: 'Root', principalId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, accountId: ACCOUNT };
  switch (who) {
    case 'ann':
      return { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn: USER_ARN(user), accountId: ACCOUNT, userName: user };
    case 'zoe':
      return {
        type: 'AssumedRole',
        principalId: 'AROAEXAMPLE:zoe',
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/zoe`,
        accountId: ACCOUNT,
        sessionContext: {
          attributes: { mfaAuthenticated: 'false' },
          sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/ops/Admin`, userName: 'Admin' },
        },
      };
    case 'root':
      return { ...root, sessionContext: { attributes: { mfaAuthenticated: 'true' } } };
    case 'service':
      return { type: 'AWSService', invokedBy: NAMES.service };
    case 'served':
      return { ...root, invokedBy: 'support.amazonaws.com' };
  }
}

interface Told {
  readonly who: keyof typeof NAMES;
  readonly user?: string;
  readonly at: number;
  readonly id: string;
  readonly region: string;
}

export function rawEvent(call: Call, { who, user = 'ann', at, id, region }: Told): RawEvent {
  const { source, name, request = null, response, more, readOnly, error, address } = call;
  const additional = more?.additionalEventData as Json | undefined;
  const record = {
    eventVersion: readOnly === undefined ? '1.02' : '1.08',
    userIdentity: identityOf(who, user),
    eventTime: new Date(at * 1000).toISOString().replace('.000Z', 'Z'),
    eventSource: `${source}.amazonaws.com`,
    eventName: name,
    awsRegion: region,
    sourceIPAddress: address ?? (who === 'service' ? NAMES.service : '203.0.113.7'),
    userAgent: 'aws-cli/2.15.30 Python/3.11.8',
    ...(error ? { errorCode: error[0], errorMessage: error[1] } : {}),
    requestParameters: request,
    responseElements: error ? null : (response ?? null),
    requestID: `r-${id}`,
    eventID: id,
    ...(readOnly === undefined ? {} : { readOnly }),
    eventType: 'AwsApiCall',
    recipientAccountId: ACCOUNT,
    ...more,
  };
  const mfa = { Yes: 'true', No: 'false' }[String(additional?.MFAUsed)] ?? { zoe: 'false', root: 'true', ann: null, service: null, served: null }[who];
  const failed = error !== undefined || response?.ConsoleLogin === 'Failure';
  // Whose name nobody is allowed to know is hidden as it stands.
  const hidden = (more?.userIdentity as Json | undefined)?.userName as string | undefined;
  return { call, record, at, actor: hidden ?? (who === 'ann' ? user : NAMES[who]), mfa, outcome: failed ? 'failure' : 'success' };
}

const DENIED = ['AccessDenied', 'User is not authorized to perform this'] as const;

const ec2 = (finds: readonly string[], name: string, request: Json = {}, response: Json = { _return: true }): Call => ({
  source: 'ec2',
  name,
  request,
  response,
  readOnly: false,
  finds,
});
const iam = (finds: readonly string[], name: string, request: Json, response?: Json): Call => ({
  source: 'iam',
  name,
  request,
  readOnly: false,
  finds,
  ...(response ? { response } : {}),
});
/** Of reading calls, and of calls of other services that are named alike. */
const not = (beside: readonly string[], source: string, name: string, request: Json = {}, readOnly = true): Call => ({
  source,
  name,
  request,
  readOnly,
  beside,
});

const ACL = ['acl-route-changes', 'network-acl-changes'];
const ROUTE = ['acl-route-changes', 'route-table-changes'];
const GROUP = ['security-group-changes'];
const PUBLIC = ['public-database-attempt'];
const POLICY = ['iam-policy-changes'];
const DEFAULT = ['default-policy-version-set', ...POLICY];
const CHANGED = ['ec2-instance-changes'];
const LARGE = [...CHANGED, 'large-ec2-instance'];
const GATEWAY = ['internet-gateway-changes'];
const VPC = ['vpc-changes'];
const BUCKET = ['s3-bucket-changes'];
const NO_MFA = ['console-sign-in-without-mfa'];
const FAILED = ['console-sign-in-failures'];

const launched = (finds: readonly string[], request: string | undefined, types: readonly string[], error?: Call['error']): Call => ({
  ...ec2(finds, 'RunInstances', request ? { instanceType: request } : { launchTemplate: { launchTemplateId: 'lt-1' } }, {
    instancesSet: { items: types.map((instanceType, i) => ({ instanceId: `i-${i}${instanceType}`, instanceType })) },
  }),
  ...(error ? { error } : { beside: ['authorization-failures', ...(finds.includes('large-ec2-instance') ? [] : ['large-ec2-instance'])] }),
});

const signIn = (finds: readonly string[], used: 'Yes' | 'No' | undefined, result: 'Success' | 'Failure', more: Json = {}): Call => ({
  source: 'signin',
  name: 'ConsoleLogin',
  readOnly: false,
  response: { ConsoleLogin: result },
  finds,
  by: finds.includes('console-sign-in-without-mfa') ? ['IAMUser', 'Root'] : ['IAMUser', 'Root', 'AssumedRole'],
  more: { eventType: 'AwsConsoleSignIn', ...(used ? { additionalEventData: { MFAUsed: used, MobileVersion: 'No' } } : {}), ...more },
});

const rule = (port: number, v4: readonly string[], v6: readonly string[] = []): Json => ({
  ipProtocol: 'tcp',
  fromPort: port,
  toPort: port + 1,
  ipRanges: v4.length ? { items: v4.map((cidrIp) => ({ cidrIp })) } : {},
  ipv6Ranges: v6.length ? { items: v6.map((cidrIpv6) => ({ cidrIpv6 })) } : {},
});

export const CALLS: readonly Call[] = [
  ec2(ACL, 'CreateNetworkAcl', { vpcId: 'vpc-1' }),
  ec2(ACL, 'CreateNetworkAclEntry', { networkAclId: 'acl-1', ruleNumber: 90, ruleAction: 'allow', egress: false, cidrBlock: '0.0.0.0/0' }),
  ec2(ACL, 'ReplaceNetworkAclEntry', { networkAclId: 'acl-1', ruleNumber: 91, ruleAction: 'deny', egress: true, ipv6CidrBlock: '::/0' }),
  {
    ...ec2(ACL, 'DeleteNetworkAclEntry', { networkAclId: 'acl-1', ruleNumber: 90, egress: false }),
    error: ['Client.UnauthorizedOperation', 'No.'],
    denied: true,
  },
  ec2(ACL, 'ReplaceNetworkAclAssociation', { networkAclId: 'acl-2', associationId: 'aclassoc-1' }),
  ec2(ACL, 'DeleteNetworkAcl', { networkAclId: 'acl-2' }),
  not([...ACL, ...ROUTE], 'ec2', 'DescribeNetworkAcls', { filterSet: { items: [{ name: 'CreateNetworkAcl' }] } }),
  ec2(ROUTE, 'CreateRouteTable', { vpcId: 'vpc-1' }, { routeTable: { routeTableId: 'rtb-9' } }),
  ec2(ROUTE, 'CreateRoute', { routeTableId: 'rtb-1', destinationCidrBlock: '0.0.0.0/0', gatewayId: 'igw-1' }),
  ec2(ROUTE, 'ReplaceRoute', { routeTableId: 'rtb-1', destinationIpv6CidrBlock: '::/0', natGatewayId: 'nat-1' }),
  ec2(ROUTE, 'DeleteRoute', { routeTableId: 'rtb-1', destinationPrefixListId: 'pl-1' }),
  ec2(ROUTE, 'AssociateRouteTable', { routeTableId: 'rtb-1', subnetId: 'subnet-1' }),
  ec2(ROUTE, 'DisassociateRouteTable', { associationId: 'rtbassoc-1' }),
  ec2(ROUTE, 'ReplaceRouteTableAssociation', { routeTableId: 'rtb-2', associationId: 'rtbassoc-1' }),
  { ...ec2(ROUTE, 'DeleteRouteTable', { routeTableId: 'rtb-1' }), error: ['Client.DependencyViolation', 'In use.'] },
  not(['route-table-changes'], 'appmesh', 'CreateRoute', { routeName: 'r' }, false),
  { ...rdsCall('CreateDBInstance', { dBInstanceIdentifier: 'shop', publiclyAccessible: true }), finds: PUBLIC },
  { ...rdsCall('ModifyDBInstance', { dBInstanceIdentifier: 'shop', publiclyAccessible: true }), finds: PUBLIC, error: DENIED, denied: true },
  { ...rdsCall('RestoreDBInstanceFromDBSnapshot', { dBInstanceIdentifier: 'copy', publiclyAccessible: true }), finds: PUBLIC },
  { ...rdsCall('ModifyDBSnapshotAttribute', { dBSnapshotIdentifier: 'snap', attributeName: 'restore', valuesToAdd: ['444455556666', 'all'] }), finds: PUBLIC },
  { ...rdsCall('ModifyDBClusterSnapshotAttribute', { dBClusterSnapshotIdentifier: 'csnap', attributeName: 'restore', valuesToAdd: ['all'] }), finds: PUBLIC },
  { ...rdsCall('ModifyDBSnapshotAttribute', { dBSnapshotIdentifier: 'snap', valuesToAdd: ['444455556666'], note: 'all' }), beside: PUBLIC },
  { ...rdsCall('ModifyDBSnapshotAttribute', { dBSnapshotIdentifier: 'snap', valuesToRemove: ['all'] }), beside: PUBLIC },
  { ...rdsCall('CreateDBInstance', { dBInstanceIdentifier: 'shop', publiclyAccessible: false }), beside: PUBLIC },
  { ...rdsCall('ModifyDBInstance', { dBInstanceIdentifier: 'shop' }), response: { publiclyAccessible: true }, beside: PUBLIC },
  { source: 'redshift', name: 'CreateCluster', readOnly: false, request: { clusterIdentifier: 'dw', publiclyAccessible: true }, finds: PUBLIC },
  { source: 'redshift-serverless', name: 'UpdateWorkgroup', readOnly: false, request: { workgroupName: 'wg', publiclyAccessible: true }, finds: PUBLIC },
  not(PUBLIC, 'dms', 'CreateReplicationInstance', { publiclyAccessible: true }, false),
  { ...iam(['permanent-key-creation'], 'CreateAccessKey', { userName: 'eve' }, { accessKey: { accessKeyId: 'AKIANEW', userName: 'eve' } }), by: ['IAMUser'] },
  { ...iam(['permanent-key-creation'], 'CreateAccessKey', {}, { accessKey: { accessKeyId: 'AKIAOWN' } }), by: ['IAMUser'], who: 'ann' },
  { ...iam(['permanent-key-creation'], 'CreateAccessKey', { userName: 'eve' }), by: ['IAMUser'], error: DENIED, denied: true, who: 'ann' },
  { ...iam([], 'CreateAccessKey', { userName: 'eve' }), beside: ['permanent-key-creation'], who: 'zoe' },
  not(['permanent-key-creation'], 'iam', 'ListAccessKeys', { userName: 'CreateAccessKey' }),
  { source: 's3', name: 'GetObject', request: { bucketName: 'b', key: 'k' }, readOnly: true, error: DENIED, denied: true, beside: BUCKET },
  { source: 'sts', name: 'AssumeRole', readOnly: true, error: ['AccessDeniedException', 'No.'], denied: true, address: '198.51.100.77' },
  { source: 'sts', name: 'AssumeRole', readOnly: true, error: ['UnauthorizedAccess', 'No.'], denied: true },
  { source: 'sts', name: 'AssumeRole', readOnly: true, error: ['UnauthorizedOperationLimit', 'AccessDenied'], beside: ['authorization-failures'] },
  {
    source: 'kms',
    name: 'ListKeys',
    readOnly: true,
    error: ['VpceAccessDenied', 'The request was denied due to a VPC endpoint policy'],
    beside: ['authorization-failures'],
  },
  { source: 'lambda', name: 'Invoke', error: ['ThrottlingException', 'AccessDenied is not the matter'], beside: ['authorization-failures'] },
  ...['StopLogging', 'DeleteTrail', 'UpdateTrail'].map((name): Call => ({ ...trailCall(name, { name: 'main' }), finds: ['trail-changes'] })),
  { ...trailCall('PutEventSelectors', { trailName: 'main', eventSelectors: [] }), finds: ['trail-changes'] },
  { ...trailCall('DeleteEventDataStore', { eventDataStore: 'arn:aws:cloudtrail:eu-central-1:111122223333:eventdatastore/1' }), finds: ['trail-changes'] },
  { ...trailCall('StartLogging', { name: 'main' }), beside: ['trail-changes'] },
  { ...trailCall('LookupEvents', {}), readOnly: true, beside: ['trail-changes'] },
  { source: 'kms', name: 'DisableKey', request: { keyId: 'k-1' }, finds: ['kms-key-disabled'], readOnly: false },
  { source: 'kms', name: 'ScheduleKeyDeletion', request: { keyId: 'k-2', pendingWindowInDays: 7 }, finds: ['kms-key-disabled'], readOnly: false },
  not(['kms-key-disabled'], 'kms', 'EnableKey', { keyId: 'k-1' }, false),
  not(['kms-key-disabled'], 'kms', 'CancelKeyDeletion', { keyId: 'ScheduleKeyDeletion' }, false),
  ...['StopConfigurationRecorder', 'DeleteDeliveryChannel', 'PutConfigurationRecorder', 'DeleteConfigRule', 'StartConfigurationRecorder'].map(
    (name): Call => ({ source: 'config', name, request: { name: 'default' }, readOnly: false, finds: ['config-changes'] }),
  ),
  not(['config-changes'], 'config', 'PutEvaluations', { resultToken: 't' }, false),
  not(['config-changes'], 'config', 'StartConfigRulesEvaluation', {}, false),
  not(['config-changes'], 'config', 'DescribeConfigRules'),
  signIn(NO_MFA, 'No', 'Success'),
  { ...signIn(NO_MFA, 'No', 'Success'), who: 'root' },
  { ...signIn(NO_MFA, undefined, 'Success'), who: 'ann' },
  { ...signIn([], 'Yes', 'Success'), beside: [...NO_MFA, ...FAILED], who: 'ann' },
  { ...signIn([], 'Yes', 'Success'), beside: NO_MFA, who: 'root' },
  { ...signIn([], 'No', 'Success'), beside: NO_MFA, who: 'zoe' },
  { ...signIn(FAILED, 'No', 'Failure', { errorMessage: 'Failed authentication' }), beside: NO_MFA, who: 'ann' },
  { ...signIn(FAILED, 'No', 'Failure', { errorMessage: 'Failed authentication' }), who: 'root' },
  {
    ...signIn(FAILED, 'No', 'Failure', {
      errorMessage: 'No username found in supplied account',
      userIdentity: { type: 'IAMUser', accountId: ACCOUNT, accessKeyId: '', userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    }),
    who: 'ann',
  },
  { source: 'signin', name: 'CheckMfa', response: { CheckMfa: 'Failure' }, beside: FAILED, readOnly: false, who: 'ann' },
  iam(DEFAULT, 'SetDefaultPolicyVersion', { policyArn: 'arn:p', versionId: 'v1' }),
  iam(DEFAULT, 'CreatePolicyVersion', { policyArn: 'arn:p', setAsDefault: true }, { policyVersion: { versionId: 'v3', isDefaultVersion: true } }),
  { ...iam(POLICY, 'CreatePolicyVersion', { policyArn: 'arn:p', setAsDefault: false }), beside: ['default-policy-version-set'] },
  iam(POLICY, 'CreatePolicy', { policyName: 'wide' }),
  iam(POLICY, 'AttachUserPolicy', { userName: 'eve', policyArn: 'arn:p' }),
  iam(POLICY, 'PutGroupPolicy', { groupName: 'staff', policyName: 'inline' }),
  { ...iam(POLICY, 'DeleteRolePolicy', { roleName: 'deploy', policyName: 'inline' }), error: ['NoSuchEntityException', 'There is none.'] },
  iam(POLICY, 'UpdateAssumeRolePolicy', { roleName: 'deploy', policyDocument: '{}' }),
  iam(POLICY, 'PutUserPermissionsBoundary', { userName: 'eve', permissionsBoundary: 'arn:b' }),
  not(POLICY, 'iam', 'GetPolicy', { policyArn: 'arn:p' }),
  not(POLICY, 'iam', 'UpdateAccountPasswordPolicy', { minimumPasswordLength: 14 }, false),
  not([...POLICY, ...BUCKET], 'kms', 'PutKeyPolicy', { keyId: 'k' }, false),
  launched(LARGE, 'm5.4xlarge', ['m5.4xlarge']),
  launched(LARGE, 'p4d.24xlarge', ['p4d.24xlarge', 'p4d.24xlarge']),
  launched(LARGE, 'u-6tb1.112xlarge', ['u-6tb1.112xlarge']),
  launched(LARGE, 'i3.metal', ['i3.metal']),
  launched(LARGE, 'c7i.metal-24xl', ['c7i.metal-24xl']),
  launched(LARGE, undefined, ['r5.8xlarge']),
  launched(CHANGED, 'm5.2xlarge', ['m5.2xlarge']),
  launched(CHANGED, 't3.xlarge', ['t3.xlarge']),
  launched(CHANGED, 't3.large', ['t3.large']),
  launched(CHANGED, undefined, ['m5.2xlarge']),
  { ...launched(CHANGED, 'm5.16xlarge', [], ['Client.InstanceLimitExceeded', 'Too many.']), beside: ['large-ec2-instance'] },
  ...['StartInstances', 'StopInstances', 'RebootInstances', 'TerminateInstances'].map((name) =>
    ec2(CHANGED, name, { instancesSet: { items: [{ instanceId: 'i-7' }, { instanceId: 'i-8' }] } }),
  ),
  ec2(CHANGED, 'ModifyInstanceAttribute', { instanceId: 'i-7', instanceType: { value: 'm5.24xlarge' } }),
  not(CHANGED, 'ec2', 'DescribeInstances', { instancesSet: { items: [{ instanceId: 'i-7' }] } }),
  not(CHANGED, 'autoscaling', 'TerminateInstances', {}, false),
  ec2(GATEWAY, 'CreateInternetGateway', {}, { internetGateway: { internetGatewayId: 'igw-9' } }),
  ec2(GATEWAY, 'AttachInternetGateway', { internetGatewayId: 'igw-9', vpcId: 'vpc-1' }),
  ec2(GATEWAY, 'DeleteEgressOnlyInternetGateway', { egressOnlyInternetGatewayId: 'eigw-1' }),
  not(GATEWAY, 'ec2', 'CreateNatGateway', { subnetId: 'subnet-1' }, false),
  not(GATEWAY, 'ec2', 'DescribeInternetGateways'),
  { source: 'organizations', name: 'CreateAccount', request: { accountName: 'new' }, readOnly: false, finds: ['organizations-changes'] },
  {
    source: 'organizations',
    name: 'DetachPolicy',
    request: { policyId: 'p-1' },
    error: DENIED,
    denied: true,
    readOnly: false,
    finds: ['organizations-changes'],
  },
  { source: 'organizations', name: 'InviteAccountToOrganization', request: 'not an object', finds: ['organizations-changes'] },
  not(['organizations-changes'], 'organizations', 'DescribeOrganization'),
  { source: 'organizations', name: 'ListAccounts', beside: ['organizations-changes'] },
  { source: 'health', name: 'RotateKey', more: { eventType: 'AwsServiceEvent' }, readOnly: false, who: 'root', beside: ['root-account-usage'] },
  ...['PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketCors', 'DeleteBucketCors', 'PutBucketLifecycle', 'PutBucketReplication'].map(
    (name): Call => ({ source: 's3', name, request: { bucketName: 'logs' }, readOnly: false, finds: BUCKET }),
  ),
  not(BUCKET, 's3', 'GetBucketPolicy', { bucketName: 'logs' }),
  not(BUCKET, 's3', 'PutObjectAcl', { bucketName: 'logs' }, false),
  not(BUCKET, 's3', 'PutBucketTagging', { bucketName: 'logs' }, false),
  ec2(GROUP, 'AuthorizeSecurityGroupIngress', { groupId: 'sg-1', ipPermissions: { items: [rule(22, ['0.0.0.0/0']), rule(443, ['10.0.0.0/8'], ['::/0'])] } }),
  { ...ec2(GROUP, 'RevokeSecurityGroupEgress', { groupId: 'sg-1', ipPermissions: {} }), error: ['Client.UnauthorizedOperation', 'No.'], denied: true },
  ec2(GROUP, 'CreateSecurityGroup', { groupName: 'web', vpcId: 'vpc-1' }, { groupId: 'sg-9' }),
  ec2(GROUP, 'DeleteSecurityGroup', { groupId: 'sg-9' }),
  ec2(GROUP, 'ModifySecurityGroupRules', {
    ModifySecurityGroupRulesRequest: {
      GroupId: 'sg-9',
      SecurityGroupRule: { SecurityGroupRuleId: 'sgr-1', tag: 1, SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0' } },
    },
  }),
  not(GROUP, 'ec2', 'DescribeSecurityGroups'),
  { source: 'ec2', name: 'DescribeSecurityGroups', beside: GROUP },
  not(GROUP, 'rds', 'AuthorizeDBSecurityGroupIngress', {}, false),
  ec2(VPC, 'CreateVpc', { cidrBlock: '10.0.0.0/16' }, { vpc: { vpcId: 'vpc-9' } }),
  ec2(VPC, 'DeleteVpc', { vpcId: 'vpc-9' }),
  ec2(VPC, 'AcceptVpcPeeringConnection', { vpcPeeringConnectionId: 'pcx-1' }),
  ec2(VPC, 'CreateVpcPeeringConnection', { vpcId: 'vpc-1', peerVpcId: 'vpc-2' }, { vpcPeeringConnection: { vpcPeeringConnectionId: 'pcx-2' } }),
  not(VPC, 'ec2', 'CreateVpcEndpoint', { vpcId: 'vpc-1' }, false),
  not(VPC, 'ec2', 'DescribeVpcs'),
];

function rdsCall(name: string, request: Json): Call {
  return { source: 'rds', name, request, readOnly: false };
}

function trailCall(name: string, request: Json): Call {
  return { source: 'cloudtrail', name, request, readOnly: false };
}
