/** What kind of act an event is, from what it is called and what the record says of it. */

/** Of records older than the field `readOnly`. */
const READING = /^(?:Describe|Get|List)/;
/** Services whose changes are changes of who may do what. */
const IDENTITY_SERVICES = /^(?:iam|sso|sso-directory|identitystore|organizations|rolesanywhere|verifiedpermissions|cognito-idp|cognito-identity|ram)\./;
/** Elsewhere, names of calls that change it. */
const PERMISSIONS = /Policy|Policies|Permission|Acl|PublicAccessBlock|Grant|SecurityGroup|Trust|Share/;

export interface Act {
  /** `eventSource`. */
  readonly source: string;
  /** `eventName`. */
  readonly name: string;
  readonly type: string;
  readonly category: string;
  /** `true`, `false` or empty, as the record says. */
  readonly readOnly: string;
}

/** `readOnly`, or what it would be. */
export function isReadOnly({ name, readOnly, category }: Act): string {
  if (readOnly !== '') return readOnly;
  if (name === '' || category === 'Insight' || category === 'Aggregated') return '';
  return String(READING.test(name));
}

/** read, write, permissions, sign-in, data, insight or summary. */
export function activityOf(act: Act): string {
  const { source, name, type, category } = act;
  if (category === 'Insight') return 'insight';
  if (category === 'Aggregated') return 'summary';
  if (source === 'signin.amazonaws.com' || type === 'AwsConsoleSignIn') return 'sign-in';
  if (category === 'Data') return 'data';
  if (isReadOnly(act) === 'true') return 'read';
  return IDENTITY_SERVICES.test(source) || PERMISSIONS.test(name) ? 'permissions' : 'write';
}
