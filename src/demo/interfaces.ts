/**
 * What EC2 would say of the estate's interfaces: instances with names, security groups, VPC and subnet. The
 * demo stores it as an interface lookup does, so that records of every layout know it.
 */
import type { InterfaceFacts } from '../model/network-interface.ts';
import type { Estate, Vpc } from './estate.ts';
import { buildHosts, type Host } from './parties.ts';
import { hashText, hex } from './random.ts';

/** All interfaces of one account in one region. */
export interface RegionInterfaces {
  readonly account: string;
  readonly region: string;
  readonly interfaces: readonly InterfaceFacts[];
}

/** Types of interfaces that a service owns; others are `interface`. */
const MANAGED: Readonly<Record<string, string>> = { nat: 'natGateway', balancer: 'network_load_balancer' };

export function demoInterfaces(estate: Estate, seed: number): RegionInterfaces[] {
  const hosts = buildHosts(estate, seed);
  const all = estate.vpcs.flatMap((vpc) =>
    Object.keys(vpc.roles).flatMap((role) =>
      (hosts.get(`${vpc.name}/${role}`) ?? []).map((host, n) => factsOf(vpc, role, n, host, estate.accounts[vpc.account] ?? '', seed)),
    ),
  );
  return [...Map.groupBy(all, (facts) => `${facts.account} ${facts.region}`).values()].map((interfaces) => {
    const [first] = interfaces as [InterfaceFacts];
    return { account: first.account, region: first.region, interfaces };
  });
}

function factsOf(vpc: Vpc, role: string, n: number, host: Host, account: string, seed: number): InterfaceFacts {
  const managed = host.instanceId === '-';
  const name = `${vpc.name}-${role}-${n + 1}`;
  // A group for each role; machines are in their VPC's own group as well.
  const groups = managed ? [`${vpc.name}-${role}`] : [`${vpc.name}-${role}`, `${vpc.name}-base`];
  return {
    interfaceId: host.interfaceId,
    account,
    region: vpc.region,
    instanceId: managed ? '' : host.instanceId,
    instanceName: managed ? '' : name,
    description: managed ? name : '',
    type: MANAGED[role] ?? 'interface',
    vpcId: vpc.id,
    subnetId: host.subnetId,
    zone: host.zone,
    publicIp: '',
    privateIps: host.address6 ? [host.address, host.address6] : [host.address],
    groupIds: groups.map((group) => `sg-0${hex(16, seed, hashText(group))}`),
    groupNames: groups,
    tags: [`Name=${name}`, `Role=${role}`],
  };
}
