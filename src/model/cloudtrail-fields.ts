/**
 * The fields of CloudTrail events: what the columns of `cloudtrail` hold and what each is called by AWS, by
 * ECS and in the queries people bring. What panels use has a column; the rest of a record stays JSON that
 * queries reach by path (`requestParameters.bucketName`), see CLOUDTRAIL_DOCUMENTS.
 *
 * Sources: record contents of versions 1.0–1.11
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
 * identities https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html,
 * ECS names https://www.elastic.co/docs/reference/ecs.
 */
import type { Field } from './field.ts';

const LC = 'LowCardinality(String)' as const;

type More = Partial<Pick<Field, 'columnType' | 'codec' | 'foldCase'>>;

function text(name: string, column: string, aliases: readonly string[], doc: string, more: More = {}): Field {
  return { name, column, aliases, type: 'text', columnType: LC, codec: 'ZSTD(1)', doc, ...more };
}

/** Different in nearly every record: a dictionary would be as long as the column. */
const DISTINCT: More = { columnType: 'String', codec: 'ZSTD(1)' };

/** What an event says once; JSON parts and what flows have too (account, region, source address, time) stand elsewhere. */
export const CLOUDTRAIL_ONLY: readonly Field[] = [
  text(
    'event.action',
    'event_name',
    ['eventName', 'event_name', 'action', 'aws.cloudtrail.event_name'],
    'The API action, as the service calls it: RunInstances, ConsoleLogin, …; of an aggregated summary its primary dimension.',
  ),
  text('event.provider', 'event_source', ['eventSource', 'event_source'], 'Service that the request went to: iam.amazonaws.com.'),
  text('event.id', 'event_id', ['eventID', 'event_id', 'eventId'], 'Id of the event; a second copy of an event is not stored.', DISTINCT),
  text(
    'event.outcome',
    'outcome',
    ['outcome', 'result'],
    'success or failure: a failure has an error code, or is a sign-in whose answer says so. Empty for what is no request.',
  ),
  text('aws.cloudtrail.event_version', 'event_version', ['eventVersion', 'event_version'], 'Version of the record format.'),
  text('aws.cloudtrail.event_type', 'event_type', ['eventType', 'event_type'], 'AwsApiCall, AwsConsoleSignIn, AwsServiceEvent, …; absent in old records.'),
  text(
    'aws.cloudtrail.event_category',
    'event_category',
    ['eventCategory', 'event_category'],
    'Management, Data, NetworkActivity, Insight or Aggregated, as the record says or, where it is older than the field, by its shape.',
  ),
  text(
    'aws.cloudtrail.activity',
    'activity',
    ['activity'],
    'What kind of act it is: read, write, permissions (who may do what), sign-in, data (objects, items, invocations), insight, summary.',
  ),
  text('aws.cloudtrail.request_id', 'request_id', ['requestID', 'request_id', 'requestId'], 'Id that the service gave to the request.', DISTINCT),
  text('aws.cloudtrail.api_version', 'api_version', ['apiVersion', 'api_version'], 'Version of the service’s API.'),
  text(
    'aws.cloudtrail.read_only',
    'read_only',
    ['readOnly', 'read_only'],
    'true or false: whether the action changes nothing. Where a record is older than the field: true for Describe*, Get* and List*.',
  ),
  text('aws.cloudtrail.management_event', 'management_event', ['managementEvent', 'management_event'], 'true or false.'),
  text('error.code', 'error_code', ['errorCode', 'error_code', 'aws.cloudtrail.error_code'], 'Error of the service; absent when the request succeeded.'),
  text('error.message', 'error_message', ['errorMessage', 'error_message', 'aws.cloudtrail.error_message'], 'The service’s words for it.', {
    columnType: 'String',
    codec: 'ZSTD(1)',
  }),
  text(
    'aws.cloudtrail.source_ip_address',
    'source_address',
    ['sourceIPAddress', 'source_ip_address'],
    'Where the request came from, as the record has it: an address, a service such as ec2.amazonaws.com, or AWS Internal.',
  ),
  text('user_agent.original', 'user_agent', ['userAgent', 'user_agent'], 'The client, as it calls itself.'),
  text(
    'user_agent.name',
    'user_agent_name',
    ['user_agent_name', 'client'],
    'The client’s kind: AWS Console, AWS CLI, Boto3, Terraform, AWS SDK for …, an AWS service, a browser, …',
  ),
  text('aws.cloudtrail.user_identity.type', 'user_type', ['userIdentity.type', 'user_type', 'userType'], 'Root, IAMUser, AssumedRole, AWSService, …'),
  text(
    'user.name',
    'user_name',
    ['userName', 'user_name', 'actor'],
    'The actor, by the identity’s type: the user, the session of a role with the role before it (Admin/ann), root, the service. Never a userName from elsewhere in the record.',
  ),
  text('user.id', 'principal_id', ['userIdentity.principalId', 'principalId', 'principal_id'], 'Unique id of the identity.'),
  text('aws.cloudtrail.user_identity.arn', 'user_arn', ['userIdentity.arn', 'user_arn', 'actor_arn'], 'ARN of the identity.'),
  text('aws.cloudtrail.user_identity.account_id', 'user_account', ['userIdentity.accountId', 'user_account'], 'Account that the identity belongs to.'),
  text(
    'aws.cloudtrail.user_identity.access_key_id',
    'access_key_id',
    ['userIdentity.accessKeyId', 'accessKeyId', 'access_key_id'],
    'Key that signed the request.',
  ),
  text('aws.cloudtrail.user_identity.invoked_by', 'invoked_by', ['userIdentity.invokedBy', 'invokedBy', 'invoked_by'], 'Service that made the request.'),
  text(
    'aws.cloudtrail.user_identity.role',
    'session_issuer',
    ['role', 'session_issuer', 'userIdentity.sessionContext.sessionIssuer.arn'],
    'ARN of what issued the session’s credentials: the role.',
  ),
  text('aws.cloudtrail.user_identity.session_name', 'session_name', ['session_name', 'sessionName'], 'Name of a role’s session.'),
  text(
    'aws.cloudtrail.mfa',
    'mfa',
    ['mfa', 'mfaAuthenticated', 'MFAUsed'],
    'true or false: whether a second factor was used, for the session or for the sign-in. Empty where the record does not say.',
  ),
  text(
    'aws.cloudtrail.resources.arn',
    'resource_arns',
    ['resource_arns', 'resources.ARN', 'resource'],
    'ARNs of the resources that the record names: a list. `=`, `!=` and `in` ask for any of them.',
    { columnType: 'Array(String)' },
  ),
  text('aws.cloudtrail.shared_event_id', 'shared_event_id', ['sharedEventID', 'shared_event_id'], 'Id that copies of one event in several accounts share.', {
    columnType: 'String',
  }),
  text('aws.cloudtrail.vpc_endpoint_id', 'vpc_endpoint_id', ['vpcEndpointId', 'vpc_endpoint_id'], 'VPC endpoint that the request went through.'),
  text('aws.cloudtrail.vpc_endpoint_account_id', 'vpc_endpoint_account', ['vpcEndpointAccountId', 'vpc_endpoint_account'], 'Account of that endpoint.'),
  text('tls.version', 'tls_version', ['tlsDetails.tlsVersion', 'tls_version'], 'TLS version of the request.'),
  text('tls.cipher', 'tls_cipher', ['tlsDetails.cipherSuite', 'tls_cipher'], 'TLS cipher suite of the request.'),
  text('tls.client.server_name', 'tls_host', ['tlsDetails.clientProvidedHostHeader', 'tls_host'], 'Host that the client asked for.'),
  text(
    'aws.cloudtrail.console_session',
    'console_session',
    ['sessionCredentialFromConsole', 'console_session'],
    'true where the request came from a session of the console.',
  ),
];

