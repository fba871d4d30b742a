/**
 * What EC2 says of network interfaces, kept for a while. Asked by id and page by page: one event of
 * CloudWatch speaks of few interfaces, an account may have many thousands.
 */
import { DescribeNetworkInterfacesCommand, type EC2Client, type NetworkInterface } from '@aws-sdk/client-ec2';
import { membership, single } from './networks.ts';

export interface InterfaceInfo {
  readonly vpc: string | undefined;
  readonly subnet: string | undefined;
  readonly groups: readonly string[];
  /** Whether an address, in any spelling, is one of the interface's own. */
  owns(address: string): boolean;
}

export interface Interfaces {
  /** Those that EC2 knows. Throws what the client throws. */
  describe(ids: Iterable<string>): Promise<ReadonlyMap<string, InterfaceInfo>>;
}

/** Milliseconds that an answer is used. Groups change rarely; an interface that EC2 does not know yet may be new. */
const KNOWN_FOR = 10 * 60_000;
const UNKNOWN_FOR = 60_000;
const MAX_KEPT = 10_000;
/** Values that a filter takes. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html */
const IDS_PER_CALL = 200;
const PAGE = 1000;
const MAX_PAGES = 100;

interface Kept {
  readonly info: InterfaceInfo | undefined;
  readonly until: number;
}

/** `now`: epoch milliseconds. */
export function createInterfaces(client: EC2Client, now: () => number): Interfaces {
  const kept = new Map<string, Kept>();
  const keep = (id: string, info: InterfaceInfo | undefined): void => {
    kept.delete(id);
    kept.set(id, { info, until: now() + (info ? KNOWN_FOR : UNKNOWN_FOR) });
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value as string);
  };
  return {
    async describe(ids) {
      // A filter's value may hold wildcards: only what is an interface's id is asked for.
      const wanted = [...new Set(ids)].filter((id) => /^eni-[0-9a-f]{8,32}$/.test(id));
      const known = new Map<string, InterfaceInfo>();
      const missing: string[] = [];
      for (const id of wanted) {
        const entry = kept.get(id);
        if (entry === undefined || entry.until <= now()) missing.push(id);
        else if (entry.info) known.set(id, entry.info);
      }
      for (let i = 0; i < missing.length; i += IDS_PER_CALL) {
        const asked = missing.slice(i, i + IDS_PER_CALL);
        const found = await ask(client, asked);
        for (const id of asked) {
          const info = found.get(id);
          keep(id, info);
          if (info) known.set(id, info);
        }
      }
      return known;
    },
  };
}

async function ask(client: EC2Client, ids: string[]): Promise<Map<string, InterfaceInfo>> {
  const found = new Map<string, InterfaceInfo>();
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await client.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'network-interface-id', Values: ids }], MaxResults: PAGE, NextToken: token }),
    );
    for (const one of answer.NetworkInterfaces ?? []) if (one.NetworkInterfaceId) found.set(one.NetworkInterfaceId, read(one));
    token = answer.NextToken;
    if (!token) return found;
  }
  throw new Error(`EC2 gave more than ${MAX_PAGES} pages for ${ids.length} interfaces`);
}

function read(one: NetworkInterface): InterfaceInfo {
  const addresses = [
    one.PrivateIpAddress,
    ...(one.PrivateIpAddresses ?? []).map((a) => a.PrivateIpAddress),
    one.Ipv6Address,
    ...(one.Ipv6Addresses ?? []).map((a) => a.Ipv6Address),
  ];
  return {
    vpc: one.VpcId,
    subnet: one.SubnetId,
    groups: (one.Groups ?? []).flatMap((group) => group.GroupId ?? []),
    owns: membership(addresses.flatMap((address) => (address ? single(address) : []))),
  };
}
