/** Whatever is sent, the answer is the documented one or an error in the one shape, and never the server's own failure. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiError, QueryResponse, RecordsResponse, RunEvent } from '../../src/api/contract.ts';
import { insertFlows, makeFlows } from '../dashboards/flows.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ settings: { requestsPerMinute: 1_000_000 } });
  await insertFlows(server.store, makeFlows(1, 100, NOW - 3600, NOW));
});
afterAll(() => server.close());

const word = fc.constantFrom(
  'src_ip',
  'dest_port',
  'action',
  'bytes',
  'count',
  'by',
  'sum',
  '(',
  ')',
  '|',
  '=',
  '*',
  '"',
  "'",
  '\\',
  '{{x}}',
  '10.0.0.0/8',
  '::1',
  'in',
  'and',
  'not',
  '-1',
  '1e309',
  '\u0000',
  '💥',
  '%"',
  'timeslice',
  '5m',
  'sort',
  'limit',
  'as',
  'where',
  ';',
  '--',
  '`',
);
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.array(word, { maxLength: 14 }).map((words) => words.join(' ')),
);
const time = fc.oneof(
  { arbitrary: fc.constantFrom<string | number>('now', '-1h', '-3d', NOW), weight: 12 },
  fc.constantFrom<string | number>('all', '2026-01-01', 0, -1, 1e20, ''),
  fc.string({ maxLength: 12 }),
  fc.integer(),
);
const from = fc.oneof({ arbitrary: fc.constantFrom<string | number>('-1h', '-3d', 'all', 0), weight: 6 }, time);
const value = fc.oneof(
  { arbitrary: fc.constantFrom('10.0.0.0/8', '8.8.8.8', '443', '1-100', 'REJECT', 'eni-*', '*', 'ACC*', '2001:db8::/32', 'none', '::', '0', '-'), weight: 9 },
  text,
);
const field = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      'src_ip',
      'dest_port',
      'action',
      'interfaceID',
      'bytes',
      '_raw',
      'start',
      'event.end',
      'service',
      'src_country',
      'dst_asn',
      'vpc-id',
      'tcp_flag_names',
    ),
    weight: 20,
  },
  text,
);
const filters = fc.array(fc.record({ field, values: fc.array(value, { minLength: 1, maxLength: 3 }), negate: fc.boolean() }), { maxLength: 2 });
const request = fc.record(
  {
    query: text,
    from: time,
    to: time,
    filters,
    timeZone: fc.oneof({ arbitrary: fc.constantFrom('UTC', 'Europe/Berlin'), weight: 9 }, fc.string({ maxLength: 8 })),
    limit: fc.integer({ min: 0, max: 20 }),
  },
  { requiredKeys: ['query'] },
);

async function answer(path: string, body: object): Promise<{ status: number; text: string }> {
  const response = await server.post(path, body);
  const content = await response.text();
  if (response.status !== 200) {
    expect([response.status, content]).toEqual([expect.any(Number), expect.stringContaining('{"error":')]);
    ApiError.parse(JSON.parse(content));
    expect([response.status < 500, content]).toEqual([true, content]);
  }
  return { status: response.status, text: content };
}

test('queries', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (body) => {
      const { status, text } = await answer('/api/v1/query', body);
      if (status === 200) QueryResponse.parse(JSON.parse(text));
    }),
    { numRuns: 200 },
  );
});

test('records', async () => {
  await fc.assert(
    fc.asyncProperty(request, async ({ timeZone: _, ...body }) => {
      const { status, text } = await answer('/api/v1/records', body);
      if (status === 200) RecordsResponse.parse(JSON.parse(text));
    }),
    { numRuns: 80 },
  );
});

test('runs of a dashboard', async () => {
  const body = fc.record({ from, to: time, filters, panels: fc.constantFrom(['accepted-total'], ['rejected-tcp-ports', 'source-locations'], ['none']) });
  await fc.assert(
    fc.asyncProperty(body, async (asked) => {
      const { status, text } = await answer('/api/v1/dashboards/vpc-overview/run', asked);
      if (status !== 200) return;
      const events = text
        .trim()
        .split('\n')
        .map((line) => RunEvent.parse(JSON.parse(line)));
      for (const event of events) if (event.type === 'error') expect([event.error.code, asked]).not.toEqual(['internal', asked]);
      for (const event of events) if (event.type === 'error') expect([event.error.code, asked]).not.toEqual(['query-failed', asked]);
      expect(events.at(-1)?.type).toBe('end');
    }),
    { numRuns: 60 },
  );
});
