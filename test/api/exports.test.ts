/** Exports: the file of a query's rows over real HTTP, in flat memory, against SQL written by hand. */
import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { V2 } from '../../bench/flows.ts';
import type { ExportResponse } from '../../src/api/contract/exports.ts';
import { Exports } from '../../src/api/exports.ts';
import { csvHead, csvLine, jsonLine } from '../../src/query/row-text.ts';
import { insertFlows, makeFlows } from '../dashboards/flows.ts';
import { COMMAND_LINE_TOKEN, NOW, startServer, type TestServer } from './helpers.ts';

let server: TestServer;
const flows = makeFlows(5, 500, NOW - 3600, NOW);

beforeAll(async () => {
  server = await startServer({ settings: { exportMaxRows: 0 } });
  await insertFlows(server.store, flows);
  // Noise outside of the window.
  await insertFlows(server.store, makeFlows(6, 50, NOW - 90_000, NOW - 86_400));
});
afterAll(() => server.close());

async function prepared(body: object): Promise<ExportResponse> {
  const response = await server.post('/api/v1/exports', { from: '-1h', format: 'csv', ...body });
  expect(response.status).toBe(200);
  return (await response.json()) as ExportResponse;
}

async function file(body: object): Promise<string> {
  return (await server.call((await prepared(body)).path)).text();
}

const errorOf = async (response: Response) => [response.status, ((await response.json()) as { error: { code: string } }).error.code];

