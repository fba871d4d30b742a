/** The command line as a person or a script meets it: real processes, real exit codes. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gzipped, HEADER, lines, START } from '../ingest/helpers.ts';
import { bartizan, lastLine, type Serving, serve } from './helpers.ts';

let root: string;
let data: string;
let logs: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-cli-'));
  data = join(root, 'data');
  logs = join(root, 'logs');
  await mkdir(logs);
  await writeFile(join(logs, 'a.log.gz'), gzipped(`${HEADER}\n${lines(900)}`));
  await writeFile(
    join(logs, 'b.log'),
    `${lines(100, 2)}2 1 eni-9 - - - - - - - ${START} ${START + 60} - NODATA\n2 1 eni-9 - - - - - - - ${START} ${START + 60} - SKIPDATA\nbroken\n`,
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('ingest, query and quarantine without a server', () => {
  it('prints a summary whose disjoint counts add up, and stores nothing twice', async () => {
    const first = await bartizan(['ingest', logs, '--data', data, '--json']);
    expect(first.code).toBe(0);
    expect(lastLine(first.out)).toMatchObject({
      files: 2,
      records: 1003,
      stored: 1000,
      nodata: 1,
      skipdata: 1,
      duplicates: 0,
      filtered: 0,
      quarantined: 1,
      formats: { 'vpc-flow': 1003 },
    });
    const second = await bartizan(['ingest', logs, '--data', data, '--json', '--strict']);
    expect(second.code).toBe(0);
    expect(lastLine(second.out)).toMatchObject({ records: 1003, stored: 0, duplicates: 1003 });
  });

  it('answers queries in four formats, and says where data is when the window is empty', async () => {
    const ask = (...more: string[]) =>
      bartizan(['query', 'action=REJECT | count by dest_port | sort by dest_port asc', '--data', data, '--from', 'all', ...more]);
    const json = JSON.parse((await ask('--format', 'json')).out);
    expect(json.columns.map((c: { name: string }) => c.name)).toEqual(['dest_port', '_count']);
    expect(json.rows.map((r: number[]) => r[0])).toEqual([22, 443, 3389]);
    expect(json.rows.reduce((n: number, r: number[]) => n + (r[1] ?? 0), 0)).toBe(200);
    expect((await ask('--format', 'csv')).out.split('\n')[0]).toBe('dest_port,_count');
    expect((await ask('--format', 'ndjson')).out.trim().split('\n')).toHaveLength(3);
    expect((await ask()).out).toMatch(/^dest_port +_count\n-+/);
    expect((await ask('--explain')).out).toContain('SELECT');
    const empty = await bartizan(['query', '*', '--data', data]);
    expect(empty.code).toBe(0);
    expect(empty.err).toContain('Data exists from 2023-11-14T22:13:20.000Z');
  });

  it('points at a mistake in a query and at the nearest right name', async () => {
    const wrong = await bartizan(['query', '* | count by dst_prot', '--data', data, '--from', 'all']);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/unknown-field.*\n.*\n +\^+\n.*dst_port/);
  });

  it('lists, shows and retries what could not be read', async () => {
    const list = await bartizan(['quarantine', 'list', '--data', data, '--json']);
    const { total, records } = JSON.parse(list.out) as { total: number; records: { id: string; raw: string }[] };
    expect([total, records[0]?.raw]).toEqual([1, 'broken']);
    expect((await bartizan(['quarantine', 'show', records[0]?.id ?? '', '--data', data])).out).toContain('too-few-fields');
    expect((await bartizan(['quarantine', 'retry', '--data', data])).out).toContain('1 read again: 0 stored, 1 still unreadable');
    expect((await bartizan(['quarantine', 'show', 'no-such:1', '--data', data])).code).toBe(1);
  });

  it('reads standard input, once when it has a name', async () => {
    const input = lines(50, 77);
    const named = ['ingest', '-', '--id', 'feed-1', '--data', data, '--json'];
    expect(lastLine((await bartizan(named, gzipped(input))).out)).toMatchObject({ records: 50, stored: 50 });
    expect(lastLine((await bartizan(named, input)).out)).toMatchObject({ stored: 0, duplicates: 50 });
  });

  it('ends with 3 when strict and something was quarantined, with 2 for wrong use', async () => {
    const bad = join(root, 'bad.log');
    await writeFile(bad, `${lines(1, 5)}nonsense\n`);
    expect((await bartizan(['ingest', bad, '--data', data, '--strict'])).code).toBe(3);
    const misspelt = await bartizan(['ingset', logs]);
    expect([misspelt.code, misspelt.err]).toEqual([2, expect.stringContaining('Did you mean ingest?')]);
    const layout = await bartizan(['ingest', logs, '--data', data, '--layout', 'version srcadr']);
    expect([layout.code, layout.err]).toEqual([2, expect.stringContaining('srcaddr')]);
    const nowhere = await bartizan(['ingest', join(root, 'nowhere'), '--data', data]);
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('There is no file or folder')]);
    expect((await bartizan(['serve', '--listen', '0.0.0.0:8620', '--data', data])).code).toBe(2);
    expect((await bartizan(['query', '*', '--format', 'xml', '--data', data])).code).toBe(2);
    expect((await bartizan(['--help'])).code).toBe(0);
  });

  it('normalizes in input order, a broken record in its place', async () => {
    const input = `${lines(1, 1)}oops\n${lines(1, 2)}`;
    const out = (await bartizan(['normalize'], input)).out
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l));
    expect(out.map((d) => d.error?.code ?? d.observer.ingress.interface.name)).toEqual(['eni-10', 'too-few-fields', 'eni-20']);
    expect(out[1].raw).toBe('oops');
    const [rich] = (await bartizan(['normalize', '--enrich', 'all'], '2 1 eni-1 8.8.8.8 10.0.0.1 53 4000 17 1 60 1700000000 1700000001 ACCEPT OK\n')).out
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l));
    expect(rich).toMatchObject({ network: { direction: 'inbound' }, source: { as: { number: 15169 }, geo: { country_iso_code: 'US' } } });
  });
});

describe('with a server on the data directory', () => {
  let server: Serving;
  let served: string;

  beforeAll(async () => {
    served = join(root, 'served');
    server = await serve(served, '--ingest', join(logs, 'a.log.gz'));
    await vi.waitFor(() => expect(server.out()).toContain('Open the page'), { timeout: 240_000 });
  });
  afterAll(() => {
    server.child.kill('SIGKILL');
  });

  it('prints a link that opens on the hour of the data', () => {
    const link = new URL(/Open the page: (\S+)/.exec(server.out())?.[1] ?? '');
    const to = new URL(link.searchParams.get('to') ?? '', link);
    expect(to.pathname).toBe('/dashboards/vpc-overview');
    expect([to.searchParams.get('from'), to.searchParams.get('to')]).toEqual(['2023-11-14T22:00:00.000Z', '2023-11-14T23:00:00.000Z']);
  });

  it('lets commands use the server by themselves, and keeps its file to its owner', async () => {
    expect((await stat(join(served, 'server.json'))).mode & 0o777).toBe(0o600);
    expect(lastLine((await bartizan(['ingest', logs, '--data', served, '--json'])).out)).toMatchObject({
      records: 1003,
      stored: 100,
      duplicates: 900,
      quarantined: 1,
    });
    const { rows } = JSON.parse((await bartizan(['query', '* | count', '--from', 'all', '--format', 'json', '--data', served])).out) as { rows: number[][] };
    expect(rows).toEqual([[1000]]);
    const { total } = JSON.parse((await bartizan(['quarantine', 'list', '--json', '--data', served])).out) as { total: number };
    expect(total).toBe(1);
    expect((await bartizan(['link', '--data', served])).out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/login\//);
    const twice = await bartizan(['serve', '--data', served, '--listen', '127.0.0.1:1']);
    expect([twice.code, twice.err]).toEqual([1, expect.stringContaining('data-dir-in-use')]);
  });

  it('ends with 0 on SIGTERM and leaves the directory free', async () => {
    expect((await server.stop()).code).toBe(0);
    await expect(readFile(join(served, 'server.json'))).rejects.toThrow();
    expect((await bartizan(['query', '* | count', '--from', 'all', '--data', served])).code).toBe(0);
  });
});
