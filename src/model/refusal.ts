/**
 * Why a flow was refused, and what would have to be allowed, from what flow logs say of both directions of
 * its 5-tuple at one interface. Pure: records in, a verdict out.
 *
 * Security groups are stateful: what they let in may be answered. Network ACLs look at each direction by
 * itself. So a refused answer to an accepted request was refused by a network ACL, and where nothing was
 * accepted either may have refused it
 * (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html,
 * https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html).
 */
import { allowed, type Ends, type Rule } from './refusal-rules.ts';

/** One record of a flow log, as far as it matters here; what it does not say is undefined. Times are epoch seconds. */
export interface RefusalFlow extends Ends {
  readonly start: number;
  readonly end: number;
  readonly action: string | undefined;
  readonly interfaceId: string | undefined;
  /** Whether the packets left the interface. */
  readonly egress: boolean | undefined;
  readonly tcpFlags: number | undefined;
  readonly subnetId: string | undefined;
  /** As AWS wrote it in the record: BPA, EC. */
  readonly rejectReason: string | undefined;
}

/** What is known beside the flows. */
export interface RefusalContext {
  /** Kind of the interface, where it is known (`nat_gateway`, `natGateway`, …). */
  readonly interfaceType: string | undefined;
  /** The flow log has refused traffic only. */
  readonly refusedOnly: boolean;
  /** Accepted flows of the interface in the time that was looked through. */
  readonly acceptedHere: number;
  /** SKIPDATA records of the interface in that time: AWS lost flows. */
  readonly skipped: number;
  /** First second that was looked through for an accepted request. */
  readonly since: number;
  /** First second that any flow is stored of. */
  readonly firstStored: number;
  readonly now: number;
  /** There are more flows than were looked at. */
  readonly cut: boolean;
}

export const REFUSERS = [
  'security-group-or-network-acl',
  'security-group',
  'network-acl',
  'block-public-access',
  'encryption-control',
  'other-control',
  'unknown',
] as const;

export interface Verdict {
  /** Who refused it. `other-control`: what AWS names in the record and is not known here. */
  readonly by: (typeof REFUSERS)[number];
  /** Whether what was refused answers a request that was accepted. */
  readonly reply: boolean;
  /** The same was accepted at another time. */
  readonly changed: boolean;
  readonly reason: string;
  /** What makes the verdict less than certain. */
  readonly doubts: readonly string[];
  /** What would have to be allowed; empty where no rule helps or nobody can say. */
  readonly allow: readonly Rule[];
}

/** Between a flow and its record lie up to ten minutes. */
const LATE_SECONDS = 600;
const SYN = 2;
const ACK = 16;
const TCP = 6;
/** TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);
/** Interfaces that no security group can be put on: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html */
const WITHOUT_GROUPS = /^(regional_?)?nat_?gateway$|^transit_?gateway$/i;

/** Of an IANA protocol number. */
export function hasPorts(protocol: number): boolean {
  return WITH_PORTS.has(protocol);
}

/** How another record stands to one: the same direction of its 5-tuple, the other, or none of its business. */
export function relationOf(to: RefusalFlow, flow: RefusalFlow): 'same' | 'reverse' | undefined {
  if (to.protocol !== flow.protocol) return undefined;
  const same =
    to.source === flow.source && to.destination === flow.destination && to.sourcePort === flow.sourcePort && to.destinationPort === flow.destinationPort;
  const reverse =
    to.source === flow.destination && to.destination === flow.source && to.sourcePort === flow.destinationPort && to.destinationPort === flow.sourcePort;
  // Behind a NAT gateway two connections differ by the packet's addresses alone.
  if (same && agree(to.packetSource, flow.packetSource) && agree(to.packetDestination, flow.packetDestination)) return 'same';
  if (reverse && agree(to.packetSource, flow.packetDestination) && agree(to.packetDestination, flow.packetSource)) return 'reverse';
  return undefined;
}

