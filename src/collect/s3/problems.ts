/**
 * What can go wrong on the way to a queue or a bucket, as a closed list: each problem has a stable code, a
 * message that names the thing, and the way out. Texts of the other side are read for what they name (action,
 * resource, region) and never passed on whole, so that nothing secret gets into a log or onto a page.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import { quotedWhole, whyOfFile } from '../../model/wording.ts';

/** Each code with its meaning. Codes are stable and never reused. */
export const S3_PROBLEMS = {
  'access-denied': 'The credentials may not do this.',
  'kms-denied': 'The object is encrypted with a KMS key that the credentials may not use.',
  'kms-key-unusable': 'The object is encrypted with a KMS key that is disabled, deleted or pending.',
  'customer-key': 'The object is encrypted with a key that the customer sends with each request (SSE-C).',
  'role-denied': 'The role cannot be assumed.',
  'no-credentials': 'There are no credentials where the source looks for them.',
  'invalid-key-id': 'AWS does not know the access key id or token.',
  'bad-signature': 'The secret access key does not belong to the access key id.',
  'expired-token': 'The temporary credentials have expired.',
  'clock-skew': 'This machine’s clock differs too much from the clock of AWS.',
  'wrong-region': 'The bucket is in another region, and the answer does not say in which.',
  'no-such-bucket': 'The bucket does not exist, or not where it is looked for.',
  'no-such-queue': 'The queue does not exist, or not in this region or account.',
  'object-gone': 'The object does not exist any more.',
  'object-archived': 'The object is in an archive storage class and must be restored first.',
  'object-damaged': 'What was received is not what S3 said it would send.',
  'object-too-large': 'The object is larger than an object may be.',
  'disk-full': 'There is no space left for downloads.',
  'disk-failed': 'The download could not be written to the disk.',
  'not-taken': 'The object was read, and its records could not be stored.',
  throttled: 'AWS asks for fewer requests.',
  'server-error': 'The other side failed.',
  'name-not-found': 'The host’s name cannot be resolved.',
  unreachable: 'The host cannot be connected to.',
  'connection-lost': 'The connection was cut.',
  'timed-out': 'No answer came in time.',
  'tls-failed': 'No TLS connection comes about: the certificate is not trusted, or the other side speaks no TLS.',
  'proxy-unreachable': 'The proxy cannot be connected to.',
  'proxy-refused': 'The proxy refused the connection.',
  'message-unknown': 'A message in the queue is no notification that is known.',
  'other-bucket': 'A message names another bucket than the source’s.',
  'near-dead-letter': 'A message was received nearly as often as the queue allows.',
  'receipt-lost': 'A message came back while it was still being read.',
  'too-many-failed': 'So many objects could not be read that listing waits for them.',
  unexpected: 'An error that has no explanation here.',
} as const;

export type S3ProblemCode = keyof typeof S3_PROBLEMS;

export interface S3Problem {
  readonly code: S3ProblemCode;
  /** Names the action and the thing. */
  readonly message: string;
  /** The way out. */
  readonly hint: string;
  /** Whether the same may succeed later without anybody doing anything. */
  readonly retryable: boolean;
}

/** An S3Problem on its way up. */
export class S3Failure extends Error {
  readonly problem: S3Problem;
  constructor(problem: S3Problem, cause?: unknown) {
    super(problem.message, { cause });
    this.name = 'S3Failure';
    this.problem = problem;
  }
}

/** The credentials could not be had: `role` where one should have been assumed. */
export class CredentialsFailure extends Error {
  readonly role: string | undefined;
  constructor(cause: unknown, role?: string) {
    super('no credentials', { cause });
    this.name = 'CredentialsFailure';
    this.role = role;
  }
}

/** A bucket, what is below a prefix of it, or an object, as messages name them. */
export function inS3(bucket: string, key?: string): string {
  return quotedWhole(key === undefined ? `s3://${bucket}` : `s3://${bucket}/${key}`);
}

/** What was being done, for messages. */
export interface Doing {
  /** The IAM action, such as `s3:GetObject`. */
  readonly action: string;
  /** What it was done to, as a message says it: `“s3://bucket/key”`, `the credentials`. */
  readonly resource: string;
  readonly region?: string | undefined;
  /** HOST:PORT of the proxy that the request goes through. */
  readonly proxy?: string | undefined;
}

interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  /** Of Node's network and disk errors. */
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Region that an S3 error body names. */
  readonly region: string;
}

const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/;

/** A region's name as AWS writes them; whatever else a message says is none. */
export function isRegion(text: string): boolean {
  return text.length <= 32 && REGION.test(text);
}

