/**
 * The field table: the one list of what a record of a VPC flow log (AWS versions 2–11) or of a transit
 * gateway flow log can hold, what we add to it, and what each field is called by AWS, by ECS and by the
 * products people come from. Decoder, ClickHouse DDL, ECS document, query names, completion and
 * reference docs are derived from it; adding a field is adding a row.
 *
 * Sources: AWS names, types and versions
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and
 * https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html; ECS names
 * https://www.elastic.co/docs/reference/ecs.
 */

import { CLOUDTRAIL_DOCUMENTS, CLOUDTRAIL_ONLY, FRAME } from './cloudtrail-fields.ts';
import type { ColumnType, Derivation, Field, FieldType } from './field.ts';
import { REFUSED_ADMINISTRATION } from './mitre.ts';
import { INTERFACE_FIELDS, INTERFACE_LISTS } from './network-interface.ts';

export type { ColumnType, Derivation, Field, FieldType } from './field.ts';

const LC = 'LowCardinality(String)' as const;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

function text(aws: string, since: number, name: string, aliases: string[], doc: string, more: Partial<Field> = {}): Field {
  return { name, column: columnOf(aws), aws, since, aliases, type: 'text', columnType: LC, codec: 'ZSTD(1)', doc, ...more };
}

function number(aws: string, since: number, name: string, aliases: string[], columnType: ColumnType, max: number, codec: string, doc: string): Field {
  return { name, column: columnOf(aws), aws, since, aliases, type: 'number', columnType, max, codec, doc };
}

function address(aws: string, since: number, name: string, aliases: string[], doc: string): Field {
  return { name, column: columnOf(aws), aws, since, aliases, type: 'address', columnType: 'IPv6', codec: 'ZSTD(3)', doc };
}

/** `interface-id` → `interface_id`. */
export function columnOf(aws: string): string {
  return aws.replaceAll('-', '_');
}

/**
 * What AWS writes. The order is that of the versions; the position of a row is the field's bit in the
 * `absent` mask of a stored record, so rows are only ever appended.
 */
