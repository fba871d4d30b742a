/** Transit gateway flow logs: told from VPC flow logs by header, shape or setting, and kept apart from them. */
import { describe, expect, it } from 'vitest';
import { FlowDecoder } from '../../src/formats/flow/decode.ts';
import { enrichedDocument } from '../../src/formats/flow/ecs.ts';
import { readingOf } from '../../src/formats/flow/layout.ts';
import { DATASETS, formatOf, TGW_FLOW, VPC_FLOW } from '../../src/model/log-formats.ts';
import { decodeAll, decodeOne, NOW } from './support.ts';

const VPC = '2 424805057484 eni-0f06a40fc9be596f6 212.83.179.156 10.0.0.96 123 123 17 2 152 1599665193 1599665488 ACCEPT OK';
const TGW =
  '6 TransitGateway 123456789012 tgw-0a1b tgw-attach-0c 123456789012 210987654321 vpc-0a vpc-0b subnet-0a subnet-0b eni-0a eni-0b euw1-az1 euw1-az2 tgw-attach-0d 10.0.0.5 198.51.100.9 51000 443 6 10 8400 1767225600 1767225660 OK IPv4 1 2 3 4 19 eu-west-1 egress - EC2';
const NAMES = TGW_FLOW.fields.map((f) => f.aws as string);
const change = (name: string, value: string): string => TGW.split(' ').with(NAMES.indexOf(name), value).join(' ');
const tables = (text: string, options: Parameters<typeof decodeAll>[1] = {}): string[] => decodeAll(text, options).rows.map((row) => row.table);

describe('formats', () => {
  it('have masks of at most 64 bits and share what has one name', () => {
    for (const { fields, bits } of [VPC_FLOW, TGW_FLOW]) expect([fields.length <= 63, bits.size]).toEqual([true, fields.length]);
    expect([...DATASETS].map((dataset) => formatOf(dataset).name)).toEqual(['vpc-flow', 'vpc-flow', 'tgw-flow', 'tgw-flow', 'cloudtrail']);
    for (const field of TGW_FLOW.fields) {
      const other = VPC_FLOW.fields.find((f) => f.aws === field.aws);
      if (other) expect({ ...field, doc: '' }).toEqual({ ...other, doc: '' });
    }
  });
});

describe('a record of a transit gateway', () => {
  it('becomes columns of its own table, with a mask of its own', () => {
    const row = decodeOne(TGW);
    expect(row).toMatchObject({
      table: 'tgw flows',
      record: {
        resource_type: 'TransitGateway',
        account_id: '123456789012',
        tgw_id: 'tgw-0a1b',
        tgw_pair_attachment_id: 'tgw-attach-0d',
        srcaddr: '10.0.0.5',
        bytes: 8400,
        start: 1767225600,
        duration: 60,
        packets_lost_no_route: 1,
        packets_lost_ttl_expired: 4,
        pkt_dst_aws_service: 'EC2',
      },
    });
    expect(row.table === 'tgw flows' && row.record.absent).toBe(1n << BigInt(NAMES.indexOf('pkt-src-aws-service')));
    expect(row.raw).toBe(TGW);
  });

  it('without traffic is no flow', () => {
    expect(tables([change('log-status', 'NODATA'), change('log-status', 'SKIPDATA'), TGW].join('\n'))).toEqual(['tgw status', 'tgw status', 'tgw flows']);
  });

  it('is told by a header with one of its fields, in any order and spelling', () => {
    expect(tables('start tgw_id\n1767225600 tgw-1\n')).toEqual(['tgw flows']);
    expect(tables(`${NAMES.toReversed().join(' ')}\r\n${TGW.split(' ').toReversed().join(' ')}\r\n`)).toEqual(['tgw flows']);
    // Both formats have these: only a setting can tell.
    expect(tables('start srcaddr\n1767225600 10.0.0.1\n')).toEqual(['flows']);
    expect(tables('start srcaddr\n1767225600 10.0.0.1\n', { format: 'tgw-flow' })).toEqual(['tgw flows']);
  });

  it('without header is told by its shape, and by nothing less', () => {
    expect(tables(change('resource-type', '-'))).toEqual(['tgw flows']);
    expect(tables(change('resource-type', 'TransitGatewayAttachment'))).toEqual(['tgw flows']);
    expect(tables(change('resource-type', 'x').replace(' tgw-0a1b ', ' x '))).toEqual(['bad']);
    expect(decodeOne(change('packets-lost-blackhole', '-1'))).toMatchObject({ table: 'bad', bad: { code: 'not-a-number' } });
    expect(decodeOne(`${TGW} 1`)).toMatchObject({ table: 'bad', bad: { code: 'too-many-fields' } });
  });

  it('changes places with others, line by line and header by header', () => {
    const text = [VPC, TGW, VPC, 'start tgw-id', '1767225600 tgw-1', '1767225600 tgw-2 x', 'start action', '1767225600 REJECT', ''].join('\n');
    expect(tables(text)).toEqual(['flows', 'tgw flows', 'flows', 'tgw flows', 'bad', 'flows']);
    for (const capacity of [1, 2, 3]) expect(tables(text, { capacity, cuts: [7] })).toEqual(tables(text));
  });

  it('is read as its setting says, and nothing else is then', () => {
    expect(tables(`${VPC}\n${TGW}`, { format: 'vpc-flow' })).toEqual(['flows', 'bad']);
    expect(tables(`${VPC}\n${TGW}`, { format: 'tgw-flow' })).toEqual(['bad', 'tgw flows']);
    const headed = decodeAll(`interface-id srcaddr start\neni-1 10.0.0.1 1767225600\n`, { format: 'tgw-flow' });
    expect(headed.rows).toMatchObject([{ bad: { message: expect.stringContaining('transit gateway flow logs do not have: interface-id') } }, { table: 'bad' }]);
    const mixed = decodeAll('interface-id tgw-id start\neni-1 tgw-1 1767225600\n');
    expect(mixed.rows).toMatchObject([{ bad: { code: 'unknown-field', message: expect.stringContaining('of more than one format') } }, { table: 'bad' }]);
  });

  it('comes as JSON in any spelling, alone or in an envelope; one that mixes formats is refused', () => {
    expect(tables('{"tgwId":"tgw-1","start":1767225600,"packets_lost_no_route":3}')).toEqual(['tgw flows']);
    const [row] = decodeAll(JSON.stringify({ message: TGW, 'vpc-id': 'vpc-9', 'aws-region': 'x', direction: 'y' })).rows;
    expect(row).toMatchObject({ table: 'tgw flows', record: { region: 'eu-west-1', forwarder_direction: 'y' } });
    expect(row?.table === 'tgw flows' && 'vpc_id' in row.record).toBe(false);
    expect(decodeOne('{"tgwId":"tgw-1","start":1767225600,"interfaceId":"eni-1"}')).toMatchObject({ table: 'bad', bad: { code: 'unknown-json-shape' } });
  });

  it('leaves a bad record with the setting that reads it again', () => {
    const { rows } = decodeAll('start srcaddr\nx 10.0.0.1\n', { format: 'tgw-flow' });
    expect(rows).toMatchObject([{ bad: { layout: 'tgw-flow:start srcaddr' } }]);
    expect(readingOf('tgw-flow:start srcaddr')).toEqual({ format: 'tgw-flow', layout: 'start srcaddr' });
    expect([readingOf('start action'), readingOf('')]).toEqual([
      { format: 'auto', layout: 'start action' },
      { format: 'auto', layout: 'auto' },
    ]);
    expect(decodeAll('start tgw-id\nx tgw-1\n').rows).toMatchObject([{ bad: { layout: 'start tgw-id' } }]);
  });
});

