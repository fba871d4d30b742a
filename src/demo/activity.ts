/**
 * What people, programs and services of the demo estate ask of AWS. The activity itself is data
 * (content/demo/activity.yaml, content/demo/incident.yaml): who there is, who does what and how often, and
 * what is done at set times. The machines, networks and addresses in it are those of the estate.
 */
import type { Pool, Threat, Traffic } from './estate.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Activity {
  readonly identities: Readonly<Record<string, Identity>>;
  /** Names that calls are about: each list answers to `{its name}` in the texts of calls. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** Calls that have more to them than a name, by action as policies write it: `ec2:RebootInstances`. */
  readonly calls: Readonly<Record<string, Call>>;
  readonly tasks: readonly Task[];
  readonly scripts: readonly Script[];
}

/** Where requests come from. */
export type Origin =
  /** A member of a pool of the estate: the identity's member n is the pool's member first + n. */
  | { readonly pool: string; readonly first?: number | undefined }
  /** Machines of a role (`vpc/role`), through a VPC endpoint. */
  | { readonly role: string; readonly endpoint?: string | undefined }
  /** An AWS service, by its host name. */
  | { readonly service: string };

export interface Identity {
  /** hidden: whoever fails to sign in under a name that does not exist. */
  readonly type: 'user' | 'role' | 'service' | 'root' | 'hidden';
  /** User or role; members of a group of users are name-1, name-2, … */
  readonly name: string;
  /** Account of the estate. */
  readonly account: string;
  readonly count?: number | undefined;
  /** Name of a role's sessions; may hold {member} or {instance}. */
  readonly session?: string | undefined;
  readonly from: Origin;
  readonly agent: string;
  /** Uses the console, and signed in with a second factor or without one. */
  readonly console?: boolean | undefined;
  readonly mfa?: boolean | undefined;
  /** Its access key is replaced: at `at` of every cycle of so many minutes. */
  readonly rotates?: Cycle | undefined;
}

/** Begins again every `every` minutes, `at` minutes after midnight (UTC) of the epoch. */
export interface Cycle {
  readonly every: number;
  readonly at: number;
}

/** Texts may hold {names}, see values.ts. */
export interface Call {
  /** The event's name, where it is not the action's. */
  readonly event?: string | undefined;
  readonly request?: Json | undefined;
  readonly response?: Json | undefined;
  readonly additional?: Json | undefined;
  /** ARNs with the resource's type. */
  readonly resources?: readonly { readonly arn: string; readonly type: string }[] | undefined;
  /** A data event. */
  readonly data?: boolean | undefined;
  /** Refused by the policy of the VPC endpoint that it goes through: an event of network activity, which says little of the request. */
  readonly network?: boolean | undefined;
  /** Of sign-ins and what else is no call of an API: `AwsConsoleSignIn`, `AwsServiceEvent`. */
  readonly eventType?: string | undefined;
  /** A share of the calls fails. */
  readonly error?: Failure | undefined;
}

export interface Failure {
  readonly share: number;
  readonly code?: string | undefined;
  readonly message: string;
  readonly response?: Json | undefined;
  readonly additional?: Json | undefined;
}

/** Calls that come by chance. */
export interface Task {
  readonly name: string;
  readonly who: string;
  /** Names of the VPCs whose account, region and machines they are about. */
  readonly at: readonly string[];
  /** Calls a minute at the rhythm's peak. */
  readonly rate: number;
  readonly rhythm: string;
  /** Actions with weights. */
  readonly calls: Readonly<Record<string, number>>;
  /** Share that is refused, 0 to 1. */
  readonly denied?: number | undefined;
  /** In blocks of minutes that begin by chance, each block by one member. */
  readonly bursts?: { readonly minutes: number; readonly chance: number } | undefined;
}

/** Calls at set times. */
export interface Script extends Cycle {
  readonly name: string;
  readonly steps: readonly Step[];
}

export interface Step extends Call {
  /** Minutes and seconds after the script's beginning: `12:30`. */
  readonly time: string;
  readonly who: string;
  /** Name of a VPC. */
  readonly at: string;
  readonly call: string;
  /** A machine (`vpc/role`, `vpc/role/2`, `vpc/role/day`) that it is about. */
  readonly machine?: string | undefined;
  /** Refused, for this reason. */
  readonly denied?: string | undefined;
  /** Account whose trail has a record of it too. */
  readonly also?: string | undefined;
  /** An Insights event instead of a call. */
  readonly insight?: Json | undefined;
}

/** One story over both kinds of logs. */
export interface Incident {
  readonly cycle: Cycle;
  readonly identities: Activity['identities'];
  readonly steps: readonly Step[];
  readonly pools: Readonly<Record<string, Pool>>;
  readonly threats: readonly Threat[];
  readonly traffic: readonly IncidentTraffic[];
}

/** Traffic of [first, after the last) minute after the beginning. */
export type IncidentTraffic = Omit<Traffic, 'window'> & { readonly minutes: readonly [number, number]; readonly growth?: number | undefined };