export const AWS_FIELDS: readonly Field[] = [
  number(
    'version',
    2,
    'aws.flowlogs.version',
    [],
    'UInt8',
    255,
    'ZSTD(1)',
    'Version of the flow log format: the highest version among the fields of the record.',
  ),
  text(
    'account-id',
    2,
    'cloud.account.id',
    ['accountID', 'user.id', 'recipientAccountId', 'recipient_account_id', 'aws.cloudtrail.recipient_account_id', 'aws_account_id', 'vendor_account'],
    'AWS account that owns the interface; `unknown` for interfaces that a service made.',
  ),
  text('interface-id', 2, 'observer.ingress.interface.name', ['interfaceID', 'Interface ID'], 'Network interface (ENI) that saw the traffic.'),
  address(
    'srcaddr',
    2,
    'source.ip',
    ['source.address', 'src_ip', 'srcDevice_ip', 'SrcIP', 'src'],
    'Source address; for the interface’s own traffic its primary private address.',
  ),
  address(
    'dstaddr',
    2,
    'destination.ip',
    ['destination.address', 'dest_ip', 'dst_ip', 'dstDevice_ip', 'DstIP', 'dest'],
    'Destination address; for the interface’s own traffic its primary private address.',
  ),
  number('srcport', 2, 'source.port', ['src_port', 'SrcPort'], 'UInt16', 65535, 'ZSTD(3)', 'Source port; 0 for ICMP.'),
  number('dstport', 2, 'destination.port', ['dest_port', 'dst_port', 'DstPort'], 'UInt16', 65535, 'ZSTD(3)', 'Destination port; 0 for ICMP.'),
  number('protocol', 2, 'network.iana_number', ['proto'], 'UInt8', 255, 'ZSTD(1)', 'IANA protocol number: 6 TCP, 17 UDP, 1 ICMP.'),
  number('packets', 2, 'source.packets', ['network.packets'], 'UInt64', MAX_SAFE, 'T64, ZSTD(1)', 'Packets in the aggregation window.'),
  number('bytes', 2, 'source.bytes', ['network.bytes'], 'UInt64', MAX_SAFE, 'T64, ZSTD(1)', 'Bytes in the aggregation window.'),
  {
    name: 'event.start',
    column: 'start',
    aws: 'start',
    since: 2,
    aliases: ['StartSample', '@timestamp', 'eventTime', 'event_time'],
    type: 'time',
    columnType: "DateTime('UTC')",
    codec: 'T64, ZSTD(1)',
    doc: 'When the first packet of the window was seen, epoch seconds. Time filters use it.',
  },
  {
    name: 'event.end',
    column: 'duration',
    aws: 'end',
    since: 2,
    aliases: ['EndSample'],
    type: 'time',
    columnType: 'UInt32',
    codec: 'T64, ZSTD(1)',
    derived: 'end',
    doc: 'When the last packet of the window was seen, epoch seconds. Stored as seconds after start.',
  },
  text('action', 2, 'event.action', ['action.name'], 'ACCEPT or REJECT, as security groups and network ACLs decided.', { foldCase: true }),
  text(
    'log-status',
    2,
    'aws.flowlogs.log_status',
    ['event.outcome', 'action.outcome', 'status', 'Log Status'],
    'OK, NODATA (no traffic in the window) or SKIPDATA (records were lost).',
    { foldCase: true },
  ),
  text('vpc-id', 3, 'aws.flowlogs.vpc_id', ['VPC ID', 'vpcID'], 'VPC of the interface.'),
  text('subnet-id', 3, 'aws.flowlogs.subnet_id', ['subnetID'], 'Subnet of the interface.'),
  text('instance-id', 3, 'cloud.instance.id', ['Instance ID', 'instanceID'], 'EC2 instance of the interface; absent for requester-managed interfaces.'),
  number(
    'tcp-flags',
    3,
    'aws.flowlogs.tcp_flags',
    ['TCP Flags', 'tcpflags'],
    'UInt16',
    65535,
    'ZSTD(1)',
    'TCP flags of the window, OR-ed: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.',
  ),
  text('type', 3, 'network.type', ['traffic_type'], 'IPv4, IPv6 or EFA.', { foldCase: true }),
  address('pkt-srcaddr', 3, 'aws.flowlogs.pkt_srcaddr', ['packet.source.ip'], 'Source address in the packet: the real end behind NAT and transit gateways.'),
  address(
    'pkt-dstaddr',
    3,
    'aws.flowlogs.pkt_dstaddr',
    ['packet.destination.ip'],
    'Destination address in the packet: the real end behind NAT and transit gateways.',
  ),
  text('region', 4, 'cloud.region', ['aws-region', 'aws_region', 'awsRegion', 'vendor_region'], 'AWS region of the interface.'),
  text('az-id', 4, 'cloud.availability_zone', ['Availability Zone'], 'Availability zone id of the interface.'),
  text('sublocation-type', 4, 'aws.flowlogs.sublocation_type', [], 'wavelength, outpost or localzone.'),
  text('sublocation-id', 4, 'aws.flowlogs.sublocation_id', [], 'Id of the sublocation.'),
  text('pkt-src-aws-service', 5, 'aws.flowlogs.pkt_src_aws_service', [], 'AWS service whose address range holds pkt-srcaddr.'),
  text('pkt-dst-aws-service', 5, 'aws.flowlogs.pkt_dst_aws_service', [], 'AWS service whose address range holds pkt-dstaddr.'),
  text('flow-direction', 5, 'aws.flowlogs.flow_direction', ['Flow Direction'], 'ingress or egress at the interface (AWS’s word; ours is `direction`).', {
    foldCase: true,
  }),
  number('traffic-path', 5, 'aws.flowlogs.traffic_path', [], 'UInt8', 255, 'ZSTD(1)', 'Path of egress traffic, 1–8 (see traffic_path_name).'),
  text('ecs-cluster-arn', 7, 'aws.flowlogs.ecs_cluster_arn', [], 'ARN of the ECS cluster of the task.'),
  text('ecs-cluster-name', 7, 'aws.flowlogs.ecs_cluster_name', [], 'Name of the ECS cluster of the task.'),
  text('ecs-container-instance-arn', 7, 'aws.flowlogs.ecs_container_instance_arn', [], 'ARN of the ECS container instance.'),
  text('ecs-container-instance-id', 7, 'aws.flowlogs.ecs_container_instance_id', [], 'Id of the ECS container instance.'),
  text('ecs-container-id', 7, 'aws.flowlogs.ecs_container_id', [], 'Runtime id of the first container of the task.'),
  text('ecs-second-container-id', 7, 'aws.flowlogs.ecs_second_container_id', [], 'Runtime id of the second container of the task.'),
  text('ecs-service-name', 7, 'aws.flowlogs.ecs_service_name', [], 'Name of the ECS service.'),
  text('ecs-task-definition-arn', 7, 'aws.flowlogs.ecs_task_definition_arn', [], 'ARN of the ECS task definition.'),
  text('ecs-task-arn', 7, 'aws.flowlogs.ecs_task_arn', [], 'ARN of the ECS task.'),
  text('ecs-task-id', 7, 'aws.flowlogs.ecs_task_id', [], 'Id of the ECS task.'),
  text('reject-reason', 8, 'aws.flowlogs.reject_reason', [], 'Why traffic was refused: BPA (VPC Block Public Access), EC (encryption control).'),
  text('resource-id', 9, 'aws.flowlogs.resource_id', [], 'Resource that the record is about where there is no interface, such as a regional NAT gateway.'),
  number(
    'encryption-status',
    10,
    'aws.flowlogs.encryption_status',
    [],
    'UInt8',
    255,
    'ZSTD(1)',
    'Encryption in transit: 0 none, 1 Nitro, 2 application, 3 both.',
  ),
  text('instance-tag', 11, 'aws.flowlogs.instance_tag', [], 'Value of the first chosen tag of the instance.', { percentEncoded: true }),
  text('instance-tag-2', 11, 'aws.flowlogs.instance_tag_2', [], 'Value of the second chosen tag of the instance.', { percentEncoded: true }),
  text('interface-tag', 11, 'aws.flowlogs.interface_tag', [], 'Value of the first chosen tag of the interface.', { percentEncoded: true }),
  text('interface-tag-2', 11, 'aws.flowlogs.interface_tag_2', [], 'Value of the second chosen tag of the interface.', { percentEncoded: true }),
  text('asg-tag', 11, 'aws.flowlogs.asg_tag', [], 'Value of the first chosen tag of the Auto Scaling group.', { percentEncoded: true }),
  text('asg-tag-2', 11, 'aws.flowlogs.asg_tag_2', [], 'Value of the second chosen tag of the Auto Scaling group.', { percentEncoded: true }),
  text(
    'interface-type',
    11,
    'aws.flowlogs.interface_type',
    ['interfaceType'],
    'Kind of interface: nat_gateway, network_load_balancer, transit_gateway, vpc_endpoint, … (an open set).',
  ),
  text(
    'next-hop-interface-id',
    11,
    'aws.flowlogs.next_hop_interface_id',
    ['nextHopInterfaceId'],
    'Receiving interface of egress records, sending interface of ingress records.',
  ),
  text('next-hop-subnet-id', 11, 'aws.flowlogs.next_hop_subnet_id', ['nextHopSubnetId'], 'Subnet of the next hop.'),
  text('next-hop-az-id', 11, 'aws.flowlogs.next_hop_az_id', ['nextHopAzId'], 'Availability zone id of the next hop.'),
  text('next-hop-vpc-id', 11, 'aws.flowlogs.next_hop_vpc_id', ['nextHopVpcId'], 'VPC of the next hop.'),
  text('next-hop-interface-type', 11, 'aws.flowlogs.next_hop_interface_type', ['nextHopInterfaceType'], 'Kind of interface of the next hop.'),
];

