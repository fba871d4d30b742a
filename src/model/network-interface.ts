/**
 * What an AWS account says of a network interface, beside the records that the interface made
 * (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html), as versions in time:
 * a record is read with the version that was in force at its start.
 */

/** Empty text and empty list: there is none, or it is not known. */
export interface InterfaceFacts {
  readonly interfaceId: string;
  /** Account that owns it. */
  readonly account: string;
  readonly region: string;
  readonly instanceId: string;
  /** The instance's tag Name. */
  readonly instanceName: string;
  readonly description: string;
  /** `interface`, `natGateway`, `vpc_endpoint`, … (an open set). */
  readonly type: string;
  readonly vpcId: string;
  readonly subnetId: string;
  /** Availability zone by name, such as `eu-central-1a`. */
  readonly zone: string;
  readonly publicIp: string;
  /** IPv4, the primary one first, then IPv6. */
  readonly privateIps: readonly string[];
  readonly groupIds: readonly string[];
  /** In the order of `groupIds`. */
  readonly groupNames: readonly string[];
  /** `key=value`, sorted. */
  readonly tags: readonly string[];
}

/** In force in [from, to), epoch seconds. */
export interface InterfaceVersion {
  readonly facts: InterfaceFacts;
  /** Who says so: the account that was asked. */
  readonly scope: string;
  readonly from: number;
  /** OPEN while nothing else is known. */
  readonly to: number;
}

/** The last second that a time can be. */
export const OPEN = 4_294_967_295;

/** Column of `bartizan.network_interface`, and attribute of its dictionary, of each fact. */
export const INTERFACE_COLUMNS = {
  interfaceId: 'interface_id',
  account: 'account',
  region: 'region',
  instanceId: 'instance_id',
  instanceName: 'instance_name',
  description: 'description',
  type: 'type',
  vpcId: 'vpc_id',
  subnetId: 'subnet_id',
  zone: 'zone',
  publicIp: 'public_ip',
  privateIps: 'private_ips',
  groupIds: 'group_ids',
  groupNames: 'group_names',
  tags: 'tags',
} as const satisfies Record<keyof InterfaceFacts, string>;

type Fact = keyof InterfaceFacts;

/** Facts that are lists. */
export const INTERFACE_LISTS: ReadonlySet<Fact> = new Set<Fact>(['privateIps', 'groupIds', 'groupNames', 'tags']);

/** A fact as a field of records. */
export interface InterfaceField {
  readonly name: string;
  readonly fact: Fact;
  /** Column of the record that goes before it where it has a value. */
  readonly own?: string;
  readonly aliases: readonly string[];
  readonly doc: string;
}

export const INTERFACE_FIELDS: readonly InterfaceField[] = [
  {
    name: 'cloud.instance.name',
    fact: 'instanceName',
    aliases: ['interface.instance.name', 'instance_name'],
    doc: 'Name tag of the interface’s EC2 instance at the record’s start, by the interface lookup.',
  },
  {
    name: 'interface.instance.id',
    fact: 'instanceId',
    own: 'instance_id',
    aliases: [],
    doc: 'EC2 instance of the interface: the record’s own instance-id, else by the interface lookup.',
  },
  {
    name: 'interface.security_group.ids',
    fact: 'groupIds',
    own: 'security_group_ids',
    aliases: ['interface.security_groups'],
    doc: 'Security groups of the interface, a list: as a forwarder sent them beside the record, else by the interface lookup. `=`, `!=` and `in` ask for any of them.',
  },
  {
    name: 'interface.security_group.names',
    fact: 'groupNames',
    aliases: ['security_group_names'],
    doc: 'Names of the interface’s security groups, a list, by the interface lookup. `=`, `!=` and `in` ask for any of them.',
  },
  {
    name: 'interface.vpc.id',
    fact: 'vpcId',
    own: 'vpc_id',
    aliases: ['interface.vpc'],
    doc: 'VPC of the interface: the record’s own vpc-id, else by the interface lookup.',
  },
  {
    name: 'interface.subnet.id',
    fact: 'subnetId',
    own: 'subnet_id',
    aliases: ['interface.subnet'],
    doc: 'Subnet of the interface: the record’s own subnet-id, else by the interface lookup.',
  },
  { name: 'interface.availability_zone', fact: 'zone', aliases: [], doc: 'Availability zone of the interface by name, by the interface lookup.' },
  {
    name: 'interface.type',
    fact: 'type',
    own: 'interface_type',
    aliases: [],
    doc: 'Kind of the interface: the record’s own interface-type, else by the interface lookup.',
  },
  {
    name: 'observer.ingress.interface.alias',
    fact: 'description',
    aliases: ['interface.description'],
    doc: 'Description of the interface, by the interface lookup.',
  },
  { name: 'interface.public_ip', fact: 'publicIp', aliases: [], doc: 'Public IPv4 address of the interface, by the interface lookup.' },
  {
    name: 'interface.private_ips',
    fact: 'privateIps',
    aliases: [],
    doc: 'Addresses of the interface in its subnet, a list, by the interface lookup. `=`, `!=` and `in` ask for any of them.',
  },
  {
    name: 'interface.tags',
    fact: 'tags',
    aliases: [],
    doc: 'Tags of the interface as `key=value`, a list, by the interface lookup. `=`, `!=` and `in` ask for any of them.',
  },
];

const BY_NAME: ReadonlyMap<string, InterfaceField> = new Map(INTERFACE_FIELDS.map((f) => [f.name, f]));

/** By the canonical name of a field. */
export function interfaceField(name: string): InterfaceField | undefined {
  return BY_NAME.get(name);
}