describe('batches of several formats', () => {
  it('count each delivery by format, and are made again from a place between', () => {
    const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 4 });
    const bytes = new TextEncoder().encode([TGW, VPC, 'bad', TGW, change('log-status', 'NODATA'), TGW, ''].join('\n'));
    expect(decoder.push(bytes, true)).toBe(false);
    const first = decoder.take();
    expect(first.tables.map(({ dataset, batch }) => [dataset, batch.rows])).toEqual([
      ['vpc_flow', 1],
      ['vpc_flow_status', 0],
      ['tgw_flow', 2],
      ['tgw_flow_status', 0],
    ]);
    expect(first.deliveries).toMatchObject([{ formats: { 'vpc-flow': 1, 'tgw-flow': 3 }, counts: { records: 4, stored: 3, quarantined: 1 } }]);
    const { to } = first.deliveries[0]!;
    const { state } = decoder;
    expect(decoder.push(new Uint8Array(0), true)).toBe(true);
    const rest = decoder.take();
    expect(rest.deliveries).toMatchObject([{ from: to, layout: state, formats: { 'tgw-flow': 2 }, counts: { records: 2, stored: 1, nodata: 1 } }]);
    const again = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 100 });
    again.push(new Uint8Array(0), true);
    again.take();
    again.nextDelivery({ state, offset: to });
    again.push(bytes.subarray(to), true);
    expect(again.take().deliveries.at(-1)).toMatchObject({ from: to, formats: { 'tgw-flow': 2 }, counts: rest.deliveries[0]!.counts });
  });

  it('give each table the addresses and words of its rows alone, but for the largest', () => {
    const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 100 });
    decoder.push(new TextEncoder().encode([VPC, VPC.replace('10.0.0.96', '10.0.0.97'), TGW, ''].join('\n')), true);
    const [vpc, , tgw] = decoder.take().tables.map(({ batch }) => batch);
    const accounts = tgw?.columns.get('account_id');
    expect(accounts?.type === 'LowCardinality(String)' && accounts.dictionary).toEqual(['', '123456789012']);
    expect([vpc?.addresses.count, tgw?.addresses.count]).toEqual([6, 3]);
  });
});

describe('the document of a record of a transit gateway', () => {
  it('has its fields under aws.tgw and says nothing of an action', () => {
    const row = decodeOne(TGW);
    const document = enrichedDocument(row.table === 'tgw flows' ? { ...row.record, raw: row.raw } : {}, TGW_FLOW);
    expect(document).toMatchObject({
      aws: {
        tgw: { id: 'tgw-0a1b', attachment_id: 'tgw-attach-0c', pair_attachment_id: 'tgw-attach-0d', packets_lost_mtu_exceeded: 3, src_vpc_id: 'vpc-0a' },
        flowlogs: { flow_direction: 'egress', tcp_flag_names: 'FIN|SYN|ACK' },
      },
      cloud: { region: 'eu-west-1', service: { name: 'transit-gateway' } },
      network: { type: 'ipv4', bytes: 8400, community_id: expect.stringMatching(/^1:/) },
    });
    expect(document.event).not.toHaveProperty('action');
    expect(document.event).not.toHaveProperty('class');
    expect(document.aws).not.toHaveProperty('flowlogs.vpc_id');
    expect(document).not.toHaveProperty('observer');
  });
});