/** A field that VPC flow logs have too: the same names and column. `doc`: where it means another thing there. */
function shared(aws: string, doc?: string): Field {
  const field = AWS_FIELDS.find((f) => f.aws === aws);
  if (!field) throw new Error(`field table: no field ${aws}`);
  return doc === undefined ? field : { ...field, doc };
}

function tgwText(aws: string, doc: string): Field {
  return text(aws, 6, `aws.tgw.${columnOf(aws.replace(/^tgw-/, ''))}`, [], doc);
}

function tgwLost(aws: string, why: string): Field {
  return number(aws, 6, `aws.tgw.${columnOf(aws)}`, [], 'UInt64', MAX_SAFE, 'T64, ZSTD(1)', `Packets lost in the aggregation window: ${why}.`);
}

/**
 * What AWS writes of a transit gateway, in the order of its default format. As above, the place of a row is
 * the field's bit in the `absent` mask of these records: only append.
 */
export const TGW_FIELDS: readonly Field[] = [
  shared('version'),
  tgwText('resource-type', 'Kind of resource that the flow log is of: TransitGateway.'),
  shared('account-id', 'AWS account that owns the transit gateway.'),
  tgwText('tgw-id', 'Transit gateway that saw the traffic.'),
  tgwText('tgw-attachment-id', 'Attachment of the transit gateway that saw the traffic.'),
  tgwText('tgw-src-vpc-account-id', 'AWS account of the VPC that the traffic came from.'),
  tgwText('tgw-dst-vpc-account-id', 'AWS account of the VPC that the traffic went to.'),
  tgwText('tgw-src-vpc-id', 'VPC that the traffic came from.'),
  tgwText('tgw-dst-vpc-id', 'VPC that the traffic went to.'),
  tgwText('tgw-src-subnet-id', 'Subnet of the attachment that the traffic came from.'),
  tgwText('tgw-dst-subnet-id', 'Subnet of the attachment that the traffic went to.'),
  tgwText('tgw-src-eni', 'Interface of the attachment that the traffic came from.'),
  tgwText('tgw-dst-eni', 'Interface of the attachment that the traffic went to.'),
  tgwText('tgw-src-az-id', 'Availability zone id where the traffic entered the transit gateway.'),
  tgwText('tgw-dst-az-id', 'Availability zone id where the traffic left the transit gateway.'),
  tgwText('tgw-pair-attachment-id', 'The other attachment of the flow: where egress traffic came in, where ingress traffic goes out.'),
  shared('srcaddr', 'Source address in the packet.'),
  shared('dstaddr', 'Destination address in the packet.'),
  shared('srcport'),
  shared('dstport'),
  shared('protocol'),
  shared('packets'),
  shared('bytes'),
  shared('start'),
  shared('end'),
  shared('log-status'),
  shared('type'),
  tgwLost('packets-lost-no-route', 'no route fitted'),
  tgwLost('packets-lost-blackhole', 'the route was a blackhole'),
  tgwLost('packets-lost-mtu-exceeded', 'they were larger than the MTU'),
  tgwLost('packets-lost-ttl-expired', 'their time to live had run out'),
  shared('tcp-flags'),
  shared('region', 'AWS region of the transit gateway.'),
  shared('flow-direction', 'ingress into or egress from the transit gateway (AWS’s word; ours is `direction`).'),
  shared('pkt-src-aws-service', 'AWS service whose address range holds srcaddr.'),
  shared('pkt-dst-aws-service', 'AWS service whose address range holds dstaddr.'),
];

