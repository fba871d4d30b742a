/** Queries, records, completion, ingest and quarantine over HTTP, on files that went through the real pipeline. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueryResponse, RecordsResponse } from '../../src/api/contract.ts';
import { HEADER, openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

const NOW = 1_700_003_600;
const FIRST = '2 123456789012 eni-1 203.0.113.9 10.0.0.5 40000 22 6 3 180 1700000000 1700000060 REJECT OK';
const FLOWS = [
  FIRST,
  '2 123456789012 eni-1 10.0.0.5 203.0.113.9 22 40000 6 5 900 1700000100 1700000160 ACCEPT OK',
  '2 210987654321 eni-2 2001:db8::1 fd00::7 5000 443 17 1 80 1700000200 1700000230 ACCEPT OK',
  '2 210987654321 eni-2 10.0.0.5 10.0.0.6 5000 5432 6 9 4000 1700000300 1700000330 ACCEPT OK',
];
const NODATA = '2 123456789012 eni-3 - - - - - - - 1700000400 1700000460 - NODATA';

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

async function posted<T>(path: string, body: object): Promise<T> {
  const response = await server.post(path, body);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

async function refusal(path: string, body: object): Promise<{ status: number; code: string; message: string; hint?: string; span?: object }> {
  const response = await server.post(path, body);
  return { status: response.status, ...((await response.json()) as { error: { code: string; message: string } }).error };
}

const query = (text: string, more: object = {}) => posted<QueryResponse>('/api/v1/query', { query: text, ...more });
const records = (more: object = {}) => posted<RecordsResponse>('/api/v1/records', { from: '-2h', ...more });

describe('ingest for the command line', () => {
  test('reads files of this machine and answers with progress and a summary', async () => {
    const path = await place.file('flows.log', [HEADER, ...FLOWS, 'garbage', NODATA, ''].join('\n'));
    const response = await server.post('/api/v1/ingest', { paths: [path], sourceCategory: 'Prod/AWS/VPC' });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const events = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.at(-1)).toMatchObject({ type: 'summary', files: 1, records: 6, stored: 4, nodata: 1, quarantined: 1, extent: { from: 1_700_000_000 } });
    expect(events.slice(0, -1).every((e) => e.type === 'progress')).toBe(true);
  });

  test('says what it can’t read', async () => {
    expect(await refusal('/api/v1/ingest', { paths: ['relative.log'] })).toMatchObject({ status: 400, code: 'invalid-request' });
    const response = await server.post('/api/v1/ingest', { paths: [join(place.directory, 'nothing-here.log')] });
    const last = JSON.parse((await response.text()).trim().split('\n').at(-1) ?? '') as { type: string; error: { code: string; message: string } };
    expect(last).toMatchObject({ type: 'error', error: { code: 'no-such-path', message: expect.stringContaining('nothing-here.log') } });
  });
});

describe('queries', () => {
  test('answer with named, typed columns, and say what they read', async () => {
    const answer = await query('action=ACCEPT | sum(bytes) as bytes, count by accountID | sort by bytes', { from: '-2h' });
    expect(answer).toMatchObject({
      columns: expect.arrayContaining([
        { name: 'accountID', kind: 'text', field: 'cloud.account.id' },
        { name: 'bytes', kind: 'number' },
      ]),
      window: { from: NOW - 7200, to: NOW },
      shape: 'aggregates',
      warnings: [],
    });
    const at = (name: string) => answer.columns.findIndex((c) => c.name === name);
    expect(answer.rows.map((row) => [row[at('accountID')], row[at('bytes')], row[at('_count')]])).toEqual([
      ['210987654321', 4080, 2],
      ['123456789012', 900, 1],
    ]);
    expect(answer.stats.rowsRead).toBeGreaterThan(0);
  });

  test('take filters, limits and all of time', async () => {
    expect((await query('| count', { from: 'all', filters: [{ field: 'src_ip', values: ['10.0.0.0/8'], negate: true }] })).rows).toEqual([[2]]);
    const all = await query('| count by interfaceID | sort by interfaceID asc', { from: 'all', limit: 1 });
    expect([all.rows.length, all.window.from]).toEqual([1, 1_700_000_000]);
  });

  test('columns made of values', async () => {
    const answer = await query('| timeslice 1h | count by _timeslice, action | transpose row _timeslice column action', { from: '-2h' });
    expect(answer.columns.map((c) => c.name)).toEqual(['_timeslice', 'ACCEPT', 'REJECT']);
    expect(answer.rows).toEqual([[1_699_999_200_000, 3, 1]]);
  });

  test('what does not compile is answered with its place and a way out', async () => {
    expect(await refusal('/api/v1/query', { query: '| count by accuontID' })).toMatchObject({
      status: 400,
      span: { start: 11, end: 20 },
      hint: expect.stringMatching(/accountID/i),
    });
    expect(await refusal('/api/v1/query', { query: '| count', from: 'soon' })).toMatchObject({ status: 400, code: 'bad-time' });
    expect(await refusal('/api/v1/query', { query: '| count', limit: 1e9 })).toMatchObject({ status: 400, code: 'invalid-request' });
    expect(await refusal('/api/v1/query', {})).toMatchObject({ status: 400, code: 'invalid-request', message: expect.stringContaining('body.query') });
  });

  test('come as a stream when asked for: columns, rows, end; or the error', async () => {
    const stream = async (body: object) => {
      const response = await server.call('/api/v1/query', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
        body: JSON.stringify(body),
      });
      const lines = (await response.text()).trim().split('\n');
      return lines.map((line) => JSON.parse(line) as { type: string });
    };
    const events = await stream({ query: '| count by action | sort by action asc', from: '-2h' });
    expect(events).toMatchObject([
      { type: 'start', columns: [{ name: 'action' }, { name: '_count' }], shape: 'aggregates', warnings: [] },
      {
        type: 'rows',
        rows: [
          ['ACCEPT', 3],
          ['REJECT', 1],
        ],
      },
      { type: 'end', stats: { rowsRead: expect.any(Number) } },
    ]);
    expect(await stream({ query: '| count by nothing' })).toMatchObject([{ type: 'error', error: { code: 'unknown-field' } }]);
  });

  test('explain compiles only', async () => {
    const { explain } = await posted<{ explain: { sql: string; params: object; reads: string[]; printed: string } }>('/api/v1/query', {
      query: 'action=ACCEPT | count by dest_port',
      explain: true,
    });
    expect(explain.sql).toMatch(/^SELECT .*\{p\d+:String\}/s);
    expect(Object.values(explain.params)).toContain('ACCEPT');
    expect(explain.reads).toEqual(expect.arrayContaining(['action', 'dstport']));
    expect(explain.printed).toContain('count by dest_port');
  });
});

describe('records', () => {
  test('come newest first, as received, as a document and by their names', async () => {
    const answer = await records({ filters: [{ field: 'action', values: ['reject'] }] });
    expect(answer.total).toBe(1);
    const [record] = answer.records;
    expect(record).toMatchObject({
      time: 1_700_000_000_000,
      dataset: 'vpc_flow',
      raw: FIRST,
      document: { event: { action: 'reject' }, source: { ip: '203.0.113.9', port: 40000 }, destination: { ip: '10.0.0.5' }, network: { direction: 'inbound' } },
      origin: { sourceName: expect.stringContaining('flows.log'), sourceCategory: 'Prod/AWS/VPC' },
    });
    expect(record?.fields).toMatchObject({
      'account-id': '123456789012',
      srcaddr: '203.0.113.9',
      start: 1_700_000_000,
      end: 1_700_000_060,
      'log-status': 'OK',
      'network.direction': 'inbound',
      _sourceCategory: 'Prod/AWS/VPC',
    });
    expect(Object.keys(record?.fields ?? {})).not.toContain('vpc-id');
    expect((await records()).records.map((r) => r.raw)).toEqual(FLOWS.toReversed());
  });

  test('come in pages with their number', async () => {
    const page = await records({ limit: 2, offset: 1 });
    expect([page.total, page.records.map((r) => r.raw)]).toEqual([4, FLOWS.toReversed().slice(1, 3)]);
  });

  test('a record without traffic has no absent values', async () => {
    const [record] = (await records({ query: '_index=vpc_flow_status' })).records;
    expect(record).toMatchObject({ dataset: 'vpc_flow_status', raw: NODATA });
    expect(record?.fields).not.toHaveProperty('srcaddr');
    expect(record?.document).not.toHaveProperty('source');
  });

  test('say what is wrong with a query', async () => {
    expect(await refusal('/api/v1/records', { query: '| cuont' })).toMatchObject({ status: 400, span: { start: 2, end: 7 } });
  });
});

describe('completion', () => {
  const values = async (parameters: Record<string, string>) => {
    const response = await server.call(`/api/v1/values?${new URLSearchParams(parameters)}`);
    return { status: response.status, body: (await response.json()) as { values: { value: string; count: number }[]; error: { code: string } } };
  };

  test('offers real values, most frequent first', async () => {
    expect((await values({ field: 'src_ip' })).body.values[0]).toEqual({ value: '10.0.0.5', count: 2 });
    expect((await values({ field: 'interfaceID', prefix: 'eni-2' })).body.values).toEqual([{ value: 'eni-2', count: 2 }]);
    expect((await values({ field: 'dest_port', from: '-1m' })).body.values).toEqual([]);
    expect((await values({ field: 'nothing' })).body.error.code).toBe('unknown-field');
  });
});

describe('quarantine', () => {
  test('shows what could not be read, by reason, and reads it again', async () => {
    const list = (await (await server.call('/api/v1/quarantine')).json()) as { total: number; byCode: object[]; records: { id: string; raw: string }[] };
    expect(list).toMatchObject({
      total: 1,
      byCode: [{ code: 'too-few-fields', count: 1 }],
      records: [{ raw: 'garbage', offset: expect.any(Number), resolved: false }],
    });
    const id = list.records[0]?.id ?? '';
    expect(await (await server.call(`/api/v1/quarantine/${encodeURIComponent(id)}`)).json()).toMatchObject({ id, raw: 'garbage' });
    expect((await server.call('/api/v1/quarantine/none')).status).toBe(404);
    expect(await posted('/api/v1/quarantine/retry', { ids: [id] })).toEqual({ retried: 1, resolved: 0, filtered: 0, quarantined: 1 });
    const none = (await (await server.call('/api/v1/quarantine?resolved=true')).json()) as { total: number };
    expect(none.total).toBe(0);
  });
});

describe('what a forwarder sent beside a record', () => {
  test('is in its document: security groups as an array', async () => {
    const message = FIRST.replace('eni-1', 'eni-forwarded');
    const content = JSON.stringify({ message, 'security-group-ids': ['sg-1', 'sg-2'], logGroup: 'flows' });
    const ingested = await server.post('/api/v1/ingest', { paths: [await place.file('forwarded.json', `${content}\n`)] });
    expect(await ingested.text()).toContain('"stored":1');
    const { records: found } = await records({ query: 'security-group-ids=sg-2' });
    expect(found).toMatchObject([
      {
        raw: content,
        document: { forwarder: { security_group_ids: ['sg-1', 'sg-2'] }, observer: { ingress: { interface: { name: 'eni-forwarded' } } } },
        fields: { 'forwarder.security_group_ids': 'sg-1,sg-2', 'aws.cloudwatch.log_group': 'flows' },
      },
    ]);
    const others = await records({ filters: [{ field: 'forwarder.security_group_ids', values: ['sg-1,sg-2'] }] });
    expect(others.total).toBe(1);
    const [plain] = (await records({ query: 'dstport=5432' })).records;
    expect(plain?.document).not.toHaveProperty('forwarder');
    expect(plain?.fields).not.toHaveProperty('forwarder.security_group_ids');
  });
});
