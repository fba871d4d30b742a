/**
 * Who made a request: the actor behind `userIdentity`, by its type.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */

/** Texts are empty where the record does not say. */
export interface Actor {
  readonly type: string;
  /** The user, `role/session`, `root`, the federated user, the service. HIDDEN_DUE_TO_SECURITY_REASONS stays as it is. */
  readonly name: string;
  readonly principal: string;
  readonly arn: string;
  readonly account: string;
  readonly accessKey: string;
  readonly invokedBy: string;
  /** ARN of what issued the session's credentials. */
  readonly issuer: string;
  readonly session: string;
  /** `true`, `false` or empty. */
  readonly mfa: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The text of a value; empty for what is no text, number or boolean. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A value as an object; an empty one for anything else. */
export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** Any value is taken: records are not always as documented. */
export function actorOf(value: unknown): Actor {
  const identity = objectOf(value);
  const context = objectOf(identity.sessionContext);
  const issuer = objectOf(context.sessionIssuer);
  const arn = textOf(identity.arn);
  const assumed = assumedRole(arn);
  const principal = textOf(identity.principalId);
  const isRole = textOf(identity.type) === 'AssumedRole' || assumed !== undefined;
  const session = isRole ? (assumed?.session ?? afterColon(principal)) : '';
  const parts = {
    type: textOf(identity.type),
    principal,
    arn,
    account: textOf(identity.accountId),
    accessKey: textOf(identity.accessKeyId),
    invokedBy: textOf(identity.invokedBy),
    issuer: textOf(issuer.arn),
    session,
    mfa: textOf(objectOf(context.attributes).mfaAuthenticated).toLowerCase(),
  };
  const role = textOf(issuer.userName) || lastPart(assumed?.role ?? textOf(issuer.arn));
  return { ...parts, name: typeof value === 'string' ? value : nameOf(identity, parts, role) };
}

type Parts = Omit<Actor, 'name'>;

function nameOf(identity: Json, { type, arn, principal, account, invokedBy, session }: Parts, role: string): string {
  const userName = textOf(identity.userName);
  const any = userName || lastPart(arn) || principal || invokedBy || account;
  switch (type) {
    case 'Root':
      return 'root';
    case 'AssumedRole':
      return [role, session].filter(Boolean).join('/') || any;
    case 'Role':
      return role || any;
    case 'FederatedUser':
      return userName || lastPart(arn) || afterColon(principal) || any;
    case 'AWSService':
      return invokedBy || any;
    case 'AWSAccount':
      // Requests to public buckets have no identity at all.
      if (account.toUpperCase() === 'ANONYMOUS_PRINCIPAL' || principal.toUpperCase() === 'ANONYMOUS_PRINCIPAL') return 'anonymous';
      return userName || lastPart(arn) || account || principal;
    case 'IdentityCenterUser':
      return userName || textOf(objectOf(identity.onBehalfOf).userId) || any;
    default:
      return any;
  }
}

const ASSUMED = ':assumed-role/';

/** `…:assumed-role/path/role/session`. Without a regular expression: an ARN may be as long as its record. */
function assumedRole(arn: string): { readonly role: string; readonly session: string } | undefined {
  const from = arn.indexOf(ASSUMED) + ASSUMED.length;
  const slash = arn.lastIndexOf('/');
  if (from < ASSUMED.length || slash <= from) return undefined;
  return { role: arn.slice(from, slash), session: arn.slice(slash + 1) };
}

/** `arn:aws:iam::123456789012:user/path/ann` → `ann`. */
function lastPart(arn: string): string {
  const resource = arn.slice(arn.lastIndexOf(':') + 1);
  return resource.slice(resource.lastIndexOf('/') + 1);
}

function afterColon(text: string): string {
  const at = text.indexOf(':');
  return at < 0 ? '' : text.slice(at + 1);
}
