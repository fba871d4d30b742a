/**
 * Generated CloudTrail events with everything that a panel must count and must not, from a seed: records as AWS
 * writes them, each with what its author knows of it. Expected numbers are computed from this list alone.
 */
import { random } from './flows.ts';

type Json = Readonly<Record<string, unknown>>;

/** A record; absent keys are not written. */
export interface TrailRecord {
  readonly eventVersion: string;
  readonly userIdentity: Json;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName?: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly requestParameters: Json | null;
  readonly responseElements: Json | null;
  readonly additionalEventData?: Json;
  readonly eventID: string;
  readonly readOnly?: boolean | undefined;
  readonly eventType: string;
  readonly recipientAccountId?: string;
  readonly [key: string]: unknown;
}

export interface TrailEvent {
  readonly record: TrailRecord;
  /** Epoch seconds. */
  readonly at: number;
  /** `eventName`; empty where it has none, though an insight is about one. */
  readonly name: string;
  readonly account: string;
  /** Who it was: what the identity stands for. Empty where it does not say. */
  readonly actor: string;
  readonly isRoot: boolean;
  /** ARN of the role of a session. */
  readonly role: string;
  /** Whether there was a second factor; empty where the record does not say. */
  readonly mfa: '' | 'true' | 'false';
  /** Of what is no request neither. */
  readonly outcome: 'success' | 'failure' | '';
  readonly readOnly: 'true' | 'false' | '';
}

interface Actor {
  readonly name: string;
  readonly identity: Json;
  readonly isRoot?: boolean;
  readonly role?: string;
  readonly mfa?: 'true' | 'false';
  /** In place of an address. */
  readonly from?: string;
}

interface Act {
  readonly source: string;
  readonly name: string;
  readonly readOnly?: boolean;
  readonly request?: Json | null;
  readonly response?: Json | null;
  readonly more?: Json;
}

export const IAM = 'iam.amazonaws.com';
export const EC2 = 'ec2.amazonaws.com';
export const SIGN_IN = 'signin.amazonaws.com';
export const ACCOUNTS = ['111122223333', '444455556666'] as const;
export const REGIONS = ['us-east-1', 'eu-central-1', 'ap-southeast-2'] as const;
/** Addresses with their place in the database of the fixture; the last four are known to none. */
export const PLACES: Readonly<Record<string, readonly [code: string, country: string, state: string, city: string, latitude: number, longitude: number]>> = {
  '8.8.8.8': ['US', 'United States', 'California', 'Mountain View', 37.4223, -122.085],
  '203.0.113.7': ['DE', 'Germany', 'Hesse', 'Frankfurt am Main', 50.1109, 8.6821],
  '198.51.100.9': ['DE', 'Germany', 'Hesse', 'Frankfurt am Main', 50.1109, 8.6821],
  '2001:db8::5': ['JP', 'Japan', 'Tokyo', 'Tokyo', 35.6895, 139.6917],
};
export const ADDRESSES = [...Object.keys(PLACES), '192.0.2.77', '2001:db8:ffff::1', '10.0.0.5', 'AWS Internal'] as const;

export const DENIED = ['AccessDenied', 'AccessDeniedException', 'UnauthorizedAccess', 'Client.UnauthorizedOperation'] as const;
/** Some look like a denial and are none. */
const FAILED = [
  'NoSuchEntityException',
  'ThrottlingException',
  'Client.InvalidGroup.NotFound',
  'UnauthorizedOperationLimitExceeded',
  'KMSAccessDeniedByPolicy',
  'VpceAccessDenied',
] as const;

function session(account: string, role: string, name: string, mfa: 'true' | 'false'): Actor {
  const issuer = `arn:aws:iam::${account}:role/${role}`;
  const roleName = role.slice(role.lastIndexOf('/') + 1);
  const attributes = { creationDate: '2026-03-09T08:00:00Z', mfaAuthenticated: mfa };
  const sessionIssuer = { type: 'Role', principalId: 'AROAEXAMPLE', arn: issuer, accountId: account, userName: roleName };
  const arn = `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`;
  const identity = { type: 'AssumedRole', principalId: `AROAEXAMPLE:${name}`, arn, accountId: account, accessKeyId: 'ASIAEXAMPLE' };
  return { name: `${roleName}/${name}`, role: issuer, mfa, identity: { ...identity, sessionContext: { attributes, sessionIssuer } } };
}

