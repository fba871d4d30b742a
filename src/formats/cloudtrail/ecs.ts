/**
 * An event as an Elastic Common Schema document, as Elastic's own integration maps it where it does
 * (https://www.elastic.co/docs/reference/integrations/aws/cloudtrail); what ECS has no field for is below `aws.cloudtrail`.
 */
import { DERIVED_FIELDS, type Field } from '../../model/fields.ts';
import { parseExactly } from '../../model/json.ts';
import { CLOUDTRAIL, hasField } from '../../model/log-formats.ts';
import { add, addThreat, type Document, type DocumentValue, isoTime, LOCATED, prune, RecordValues, type StoredRecord } from '../document.ts';
import { eventKind } from './ecs-kinds.ts';
import { objectOf, textOf } from './identity.ts';

/** Columns of `true` and `false`. */
const BOOLEANS: ReadonlySet<string> = new Set(['read_only', 'management_event', 'mfa', 'console_session']);
/** Keys of `rest` that have a name in documents; all others are below `other`. */
const NAMED: Readonly<Record<string, string>> = {
  serviceEventDetails: 'service_event_details',
  insightDetails: 'insight_details',
  eventContext: 'event_context',
  edgeDeviceDetails: 'edge_device_details',
  addendum: 'addendum',
  timeWindow: 'time_window',
  summary: 'summary',
};
/** What of `tlsDetails` has columns; anything else of it is below `tls_details`. */
const TLS_COLUMNS: ReadonlySet<string> = new Set(['tlsVersion', 'cipherSuite', 'clientProvidedHostHeader']);

/** Only what the record says. */
export function baseEventDocument(record: StoredRecord): Document {
  const v = new RecordValues(record);
  const request = jsonOf(v.text('request'));
  const identity = objectOf(jsonOf(v.text('identity')));
  const given = { activity: v.text('activity'), source: v.text('event_source'), name: v.text('event_name') };
  const { kind, category, type } = eventKind({ ...given, category: v.text('event_category'), errorCode: v.text('error_code') });
  const address = v.address('srcaddr');
  const target = targetOf(given.source, request);
  const document = prune({
    message: v.text('raw'),
    '@timestamp': isoTime(v.start),
    event: { kind, category: [...category], type: [...type] },
    cloud: { provider: 'aws', service: { name: 'cloudtrail' } },
    related: prune({
      ip: address === undefined || address === '::' ? undefined : [address],
      user: distinct([v.text('user_name'), v.text('session_name'), textOf(identity.userName), target.user, target.newUser]),
    }),
  });
  for (const field of CLOUDTRAIL.fields) {
    if (field.column === 'start') continue;
    const value = stored(v, field);
    if (value !== undefined) add(document, field.name, value);
  }
  const more: Record<string, DocumentValue | undefined> = {
    'source.address': v.text('source_address'),
    'aws.cloudtrail.error_code': v.text('error_code'),
    'aws.cloudtrail.error_message': v.text('error_message'),
    'user.target.name': target.user,
    'user.changes.name': target.newUser,
    'group.name': target.group,
    ...sessionOf(identity),
    ...behalfOf(identity),
    ...signInOf(given.name, objectOf(jsonOf(v.text('additional')))),
    ...partsOf(v, request),
  };
  for (const [name, value] of Object.entries(more)) if (value !== undefined && value !== '') add(document, name, value);
  return document;
}

