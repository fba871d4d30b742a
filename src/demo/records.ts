/**
 * One request as its CloudTrail record.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
import type { Call, Json } from './activity.ts';
import type { Actor } from './identities.ts';
import { hex } from './random.ts';

/** Answers the {names} in the texts of calls. Throws Error for a name that nothing answers. */
export type Values = (name: string) => string;

export interface Request {
  /** `ec2:DescribeInstances` */
  readonly action: string;
  readonly call: Call;
  readonly actor: Actor;
  /** Number of the account whose trail records it. */
  readonly account: string;
  readonly region: string;
  /** Epoch seconds. */
  readonly time: number;
  /** Different for every request. */
  readonly key: readonly number[];
  readonly values: Values;
  /** The reason, when it is refused. */
  readonly denied?: string | undefined;
  /** Fails as the call says. */
  readonly fails?: boolean | undefined;
  /** Where several accounts record it. */
  readonly shared?: string | undefined;
}

const READING = /^(?:Describe|Get|List|Head|Lookup|Filter|BatchGet|AssumeRole|Decrypt|GenerateDataKey)/;
/** Services whose refusals have a code of their own. */
const DENIALS: Readonly<Record<string, string>> = {
  ec2: 'Client.UnauthorizedOperation',
  kms: 'AccessDeniedException',
  secretsmanager: 'AccessDeniedException',
  cloudtrail: 'AccessDeniedException',
  ssm: 'AccessDeniedException',
  rds: 'AccessDenied',
};
/** Services that are in no region: their events are those of GLOBAL_REGION. */
const GLOBAL = /^(?:iam|signin|organizations|route53|cloudfront|support):/;
export const GLOBAL_REGION = 'us-east-1';
export const isGlobal = (action: string): boolean => GLOBAL.test(action);
export const NO_POLICY = 'because no identity-based policy allows the {action} action';

/** Fills the {names} in all texts of a value. */
export function fill(template: Json, values: Values): Json {
  if (typeof template === 'string') return template.replaceAll(/\{([A-Za-z][\w:/-]*)\}/g, (_, name: string) => values(name));
  if (Array.isArray(template)) return template.map((item: Json) => fill(item, values));
  if (template === null || typeof template !== 'object') return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, values)]));
}

/** `2026-11-18T18:00:07Z` of epoch seconds. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}

/** An id as of events, of 32 hexadecimal digits. */
export function uuid(...key: readonly number[]): string {
  const digits = hex(32, ...key);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
}