function added(name: string, column: string, aliases: string[], columnType: ColumnType, codec: string, doc: string, more: Partial<Field> = {}): Field {
  return {
    name,
    column,
    aliases,
    type: columnType.startsWith('UInt') ? 'number' : columnType.startsWith('DateTime') ? 'time' : 'text',
    columnType,
    codec,
    doc,
    ...more,
  };
}

function derived(name: string, column: string, derivedAs: Derivation, type: FieldType, aliases: string[], doc: string, more: Partial<Field> = {}): Field {
  return { name, column, aliases, type, columnType: type === 'number' ? 'UInt32' : LC, derived: derivedAs, doc, ...more };
}

/** What Bartizan stores beside the record: enrichment (true at the time) and origin. */
export const ADDED_FIELDS: readonly Field[] = [
  added(
    'network.direction',
    'direction',
    ['direction'],
    LC,
    'ZSTD(1)',
    'inbound, outbound, internal or external, by the internal networks of this installation.',
    { foldCase: true },
  ),
  added(
    'source.place',
    'src_place',
    ['src_place'],
    'UInt32',
    'T64, ZSTD(1)',
    'Id of the place of the source address at ingest (see source.geo.…); 0 when unknown.',
  ),
  added(
    'destination.place',
    'dst_place',
    ['dst_place'],
    'UInt32',
    'T64, ZSTD(1)',
    'Id of the place of the destination address at ingest (see destination.geo.…); 0 when unknown.',
  ),
  added(
    'source.as',
    'src_as',
    ['src_as'],
    'UInt32',
    'T64, ZSTD(1)',
    'Id of the autonomous system of the source address at ingest (see source.as.…); 0 when unknown.',
  ),
  added(
    'destination.as',
    'dst_as',
    ['dst_as'],
    'UInt32',
    'T64, ZSTD(1)',
    'Id of the autonomous system of the destination address at ingest (see destination.as.…); 0 when unknown.',
  ),
  added(
    'source.indicator',
    'src_indicator',
    ['src_indicator'],
    'UInt64',
    'T64, ZSTD(1)',
    'Number of the best threat indicator that held for the source address at the record’s start, as known when it was stored; 0 for none.',
  ),
  added(
    'destination.indicator',
    'dst_indicator',
    ['dst_indicator'],
    'UInt64',
    'T64, ZSTD(1)',
    'Number of the best threat indicator that held for the destination address at the record’s start, as known when it was stored; 0 for none.',
  ),
  added(
    'source.aws',
    'src_aws',
    ['src_aws'],
    'UInt32',
    'T64, ZSTD(1)',
    'Id of the AWS address range that held the source address at ingest (see source.aws.…); 0 for none, or while AWS’s list of ranges is not loaded.',
  ),
  added(
    'destination.aws',
    'dst_aws',
    ['dst_aws'],
    'UInt32',
    'T64, ZSTD(1)',
    'Id of the AWS address range that held the destination address at ingest (see destination.aws.…); 0 for none, or while AWS’s list of ranges is not loaded.',
  ),
  added('forwarder.direction', 'forwarder_direction', ['forwarder_direction'], LC, 'ZSTD(1)', 'Direction that a forwarder sent beside the record.'),
  added(
    'forwarder.security_group_ids',
    'security_group_ids',
    ['security-group-ids', 'security_group_ids'],
    // Elements of LowCardinality would cost an insert 2 s more a million rows, even where all lists are empty.
    'Array(String)',
    'ZSTD(1)',
    'Security groups that a forwarder sent beside the record: a list. `=`, `!=` and `in` ask for any of them; everything else sees them joined by commas.',
  ),
  added('aws.cloudwatch.log_group', 'log_group', ['logGroup'], LC, 'ZSTD(1)', 'CloudWatch log group.'),
  added('aws.cloudwatch.log_stream', 'log_stream', ['logStream'], LC, 'ZSTD(1)', 'CloudWatch log stream.'),
  added('_receiptTime', 'received', ['_receipttime', 'event.ingested'], "DateTime('UTC')", 'Delta(4), ZSTD(1)', 'When Bartizan read the record.'),
  added('_sourceCategory', 'source_category', ['_sourcecategory'], LC, 'ZSTD(1)', 'Source category that the operator gave to the source.'),
  added('_sourceName', 'source_name', ['_sourcename', 'log.file.path', '_source'], LC, 'ZSTD(1)', 'File, object or stream that the record came in.'),
  added('_sourceHost', 'source_host', ['_sourcehost'], LC, 'ZSTD(1)', 'Host that sent or held the source.'),
  added('_collector', 'collector', ['_collector'], LC, 'ZSTD(1)', 'Collector that the source belongs to.'),
];

