/** `bartizan dashboards`: from one data directory to another as a file, without a server. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DashboardList } from '../../src/api/contract/dashboards.ts';
import { parseDashboard } from '../../src/dashboards/load.ts';
import { bartizan } from './helpers.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-dashboards-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const dashboards = (...args: string[]) => bartizan(['dashboards', ...args, '--data', join(root, 'data')]);

it('exports, imports and lists them; a wrong file and a taken title change nothing', async () => {
  const out = await dashboards('export', 'VPC-overview');
  expect([out.code, out.err]).toEqual([2, expect.stringContaining('There is no dashboard “VPC-overview”')]);
  expect(await dashboards('export', 'vpc-overview', '--out', root)).toMatchObject({ code: 0, out: `${join(root, 'vpc-overview.yaml')}\n` });
  const text = await readFile(join(root, 'vpc-overview.yaml'), 'utf8');
  const ready = parseDashboard(text, 'vpc-overview.yaml');

  const made = await dashboards('import', join(root, 'vpc-overview.yaml'), '--title', 'Mine');
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^[0-9a-f-]{36} {2}Mine\n$/)]);
  const mine = await dashboards('export', 'mine');
  expect(parseDashboard(mine.out, 'mine.yaml')).toEqual({ ...ready, id: 'mine', title: 'Mine', app: 'Own dashboards' });

  const taken = await dashboards('import', join(root, 'vpc-overview.yaml'), '--title', 'MINE');
  expect([taken.code, taken.err]).toEqual([1, expect.stringContaining('name-taken')]);
  await writeFile(join(root, 'changed.yaml'), mine.out.replace('title: Mine', 'title: Ours'));
  expect((await dashboards('import', join(root, 'changed.yaml'), '--replace', 'mine')).out).toBe(made.out.replace('Mine', 'Ours'));
  await writeFile(join(root, 'wrong.yaml'), mine.out.replace('kind: value', 'kind: pie'));
  const wrong = await dashboards('import', join(root, 'wrong.yaml'));
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/line \d+: sections\.0\.panels\.0\.kind: /)]);
  const list = JSON.parse((await dashboards('list', '--json')).out) as DashboardList;
  expect(list.dashboards.filter((d) => d.own).map((d) => d.title)).toEqual(['Ours']);
});
