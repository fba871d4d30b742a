/**
 * Flows as lines of a flow log: a layout is a list of header names, and each name is one way to write
 * a flow. https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
import { AWS_FIELDS } from '../model/fields.ts';
import type { Estate, Vpc } from './estate.ts';
import type { Host } from './parties.ts';

/** One record, as its interface sees it. */
export interface Flow {
  host: Host;
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  protocol: number;
  packets: number;
  bytes: number;
  start: number;
  end: number;
  accepted: boolean;
  flags: number;
  egress: boolean;
  /** 1–8 on egress, 0 for none. */
  path: number;
  packetSource: string;
  packetDestination: string;
  sourceService: string;
  destinationService: string;
}

type Write = (flow: Flow) => string | number;

const WRITERS: Readonly<Record<string, Write>> = {
  'interface-id': (f) => f.host.interfaceId,
  srcaddr: (f) => f.source,
  dstaddr: (f) => f.destination,
  srcport: (f) => f.sourcePort,
  dstport: (f) => f.destinationPort,
  protocol: (f) => f.protocol,
  packets: (f) => f.packets,
  bytes: (f) => f.bytes,
  start: (f) => f.start,
  end: (f) => f.end,
  action: (f) => (f.accepted ? 'ACCEPT' : 'REJECT'),
  'subnet-id': (f) => f.host.subnetId,
  'instance-id': (f) => f.host.instanceId,
  'tcp-flags': (f) => f.flags,
  type: (f) => (f.source.includes(':') ? 'IPv6' : 'IPv4'),
  'pkt-srcaddr': (f) => f.packetSource,
  'pkt-dstaddr': (f) => f.packetDestination,
  'az-id': (f) => f.host.zone,
  'pkt-src-aws-service': (f) => f.sourceService,
  'pkt-dst-aws-service': (f) => f.destinationService,
  'flow-direction': (f) => (f.egress ? 'egress' : 'ingress'),
  'traffic-path': (f) => (f.path === 0 ? '-' : f.path),
  'sublocation-type': () => '-',
  'sublocation-id': () => '-',
};

/** What a record without traffic still says. */
const STATUS_FIELDS: ReadonlySet<string> = new Set(['interface-id', 'start', 'end', 'subnet-id', 'az-id']);

export interface LineWriter {
  readonly header: string;
  flow(flow: Flow): string;
  /** NODATA or SKIPDATA of an interface. */
  status(status: 'NODATA' | 'SKIPDATA', flow: Flow): string;
}

/** A VPC's writer. Throws when its layout names a field that the demo cannot write. */
export function lineWriter(vpc: Vpc, estate: Estate): LineWriter {
  const names = vpc.layout.split(' ');
  const account = estate.accounts[vpc.account];
  if (!account) throw new Error(`demo estate: there is no account ${vpc.account}`);
  const version = Math.max(...names.map((name) => AWS_FIELDS.find((field) => field.aws === name)?.since ?? 0));
  const constant: Readonly<Record<string, string>> = { version: String(version), 'account-id': account, 'vpc-id': vpc.id, region: vpc.region };
  const writers = names.map((name): Write => {
    const text = constant[name];
    if (text !== undefined) return () => text;
    if (name === 'log-status') return () => 'OK';
    const writer = WRITERS[name];
    if (!writer) throw new Error(`demo estate: the demo cannot write the field ${name} of ${vpc.name}`);
    return writer;
  });
  return {
    header: vpc.layout,
    flow(flow) {
      let line = '';
      for (let i = 0; i < writers.length; i++) line += i === 0 ? writers[i]!(flow) : ` ${writers[i]!(flow)}`;
      return line;
    },
    status: (status, flow) =>
      names.map((name, i) => (name === 'log-status' ? status : name in constant || STATUS_FIELDS.has(name) ? writers[i]!(flow) : '-')).join(' '),
  };
}
