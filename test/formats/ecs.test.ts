/** Enriched documents: additions to the base, never changes; and the same from the store's rows as from a batch's. */
import { describe, expect, it } from 'vitest';
import type { Document, DocumentValue } from '../../src/formats/document.ts';
import { communityId } from '../../src/formats/flow/community-id.ts';
import { baseDocument, enrichedDocument } from '../../src/formats/flow/ecs.ts';
import { VPC_FLOW } from '../../src/model/log-formats.ts';
import { decodeOne } from './support.ts';

const V5 =
  '5 424805057484 eni-1235b8ca123456789 52.95.128.179 10.0.0.71 46945 22 6 1 73 1658131186 1658131216 REJECT OK vpc-1 subnet-1 - 19 IPv4 52.95.128.179 10.0.0.71 eu-west-1 euw1-az3 - - AMAZON - egress 8';

function recordOf(line: string): Record<string, string | number | bigint> {
  const row = decodeOne(line);
  if (row.table === 'bad') throw new Error(row.bad.message);
  return { ...row.record, raw: row.raw };
}

/** Every value of `part` is in `whole`, unchanged. */
function expectWithin(part: DocumentValue, whole: DocumentValue | undefined): void {
  if (typeof part !== 'object' || Array.isArray(part)) expect(whole).toEqual(part);
  else for (const [key, value] of Object.entries(part)) expectWithin(value, (whole as Document)[key]);
}

describe('the enriched document', () => {
  const record: Record<string, string | number | bigint> = {
    ...recordOf(V5),
    direction: 'inbound',
    src_place: 'US|Virginia|Ashburn|39.04|-77.49',
    src_as: '16509 Amazon.com, Inc.',
  };
  const document = enrichedDocument(record, VPC_FLOW);

  it('adds to the base and changes nothing of it', () => {
    expectWithin(baseDocument(record, VPC_FLOW), document);
  });

  it('has every other field of the record, what enrichment found, and what follows from both', () => {
    expect(document).toMatchObject({
      network: { type: 'ipv4', direction: 'inbound', bytes: 73, packets: 1, application: 'ssh', community_id: expect.stringMatching(/^1:.{27}=$/) },
      source: {
        geo: { country_iso_code: 'US', region_name: 'Virginia', city_name: 'Ashburn', location: { lat: 39.04, lon: -77.49 } },
        as: { number: 16509, organization: { name: 'Amazon.com, Inc.' } },
      },
      cloud: { region: 'eu-west-1', availability_zone: 'euw1-az3' },
      observer: { egress: { interface: { name: 'eni-1235b8ca123456789' } } },
      event: { class: 'security' },
      threat: { technique: { id: ['T1110'] }, tactic: { name: ['Credential Access'] } },
      aws: {
        flowlogs: {
          version: 5,
          vpc_id: 'vpc-1',
          tcp_flags: 19,
          tcp_flag_names: 'FIN|SYN|ACK',
          pkt_srcaddr: '52.95.128.179',
          traffic_path: 8,
          flow_direction: 'egress',
          pkt_src_aws_service: 'AMAZON',
        },
      },
    });
  });

  it('leaves out what the record does not have', () => {
    expect(document).not.toHaveProperty('cloud.instance');
    expect(document).not.toHaveProperty('destination.geo');
    expect(document).not.toHaveProperty('aws.flowlogs.sublocation_id');
    expect(enrichedDocument(recordOf(V5.replace('REJECT', 'ACCEPT')), VPC_FLOW)).not.toHaveProperty('threat');
  });

  it('is the same from a row of the store', () => {
    const { raw, ...columns } = record;
    const row = {
      ...columns,
      start: '2022-07-18 07:59:46',
      srcaddr: '::ffff:52.95.128.179',
      absent: String(columns.absent),
      security_group_ids: [],
      instance_id: '',
      raw,
    };
    expect(enrichedDocument(row, VPC_FLOW)).toEqual(document);
    expect(enrichedDocument({ ...row, raw: undefined }, VPC_FLOW)).toEqual(document);
  });

  it('tells the indicator of the end that has one, of two the one of higher confidence, beside the technique', () => {
    const known = (indicator: string, confidence: number, band: string) =>
      JSON.stringify({
        indicator,
        source: 'feed',
        confidence,
        malicious_confidence: band,
        threat_types: [],
        published_date: 1_658_131_186,
        last_updated: 1_658_131_200,
      });
    const low = known('52.95.128.0/24', 10, 'unverified');
    const high = known('10.0.0.71', 60, 'medium');
    const of = (ends: Record<string, string>) => enrichedDocument({ ...record, ...ends }, VPC_FLOW);
    expect(of({ src_indicator: low, dst_indicator: high })).toMatchObject({
      threat: { indicator: { ip: '10.0.0.71', confidence: 'Medium', first_seen: '2022-07-18T07:59:46Z' }, technique: { id: ['T1110'] } },
    });
    expect(of({ src_indicator: low, dst_indicator: '' })).toMatchObject({
      threat: { indicator: { ip: '52.95.128.179', name: '52.95.128.0/24', confidence: 'Not Specified', provider: 'feed' }, feed: { name: 'feed' } },
    });
    expect(of({ src_indicator: '0', dst_indicator: '' }).threat).not.toHaveProperty('indicator');
  });
});

describe('community id', () => {
  it.each([
    // Vectors of https://github.com/corelight/community-id-spec (baseline).
    ['128.232.110.120', '66.35.250.204', 6, 34855, 80, '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
    ['66.35.250.204', '128.232.110.120', 6, 80, 34855, '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
    ['192.168.1.52', '8.8.8.8', 17, 54585, 53, '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
  ])('%s → %s, protocol %i', (source, destination, protocol, from, to, id) => {
    expect(communityId(source, destination, protocol, from, to)).toBe(id);
  });

  it('is not guessed for ICMP, whose type and code flow logs lack', () => {
    expect(communityId('10.0.0.1', '10.0.0.2', 1, 0, 0)).toBeUndefined();
  });
});
