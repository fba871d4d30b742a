/**
 * Rules of security groups and network ACLs that would let a flow pass. A security group needs a rule for
 * the request alone; a network ACL needs one for each direction, and the reply goes to the port that the
 * client happened to choose
 * (https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports).
 */
import { PROTOCOL_NAMES } from './services.ts';

/** A flow by its ends; what a record does not say is undefined. */
export interface Ends {
  readonly source: string | undefined;
  readonly destination: string | undefined;
  /** Addresses in the packet, where the log has them (NAT gateways, secondary addresses). */
  readonly packetSource: string | undefined;
  readonly packetDestination: string | undefined;
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  readonly protocol: number | undefined;
}

export interface Rule {
  readonly control: 'security-group' | 'network-acl';
  readonly direction: 'inbound' | 'outbound';
  /** In AWS's words: TCP, UDP, ICMP, or the protocol's number where consoles ask for it. */
  readonly protocol: string;
  /** `22`, `1024–65535`, or what stands in their place. */
  readonly ports: string;
  /** The other end. */
  readonly cidr: string;
  readonly what: 'request' | 'reply';
  /** Only where this end of the flow is the interface’s; absent where that is known. */
  readonly ifInterfaceIs?: 'source' | 'destination';
}

/** Ports that clients choose from, all systems together. */
const EPHEMERAL_FROM = 1024;
const EPHEMERAL = '1024–65535';
const ICMP = 1;
const ICMPV6 = 58;

interface Way {
  /** Whether the refused packets leave the interface; undefined: either way. */
  readonly egress: boolean | undefined;
  readonly reply: boolean;
}

/** What would have to be allowed at the flow's interface. The flow has addresses and a protocol. */
export function allowed(flow: Ends, { egress, reply }: Way): Rule[] {
  if (flow.protocol === undefined) return [];
  if (egress !== undefined) return rulesFor(flow, egress, reply);
  return [
    ...rulesFor(flow, false, reply).map((rule) => ({ ...rule, ifInterfaceIs: 'destination' as const })),
    ...rulesFor(flow, true, reply).map((rule) => ({ ...rule, ifInterfaceIs: 'source' as const })),
  ];
}

function rulesFor(flow: Ends, egress: boolean, reply: boolean): Rule[] {
  // Rules see the packet's own addresses, not those that stand in the record for the interface.
  const peer = egress ? (flow.packetDestination ?? flow.destination) : (flow.packetSource ?? flow.source);
  if (peer === undefined) return [];
  const common = { protocol: protocolName(flow.protocol as number), cidr: `${peer}/${peer.includes(':') ? 128 : 32}` };
  const [there, back] = egress ? (['outbound', 'inbound'] as const) : (['inbound', 'outbound'] as const);
  if (reply) return [{ ...common, control: 'network-acl', direction: there, ports: portsOf(flow, 'reply', flow.destinationPort), what: 'reply' }];
  const request = { ...common, direction: there, ports: portsOf(flow, 'request', flow.destinationPort), what: 'request' } as const;
  return [
    { ...request, control: 'security-group' },
    { ...request, control: 'network-acl' },
    { ...common, control: 'network-acl', direction: back, ports: portsOf(flow, 'reply', flow.sourcePort), what: 'reply' },
  ];
}

/** A client's port is another one next time: the reply may go to any of them. */
function portsOf({ protocol, sourcePort, destinationPort }: Ends, what: Rule['what'], port: number | undefined): string {
  if (protocol === ICMP || protocol === ICMPV6) return what === 'request' ? 'all types, or echo request' : 'all types, or echo reply';
  if (sourcePort === undefined || destinationPort === undefined || port === undefined || (sourcePort === 0 && destinationPort === 0)) return 'all';
  return what === 'reply' && port >= EPHEMERAL_FROM ? EPHEMERAL : String(port);
}

function protocolName(protocol: number): string {
  if (protocol === ICMPV6) return 'ICMPv6';
  const name = PROTOCOL_NAMES[protocol];
  return name ? name.toUpperCase() : `protocol ${protocol}`;
}
