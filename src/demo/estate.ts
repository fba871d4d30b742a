/**
 * What the demo estate is made of. The estate itself is data (content/demo/estate.yaml): who owns
 * which networks, which machines stand in them, who talks to whom and how much.
 */

import type { Severity } from '../model/indicator.ts';

export interface Estate {
  readonly accounts: Readonly<Record<string, string>>;
  readonly rhythms: Readonly<Record<string, Rhythm>>;
  readonly pools: Readonly<Record<string, Pool>>;
  readonly vpcs: readonly Vpc[];
  readonly traffic: readonly Traffic[];
  readonly threats: readonly Threat[];
}

/** What the demo's threat feed says of addresses. */
export interface Threat {
  /** Members of a pool, [first, after the last); the most frequent come first. */
  readonly pool?: string | undefined;
  readonly members?: readonly [number, number] | undefined;
  /** CIDR blocks. */
  readonly ranges?: readonly string[] | undefined;
  /** 0–100. */
  readonly confidence: number;
  readonly severity: Severity;
  readonly threatType: string;
  readonly actors?: readonly string[] | undefined;
  readonly malware?: readonly string[] | undefined;
  readonly killChain?: readonly string[] | undefined;
  readonly labels: readonly string[];
  /** `2026-11-17` */
  readonly updated: string;
}

/** How traffic swells over a day and a week. */
export interface Rhythm {
  /** Share of the peak that remains at the quietest hour. */
  readonly floor: number;
  /** Hour of the peak, UTC. */
  readonly peakHour: number;
  /** Factor on Saturday and Sunday. */
  readonly weekend: number;
}

/** Addresses outside of the estate. The same members come back, a few of them much more often than the rest. */
export interface Pool {
  readonly members: number;
  /** IPv4 CIDR blocks (at most /24) with weights. */
  readonly networks: Readonly<Record<string, number>>;
  /** IPv6 CIDR blocks (at most /64, written as `a:b:c::/n` with whole groups) with weights. */
  readonly networks6?: Readonly<Record<string, number>> | undefined;
  /** AWS service of the addresses, as pkt-src-aws-service writes it. */
  readonly service?: string | undefined;
  /** Reached through a gateway endpoint and not the internet gateway. */
  readonly endpoint?: boolean | undefined;
}

export interface Vpc {
  readonly name: string;
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly zones: readonly string[];
  /** /16, like 10.20.0.0/16. */
  readonly network: string;
  /** /56 that ends in two zero digits, like 2600:1f18:4a2b:1c00::/56. */
  readonly network6?: string | undefined;
  readonly flowLog: string;
  /** Header names of its flow log, separated by spaces. */
  readonly layout: string;
  /** Machines by role. */
  readonly roles: Readonly<Record<string, Role>>;
}

export interface Role {
  readonly count: number;
  /** Its interfaces belong to a service (load balancer, NAT gateway): no instance id. */
  readonly managed?: boolean | undefined;
  /** There is one of them a day, in turn, launched in the morning and terminated when its work is done. */
  readonly daily?: boolean | undefined;
}

/** One side of a conversation: a pool, a role as `vpc/role`, one machine of it as `vpc/role/2`, or that of the day as `vpc/role/day`. */
export type Party = { readonly pool: string } | { readonly role: string };

export interface Window {
  /** Minutes from one to the next; a day when absent. */
  readonly every?: number | undefined;
  /** Minute of its first minute after midnight (UTC) of the epoch: of the day, or of the piece of a day. */
  readonly at: number;
  readonly minutes: number;
  /** Factor on bytes from the first to the last minute. */
  readonly growth: number;
}

export interface Traffic {
  readonly name: string;
  readonly from: Party;
  readonly to: Party;
  /** IANA number. */
  readonly protocol: number;
  /** Destination ports with weights; 0 for ICMP. */
  readonly ports: Readonly<Record<string, number>>;
  /** Conversations a minute at the rhythm's peak. */
  readonly rate: number;
  readonly rhythm: string;
  /** Bytes of the request and of the answer, smallest and largest. */
  readonly request: readonly [number, number];
  readonly reply: readonly [number, number];
  /** Share that is refused, 0 to 1. */
  readonly refused?: number | undefined;
  /** Share over IPv6, 0 to 1; both parties need IPv6. */
  readonly ipv6?: number | undefined;
  /** Role (`vpc/role`) of the NAT gateways on the way out. */
  readonly nat?: string | undefined;
  /** Only at minutes divisible by this (shifted by the name). */
  readonly everyMinutes?: number | undefined;
  /** Only in a window that comes back. */
  readonly window?: Window | undefined;
  /** In blocks of minutes that begin by chance, each block with one client of its own. */
  readonly bursts?: { readonly minutes: number; readonly chance: number } | undefined;
  /** Always the same client and server. */
  readonly fixed?: boolean | undefined;
  /** Ports one after the other instead of by weight: a port scan. */
  readonly sweep?: boolean | undefined;
}

/** Networks of the estate that the private ranges do not cover: list them as internal. */
export function internalNetworks(estate: Estate): string[] {
  return estate.vpcs.flatMap((vpc) => (vpc.network6 ? [vpc.network6] : []));
}
