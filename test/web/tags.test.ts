/** Records as tags, as the products that people come from name them. */
import { describe, expect, it } from 'vitest';
import type { Rec } from '../../src/web/records/flow.ts';
import { tagsOf } from '../../src/web/records/tags.ts';

const REFUSED: Rec = {
  time: 0,
  dataset: 'vpc_flow',
  raw: '',
  document: {
    event: { class: 'security' },
    network: { transport: 'tcp' },
    threat: { technique: { id: ['T1110'] }, tactic: { name: ['Credential Access'] } },
    aws: { flowlogs: { tcp_flag_names: 'SYN|ACK' } },
    // What is no tag.
    source: { geo: { city_name: 'Lisbon' } },
  },
  fields: {
    'account-id': '123456789012',
    'interface-id': 'eni-1',
    srcaddr: '2001:db8::9',
    dstaddr: '10.0.0.5',
    srcport: 40_000,
    dstport: 22,
    protocol: 6,
    action: 'REJECT',
    'log-status': 'OK',
    'vpc-id': 'vpc-1',
    'instance-id': 'i-1',
    'tcp-flags': 18,
    type: 'IPv6',
    region: 'us-east-1',
    'az-id': 'apse2-az3',
    'flow-direction': 'ingress',
  },
  origin: { sourceName: '', sourceCategory: '' },
  values: {},
};

describe('tags of a record', () => {
  it('have all names, with services, flags and techniques in words', () => {
    expect(tagsOf(REFUSED).map((t) => [t.name, t.shown])).toEqual([
      ['Event Class', 'security'],
      ['Action', 'REJECT'],
      ['SrcIP', '2001:db8::9'],
      ['DstIP', '10.0.0.5'],
      ['DstPort', '22 ssh'],
      ['Protocol', 'tcp'],
      ['TCP Flags', '18 SYN|ACK'],
      ['Flow Direction', 'ingress'],
      ['Type', 'IPv6'],
      ['Interface ID', 'eni-1'],
      ['Instance ID', 'i-1'],
      ['VPC ID', 'vpc-1'],
      ['Region', 'us-east-1'],
      ['Availability Zone', 'apse2-az3'],
      ['Log Status', 'OK'],
      ['MitreId', 'T1110 Brute Force'],
      ['MITRE Tactic', 'Credential Access'],
    ]);
  });

  it('lead to the field and its bare value', () => {
    const tags = new Map(tagsOf(REFUSED).map((t) => [t.name, [t.field, t.value]]));
    expect(tags.get('DstPort')).toEqual(['destination.port', '22']);
    expect(tags.get('TCP Flags')).toEqual(['aws.flowlogs.tcp_flags', '18']);
    expect(tags.get('MitreId')).toEqual(['threat.technique.id', 'T1110']);
    expect(tags.get('Availability Zone')).toEqual(['cloud.availability_zone', 'apse2-az3']);
  });

  it('are only those that the record has', () => {
    const { srcaddr, dstaddr, action } = REFUSED.fields;
    const narrow = {
      ...REFUSED,
      document: { event: { class: 'network' } },
      fields: { srcaddr: srcaddr ?? '', dstaddr: dstaddr ?? '', action: action ?? '', 'tcp-flags': 0 },
    };
    expect(tagsOf(narrow).map((t) => `${t.name} ${t.shown}`)).toEqual([
      'Event Class network',
      'Action REJECT',
      'SrcIP 2001:db8::9',
      'DstIP 10.0.0.5',
      'TCP Flags 0',
    ]);
  });
});
