/** Turns the estate's roles into machines with addresses and interface ids, and its pools into addresses of the internet. */
import type { Estate, Party, Pool, Vpc } from './estate.ts';
import { hash, hashText, hex, Weighted } from './random.ts';

/** A machine: one network interface. */
export interface Host {
  /** Position of its VPC in the estate. */
  readonly vpc: number;
  readonly address: string;
  readonly address6: string;
  readonly interfaceId: string;
  /** `-` on interfaces that a service owns. */
  readonly instanceId: string;
  readonly subnetId: string;
  readonly zone: string;
}

/** One end of a conversation. */
export interface End {
  readonly address: string;
  /** Where the end is one of ours. */
  readonly host?: Host;
  /** AWS service, or `-`. */
  readonly service: string;
  readonly endpoint: boolean;
}

export interface Ends {
  /** The end for a share in [0, 1): the same share gives the same end, on the same day (`minute`: since the epoch). */
  at(share: number, ipv6: boolean, minute: number): End;
}

/** All machines by `vpc/role`. */
export function buildHosts(estate: Estate, seed: number): ReadonlyMap<string, readonly Host[]> {
  const hosts = new Map<string, readonly Host[]>();
  estate.vpcs.forEach((vpc, index) => {
    Object.entries(vpc.roles).forEach(([role, { count, managed }], position) => {
      const machines = Array.from({ length: count }, (_, n) => buildHost(vpc, index, seed, position, n, managed === true));
      hosts.set(`${vpc.name}/${role}`, machines);
    });
  });
  return hosts;
}

/** A role has one subnet in each zone; its machines take turns. */
function buildHost(vpc: Vpc, index: number, seed: number, role: number, n: number, managed: boolean): Host {
  const zone = n % vpc.zones.length;
  const subnet = role * 8 + zone + 1;
  const number = 10 + n;
  const key = [seed, hashText(vpc.id), role, n] as const;
  return {
    vpc: index,
    address: vpc.network.replace(/\.0\.0\/16$/, `.${subnet}.${number}`),
    address6: vpc.network6 ? vpc.network6.replace(/00::\/56$/, `${subnet.toString(16).padStart(2, '0')}::${hex(4, ...key, 9).replace(/^0+/, '') || '1'}`) : '',
    interfaceId: `eni-0${hex(16, ...key, 1)}`,
    instanceId: managed ? '-' : `i-0${hex(16, ...key, 2)}`,
    subnetId: `subnet-0${hex(16, seed, hashText(vpc.id), subnet)}`,
    zone: vpc.zones[zone]!,
  };
}

/** Resolves a party. Throws when the estate names what it does not have. */
export function resolveParty(estate: Estate, hosts: ReadonlyMap<string, readonly Host[]>, party: Party, seed: number): Ends {
  if ('pool' in party) {
    const pool = estate.pools[party.pool];
    if (!pool) throw new Error(`demo estate: there is no pool ${party.pool}`);
    return poolEnds(pool, poolSeed(seed, party.pool));
  }
  const [vpc, role, one] = party.role.split('/');
  if (one !== undefined) {
    machineOf(hosts, party.role, 0);
    return { at: (_, ipv6, minute) => endOf(machineOf(hosts, party.role, minute), ipv6) };
  }
  const machines = hosts.get(`${vpc}/${role}`);
  if (!machines || machines.length === 0) throw new Error(`demo estate: there is no role ${party.role}`);
  const ends = (['address', 'address6'] as const).map((family) => machines.map((host) => endOf(host, family === 'address6')));
  return { at: (share, ipv6) => ends[ipv6 ? 1 : 0]![Math.floor(share * machines.length)]! };
}

function endOf(host: Host, ipv6: boolean): End {
  return { address: ipv6 ? host.address6 : host.address, host, service: '-', endpoint: false };
}

/** `vpc/role/2`, counted as their names are; `vpc/role/day` is that of the minute's day; `vpc/role` the first. Throws when there is none. */
export function machineOf(hosts: ReadonlyMap<string, readonly Host[]>, name: string, minute: number): Host {
  const [vpc, role, one = '1'] = name.split('/');
  const machines = hosts.get(`${vpc}/${role}`) ?? [];
  const machine = machines[one === 'day' ? Math.floor(minute / 1440) % machines.length : Number(one) - 1];
  if (!machine) throw new Error(`demo estate: there is no machine ${name}`);
  return machine;
}

function poolEnds(pool: Pool, seed: number): Ends {
  const address = poolAddresses(pool, seed);
  return {
    // The cube makes a few members frequent and leaves a long tail.
    at: (share, wantIPv6) => ({
      address: address(Math.floor(share ** 3 * pool.members), wantIPv6),
      service: pool.service ?? '-',
      endpoint: pool.endpoint === true,
    }),
  };
}

/** The addresses of a pool's members, the most frequent first. `seed`: of the pool (poolSeed). */
export function poolAddresses(pool: Pool, seed: number): (member: number, ipv6: boolean) => string {
  const ipv4 = new Weighted(Object.entries(pool.networks).map(([cidr, weight]) => [blockIPv4(cidr), weight] as const));
  const ipv6 = pool.networks6 ? new Weighted(Object.entries(pool.networks6).map(([cidr, weight]) => [blockIPv6(cidr), weight] as const)) : undefined;
  return (member, wantIPv6) => {
    const blocks = wantIPv6 && ipv6 ? ipv6 : ipv4;
    return blocks.at(hash(seed, member, 1) / 2 ** 32)(hash(seed, member, 2), hash(seed, member, 3));
  };
}

export function poolSeed(seed: number, name: string): number {
  return hash(seed, hashText(name));
}

type Block = (a: number, b: number) => string;

/** Addresses inside of an IPv4 block; the last byte is never 0 or 255. */
function blockIPv4(cidr: string): Block {
  const [base = '', length = ''] = cidr.split('/');
  const network = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const networks = 2 ** (24 - Number(length));
  return (a, b) => {
    const high = network / 256 + (a % networks);
    return `${Math.floor(high / 65536)}.${Math.floor(high / 256) % 256}.${high % 256}.${1 + (b % 254)}`;
  };
}

/** Addresses inside of an IPv6 block whose prefix ends on a group: two groups of network below it, four of interface. */
function blockIPv6(cidr: string): Block {
  const [base = '', length = ''] = cidr.split('/');
  const groups = base.replace(/::$/, '').split(':');
  const free = 4 - Number(length) / 16;
  return (a, b) => {
    const network = [...groups, (a & 0xff).toString(16), (1 + ((a >>> 8) & 0xff)).toString(16)].slice(0, groups.length + free);
    const host = [1 + (b & 0x7fff), (b >>> 16) | 1, (a >>> 16) | 1, 1 + (a & 0x7fff)].map((group) => group.toString(16));
    return [...network, ...new Array<string>(4 - network.length).fill('1'), ...host].join(':');
  };
}