/** Column of the fields that rules made as records were stored. */
export const EXTRACTED = 'extracted';

/** Columns of a stored record that no query names: how to rebuild the original text, and what rules took out of it. */
export const RECORD_COLUMNS: readonly { readonly column: string; readonly clickhouse: string; readonly codec: string; readonly doc: string }[] = [
  { column: 'layout', clickhouse: LC, codec: 'ZSTD(1)', doc: 'Header names of the record’s layout, space-separated, in the record’s order.' },
  {
    column: 'absent',
    clickhouse: 'UInt64',
    codec: 'ZSTD(1)',
    doc: 'Bit i is set when the field of place i in the list of the record’s format is not in the layout or was `-`.',
  },
  { column: 'raw_exact', clickhouse: 'String', codec: 'ZSTD(3)', doc: 'The original bytes where the text rebuilt from columns would differ; otherwise empty.' },
  {
    column: 'message_time',
    clickhouse: 'UInt64',
    codec: 'T64, ZSTD(1)',
    doc: 'Time that the source’s timestamp locator found in the record, epoch milliseconds, where it is not the start; otherwise 0.',
  },
  // Keys of LowCardinality would cost an insert 0.5 s more a million rows, even where all maps are empty.
  {
    column: EXTRACTED,
    clickhouse: 'Map(String, String)',
    codec: 'ZSTD(1)',
    doc: 'What field extraction rules took out of the record as it was stored, by field name.',
  },
];

