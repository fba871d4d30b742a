/** `query --limit 0`: every row, here and at a server that holds the data. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lines } from '../ingest/helpers.ts';
import { newData } from '../store/new-store.ts';
import { bartizan, begin, serve } from './helpers.ts';

/** More than a query answers with. */
const RECORDS = 120_000;
let root: string;
let data: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-export-'));
  data = newData(join(root, 'data'));
  expect((await bartizan(['ingest', '-', '--data', data], lines(RECORDS))).code).toBe(0);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const all = (text: string, ...more: string[]) => bartizan(['query', text, '--from', 'all', '--limit', '0', '--data', data, ...more]);

async function everyRow(): Promise<void> {
  const { code, out, err } = await all('*', '--format', 'ndjson');
  const rows = out.trimEnd().split('\n');
  expect([code, err, rows.length]).toEqual([0, '', RECORDS]);
  expect(Object.keys(JSON.parse(rows[0] ?? '{}') as object)).toEqual(['_messageTime', '_raw']);
  const csv = await all('* | count by action | sort by action asc', '--format', 'csv');
  expect([csv.code, csv.out.split('\n')[0], csv.out.includes('\r')]).toEqual([0, 'action,_count', false]);
  const wrong = await all('* | count by actoin', '--format', 'csv');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/unknown-field.+\^{6}/s)]);
}

it('prints more rows than a query answers with', everyRow);

it('does the same at a running server', async () => {
  const { stop } = await serve(data);
  await everyRow();
  expect((await stop()).code).toBe(0);
});

it('ends without a complaint when its reader leaves', async () => {
  const { child, ended } = begin(['query', '*', '--from', 'all', '--limit', '0', '--format', 'ndjson', '--data', data]);
  child.stdout?.once('data', () => child.stdout?.destroy());
  expect(await ended).toMatchObject({ code: 0, err: '' });
});

it('says with which forms it goes', async () => {
  expect(await all('*')).toMatchObject({ code: 2, err: expect.stringContaining('--format csv or ndjson') });
  expect(await all('*', '--format', 'csv', '--explain')).toMatchObject({ code: 2 });
  const empty = await all('account-id=none', '--format', 'ndjson');
  expect([empty.code, empty.out, empty.err]).toEqual([0, '', expect.stringContaining('Data exists from')]);
});