function agree(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** `flows`: records of both directions around the refused one, at whatever interface; others among them do not matter. */
export function explainRefusal(refused: RefusalFlow, flows: readonly RefusalFlow[], context: RefusalContext): Verdict {
  const named = namedByAws(refused);
  if (named) return named;
  const missing = missingOf(refused);
  if (missing.length > 0) {
    return unknown(`The record does not say its ${missing.join(', ')}: its flow log leaves that out. Without it the other direction cannot be found.`);
  }
  const here = flows.filter((flow) => flow.interfaceId === refused.interfaceId);
  const accepted = (relation: 'same' | 'reverse') => here.filter((flow) => flow.action === 'ACCEPT' && relationOf(refused, flow) === relation);
  const before = accepted('reverse').filter((flow) => flow.start <= refused.end);
  const same = accepted('same');
  const reply = isReply(refused, same, before);
  const doubts = doubtsOf(refused, reply, before.length + same.length > 0, context);
  const allow = allowed(refused, { egress: refused.egress, reply });

  if (same.length > 0) return changed(refused, same, reply, doubts, allow, context);
  if (reply) {
    const request = before.reduce((last, flow) => (flow.start > last.start ? flow : last));
    const reason = `The request from ${request.source} was accepted at this interface at ${clock(request.start)}, and its reply is refused. Security groups let replies to accepted requests pass; a network ACL looks at each direction by itself.`;
    return { by: 'network-acl', reply, changed: false, reason, doubts, allow };
  }
  if (context.refusedOnly) {
    return unknown('The flow log records refused traffic only, so that an accepted request would not be seen.', doubts, allow);
  }
  const both = here.some((flow) => flow.action === 'REJECT' && relationOf(refused, flow) === 'reverse');
  const nothing = both ? 'Both directions are refused at this interface' : 'Neither direction was accepted at this interface before';
  if (looksLikeReply(refused)) {
    const reason = `Its TCP flags (SYN, ACK) are those of a reply, and no accepted request to it is stored since ${clock(context.since)}. If the request was accepted here, a network ACL refused the reply; if it went another way, or nobody sent one, a security group may have refused it.`;
    return unknown(reason, doubts, allowed(refused, { egress: refused.egress, reply: true }));
  }
  if (WITHOUT_GROUPS.test(context.interfaceType ?? '')) {
    const reason = `${nothing}. The interface is one of a gateway, which has no security groups: the network ACL of its subnet is left.`;
    return { by: 'network-acl', reply, changed: false, reason, doubts, allow: allow.filter((rule) => rule.control === 'network-acl') };
  }
  if (withinSubnet(refused, flows)) {
    const reason = `${nothing}, and both ends are in ${refused.subnetId}: network ACLs do not look at traffic within a subnet.`;
    return { by: 'security-group', reply, changed: false, reason, doubts, allow: allow.filter((rule) => rule.control === 'security-group') };
  }
  const reason = `${nothing}: a security group without a rule for it, or a network ACL. Flow logs do not say which of the two.`;
  return { by: 'security-group-or-network-acl', reply, changed: false, reason, doubts, allow };
}

/** AWS names the control since version 8: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html */
function namedByAws({ rejectReason }: RefusalFlow): Verdict | undefined {
  if (rejectReason === undefined || rejectReason === '') return undefined;
  const common = { reply: false, changed: false, doubts: [], allow: [] };
  switch (rejectReason.toUpperCase()) {
    case 'BPA':
      return {
        ...common,
        by: 'block-public-access',
        reason:
          'AWS says so in the record (reject-reason BPA): VPC Block Public Access refused it. No rule of a security group or network ACL allows it; an exclusion for the VPC or subnet, or another mode of the control, does.',
      };
    case 'EC':
      return {
        ...common,
        by: 'encryption-control',
        reason:
          'AWS says so in the record (reject-reason EC): the VPC’s encryption control refused it, because the traffic is not encrypted in transit. Both ends must be resources that encrypt it, or the VPC needs an exclusion.',
      };
    default:
      return { ...common, by: 'other-control', reason: `AWS says so in the record: its reject-reason is ${rejectReason}.` };
  }
}

function missingOf(flow: RefusalFlow): string[] {
  const list: [string, unknown][] = [
    ['interface', flow.interfaceId],
    ['source address', flow.source],
    ['destination address', flow.destination],
    ['protocol', flow.protocol],
  ];
  if (flow.protocol === undefined || hasPorts(flow.protocol)) list.push(['source port', flow.sourcePort], ['destination port', flow.destinationPort]);
  return list.filter(([, value]) => value === undefined).map(([name]) => name);
}

function isAttempt({ protocol, tcpFlags = 0 }: RefusalFlow): boolean {
  return protocol === TCP && (tcpFlags & SYN) !== 0 && (tcpFlags & ACK) === 0;
}

function looksLikeReply({ protocol, tcpFlags = 0 }: RefusalFlow): boolean {
  return protocol === TCP && (tcpFlags & SYN) !== 0 && (tcpFlags & ACK) !== 0;
}

/** Whoever answers was asked: an accepted record of the other direction is the request, unless this direction began. */
function isReply(refused: RefusalFlow, same: readonly RefusalFlow[], before: readonly RefusalFlow[]): boolean {
  if (before.length === 0 || isAttempt(refused) || same.some(isAttempt)) return false;
  if (same.length === 0 || looksLikeReply(refused) || before.some(isAttempt)) return true;
  // Both directions were accepted once: servers answer from the lower port.
  return (refused.sourcePort ?? 0) < (refused.destinationPort ?? 0);
}

function changed(
  refused: RefusalFlow,
  same: readonly RefusalFlow[],
  reply: boolean,
  doubts: readonly string[],
  allow: readonly Rule[],
  context: RefusalContext,
): Verdict {
  const by = reply || WITHOUT_GROUPS.test(context.interfaceType ?? '') ? 'network-acl' : 'security-group-or-network-acl';
  const earlier = same.filter((flow) => flow.start <= refused.start);
  const what = reply ? 'Replies of the same connection were' : 'The same flow was';
  if (earlier.length > 0) {
    const last = Math.max(...earlier.map((flow) => flow.end));
    const reason = `${what} accepted until ${clock(last)} and refused after that: a rule was changed${reply ? ' (of a network ACL: security groups do not look at replies)' : ''}, or the connection was quiet for so long that its state was forgotten.`;
    return { by, reply, changed: true, reason, doubts, allow };
  }
  const first = Math.min(...same.map((flow) => flow.start));
  const reason = `${what} accepted from ${clock(first)} on: what refused it was changed since, and nothing is left to allow.`;
  return { by, reply, changed: true, reason, doubts, allow: [] };
}

/** An interface in the same subnet sends what this one is sent, or is sent what this one sends. */
function withinSubnet(refused: RefusalFlow, flows: readonly RefusalFlow[]): boolean {
  if (refused.subnetId === undefined || refused.egress === undefined) return false;
  return flows.some((flow) => {
    if (flow.interfaceId === refused.interfaceId || flow.subnetId !== refused.subnetId || flow.egress === undefined) return false;
    const relation = relationOf(refused, flow);
    return relation !== undefined && (flow.egress !== refused.egress) === (relation === 'same');
  });
}

function doubtsOf(refused: RefusalFlow, reply: boolean, found: boolean, context: RefusalContext): string[] {
  const doubts: string[] = [];
  if (refused.egress === undefined) doubts.push('Which end of the flow is this interface is not known, so that rules are listed for both ways.');
  if (reply || found) return doubts;
  if (context.skipped > 0) doubts.push('AWS lost records of this interface in this time (SKIPDATA); an accepted request may be among them.');
  if (context.cut) doubts.push('There are more records of this flow than were looked at.');
  if (context.firstStored > context.since && context.firstStored > refused.start - LATE_SECONDS)
    doubts.push(`Stored records begin at ${clock(context.firstStored)}; an accepted request before that would not be seen.`);
  if (context.now - refused.end < LATE_SECONDS) doubts.push('Records come up to ten minutes late; an accepted request may still be on its way.');
  if (context.acceptedHere === 0 && !context.refusedOnly)
    doubts.push(
      'No accepted flow of this interface is stored in this time: if its flow log records refused traffic only, an accepted request would not be seen.',
    );
  return doubts;
}

function unknown(reason: string, doubts: readonly string[] = [], allow: readonly Rule[] = []): Verdict {
  return { by: 'unknown', reply: false, changed: false, reason, doubts, allow };
}

/** `2026-03-10 12:34:56 UTC`. */
function clock(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