/** What is computed when read. */
export const DERIVED_FIELDS: readonly Field[] = [
  derived(
    'network.transport',
    'protocol',
    'transport',
    'text',
    ['protocolName', 'protocol_name', 'Protocol Name'],
    'Protocol name by IANA, lower case: tcp, udp, icmp.',
    { foldCase: true },
  ),
  derived('network.application', 'dstport', 'service', 'text', ['service', 'service_name'], 'Service name by IANA of the destination port.'),
  derived('event.class', 'action', 'event-class', 'text', ['event_class'], 'network for accepted, security for refused flows.'),
  derived(
    'threat.technique.id',
    'action',
    'mitre-id',
    'text',
    ['mitre_id', 'MitreId'],
    `MITRE ATT&CK technique: ${REFUSED_ADMINISTRATION.technique} (${REFUSED_ADMINISTRATION.techniqueName}) on refused SSH, RDP and Telnet.`,
  ),
  derived(
    'threat.tactic.name',
    'action',
    'mitre-tactic',
    'text',
    ['mitre_tactic', 'MITRE Tactic'],
    `MITRE ATT&CK tactic: ${REFUSED_ADMINISTRATION.tactic} on refused SSH, RDP and Telnet.`,
  ),
  derived('aws.flowlogs.tcp_flag_names', 'tcp_flags', 'tcp-flag-names', 'text', ['tcp_flag_names'], 'TCP flags in words, joined by |.'),
  derived('aws.flowlogs.traffic_path_name', 'traffic_path', 'traffic-path-name', 'text', ['traffic_path_name'], 'Traffic path in words.'),
  derived('source.geo.country_iso_code', 'src_place', 'place-country', 'text', ['src_country'], 'Country of the source address, ISO 3166 code.'),
  derived('source.geo.region_name', 'src_place', 'place-state', 'text', ['src_state'], 'State or region of the source address.'),
  derived('source.geo.city_name', 'src_place', 'place-city', 'text', ['src_city'], 'City of the source address.'),
  derived('source.geo.location.lat', 'src_place', 'place-latitude', 'number', ['src_latitude'], 'Latitude of the source address, degrees.'),
  derived('source.geo.location.lon', 'src_place', 'place-longitude', 'number', ['src_longitude'], 'Longitude of the source address, degrees.'),
  derived(
    'destination.geo.country_iso_code',
    'dst_place',
    'place-country',
    'text',
    ['dst_country', 'dest_country'],
    'Country of the destination address, ISO 3166 code.',
  ),
  derived('destination.geo.region_name', 'dst_place', 'place-state', 'text', ['dst_state', 'dest_state'], 'State or region of the destination address.'),
  derived('destination.geo.city_name', 'dst_place', 'place-city', 'text', ['dst_city', 'dest_city'], 'City of the destination address.'),
  derived('destination.geo.location.lat', 'dst_place', 'place-latitude', 'number', ['dst_latitude'], 'Latitude of the destination address, degrees.'),
  derived('destination.geo.location.lon', 'dst_place', 'place-longitude', 'number', ['dst_longitude'], 'Longitude of the destination address, degrees.'),
  derived('source.as.number', 'src_as', 'as-number', 'number', ['src_asn'], 'Autonomous system number of the source address.'),
  derived('source.as.organization.name', 'src_as', 'as-organization', 'text', ['src_organization'], 'Organization that announces the source address.'),
  derived('destination.as.number', 'dst_as', 'as-number', 'number', ['dst_asn', 'dest_asn'], 'Autonomous system number of the destination address.'),
  derived(
    'destination.as.organization.name',
    'dst_as',
    'as-organization',
    'text',
    ['dst_organization', 'dest_organization'],
    'Organization that announces the destination address.',
  ),
  derived(
    'source.aws.service',
    'src_aws',
    'aws-service',
    'text',
    ['src_aws_service'],
    'AWS service whose address range holds the source address: S3, CLOUDFRONT, EC2, … (AMAZON where no other is named).',
  ),
  derived('source.aws.region', 'src_aws', 'aws-region', 'text', ['src_aws_region'], 'AWS region of that range, or GLOBAL.'),
  derived(
    'destination.aws.service',
    'dst_aws',
    'aws-service',
    'text',
    ['dst_aws_service', 'dest_aws_service'],
    'AWS service whose address range holds the destination address: S3, CLOUDFRONT, EC2, … (AMAZON where no other is named).',
  ),
  derived('destination.aws.region', 'dst_aws', 'aws-region', 'text', ['dst_aws_region', 'dest_aws_region'], 'AWS region of that range, or GLOBAL.'),
  ...INTERFACE_FIELDS.map((f) =>
    derived(f.name, 'interface_id', 'interface', 'text', [...f.aliases], f.doc, INTERFACE_LISTS.has(f.fact) ? { columnType: 'Array(String)' } : {}),
  ),
  derived(
    'aws.cloudtrail.user_identity.is_admin',
    'user_name',
    'is-administrator',
    'text',
    ['is_admin', 'isAdmin'],
    'true or false: whether the actor is one of the administrators that people listed, as the list is when the query runs.',
  ),
  derived('_raw', 'layout', 'raw', 'text', ['event.original', 'message'], 'The record as received, byte for byte.', { columnType: 'String' }),
  derived('_size', 'layout', 'size', 'number', ['_size'], 'Bytes of the record as received.'),
  derived(
    '_messageTime',
    'start',
    'message-time',
    'number',
    ['_messagetime'],
    'Time of the record, epoch milliseconds: what the source’s timestamp locator found in it, otherwise its start.',
  ),
];