describe('rows as text', () => {
  const columns = [
    { name: 'a,b', kind: 'text' },
    { name: 'n', kind: 'number' },
    { name: 't', kind: 'time' },
    { name: 'l', kind: 'list' },
  ] as const;

  test('CSV is quoted as RFC 4180 says, with times in ISO 8601', () => {
    expect(csvHead(columns)).toBe('"a,b",n,t,l');
    expect(csvLine(columns, ['say "hi"\r\nthere', 1.5, Date.UTC(2026, 0, 2), ['x', 'y']])).toBe(
      '"say ""hi""\r\nthere",1.5,2026-01-02T00:00:00.000Z,"[""x"",""y""]"',
    );
    expect(csvLine(columns, [null, null, null, undefined])).toBe(',,,');
    expect(csvLine(columns, ['', 1, 9e17, ''])).toBe(',1,900000000000000000,');
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('a text like %j is no formula, unless one wants it', (text) => {
    const line = (guard?: boolean) => csvLine(columns.slice(0, 1), [text], guard);
    expect(line().replaceAll('"', '')).toBe(`'${text}`);
    expect(line(false).replaceAll('"', '')).toBe(text);
  });

  test('a negative number stays a number, also one that came as text', () => {
    expect(csvLine(columns.slice(1, 2), [-5])).toBe('-5');
    expect(csvLine(columns.slice(1, 2), ['-9223372036854775808'])).toBe('-9223372036854775808');
    expect(csvHead([{ name: '=cmd', kind: 'text' }])).toBe("'=cmd");
  });

  test('NDJSON keeps types', () => {
    expect(JSON.parse(jsonLine(columns, ['=1', -5, 12, ['x']]))).toEqual({ 'a,b': '=1', n: -5, t: 12, l: ['x'] });
    expect(jsonLine(columns, [])).toBe('{"a,b":null,"n":null,"t":null,"l":null}');
  });
});

describe('an export', () => {
  test('has every record of the window with its text and what the query made, newest first', async () => {
    const lines = (await file({ query: 'REJECT | if(dest_port = 22, "ssh", "-other") as what', format: 'ndjson' })).trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const expected = flows.filter((f) => f.action === 'REJECT');
    expect(rows.length).toBe(expected.length);
    expect(Object.keys(rows[0] ?? {})).toEqual(['_messageTime', '_raw', 'what']);
    expect(rows.map((r) => r._messageTime)).toEqual(expected.map((f) => f.start * 1000).sort((a, b) => b - a));
    expect(rows.filter((r) => r.what === 'ssh').length).toBe(expected.filter((f) => f.dstport === 22).length);
  });

  test('of groups is theirs, as CSV, under filters', async () => {
    const text = await file({
      query: '* | count, sum(bytes) as total by interfaceID | sort by interfaceID asc',
      filters: [{ field: 'action', values: ['ACCEPT'] }],
    });
    const groups = new Map<string, [number, number]>();
    for (const f of flows) {
      if (f.action !== 'ACCEPT') continue;
      const [count, total] = groups.get(f.interface_id) ?? [0, 0];
      groups.set(f.interface_id, [count + 1, total + f.bytes]);
    }
    const expected = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, [count, total]]) => `${id},${count},${total}\r\n`);
    expect(text).toBe(`interfaceID,_count,total\r\n${expected.join('')}`);
  });

  test.each([
    '*',
    'REJECT | where bytes > 1000 | fields src_ip, bytes',
    '* | sort by bytes, srcport | fields bytes, srcport',
    '* | limit 20 | where dest_port < 1000 | fields srcport, dest_port',
    '* | sort by bytes asc, srcport asc | limit 7 | fields bytes | sort by bytes',
    '* | dedup 1 by dest_port | fields dest_port, srcport',
    '* | accum bytes as running | fields running',
    '* | timeslice 10m | count by _timeslice, action',
    '_index=* | fields srcport, bytes | sort by bytes asc, srcport asc',
    '[subquery: REJECT | count by srcaddr | top 3 srcaddr by _count | compose srcaddr] | fields srcaddr, bytes',
    '* | where srcaddr in [subquery: ACCEPT | where dstaddr in [subquery: REJECT | compose dstaddr] | compose srcaddr] | count by srcaddr | sort by srcaddr',
    '* | where lookupContains(bartizan://ports, dstport = port) | count by dstport | sort by dstport',
  ])('has the rows of the query: %s', async (query) => {
    const answer = (await (await server.post('/api/v1/query', { query, from: '-1h' })).json()) as { columns: { name: string }[]; rows: unknown[][] };
    const text = await file({ query, format: 'ndjson' });
    const rows = text
      .split('\n')
      .filter(Boolean)
      .map((line) => Object.values(JSON.parse(line) as object));
    // Of records of the same second, either may come first.
    const sorted = (of: unknown[][]) => (query.includes('sort by') || query.includes('accum') ? of : of.map((r) => JSON.stringify(r)).sort());
    expect(rows.length).toBeGreaterThan(0);
    if (query.includes('accum')) expect(rows.at(-1)).toEqual(answer.rows.at(-1));
    else if (!/dedup|limit 20/.test(query)) expect(sorted(rows)).toEqual(sorted(answer.rows));
    else expect(rows.length).toBe(answer.rows.length);
  });

  test('without rows has its names', async () => {
    expect(await file({ query: 'account-id=none | count by action' })).toBe('action,_count\r\n');
    expect(await file({ query: 'account-id=none | count by action', format: 'ndjson' })).toBe('');
    expect(await file({ query: 'account-id=none | count by action', lineEnd: 'lf' })).toBe('action,_count\n');
  });

  test('of a transposed query has the columns that the data makes', async () => {
    const text = await file({ query: '* | count by interfaceID, action | transpose row interfaceID column action | limit 1' });
    expect(text.split('\r\n')[0]).toBe('interfaceID,ACCEPT,REJECT');
    expect((await prepared({ query: '* | count by interfaceID, action | transpose row interfaceID column action' })).columns).toBeNull();
  });

  test('comes as a file of its name, once', async () => {
    const { path, file: name, columns } = await prepared({ query: '* | count by action', name: 'Refusés: “heute”' });
    expect(name).toBe('Refusés-heute.csv');
    expect(columns).toEqual([expect.objectContaining({ name: 'action', kind: 'text' }), { name: '_count', kind: 'number' }]);
    const response = await server.call(path);
    expect(response.headers.get('content-type')).toContain('text/csv');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="Refus_s-heute.csv"; filename*=UTF-8''Refus%C3%A9s-heute.csv`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await response.text();
    expect(await errorOf(await server.call(path))).toEqual([404, 'export-gone']);
  });

  test('is refused before it begins where the query is wrong', async () => {
    const response = await server.post('/api/v1/exports', { query: '* | count by actoin', format: 'csv' });
    expect(await errorOf(response)).toEqual([400, 'unknown-field']);
    expect((await server.post('/api/v1/exports', { query: '*', format: 'xml' })).status).toBe(400);
  });

  test('says what went wrong with the engine while there is nothing sent', async () => {
    const other = await startServer({ deps: { store: server.store }, settings: { exportMaxRows: 10 } });
    const { path } = (await (await other.post('/api/v1/exports', { query: '*', from: '-1h', format: 'csv' })).json()) as ExportResponse;
    const response = await other.call(path);
    expect(await errorOf(response)).toEqual([422, 'query-too-many-rows']);
    await other.close();
  });

  test.each([
    [{ heldRows: 3 }, 'query-too-many-rows', 'more than 3 rows'],
    [{ heldBytes: 2 ** 10 }, 'query-too-many-bytes', 'more than 0 MiB'],
  ])('of a transposed query is held within %j', async (settings, code, message) => {
    const other = await startServer({ deps: { store: server.store }, settings });
    const ask = async (query: string) => {
      const { path } = (await (await other.post('/api/v1/exports', { query, from: '-1h', format: 'csv' })).json()) as ExportResponse;
      return other.call(path);
    };
    const refused = await ask('* | count by srcport, action | transpose row srcport column action');
    expect(await refused.json()).toMatchObject({ error: { code, message: expect.stringContaining(message) } });
    expect((await ask('* | count by action | transpose row action column action')).status).toBe(200);
    expect((await ask('* | count by srcport, action')).status).toBe(200);
    await other.close();
  });

  test('gives its place and its session back when nobody reads on', async () => {
    const exports = new Exports(server.deps);
    for (let i = 0; i < 3; i++) {
      const { id } = exports.create({
        query: '*',
        from: NOW - 3600,
        to: NOW,
        filters: [],
        timeZone: 'UTC',
        format: 'csv',
        name: 'x',
        guardFormulas: true,
        lineEnd: 'lf',
      });
      const gone = new AbortController();
      const text = (await vi.waitFor(() => exports.take(id), { timeout: 120_000 })).text(gone.signal);
      expect((await text.next()).value).toContain('_messageTime,_raw');
      gone.abort();
    }
  });

  test('reads the lookup table that is there when it starts', async () => {
    const save = (name: string) => server.post('/api/v1/query', { query: `* | "${name}" as name | count by name | save left_behind`, from: '-1h', save: true });
    expect((await save('old')).status).toBe(200);
    const { path } = await prepared({ query: 'cat left_behind | fields name', format: 'ndjson' });
    expect((await save('new')).status).toBe(200);
    expect(await (await server.call(path)).text()).toBe('{"name":"new"}\n');
  });

  test('expires', async () => {
    let now = NOW * 1000;
    const other = await startServer({ deps: { store: server.store, clock: () => now } });
    const { path } = (await (await other.post('/api/v1/exports', { query: '*', format: 'csv' })).json()) as ExportResponse;
    now += 5 * 60_000;
    expect(await errorOf(await other.call(path))).toEqual([404, 'export-gone']);
    await other.close();
  });
});

describe('a large export', () => {
  const ROWS = 2_000_000;
  const FROM = NOW - 200_000;

  beforeAll(async () => {
    await server.store.command(
      {
        text: `INSERT INTO bartizan.vpc_flow (start, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, action, interface_id, account_id, log_status, version, duration, layout)
        SELECT toDateTime(${FROM} + number % 3600, 'UTC'), toIPv6('::ffff:10.0.' || toString(number % 200) || '.9'), toIPv6('::ffff:8.8.8.' || toString(number % 250)), number % 60000, number % 1000, 6, 3, number,
          'ACCEPT', 'eni-' || toString(number % 50), '123456789012', 'OK', 2, 60, '${V2}' FROM numbers(${ROWS})`,
        params: {},
      },
      { maxSeconds: 600 },
    );
  });

  const first = `2 123456789012 eni-0 10.0.0.9 8.8.8.0 0 0 6 3 0 ${FROM} ${FROM + 60} ACCEPT OK`;
  const WINDOW = { query: '*', from: FROM, to: FROM + 3600 };
  const running = async () => {
    const found = await server.store.rows(
      { text: "SELECT count() FROM system.processes WHERE query LIKE '%raw_exact%' AND query NOT LIKE '%system.processes%' AND NOT is_cancelled", params: {} },
      { lane: 'control' },
    );
    return Number(found.rows[0]?.[0]);
  };

  test('leaves in flat memory, and dashboards do not wait for it', async () => {
    const { path } = await prepared({ ...WINDOW, query: '* | bytes as size', format: 'ndjson' });
    const response = await server.call(path);
    const start = process.memoryUsage.rss();
    let peak = start;
    let bytes = 0;
    let lines = 0;
    let asked = 0;
    for await (const piece of response.body ?? []) {
      bytes += piece.length;
      for (const byte of piece) if (byte === 10) lines++;
      peak = Math.max(peak, process.memoryUsage.rss());
      if (bytes > (asked + 1) * 50_000_000) {
        asked++;
        const answer = await server.post('/api/v1/query', { query: 'REJECT | count', from: '-1h' });
        expect(((await answer.json()) as { rows: number[][] }).rows).toEqual([[flows.filter((f) => f.action === 'REJECT').length]]);
      }
    }
    expect(lines).toBe(ROWS);
    expect(asked).toBeGreaterThan(2);
    const grown = Math.round((peak - start) / 2 ** 20);
    process.stdout.write(`export of ${lines} rows, ${Math.round(bytes / 2 ** 20)} MiB: memory grew by ${grown} MiB at most\n`);
    expect(grown).toBeLessThan(700);
  });

  test('has each record as it came', async () => {
    expect(await file({ ...WINDOW, query: 'bytes=0' })).toBe(`_messageTime,_raw\r\n${new Date(FROM * 1000).toISOString()},${first}\r\n`);
  });

  test('waits for a slow client, and stops the engine when the client goes', async () => {
    const { path } = await prepared({ ...WINDOW, format: 'ndjson' });
    await new Promise<void>((resolve, reject) => {
      const request = get(server.base + path, { headers: { authorization: `Bearer ${COMMAND_LINE_TOKEN}` } }, (response) => {
        response.pause();
        void (async () => {
          await new Promise((tick) => setTimeout(tick, 300));
          // Nothing was read: most of the file has not been computed.
          expect(await running()).toBe(1);
          expect(response.complete).toBe(false);
          request.destroy();
          await expect.poll(running).toBe(0);
        })().then(resolve, reject);
      });
      request.on('error', () => undefined);
    });
  });
});