function facts(error: unknown): ErrorFacts {
  const e = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const meta = (e.$metadata ?? {}) as Record<string, unknown>;
  const response = (e.$response ?? {}) as Record<string, unknown>;
  return {
    name: text(e.name) === 'Error' ? text(e.Code) || 'Error' : text(e.name),
    message: text(e.message) || text(e.Message),
    code: text(e.code),
    status: Number(meta.httpStatusCode ?? response.statusCode ?? 0),
    headers: (response.headers ?? {}) as Record<string, string>,
    region: text(e.Region),
  };
}

function namedRegion(f: ErrorFacts): string | undefined {
  const named = f.headers['x-amz-bucket-region'] || f.region || /expecting '([a-z0-9-]+)'/.exec(f.message)?.[1] || '';
  return isRegion(named) ? named : undefined;
}

/** The region that a bucket is in, where an error says so. */
export function regionOf(error: unknown): string | undefined {
  const f = facts(error);
  if (f.status !== 301 && f.status !== 307 && f.status !== 400) return undefined;
  return namedRegion(f);
}

/** Whether it asks for fewer requests. */
export function isThrottled(error: unknown): boolean {
  const f = facts(error);
  return (
    /^(SlowDown|Throttl|RequestLimitExceeded|TooManyRequests|RequestThrottled|BandwidthLimitExceeded|KmsThrottled|KMS\.Throttl)/i.test(f.name) ||
    f.status === 429 ||
    f.status === 503
  );
}

function problem(code: S3ProblemCode, message: string, hint: string, retryable = false): S3Problem {
  return { code, message, hint, retryable };
}

/** Any error of the SDK, the network or the disk, explained. */
export function explain(error: unknown, doing: Doing): S3Problem {
  if (error instanceof S3Failure) return error.problem;
  if (error instanceof CredentialsFailure) return explainCredentials(error, doing);
  const f = facts(error);
  return explainDenied(f, doing) ?? explainNames(f, doing) ?? explainNetwork(f, doing) ?? explainRest(f, doing);
}

function explainCredentials(error: CredentialsFailure, doing: Doing): S3Problem {
  const f = facts(error.cause);
  if (error.role) {
    if (f.name === 'AccessDenied' || f.name === 'AccessDeniedException')
      return problem(
        'role-denied',
        `The role ${quotedWhole(error.role)} cannot be assumed.`,
        'Its trust policy must name the identity that this source starts from, and its sts:ExternalId must equal the external id here; that identity needs sts:AssumeRole on the role. A misspelt or deleted role gives the same answer.',
      );
    if (f.name === 'ValidationError' || f.name === 'ValidationException')
      return problem('role-denied', `${quotedWhole(error.role)} is not accepted as a role.`, 'A role ARN looks like arn:aws:iam::123456789012:role/name.');
    if (f.name === 'RegionDisabledException')
      return problem(
        'role-denied',
        `STS is switched off in ${doing.region ?? 'this region'}.`,
        'Switch the regional STS endpoint on in the account, or set another region.',
      );
    return explain(error.cause, { ...doing, action: 'sts:AssumeRole', resource: quotedWhole(error.role) });
  }
  if (f.name === 'CredentialsProviderError' || f.name === 'Error' || f.name === '')
    return problem(
      'no-credentials',
      'No credentials were found.',
      'Profiles are read from ~/.aws of the user that runs the server; an instance’s or container’s identity needs a role attached to it. A profile’s single sign-on may have to be renewed.',
      true,
    );
  return explain(error.cause, doing);
}

function explainDenied(f: ErrorFacts, doing: Doing): S3Problem | undefined {
  if (/^KMS\.|^Kms/.test(f.name) && !/Throttl/i.test(f.name) && !/AccessDenied/.test(f.name))
    return problem(
      'kms-key-unusable',
      `The KMS key of ${doing.resource} cannot be used (${f.name}).`,
      'Enable the key, or cancel its deletion; what was encrypted with a deleted key is lost.',
      true,
    );
  const kms = /kms:[A-Za-z]+/.exec(f.message)?.[0];
  const denied =
    /^(AccessDenied|AccessDeniedException|AllAccessDisabled|AuthorizationError|Forbidden|KMS\.AccessDenied.*|UnauthorizedAccess)$/.test(f.name) ||
    (f.status === 403 && isNameless(f.name));
  if ((denied && (kms || /customer master key|KMS key/i.test(f.message))) || /^KMS\.AccessDenied|KmsAccessDenied/i.test(f.name)) {
    const key = /arn:aws[a-z-]*:kms:[A-Za-z0-9:/-]+/.exec(f.message)?.[0];
    return problem(
      'kms-denied',
      `${doing.resource} is encrypted with ${key ? `the KMS key ${quotedWhole(key)}` : 'a KMS key'}, which the credentials may not use: ${kms ?? 'kms:Decrypt'} is missing.`,
      `Allow kms:Decrypt on the key in the identity’s policy and, for a key of another account, in the key’s own policy too; ${doing.action} alone does not suffice.`,
    );
  }
  if (denied) {
    const action = /not authorized to perform: ([a-z0-9]+:[A-Za-z]+)/.exec(f.message)?.[1] ?? doing.action;
    const deny = /explicit deny in an? ([a-z -]+?policy)/.exec(f.message)?.[1];
    return problem(
      'access-denied',
      `${action} on ${doing.resource} is not allowed.`,
      deny ? `A ${deny} denies it explicitly; such a denial wins over every permission.` : deniedHint(action),
    );
  }
  if (f.name === 'InvalidRequest' && /server side encryption/i.test(f.message))
    return problem(
      'customer-key',
      `${doing.resource} is encrypted with a key that only the sender has (SSE-C).`,
      'Such objects cannot be read; use SSE-S3 or SSE-KMS for the log bucket.',
    );
  return undefined;
}