/** Fields of transit gateways alone. */
export const TGW_ONLY: readonly Field[] = TGW_FIELDS.filter((field) => !AWS_FIELDS.some((f) => f.column === field.column));

/** Every field that a query can name, of whatever dataset. */
export const FIELDS: readonly Field[] = [...AWS_FIELDS, ...TGW_ONLY, ...CLOUDTRAIL_ONLY, ...CLOUDTRAIL_DOCUMENTS, FRAME, ...ADDED_FIELDS, ...DERIVED_FIELDS];

const OF_EVENTS: ReadonlySet<Field> = new Set([...CLOUDTRAIL_ONLY, ...CLOUDTRAIL_DOCUMENTS, FRAME]);

const BY_NAME: ReadonlyMap<string, readonly Field[]> = indexNames();

/** A name is that of one field of flows, or of one of events, or of one of each (`event.action`). */
function indexNames(): Map<string, Field[]> {
  const map = new Map<string, Field[]>();
  for (const field of FIELDS) {
    for (const name of namesOf(field)) {
      const key = name.toLowerCase();
      const others = map.get(key) ?? [];
      const other = others.find((o) => OF_EVENTS.has(o) === OF_EVENTS.has(field));
      if (other && other !== field) throw new Error(`field table: the name ${name} belongs to ${other.name} and ${field.name}`);
      if (!other)
        map.set(
          key,
          [...others, field].sort((a, b) => Number(OF_EVENTS.has(a)) - Number(OF_EVENTS.has(b))),
        );
    }
  }
  return map;
}

/** All names that answer for a field: ECS, AWS with hyphens, with underscores and in camelCase, the sources' own. */
export function namesOf(field: Field): string[] {
  const names = [field.name];
  if (field.aws) {
    const words = field.aws.split('-');
    names.push(field.aws, columnOf(field.aws));
    if (words.length > 1)
      names.push(
        words[0] +
          words
            .slice(1)
            .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
            .join(''),
      );
  }
  return [...new Set([...names, ...field.aliases])];
}

/** The field that answers to a name, in any letter case; undefined when none does. Of a name that flows and events share, that of flows. */
export function findField(name: string): Field | undefined {
  return fieldsNamed(name)[0];
}

/** All fields that answer to a name: at most one of flows, then one of events. */
export function fieldsNamed(name: string): readonly Field[] {
  return BY_NAME.get(name.toLowerCase()) ?? [];
}

const CANONICAL: ReadonlySet<string> = new Set(FIELDS.map((field) => field.name));

/** The canonical name behind any name; a name that is canonical for one field stays, also where it is another's alias (`user.id`). */
export function canonicalName(name: string): string | undefined {
  return CANONICAL.has(name) ? name : findField(name)?.name;
}