function actors(account: string): readonly Actor[] {
  const user = (name: string, arn = name): Json => ({
    type: 'IAMUser',
    principalId: 'AIDAEXAMPLE',
    arn: `arn:aws:iam::${account}:user/${arn}`,
    accountId: account,
    accessKeyId: 'AKIAEXAMPLE',
    userName: name,
  });
  const root = { type: 'Root', principalId: account, arn: `arn:aws:iam::${account}:root`, accountId: account };
  const context = (mfaAuthenticated: string) => ({ sessionContext: { attributes: { creationDate: '2026-03-09T08:00:00Z', mfaAuthenticated } } });
  return [
    { name: 'ann', identity: user('ann') },
    { name: 'ben', identity: { ...user('ben'), ...context('true') }, mfa: 'true' },
    // Its ARN has another name than its user.
    { name: 'system', identity: user('system', 'Olaf') },
    session(account, 'Admin', 'ann', 'true'),
    session(account, 'service-role/deploy', 'ci-42', 'false'),
    { name: 'root', isRoot: true, identity: root },
    { name: 'root', isRoot: true, identity: { ...root, ...context('true') }, mfa: 'true' },
    {
      name: 'autoscaling.amazonaws.com',
      identity: { type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' },
      from: 'autoscaling.amazonaws.com',
    },
    { name: 'mallory', identity: { type: 'FederatedUser', principalId: `${account}:mallory`, arn: `arn:aws:sts::${account}:federated-user/mallory` } },
    { name: '', identity: { type: 'Unknown' } },
    // A user of that name is not the root of the account.
    { name: 'root', identity: user('root') },
  ];
}

type Pick = <T>(items: readonly T[]) => T;

const USERS = ['eve', 'zoe', 'root'] as const;

/** IAM calls, and calls of the same name that go to other services. */
function iamAct(pick: Pick): Act {
  const userName = pick(USERS);
  const call = (name: string, request: Json, response: Json | null = null): Act => ({ source: IAM, name, request, response, readOnly: false });
  const arn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  return pick([
    () => call('CreateUser', { userName }, { user: { userName, path: '/', arn: `arn:aws:iam::111122223333:user/${userName}` } }),
    () => call('DeleteUser', { userName }),
    () => call('CreateRole', { roleName: 'reader', assumeRolePolicyDocument: '{}' }, { role: { roleName: 'reader', path: '/' } }),
    () => call('DeleteRole', { roleName: 'reader' }),
    () => call('CreateAccessKey', { userName }, { accessKey: { userName, accessKeyId: 'AKIANEW', status: 'Active' } }),
    () => call('DeleteAccessKey', { userName, accessKeyId: 'AKIAOLD' }),
    () => call('AddUserToGroup', { userName, groupName: pick(['admins', 'readers']) }),
    () => call('RemoveUserFromGroup', { userName, groupName: pick(['admins', 'readers']) }),
    () => call('ChangePassword', {}),
    () => call('CreateLoginProfile', { userName, passwordResetRequired: true }, { loginProfile: { userName } }),
    () => call('UpdateLoginProfile', { userName }),
    () => call('DeleteLoginProfile', { userName }),
    () => call('UpdateAccountPasswordPolicy', { minimumPasswordLength: 14 }),
    () => call('DeleteAccountPasswordPolicy', {}),
    () => call('AttachUserPolicy', { userName, policyArn: arn }),
    () => call('PutRolePolicy', { roleName: 'reader', policyName: 'inline', policyDocument: '{}' }),
    () => call('CreatePolicy', { policyName: 'wide', policyDocument: '{}' }, { policy: { policyName: 'wide', arn: 'arn:aws:iam::111122223333:policy/wide' } }),
    () => call('DeletePolicy', { policyArn: 'arn:aws:iam::111122223333:policy/wide' }),
    () => call('CreatePolicyVersion', { policyArn: 'arn:aws:iam::111122223333:policy/wide', setAsDefault: true }),
    () => call('UpdateAssumeRolePolicy', { roleName: 'reader', policyDocument: '{}' }),
    () => ({ ...call('GenerateCredentialReport', {}), readOnly: true }),
    () => ({ ...call('SimulatePrincipalPolicy', { policySourceArn: arn }), readOnly: true }),
    () => ({ ...call('CreateUser', { userName, serverId: 's-1' }), source: 'transfer.amazonaws.com' }),
    () => ({ ...call('DeleteUser', { userName, serverId: 's-1' }), source: 'transfer.amazonaws.com' }),
    () => ({ ...call('CreateRole', { roleName: 'other' }), source: 'gamelift.amazonaws.com' }),
    () => ({ ...call('DeleteRole', { roleName: 'other' }), source: 'gamelift.amazonaws.com' }),
    () => ({ ...call('CreateAccessKey', { userName }), source: 'lightsail.amazonaws.com' }),
    () => ({ ...call('DeleteAccessKey', { userName }), source: 'lightsail.amazonaws.com' }),
    () => ({ ...call('AddUserToGroup', { userName, groupName: 'staff' }), source: 'quicksight.amazonaws.com' }),
    () => ({ ...call('RemoveUserFromGroup', { userName, groupName: 'staff' }), source: 'quicksight.amazonaws.com' }),
  ])();
}

/** A rule as EC2 writes it. */
function permissions(pick: Pick): Json {
  const rule = (port: number, v4: readonly string[], v6: readonly string[] = []): Json => ({
    ipProtocol: 'tcp',
    fromPort: port,
    toPort: port === 8000 ? 8100 : port,
    groups: {},
    ipRanges: v4.length ? { items: v4.map((cidrIp) => ({ cidrIp })) } : {},
    ipv6Ranges: v6.length ? { items: v6.map((cidrIpv6) => ({ cidrIpv6 })) } : {},
    prefixListIds: {},
  });
  const all = { ipProtocol: '-1', groups: { items: [{ userId: '111122223333', groupId: 'sg-9' }] }, ipRanges: {}, ipv6Ranges: {}, prefixListIds: {} };
  return { items: pick([[rule(22, ['0.0.0.0/0'])], [rule(443, ['0.0.0.0/0', '10.0.0.0/8'], ['::/0']), rule(8000, ['192.0.2.0/24'])], [all]]) };
}

function securityGroupAct(pick: Pick): Act {
  const groupId = pick(['sg-1', 'sg-2', 'sg-3']);
  const ec2 = (name: string, request: Json, readOnly = false): Act => ({ source: EC2, name, request, response: { _return: true }, readOnly });
  const changed = (tag: number, port: number, block: Json): Json => ({
    ...{ SecurityGroupRuleId: `sgr-${tag}`, tag },
    SecurityGroupRule: { IpProtocol: 'tcp', FromPort: port, ToPort: port + tag - 1, Description: 'as asked for', ...block },
  });
  const rules = (name: string) => ec2(name, { groupId, ipPermissions: permissions(pick) });
  return pick([
    () => rules('AuthorizeSecurityGroupIngress'),
    () => rules('AuthorizeSecurityGroupEgress'),
    () => rules('RevokeSecurityGroupIngress'),
    () => rules('RevokeSecurityGroupEgress'),
    // The flat form, by the group's name; and rules by their ids.
    () =>
      ec2('AuthorizeSecurityGroupIngress', { groupName: 'default', ipPermissions: {}, ipProtocol: 'tcp', fromPort: 3389, toPort: 3389, cidrIp: '0.0.0.0/0' }),
    () => ec2('RevokeSecurityGroupEgress', { groupId, ipPermissions: {}, securityGroupRuleIds: { items: [{ securityGroupRuleId: 'sgr-1' }] } }),
    // The console's way of changing a rule that is there: names with capitals, and no list where there is one rule.
    () =>
      ec2('ModifySecurityGroupRules', { ModifySecurityGroupRulesRequest: { GroupId: groupId, SecurityGroupRule: changed(1, 22, { CidrIpv4: '0.0.0.0/0' }) } }),
    () =>
      ec2('ModifySecurityGroupRules', {
        ModifySecurityGroupRulesRequest: {
          GroupId: groupId,
          SecurityGroupRule: [changed(1, 443, { CidrIpv6: '::/0' }), changed(2, 80, { ReferencedGroupId: 'sg-2' })],
        },
      }),
    () => ({ ...ec2('CreateSecurityGroup', { groupName: 'web', groupDescription: 'web', vpcId: 'vpc-1' }), response: { _return: true, groupId } }),
    () => ec2('DeleteSecurityGroup', { groupId }),
    () => ec2('DescribeSecurityGroups', { securityGroupSet: {}, filterSet: {} }, true),
    () => ec2('DescribeSecurityGroupRules', { filterSet: {} }, true),
    () => ({ ...ec2('AuthorizeDBSecurityGroupIngress', { dBSecurityGroupName: 'db', cIDRIP: '10.0.0.0/8' }), source: 'rds.amazonaws.com' }),
    // A word in the parameters makes no call of security groups.
    () => ec2('RunInstances', { instanceType: 'm5.4xlarge', description: 'AuthorizeSecurityGroupIngress' }),
  ])();
}

function otherAct(pick: Pick): Act {
  const call = (source: string, name: string, readOnly?: boolean, request: Json | null = null): Act => ({
    source: `${source}.amazonaws.com`,
    name,
    request,
    ...(readOnly === undefined ? {} : { readOnly }),
  });
  return pick([
    () => call('ec2', 'DescribeInstances', true, { instancesSet: {} }),
    () => call('iam', 'ListUsers', true),
    () => call('iam', 'GetUser', true, { userName: 'CreateUser' }),
    () => call('s3', 'ListBuckets', true),
    () => call('sts', 'AssumeRole', true, { roleArn: 'arn:aws:iam::111122223333:role/Admin', roleSessionName: 'ann' }),
    () => call('ec2', 'TerminateInstances', false, { instancesSet: { items: [{ instanceId: 'i-1' }] } }),
    () => call('ec2', 'ModifyInstanceAttribute', false, { instanceId: 'i-1' }),
    () => call('ec2', 'CreateTags', false, { resourcesSet: { items: [{ resourceId: 'i-1' }] } }),
    () => call('ec2', 'CreateVolume', false, { size: '8' }),
    () => call('s3', 'PutBucketPolicy', false, { bucketName: 'logs' }),
    () => call('s3', 'DeleteBucketPolicy', false, { bucketName: 'logs' }),
    () => call('kms', 'PutKeyPolicy', false, { keyId: 'k-1', policyName: 'default' }),
    () => call('cloudtrail', 'StopLogging', false, { name: 'trail' }),
    // Records that are older than readOnly.
    () => call('ec2', 'DescribeVpcs', undefined),
    () => call('s3', 'GetBucketAcl', undefined, { bucketName: 'logs' }),
    () => call('autoscaling', 'SetDesiredCapacity', undefined),
    () => call('ec2', 'StopInstances', undefined),
    () => ({ ...call('s3', 'GetObject', true, { bucketName: 'logs', key: 'ConsoleLogin' }), more: { managementEvent: false, eventCategory: 'Data' } }),
    () => ({ ...call('kms', 'RotateKey', false), more: { eventType: 'AwsServiceEvent', serviceEventDetails: { keyId: 'k-1' } } }),
    // It is about CreateUser, and nobody created one.
    () => ({
      source: IAM,
      name: '',
      more: {
        eventType: 'AwsCloudTrailInsight',
        eventCategory: 'Insight',
        insightDetails: { state: 'Start', eventSource: IAM, eventName: 'CreateUser', insightType: 'ApiCallRateInsight' },
      },
    }),
  ])();
}

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** Sign-ins succeed or fail by their answer, most without an error code. */
function signIn(pick: Pick, account: string): { readonly act: Act; readonly actor: Actor; readonly failure?: Json } {
  const arn = `arn:aws:iam::${account}:user/ann`;
  const root: Actor = { name: 'root', isRoot: true, identity: { type: 'Root', principalId: account, arn: `arn:aws:iam::${account}:root`, accountId: account } };
  const ann: Actor = { name: 'ann', identity: { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn, accountId: account, userName: 'ann' } };
  const hidden: Actor = { name: HIDDEN, identity: { type: 'IAMUser', accountId: account, accessKeyId: '', userName: HIDDEN } };
  const federated = session(account, 'Admin', 'zoe', 'false');
  const ask = (name: string, result: string, used: string): Act => ({
    source: SIGN_IN,
    name,
    readOnly: false,
    response: { [name]: result },
    more: {
      eventType: 'AwsConsoleSignIn',
      additionalEventData: { LoginTo: 'https://console.aws.amazon.com/console/home', MobileVersion: 'No', MFAUsed: used },
    },
  });
  const used = pick(['Yes', 'No']);
  const by = (actor: Actor): Actor => ({ ...actor, mfa: used === 'Yes' ? 'true' : 'false' });
  const failed = pick([{}, { errorMessage: 'Failed authentication' }, { errorMessage: 'No username found in supplied account' }, { errorCode: 'LoginFailed' }]);
  return pick([
    () => ({ act: ask('ConsoleLogin', 'Success', used), actor: by(pick([ann, federated])) }),
    () => ({ act: ask('ConsoleLogin', 'Success', used), actor: by(root) }),
    () => ({ act: ask('ConsoleLogin', 'Failure', used), actor: by(pick([ann, hidden])), failure: failed }),
    () => ({ act: ask('ConsoleLogin', 'Failure', used), actor: by(root), failure: failed }),
    () => ({ act: ask('CheckMfa', 'Success', used), actor: by(ann) }),
    () => ({ act: ask('CheckMfa', 'Failure', used), actor: by(root), failure: {} }),
    () => ({ act: { source: SIGN_IN, name: 'SwitchRole', response: { SwitchRole: 'Success' }, readOnly: false }, actor: federated }),
  ])();
}

/** Events in [from, to). */
export function makeEvents(seed: number, count: number, from: number, to: number): TrailEvent[] {
  const next = random(seed * 104_729);
  const pick: Pick = (items) => items[Math.floor(next() * items.length)] as never;
  return Array.from({ length: count }, (_, i) => {
    const at = from + Math.floor(next() * (to - from));
    const account = pick(ACCOUNTS);
    const isSignIn = next() < 0.2;
    const signed = isSignIn ? signIn(pick, account) : undefined;
    const act = signed?.act ?? pick([iamAct, iamAct, securityGroupAct, otherAct])(pick);
    const actor = signed?.actor ?? pick(actors(account));
    const isInsight = act.more?.eventType === 'AwsCloudTrailInsight';
    const fails = !signed && !isInsight && next() < 0.3;
    const errorCode = fails ? pick([...DENIED, ...FAILED]) : undefined;
    const failure =
      signed?.failure ?? (fails ? { errorCode, errorMessage: pick([`You are not allowed: ${errorCode}`, 'A message, with "quotes" and a \\']) } : {});
    const old = act.readOnly === undefined;
    const record: TrailRecord = {
      eventVersion: old ? '1.02' : '1.09',
      userIdentity: isInsight ? {} : actor.identity,
      eventTime: new Date(at * 1000).toISOString().replace('.000Z', 'Z'),
      eventSource: act.source,
      ...(act.name ? { eventName: act.name } : {}),
      awsRegion: pick(REGIONS),
      sourceIPAddress: actor.from ?? pick(ADDRESSES),
      userAgent: pick(['aws-cli/2.15.30 Python/3.11.8', 'Boto3/1.34.0', 'Mozilla/5.0 (X11; Linux x86_64) ConsoleLogin']),
      ...failure,
      requestParameters: act.request ?? null,
      responseElements: fails ? null : (act.response ?? null),
      requestID: `req-${seed}-${i}`,
      eventID: `event-${seed}-${i}`,
      ...(old ? {} : { readOnly: act.readOnly }),
      eventType: 'AwsApiCall',
      managementEvent: true,
      // The oldest records name the account of the identity only.
      ...(old && actor.identity.accountId && !isInsight ? {} : { recipientAccountId: account }),
      ...act.more,
    };
    const isFailure = errorCode !== undefined || signed?.failure !== undefined;
    const reads = /^(Describe|Get|List)/.test(act.name);
    return {
      record,
      at,
      name: act.name,
      account,
      actor: isInsight ? '' : actor.name,
      isRoot: !isInsight && actor.isRoot === true,
      role: isInsight ? '' : (actor.role ?? ''),
      mfa: isInsight ? '' : (actor.mfa ?? ''),
      outcome: isInsight ? '' : isFailure ? 'failure' : 'success',
      readOnly: isInsight ? '' : (String(act.readOnly ?? reads) as 'true' | 'false'),
    };
  });
}

/** The same event at another time. */
export function moved(event: TrailEvent, at: number, eventID: string): TrailEvent {
  return { ...event, at, record: { ...event.record, eventID, eventTime: new Date(at * 1000).toISOString().replace('.000Z', 'Z') } };
}