function deniedHint(action: string): string {
  if (action === 's3:GetObject')
    return 'Allow s3:GetObject on the bucket’s objects (arn:aws:s3:::bucket/*) in the identity’s policy and, from another account, in the bucket’s policy. Without s3:ListBucket, S3 answers the same for an object that does not exist.';
  if (action === 's3:ListBucket')
    return 'Allow s3:ListBucket on the bucket itself (arn:aws:s3:::bucket, without /*), with a condition for the prefix if there is one.';
  if (action.startsWith('sqs:'))
    return `Allow sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility, sqs:GetQueueAttributes and sqs:GetQueueUrl on the queue; from another account, in the queue’s own policy too.`;
  return `Allow ${action} in the identity’s policy.`;
}

/** HEAD answers have no body, so that the SDK has no name for the error. */
const isNameless = (name: string) => name === '' || name === 'Error' || /^(UnknownError|Unknown|403|400|301)$/.test(name);

function explainNames(f: ErrorFacts, doing: Doing): S3Problem | undefined {
  switch (f.name) {
    case 'NoSuchKey':
    case 'NoSuchVersion':
      return gone(doing);
    case 'MethodNotAllowed':
      // A version that is a delete marker.
      return f.headers['x-amz-delete-marker'] === 'true' ? gone(doing) : undefined;
    case 'NoSuchBucket':
      return noBucket(doing);
    case 'QueueDoesNotExist':
    case 'AWS.SimpleQueueService.NonExistentQueue':
    case 'NonExistentQueue':
      return problem(
        'no-such-queue',
        `There is no queue ${doing.resource}${doing.region ? ` in ${doing.region}` : ''}.`,
        'Give the queue’s ARN, which says region and account. To identities without permission a queue of another account looks the same.',
      );
    case 'InvalidObjectState':
      return problem('object-archived', `${doing.resource} is archived.`, 'Restore it in S3; it is read once it is restored.', true);
    case 'PermanentRedirect':
    case 'TemporaryRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return wrongRegion(f, doing);
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'TokenRefreshRequired':
      return problem(
        'expired-token',
        'The session token has expired.',
        'Temporary keys live for hours: use a role, a profile or an instance’s identity, which renew themselves.',
      );
    case 'InvalidAccessKeyId':
    case 'InvalidClientTokenId':
    case 'UnrecognizedClientException':
    case 'InvalidToken':
    case 'InvalidSecurity':
      return problem(
        'invalid-key-id',
        'AWS does not know the access key id.',
        'It was deleted or mistyped, belongs to another partition, or needs its session token. A key id that begins with ASIA always has one.',
      );
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
    case 'RequestInTheFuture':
      return clockSkew();
    case 'SignatureDoesNotMatch':
    case 'InvalidSignatureException':
      if (/expired|not yet current/i.test(f.message)) return clockSkew();
      return problem('bad-signature', 'The secret access key does not belong to the access key id.', 'Enter both again, without blanks around them.');
    case 'CredentialsProviderError':
      return explainCredentials(new CredentialsFailure({ name: f.name }), doing);
    default:
      return undefined;
  }
}

function gone(doing: Doing): S3Problem {
  return problem('object-gone', `${doing.resource} does not exist any more.`, 'A lifecycle rule or somebody removed it before it was read.');
}

function noBucket({ resource, region }: Doing): S3Problem {
  const name = /^“s3:\/\/([^/”]+)/.exec(resource)?.[1] ?? resource;
  return problem(
    'no-such-bucket',
    `There is no bucket “${name}”${region ? `; it was asked for in ${region}` : ''}.`,
    'Check its name (without s3:// and without a path) and that it was not deleted. A bucket of another partition, such as China or GovCloud, or of another S3 than the endpoint’s, is found only with a region or an endpoint of theirs.',
  );
}

