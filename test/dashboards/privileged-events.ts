/** Events that panels of privileged activity must count, must not, or must take apart, beside the generated ones: each shape of a rule, and bursts. */
import { EC2, IAM, type TrailEvent, type TrailRecord } from './events.ts';

type Json = Readonly<Record<string, unknown>>;

interface Told {
  readonly request?: Json;
  readonly response?: Json;
  readonly error?: string;
  readonly readOnly?: boolean;
  readonly more?: Partial<TrailRecord>;
}

const ACCOUNT = '111122223333';
const SECRET = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:db';

function made(at: number, id: string, source: string, name: string, { request, response, error, readOnly = false, more }: Told): TrailEvent {
  const record: TrailRecord = {
    eventVersion: '1.09',
    userIdentity: { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn: `arn:aws:iam::${ACCOUNT}:user/eve`, accountId: ACCOUNT, userName: 'eve' },
    eventTime: new Date(at * 1000).toISOString().replace('.000Z', 'Z'),
    eventSource: source,
    ...(name ? { eventName: name } : {}),
    awsRegion: 'us-east-1',
    sourceIPAddress: '8.8.4.4',
    ...(error ? { errorCode: error, errorMessage: 'Not now' } : {}),
    requestParameters: request ?? null,
    responseElements: response ?? null,
    requestID: `request-${id}`,
    eventID: `privileged-${id}`,
    readOnly,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    ...more,
  };
  const isRequest = record.eventType === 'AwsApiCall';
  return {
    record,
    at,
    name,
    account: ACCOUNT,
    actor: 'eve',
    isRoot: false,
    role: '',
    mfa: '',
    outcome: isRequest ? (error ? 'failure' : 'success') : '',
    readOnly: isRequest ? (readOnly ? 'true' : 'false') : '',
  };
}

const DATA = { managementEvent: false, eventCategory: 'Data' };
/** What the endpoint of a VPC records of a call, beside what the called service records. */
const ENDPOINT = { eventType: 'AwsVpceEvent', managementEvent: false, eventCategory: 'NetworkActivity', vpcEndpointId: 'vpce-1' };

