/**
 * Transit gateway flow logs as an estate gives them, for tests of layout inference: all fields a row, in
 * order of time. Each flow crosses two attachments; what is lost, and what comes over a VPN, crosses one.
 */
import { TGW_FLOW } from '../../src/model/log-formats.ts';
import { type FlowRow, randomOf } from './estate.ts';

export const GATEWAY_NAMES: readonly string[] = TGW_FLOW.fields.map((f) => f.aws as string);

interface Network {
  readonly account: string;
  readonly vpc: string;
  readonly attachment: string;
  readonly zones: readonly { readonly zone: string; readonly subnet: string; readonly eni: string }[];
  readonly address: (host: number) => string;
}

/** `rows`: at least so many. */
export function gatewayRows(seed: number, rows: number): FlowRow[] {
  const random = randomOf(seed ^ 0x5bd1e995);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const hex = (n: number): string => Array.from({ length: n }, () => below(16).toString(16)).join('');
  const chance = (p: number): boolean => random() < p;

  const region = pick(['eu-west-1', 'us-east-1', 'ap-southeast-2']);
  const account = String(100000000000 + below(800000000000));
  const accounts = [account, String(100000000000 + below(800000000000)), String(100000000000 + below(800000000000))];
  const gateway = `tgw-${hex(17)}`;
  const v6 = chance(0.3);
  const networks: Network[] = Array.from({ length: 2 + below(6) }, (_, n) => ({
    account: pick(accounts),
    vpc: `vpc-${hex(17)}`,
    attachment: `tgw-attach-${hex(17)}`,
    zones: [1, 2].map((z) => ({ zone: `euw1-az${z}`, subnet: `subnet-${hex(17)}`, eni: `eni-${hex(17)}` })),
    address: (host) => (v6 && host % 5 === 0 ? `2600:1f18:77:${n + 1}::${host + 1}` : `10.${n}.${host % 3}.${4 + host}`),
  }));
  const office = `tgw-attach-${hex(17)}`;
  // The VPC that a firewall is in: what it passes on has addresses that are none of its own.
  const firewall = chance(0.15) ? networks[0] : undefined;
  const share = { udp: chance(0.85) ? random() * 0.4 : 0, icmp: chance(0.6) ? random() * 0.2 : 0, silent: chance(0.75) ? random() * 0.1 : 0 };
  const lost = chance(0.3) ? random() * 0.2 : 0;
  const vpn = chance(0.5) ? random() * 0.3 : 0;
  const flagged = chance(0.95);
  const found: FlowRow[] = [];
  let time = 1790000000 + below(4_000_000);

  interface End {
    readonly network: Network | undefined;
    readonly zone: number;
    readonly address: string;
    readonly port: number;
  }
  const nobody = { account: '-', vpc: '-', attachment: '-', zone: '-', subnet: '-', eni: '-' };
  const fieldsOf = ({ network, zone }: End) => (network ? { ...network, ...network.zones[zone] } : { ...nobody, attachment: office });
  const record = (fields: Readonly<Record<string, string>>): void => {
    const base = { version: '6', 'resource-type': 'TransitGateway', 'account-id': account, 'tgw-id': gateway, region };
    found.push({ ...Object.fromEntries(GATEWAY_NAMES.map((name) => [name, '-'])), ...base, ...fields });
  };
  const packet = (from: End, to: End, protocol: number, flags: number): void => {
    const [source, destination] = [fieldsOf(from), fieldsOf(to)];
    const isLost = chance(lost);
    const packets = 1 + Math.floor(Math.exp(random() * 5) - 1);
    const start = time + below(20);
    const shared = {
      'tgw-src-vpc-account-id': source.account,
      'tgw-src-vpc-id': source.vpc,
      'tgw-src-subnet-id': source.subnet ?? '-',
      'tgw-src-eni': source.eni ?? '-',
      'tgw-src-az-id': source.zone ?? '-',
      srcaddr: from.address,
      dstaddr: to.address,
      srcport: String(from.port),
      dstport: String(to.port),
      protocol: String(protocol),
      packets: String(packets),
      bytes: String(packets * (40 + below(1400))),
      start: String(start),
      end: String(start + below(60)),
      'log-status': 'OK',
      type: from.address.includes(':') ? 'IPv6' : 'IPv4',
      'packets-lost-no-route': '0',
      'packets-lost-blackhole': '0',
      'packets-lost-mtu-exceeded': '0',
      'packets-lost-ttl-expired': '0',
      'tcp-flags': String(protocol === 6 && flagged ? flags : 0),
      'pkt-src-aws-service': from.address.startsWith('52.') ? 'S3' : '-',
      'pkt-dst-aws-service': to.address.startsWith('52.') ? 'S3' : '-',
    };
    if (isLost) {
      const reason = pick(['packets-lost-no-route', 'packets-lost-blackhole', 'packets-lost-mtu-exceeded', 'packets-lost-ttl-expired']);
      record({ ...shared, 'tgw-attachment-id': source.attachment, [reason]: String(packets), 'flow-direction': 'ingress' });
      return;
    }
    const there = {
      ...shared,
      'tgw-dst-vpc-account-id': destination.account,
      'tgw-dst-vpc-id': destination.vpc,
      'tgw-dst-subnet-id': destination.subnet ?? '-',
      'tgw-dst-eni': destination.eni ?? '-',
      'tgw-dst-az-id': destination.zone ?? '-',
    };
    record({ ...there, 'tgw-attachment-id': source.attachment, 'tgw-pair-attachment-id': destination.attachment, 'flow-direction': 'ingress' });
    record({ ...there, 'tgw-attachment-id': destination.attachment, 'tgw-pair-attachment-id': source.attachment, 'flow-direction': 'egress' });
  };
  const ephemeral = (): number => 32768 + below(28231);
  const host = (network: Network): { network: Network; zone: number; address: string } => {
    const n = below(12);
    return { network, zone: n % 2, address: network.address(n) };
  };
  while (found.length < rows) {
    time += below(8);
    const client = pick(networks);
    const server = pick(networks.filter((network) => network !== client));
    if (chance(share.silent)) {
      const silent = { start: String(time), end: String(time + 60), 'log-status': chance(0.9) ? 'NODATA' : 'SKIPDATA' };
      record({ ...silent, 'tgw-attachment-id': client.attachment });
      continue;
    }
    const far = chance(vpn);
    const one: End = { ...(far ? { network: undefined, zone: 0, address: `192.168.${below(4)}.${below(250)}` } : host(client)), port: ephemeral() };
    const other: End = { ...host(server), port: pick([443, 443, 5432, 22, 53, 8080]) };
    const protocol = chance(share.icmp) ? 1 : chance(share.udp) ? 17 : 6;
    const [begin, end] =
      protocol === 1
        ? [
            { ...one, port: 0 },
            { ...other, port: 0 },
          ]
        : [one, other];
    const hops: (readonly [End, End])[] =
      firewall && client !== firewall && server !== firewall && !far
        ? [
            [begin, { ...end, network: firewall, zone: 0 }],
            [{ ...begin, network: firewall, zone: 0 }, end],
          ]
        : [[begin, end]];
    for (const [from, to] of hops) {
      packet(from, to, protocol, pick([2, 3, 2, 0]));
      if (chance(0.9)) packet(to, from, protocol, pick([18, 19, 18, 0]));
    }
  }
  return found;
}

/** Lines of the rows in a layout. */
export function gatewayLines(rows: readonly FlowRow[], layout: readonly string[]): string[] {
  return rows.map((row) => layout.map((name) => row[name]).join(' '));
}