export function recordOf({ action, call, actor, account, region, time, key, values, denied, fails, shared }: Request): Json {
  const [service = '', operation = ''] = action.split(':');
  const name = call.event ?? operation;
  const source = `${service}.amazonaws.com`;
  const signIn = service === 'signin';
  const failure = fails ? call.error : undefined;
  const byService = actor.source.endsWith('.amazonaws.com');
  const refusal = denied === undefined ? undefined : refusalOf(service, action, denied, actor);
  const part = (template: Json | undefined) => (template === undefined ? null : fill(template, values));
  const additional = failure?.additional ?? call.additional;
  const resources = call.resources?.map(({ arn, type }) => ({ accountId: account, type, ARN: fill(arn, values) }));
  const host = isGlobal(action) ? source : `${service}.${region}.amazonaws.com`;
  return {
    eventVersion: '1.11',
    userIdentity: signIn ? withoutSession(actor.userIdentity) : actor.userIdentity,
    eventTime: timeText(time),
    eventSource: source,
    eventName: name,
    awsRegion: region,
    sourceIPAddress: actor.source,
    userAgent: actor.agent,
    ...(refusal ?? (failure ? { ...(failure.code ? { errorCode: failure.code } : {}), errorMessage: fill(failure.message, values) } : {})),
    requestParameters: part(call.request),
    responseElements: refusal ? null : part(failure ? failure.response : call.response),
    ...(additional === undefined ? {} : { additionalEventData: fill(additional, values) }),
    ...(signIn ? {} : { requestID: uuid(...key, 1) }),
    eventID: uuid(...key, 2, Number(account.slice(0, 6))),
    readOnly: !signIn && READING.test(name),
    ...(resources ? { resources } : {}),
    eventType: call.eventType ?? 'AwsApiCall',
    managementEvent: call.data !== true,
    recipientAccountId: account,
    ...(shared ? { sharedEventID: shared } : {}),
    ...(actor.endpoint ? { vpcEndpointId: actor.endpoint, vpcEndpointAccountId: account } : {}),
    eventCategory: call.data ? 'Data' : 'Management',
    ...(byService || signIn ? {} : { tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', clientProvidedHostHeader: host } }),
    ...(actor.console && !signIn ? { sessionCredentialFromConsole: 'true' } : {}),
  };
}

/** Who signs in has no session yet. */
function withoutSession(identity: Json): Json {
  const { sessionContext: _, accessKeyId: __, ...rest } = identity as { readonly [key: string]: Json };
  return rest;
}

function refusalOf(service: string, action: string, reason: string, { arn }: Actor): { errorCode: string; errorMessage: string } {
  const because = reason.replace('{action}', action);
  const message = `User: ${arn} is not authorized to perform: ${action} ${because}`;
  return {
    errorCode: DENIALS[service] ?? 'AccessDenied',
    errorMessage: service === 'ec2' ? `You are not authorized to perform this operation. ${message}` : message,
  };
}

/**
 * A request that the policy of a VPC endpoint refused, as the trail of the endpoint's account has it.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
 */
export function refusedAtEndpoint({ action, call, actor, account, region, time, key }: Request): Json {
  const [service = '', operation = ''] = action.split(':');
  return {
    eventVersion: '1.11',
    userIdentity: actor.userIdentity,
    eventTime: timeText(time),
    eventSource: `${service}.amazonaws.com`,
    eventName: call.event ?? operation,
    awsRegion: region,
    sourceIPAddress: actor.source,
    errorCode: 'VpceAccessDenied',
    errorMessage: 'The request was denied due to a VPC endpoint policy',
    requestID: uuid(...key, 1),
    eventID: uuid(...key, 2),
    eventType: 'AwsVpceEvent',
    recipientAccountId: account,
    vpcEndpointId: actor.endpoint,
    vpcEndpointAccountId: account,
    eventCategory: 'NetworkActivity',
  };
}

/** Minutes that an aggregated event sums up. */
export const AGGREGATED_MINUTES = 5;

/**
 * What data events of a service, an account and a region come to: the calls of five minutes by name, and who made them.
 * `from`: epoch seconds. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aggregated-events.html
 */
export function aggregateOf(records: readonly Json[], service: string, account: string, region: string, from: number, ...key: readonly number[]): Json {
  const statistics = (value: (record: { readonly [key: string]: Json }) => Json | undefined): Json =>
    [...Map.groupBy(records as readonly { readonly [key: string]: Json }[], (record) => String(value(record) ?? ''))]
      .map(([name, of]) => ({ name, value: of.length }))
      .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
      .slice(0, 10);
  return {
    eventVersion: '1.0',
    accountId: account,
    eventId: uuid(...key),
    eventCategory: 'Aggregated',
    eventType: 'AwsAggregatedEvent',
    awsRegion: region,
    eventSource: service,
    timeWindow: { windowStart: timeText(from), windowEnd: timeText(from + AGGREGATED_MINUTES * 60), windowSize: `PT${AGGREGATED_MINUTES}M` },
    summary: {
      primaryDimension: { dimension: 'eventName', statistics: statistics((record) => record.eventName) },
      details: [{ dimension: 'userIdentity', statistics: statistics(({ userIdentity }) => (userIdentity as { readonly arn?: string }).arn) }],
    },
  };
}

/**
 * What Insights found: the beginning or the end of an unusual rate.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
 */
export function insightOf({ account, region, time, key, values, shared }: Request, details: Json): Json {
  return {
    eventVersion: '1.09',
    eventTime: timeText(time),
    awsRegion: region,
    eventID: uuid(...key, 2),
    eventType: 'AwsCloudTrailInsight',
    recipientAccountId: account,
    ...(shared ? { sharedEventID: shared } : {}),
    insightDetails: fill(details, values),
    eventCategory: 'Insight',
  };
}