/** Parts of a record that are kept as JSON: the record’s key, its column, and what it is. `aws.cloudtrail.rest` holds all keys that have no column. */
export const CLOUDTRAIL_DOCUMENTS: readonly Field[] = [
  ['requestParameters', 'request', 'aws.cloudtrail.request_parameters', 'What was asked for'],
  ['responseElements', 'response', 'aws.cloudtrail.response_elements', 'What the service answered, of actions that change something'],
  ['additionalEventData', 'additional', 'aws.cloudtrail.additional_eventdata', 'What the service adds to its records'],
  ['userIdentity', 'identity', 'aws.cloudtrail.user_identity', 'Who made the request'],
  ['resources', 'resources', 'aws.cloudtrail.resources', 'What it was about'],
  ['', 'rest', 'aws.cloudtrail.rest', 'All other keys of the record, as one object'],
].map(([key, column, name, doc]) =>
  text(name as string, column as string, key ? [key] : [], `${doc}: JSON; a path names a value in it${key ? `, as ${key}.…` : ''}.`, {
    columnType: 'String',
    codec: 'ZSTD(1)',
  }),
);

/** Columns that hold parts of a record's text, and the control character that stands for each in `frame`. */
export const FRAME_PARTS: readonly { readonly column: string; readonly mark: number }[] = [
  'request',
  'response',
  'additional',
  'identity',
  'resources',
  'event_id',
  'request_id',
].map((column, i) => ({ column, mark: i + 1 }));

/** Beside RECORD_COLUMNS: the rest of the text. */
export const FRAME: Field = text('aws.cloudtrail.frame', 'frame', [], 'The record’s text without the parts that have columns; `_raw` puts it together.', {
  columnType: 'String',
  codec: 'ZSTD(1)',
});