function distinct(names: readonly (string | undefined)[]): string[] | undefined {
  const found = [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
  return found.length ? found : undefined;
}

/** Whom a call of IAM is about. */
function targetOf(source: string | undefined, request: unknown): { readonly user?: string; readonly newUser?: string; readonly group?: string } {
  if (source !== 'iam.amazonaws.com') return {};
  const { userName, newUserName, groupName } = objectOf(request);
  return { user: textOf(userName), newUser: textOf(newUserName), group: textOf(groupName) };
}

function sessionOf(identity: Readonly<Record<string, unknown>>): Record<string, string> {
  const context = objectOf(identity.sessionContext);
  const issuer = objectOf(context.sessionIssuer);
  const path = 'aws.cloudtrail.user_identity.session_context';
  return {
    [`${path}.creation_date`]: textOf(objectOf(context.attributes).creationDate),
    [`${path}.mfa_authenticated`]: textOf(objectOf(context.attributes).mfaAuthenticated),
    [`${path}.session_issuer.type`]: textOf(issuer.type),
    [`${path}.session_issuer.principal_id`]: textOf(issuer.principalId),
    [`${path}.session_issuer.arn`]: textOf(issuer.arn),
    [`${path}.session_issuer.account_id`]: textOf(issuer.accountId),
  };
}

/**
 * For whom and from where the identity acted: a workload that credentials were given to, a resource for which a service
 * made the request, a provider with temporary delegated access, a user of IAM Identity Center.
 */
function behalfOf(identity: Readonly<Record<string, unknown>>): Record<string, string> {
  const scope = objectOf(identity.inScopeOf);
  const user = objectOf(identity.onBehalfOf);
  const path = 'aws.cloudtrail.user_identity';
  return {
    [`${path}.in_scope_of.issuer_type`]: textOf(scope.issuerType),
    [`${path}.in_scope_of.credentials_issued_to`]: textOf(scope.credentialsIssuedTo),
    [`${path}.in_scope_of.credentials_issued_to_version`]: textOf(scope.credentialsIssuedToVersion),
    [`${path}.in_scope_of.source_arn`]: textOf(scope.sourceArn),
    [`${path}.in_scope_of.source_account`]: textOf(scope.sourceAccount),
    [`${path}.invoked_by_delegate.account_id`]: textOf(objectOf(identity.invokedByDelegate).accountId),
    [`${path}.on_behalf_of.user_id`]: textOf(user.userId),
    [`${path}.on_behalf_of.identity_store_arn`]: textOf(user.identityStoreArn),
    [`${path}.credential_id`]: textOf(identity.credentialId),
    [`${path}.session_context.ec2_role_delivery`]: textOf(objectOf(identity.sessionContext).ec2RoleDelivery),
  };
}

/** What a sign-in says of the browser. */
function signInOf(name: string | undefined, additional: Readonly<Record<string, unknown>>): Record<string, DocumentValue | undefined> {
  if (name !== 'ConsoleLogin') return {};
  const yes = (value: unknown): boolean | undefined => (textOf(value) === '' ? undefined : textOf(value) !== 'No');
  const path = 'aws.cloudtrail.console_login.additional_eventdata';
  return {
    [`${path}.mobile_version`]: yes(additional.MobileVersion),
    [`${path}.login_to`]: textOf(additional.LoginTo),
    [`${path}.mfa_used`]: yes(additional.MFAUsed),
  };
}

/** The open parts of a record, as they are. */
function partsOf(v: RecordValues, request: unknown): Record<string, DocumentValue | undefined> {
  const { other, ...rest } = restOf(objectOf(jsonOf(v.text('rest'))));
  const parts: Record<string, unknown> = {
    request_parameters: request,
    response_elements: jsonOf(v.text('response')),
    additional_eventdata: jsonOf(v.text('additional')),
    resources: jsonOf(v.text('resources')),
    ...rest,
    other: Object.keys(other).length > 0 ? other : undefined,
  };
  return Object.fromEntries(Object.entries(parts).map(([name, value]) => [`aws.cloudtrail.flattened.${name}`, value as DocumentValue | undefined]));
}

function restOf(rest: Readonly<Record<string, unknown>>): { readonly [name: string]: unknown; readonly other: object } {
  const { tlsDetails, ...others } = rest;
  const tls = Object.entries(objectOf(tlsDetails)).filter(([key]) => !TLS_COLUMNS.has(key));
  const entries = Object.entries(others).filter(([, value]) => value !== null);
  const isNamed = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(NAMED, key);
  const named = entries.filter(isNamed).map(([key, value]) => [NAMED[key], value] as const);
  return {
    ...Object.fromEntries(named),
    ...(tls.length > 0 ? { tls_details: Object.fromEntries(tls) } : {}),
    other: Object.fromEntries(entries.filter((entry) => !isNamed(entry))),
  };
}

/** With everything else that is known. */
export function enrichedEventDocument(record: StoredRecord): Document {
  const document = baseEventDocument(record);
  const v = new RecordValues(record);
  for (const field of DERIVED_FIELDS) {
    const make = (LOCATED as Readonly<Partial<Record<string, (v: RecordValues, field: Field) => DocumentValue | undefined>>>)[field.derived ?? ''];
    const value = make && hasField(CLOUDTRAIL, field) ? make(v, field) : undefined;
    if (value !== undefined) add(document, field.name, value);
  }
  for (const name of ['log_group', 'log_stream']) {
    const value = v.text(name);
    if (value !== undefined) add(document, `aws.cloudwatch.${name}`, value);
  }
  addThreat(document, v);
  return document;
}

function stored(v: RecordValues, field: Field): DocumentValue | undefined {
  if (field.type === 'address') {
    const address = v.address(field.column);
    return address === '::' ? undefined : address;
  }
  if (field.columnType === 'Array(String)') return v.list(field.column);
  const text = v.text(field.column);
  if (text !== undefined && field.column === 'tls_version') return text.replace(/^TLSv/, '');
  return BOOLEANS.has(field.column) && (text === 'true' || text === 'false') ? text === 'true' : text;
}

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}
