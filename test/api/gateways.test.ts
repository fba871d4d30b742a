/** Records of transit gateways over HTTP: ingest, queries, documents. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueryResponse, RecordsResponse } from '../../src/api/contract.ts';
import { openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

const NOW = 1_700_003_600;
const GATEWAY = (at: number, account = '1') =>
  `6 TransitGateway ${account} tgw-1 tgw-attach-1 1 2 vpc-a vpc-b subnet-a subnet-b eni-a eni-b az1 az2 tgw-attach-2 10.0.0.5 203.0.113.9 40000 443 6 3 180 ${at} ${at + 60} OK IPv4 0 5 0 0 2 eu-west-1 egress - -`;
const VPC = '2 123456789012 eni-1 203.0.113.9 10.0.0.5 40000 22 6 3 180 1700000100 1700000160 REJECT OK';

let place: Place;
let server: TestServer;
beforeAll(async () => {
  place = await openPlace();
  server = await startServer({
    deps: { store: place.store, clock: () => NOW * 1000, ingest: place.pipeline, quarantine: place.quarantine, absentMask: () => place.metadata.absentMask() },
  });
});
afterAll(async () => {
  await server.close();
  await place.close();
});

async function posted<T>(path: string, body: object): Promise<{ status: number; body: T }> {
  const response = await server.post(path, body);
  return { status: response.status, body: JSON.parse((await response.text()).trim().split('\n').at(-1) as string) as T };
}
const ingest = (lines: readonly string[], more: object = {}) =>
  place.file(`${lines.length}-${lines[0]?.length}.log`, `${lines.join('\n')}\n`).then((path) => posted<object>('/api/v1/ingest', { paths: [path], ...more }));

describe('transit gateways', () => {
  test('are taken in by a format named or told, and by no other', async () => {
    expect((await ingest([GATEWAY(1_700_000_000)])).body).toMatchObject({ type: 'summary', stored: 1, formats: { 'tgw-flow': 1 } });
    const status = (await (await server.call('/api/v1/status')).json()) as { data: object };
    expect(JSON.stringify(status)).toContain('1700000000');
    expect((await ingest([VPC, GATEWAY(1_700_000_050, '22')], { format: 'tgw-flow' })).body).toMatchObject({
      stored: 1,
      quarantined: 1,
      formats: { 'tgw-flow': 2 },
    });
    expect((await ingest([VPC, VPC])).body).toMatchObject({ stored: 2, formats: { 'vpc-flow': 2 } });
    expect((await ingest([VPC], { format: 'netflow' })).status).toBe(400);
  });

  test('answer queries of their own, all time begins with the first of any', async () => {
    const all = await posted<QueryResponse>('/api/v1/query', { query: '_index=tgw_flow | sum(packets_lost_blackhole) as lost by tgw_id', from: 'all' });
    expect(all.body).toMatchObject({ rows: [['tgw-1', 10]], window: { from: 1_700_000_000 } });
    expect((await posted<QueryResponse>('/api/v1/query', { query: '| count' })).body).toMatchObject({ rows: [[2]] });
    expect((await posted<object>('/api/v1/query', { query: 'tgw_id=tgw-1 | count' })).body).toMatchObject({
      error: { code: 'unknown-field', hint: expect.stringContaining('_index=tgw_flow') },
    });
  });

  test('are shown as records: text, fields by AWS’s names, document', async () => {
    const { body } = await posted<RecordsResponse>('/api/v1/records', { query: '_index=* 203.0.113.9', from: '-2h' });
    expect(body.total).toBe(4);
    const own = body.records.find((record) => record.raw === GATEWAY(1_700_000_000));
    expect(own).toMatchObject({
      dataset: 'tgw_flow',
      fields: { 'tgw-id': 'tgw-1', 'packets-lost-blackhole': 5, end: 1_700_000_060, 'network.direction': 'outbound' },
      document: {
        aws: { tgw: { id: 'tgw-1', packets_lost_blackhole: 5 } },
        cloud: { service: { name: 'transit-gateway' } },
        source: { ip: '10.0.0.5', port: 40000 },
      },
    });
    expect(own?.fields).not.toHaveProperty('interface-id');
    const other = body.records.find((record) => record.raw === VPC);
    expect(other).toMatchObject({ dataset: 'vpc_flow', document: { event: { action: 'reject' }, cloud: { service: { name: 'vpc' } } } });
    expect(other?.fields).not.toHaveProperty('tgw-id');
    expect(other?.document).not.toHaveProperty('aws.tgw');
  });
});
