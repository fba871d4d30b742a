/**
 * Who makes a request, as `userIdentity` says it.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
import type { Cycle, Identity, Json } from './activity.ts';
import type { Estate } from './estate.ts';
import type { Host } from './parties.ts';
import { poolAddresses, poolSeed } from './parties.ts';
import { hash, hashText } from './random.ts';

/** One member of an identity at one minute. */
export interface Actor {
  readonly userIdentity: Json;
  readonly arn: string;
  /** User name, role or service. */
  readonly name: string;
  readonly session: string;
  readonly accessKey: string;
  readonly source: string;
  readonly agent: string;
  readonly console: boolean;
  /** The machine that it is, where it is one. */
  readonly host: Host | undefined;
  readonly endpoint: string;
}

export interface Actors {
  /** Number of members. */
  count(who: string): number;
  /** Member n (from 0) at a minute since the epoch. */
  at(who: string, member: number, minute: number): Actor;
  /** The access key of its first member at a minute. */
  key(who: string, minute: number): string;
}

/** Ids of AWS are letters and digits without 0, 1, 8 and 9. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `AKIA` and sixteen letters, the same for the same parts. */
export function idOf(prefix: string, length: number, ...parts: readonly number[]): string {
  let id = prefix;
  for (let i = 0; i < length; i++) id += BASE32[hash(i, ...parts) & 31];
  return id;
}

/** Position of a minute in its cycles: which one, and how many minutes into it. */
export function cycleOf({ every, at }: Cycle, minute: number): { readonly number: number; readonly position: number } {
  const number = Math.floor((minute - at) / every);
  return { number, position: minute - at - number * every };
}

/** Throws Error when an identity names what the estate does not have. */
export function createActors(
  estate: Estate,
  hosts: ReadonlyMap<string, readonly Host[]>,
  identities: Readonly<Record<string, Identity>>,
  seed: number,
): Actors {
  const built = new Map(Object.entries(identities).map(([who, identity]) => [who, builder(estate, hosts, identity, seed)]));
  const find = (who: string) => {
    const found = built.get(who);
    if (!found) throw new Error(`demo activity: there is no identity ${who}`);
    return found;
  };
  return {
    count: (who) => find(who).count,
    at: (who, member, minute) => find(who).at(member, minute),
    key: (who, minute) => find(who).at(0, minute).accessKey,
  };
}

function builder(estate: Estate, hosts: ReadonlyMap<string, readonly Host[]>, identity: Identity, seed: number) {
  const { type, from } = identity;
  const account = estate.accounts[identity.account];
  if (!account) throw new Error(`demo activity: there is no account ${identity.account}`);
  const machines = 'role' in from ? hosts.get(from.role) : undefined;
  if ('role' in from && !machines) throw new Error(`demo activity: there is no role ${from.role}`);
  const pool = 'pool' in from ? estate.pools[from.pool] : undefined;
  if ('pool' in from && !pool) throw new Error(`demo activity: there is no pool ${from.pool}`);
  const address = 'pool' in from && pool ? poolAddresses(pool, poolSeed(seed, from.pool)) : undefined;
  const count = machines?.length ?? identity.count ?? 1;
  // The same user or role may be several identities: at the console, at the command line.
  const principal = (name: string) => idOf(type === 'role' ? 'AROA' : 'AIDA', 17, seed, hashText(`${account} ${type} ${name}`));

  const at = (member: number, minute: number): Actor => {
    const host = machines?.[member];
    const number = String(member + 1);
    const name = identity.count && type === 'user' ? `${identity.name}-${number}` : type === 'root' ? 'root' : identity.name;
    const session = (identity.session ?? '').replace('{member}', number).replace('{instance}', host?.instanceId ?? '');
    const temporary = type === 'role' || identity.console === true;
    // A session lasts an hour; a user's key until it is replaced.
    const age = temporary ? Math.floor(minute / 60) : 0;
    // Whoever uses a user's key, it is the same key.
    const owner = hashText(`${account} ${type} ${name} ${session}`);
    const accessKey = type === 'service' || type === 'hidden' ? '' : idOf(temporary ? 'ASIA' : 'AKIA', 16, seed, owner, generation(identity, minute), age);
    const began = identity.rotates ? minute - cycleOf(identity.rotates, minute).position : Math.floor(minute / 60) * 60;
    const source = 'service' in from ? from.service : (host?.address ?? address?.((('pool' in from && from.first) || 0) + member, false) ?? '');
    const arn = arnOf(type, account, name, session);
    const context = contextOf(identity, account, principal(name), began);
    return {
      userIdentity: identityOf(type, { account, arn, name, session, accessKey, principal: principal(name), context, source }),
      arn,
      name,
      session,
      accessKey,
      source,
      agent: identity.agent,
      console: identity.console === true,
      host,
      endpoint: ('role' in from && from.endpoint) || '',
    };
  };
  return { count, at };
}

function generation({ rotates }: Identity, minute: number): number {
  return rotates ? cycleOf(rotates, minute).number : 0;
}

function arnOf(type: Identity['type'], account: string, name: string, session: string): string {
  if (type === 'role') return `arn:aws:sts::${account}:assumed-role/${name}/${session}`;
  return type === 'root' ? `arn:aws:iam::${account}:root` : `arn:aws:iam::${account}:user/${name}`;
}

function contextOf({ type, name, console, mfa }: Identity, account: string, principalId: string, began: number): Json | undefined {
  if (type !== 'role' && !console) return undefined;
  const attributes = { creationDate: new Date(began * 60_000).toISOString().replace('.000', ''), mfaAuthenticated: String(mfa === true) };
  if (type !== 'role') return { attributes };
  return { sessionIssuer: { type: 'Role', principalId, arn: `arn:aws:iam::${account}:role/${name}`, accountId: account, userName: name }, attributes };
}

/** A user as another account's trail has it: its id and account, and no name. */
export function seenFromOutside(actor: Actor): Actor {
  const { principalId = '', accountId = '' } = actor.userIdentity as { readonly [key: string]: Json };
  return { ...actor, userIdentity: { type: 'AWSAccount', principalId, accountId } };
}

interface Parts {
  readonly account: string;
  readonly arn: string;
  readonly name: string;
  readonly session: string;
  readonly accessKey: string;
  readonly principal: string;
  readonly context: Json | undefined;
  readonly source: string;
}

function identityOf(type: Identity['type'], { account, arn, name, session, accessKey, principal, context, source }: Parts): Json {
  const sessionContext = context === undefined ? {} : { sessionContext: context };
  switch (type) {
    case 'user':
      return { type: 'IAMUser', principalId: principal, arn, accountId: account, accessKeyId: accessKey, userName: name, ...sessionContext };
    case 'role': {
      // What a service does for a session says so.
      const invoked = source.endsWith('.amazonaws.com') ? { invokedBy: source } : {};
      return { type: 'AssumedRole', principalId: `${principal}:${session}`, arn, accountId: account, accessKeyId: accessKey, ...sessionContext, ...invoked };
    }
    case 'root':
      return { type: 'Root', principalId: account, arn, accountId: account, accessKeyId: accessKey, ...sessionContext };
    case 'service':
      return { type: 'AWSService', invokedBy: source };
    case 'hidden':
      return { type: 'IAMUser', accountId: account, accessKeyId: '', userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' };
  }
}