function clockSkew(): S3Problem {
  return problem('clock-skew', 'This machine’s clock differs from the clock of AWS by more than is accepted.', 'Let the machine set its clock by NTP.', true);
}

function wrongRegion(f: ErrorFacts, doing: Doing): S3Problem {
  const right = namedRegion(f);
  return problem(
    'wrong-region',
    `${doing.resource} is not in ${doing.region ?? 'this region'}${right ? ` but in ${right}` : ''}.`,
    right ? `Set the region to ${right}.` : 'Set the region that the bucket’s properties show.',
  );
}

const TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/;

function explainNetwork(f: ErrorFacts, doing: Doing): S3Problem | undefined {
  const refused = /^Bad response: (\d{3})$/.exec(f.message);
  if (doing.proxy && refused)
    return problem(
      'proxy-refused',
      `The proxy “${doing.proxy}” answered ${refused[1]}.`,
      refused[1] === '407'
        ? 'It wants a name and a password: http://name:password@host:port.'
        : 'The proxy must allow CONNECT to the hosts of S3, SQS and STS.',
      true,
    );
  const host = doing.region ? ` (${doing.region})` : '';
  if (/^(ENOTFOUND|EAI_AGAIN|EAI_FAIL|ENODATA)$/.test(f.code)) {
    if (doing.proxy)
      return problem(
        'proxy-unreachable',
        `The name of the proxy “${doing.proxy}” cannot be resolved.`,
        'Check the proxy’s address and this machine’s DNS.',
        true,
      );
    return problem('name-not-found', `The host for ${doing.resource}${host} cannot be resolved.`, 'Check region and endpoint, and this machine’s DNS.', true);
  }
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/.test(f.code)) {
    if (doing.proxy)
      return problem('proxy-unreachable', `The proxy “${doing.proxy}” cannot be connected to.`, 'Check the proxy’s address and that it is running.', true);
    return problem(
      'unreachable',
      `The host for ${doing.resource}${host} refuses connections.`,
      'Check the endpoint, firewalls and routes; behind a proxy set it for the source, or HTTPS_PROXY.',
      true,
    );
  }
  if (TLS.test(f.code)) {
    const how = 'Check that the endpoint speaks HTTPS. A certificate authority of your own, or of a proxy that opens TLS, belongs in NODE_EXTRA_CA_CERTS.';
    return problem('tls-failed', `No TLS connection for ${doing.resource}${host}: ${f.code}.`, how, true);
  }
  if (/^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE)$/.test(f.code) || /^(aborted|socket hang up)$/i.test(f.message))
    return problem(
      'connection-lost',
      `The connection for ${doing.resource} was cut.`,
      'It is tried again; firewalls and proxies often end long connections.',
      true,
    );
  if (f.name === 'TimeoutError' || /^(ETIMEDOUT|ESOCKETTIMEDOUT)$/.test(f.code) || f.message === 'Proxy timeout')
    return problem(
      'timed-out',
      `No answer came in time for ${doing.action} on ${doing.resource}.`,
      'Check firewalls and routes; behind a proxy set it for the source, or HTTPS_PROXY.',
      true,
    );
  if (/^(ENOSPC|EDQUOT)$/.test(f.code))
    return problem('disk-full', 'There is no space left for downloads.', 'Free space on the disk of the data directory; reading goes on by itself.', true);
  if (/^(EIO|ESTALE|EACCES|EPERM|EROFS|ENOENT|EMFILE|ENFILE)$/.test(f.code))
    return problem(
      'disk-failed',
      `A download cannot be written, read or removed: its file ${whyOfFile(f)}.`,
      'Check the disk and the permissions of the data directory.',
      true,
    );
  return undefined;
}

function explainRest(f: ErrorFacts, doing: Doing): S3Problem {
  if (f.status === 301 || f.status === 307) return wrongRegion(f, doing);
  if (isThrottled({ name: f.name, $metadata: { httpStatusCode: f.status } }))
    return problem('throttled', `AWS asks for fewer requests (${doing.action}).`, 'Nothing to do: the source reads fewer objects at once for a while.', true);
  if (f.status >= 500) return problem('server-error', `${doing.action} on ${doing.resource} failed with ${f.status}.`, 'It is tried again.', true);
  if (f.status === 404 && doing.action === 's3:ListBucket') return noBucket(doing);
  const name = /^[A-Za-z0-9._-]{1,80}$/.test(f.code || f.name) ? f.code || f.name : 'an unnamed error';
  return problem('unexpected', `${doing.action} on ${doing.resource} failed: ${name}${f.status ? ` (HTTP ${f.status})` : ''}.`, 'It is tried again.', true);
}