/** All of them in the three hours before `to`, epoch seconds. */
export function privilegedEvents(to: number): TrailEvent[] {
  const at = to - 7200;
  const denied = 'Client.UnauthorizedOperation';
  const byId = { groupId: 'sg-5', ipPermissions: {}, securityGroupRuleIds: { items: [{ securityGroupRuleId: 'sgr-1' }, { securityGroupRuleId: 'sgr-2' }] } };
  const revoked = [
    { securityGroupRuleId: 'sgr-1', groupId: 'sg-5', isEgress: false, ipProtocol: 'tcp', fromPort: 5432, toPort: 5433, cidrIpv4: '10.1.0.0/16' },
    { securityGroupRuleId: 'sgr-2', groupId: 'sg-5', isEgress: false, ipProtocol: 'udp', fromPort: 53, toPort: 53, referencedGroupId: 'sg-77' },
  ];
  const wide = {
    items: [
      {
        ipProtocol: 'icmp',
        fromPort: -1,
        toPort: -1,
        groups: { items: [{ userId: ACCOUNT, groupId: 'sg-8', description: 'no "cidrIp":"6.6.6.6/32" of its own' }] },
        ipRanges: { items: [{ cidrIp: '192.0.2.0/24', description: 'a "quoted" word' }, { cidrIp: '198.51.100.0/24' }] },
        ipv6Ranges: { items: [{ cidrIpv6: '2001:db8::/32' }] },
        prefixListIds: { items: [{ prefixListId: 'pl-1' }] },
      },
      { ipProtocol: '-1', groups: {}, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] }, ipv6Ranges: {}, prefixListIds: {} },
    ],
  };
  const single = [
    made(at, 'by-id', EC2, 'RevokeSecurityGroupIngress', { request: byId, response: { _return: true, revokedSecurityGroupRuleSet: { items: revoked } } }),
    // Refused: nothing says what the rules were.
    made(at + 1, 'by-id-refused', EC2, 'RevokeSecurityGroupEgress', { request: byId, error: denied }),
    made(at + 2, 'wide', EC2, 'AuthorizeSecurityGroupIngress', { request: { groupId: 'sg-6', ipPermissions: wide } }),
    made(at + 3, 'wide-refused', EC2, 'AuthorizeSecurityGroupEgress', { request: { groupId: 'sg-6', ipPermissions: wide }, error: denied }),
    made(at + 4, 'flat-refused', EC2, 'AuthorizeSecurityGroupIngress', {
      request: { groupId: 'sg-7', ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' },
      error: 'Client.DryRunOperation',
    }),
    // A change of a group, and neither of its two operations.
    made(at + 5, 'modified', EC2, 'ModifySecurityGroupRules', {
      request: { ModifySecurityGroupRulesRequest: { GroupId: 'sg-6', SecurityGroupRule: { SecurityGroupRuleId: 'sgr-3' } } },
    }),
    made(at + 6, 'unnamed-group', EC2, 'CreateSecurityGroup', { request: { groupName: 'web' }, error: 'Client.InvalidGroup.Duplicate' }),
    // Objects and items are no configuration.
    made(at + 7, 'object', 's3.amazonaws.com', 'PutObject', { request: { bucketName: 'logs', key: 'a' }, more: DATA }),
    made(at + 8, 'item', 'dynamodb.amazonaws.com', 'DeleteItem', { request: { tableName: 'users' }, error: 'AccessDenied', more: DATA }),
    made(at + 8, 'endpoint', 's3.amazonaws.com', 'PutObject', { error: 'VpceAccessDenied', more: ENDPOINT }),
    made(at + 8, 'endpoint-passes', 'kms.amazonaws.com', 'DeleteAlias', { more: ENDPOINT }),
    // Nobody opened anything.
    made(at + 9, 'insight', EC2, '', {
      more: {
        eventType: 'AwsCloudTrailInsight',
        eventCategory: 'Insight',
        readOnly: undefined,
        insightDetails: { state: 'Start', eventSource: EC2, eventName: 'AuthorizeSecurityGroupIngress', insightType: 'ApiCallRateInsight' },
      },
    }),
    made(at + 10, 'attached', IAM, 'AttachRolePolicy', { request: { roleName: 'reader', policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' } }),
    made(at + 11, 'group', IAM, 'DeleteGroupPolicy', { request: { groupName: 'admins', policyName: 'inline' } }),
    made(at + 12, 'resource', 'secretsmanager.amazonaws.com', 'PutResourcePolicy', { request: { resourceArn: SECRET }, error: 'AccessDeniedException' }),
    made(at + 13, 'version', IAM, 'DeletePolicyVersion', { request: { policyArn: 'arn:aws:iam::111122223333:policy/wide', versionId: 'v2' } }),
    // They read, or do what no policy change is called.
    made(at + 14, 'read', IAM, 'GetPolicy', { request: { policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }, readOnly: true }),
    made(at + 15, 'other-name', IAM, 'SetDefaultPolicyVersion', { request: { policyArn: 'arn:aws:iam::111122223333:policy/wide', versionId: 'v1' } }),
    made(at + 16, 'own-key', IAM, 'CreateAccessKey', { response: { accessKey: { userName: 'eve', accessKeyId: 'AKIAOWN', status: 'Active' } } }),
    made(at + 17, 'own-key-deleted', IAM, 'DeleteAccessKey', { request: { accessKeyId: 'AKIAOWN' } }),
  ];
  const burst = (from: number, name: string, told: Told) =>
    Array.from({ length: 60 }, (_, i) => made(from + i * 10, `${name}-${i}`, name.includes('SecurityGroup') ? EC2 : IAM, name, told));
  return [
    ...single,
    ...burst(to - 10_500, 'DetachRolePolicy', { request: { roleName: 'reader', policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' } }),
    ...burst(to - 5_400, 'DeleteSecurityGroup', { request: { groupId: 'sg-4' }, error: 'Client.DependencyViolation' }),
  ];
}
