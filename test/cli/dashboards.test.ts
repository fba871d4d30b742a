/** `bartizan dashboards`: a dashboard goes out as a file and comes in again. Each command is a process of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DashboardList } from '../../src/api/contract/dashboards.ts';
import { parseDashboard } from '../../src/dashboards/load.ts';
import { newData } from '../store/new-store.ts';
import { bartizan } from './helpers.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-dashboards-'));
  newData(join(root, 'data'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const dashboards = (...args: string[]) => bartizan(['dashboards', ...args, '--data', join(root, 'data')]);
const file = (name: string) => join(root, name);

it('exports one and imports it under another title', async () => {
  expect(await dashboards('export', 'vpc-overview', '--out', root)).toMatchObject({ code: 0, out: `${file('vpc-overview.yaml')}\n` });
  const ready = parseDashboard(await readFile(file('vpc-overview.yaml'), 'utf8'), 'vpc-overview.yaml');
  const made = await dashboards('import', file('vpc-overview.yaml'), '--title', 'Mine');
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^[0-9a-f-]{36} {2}Mine\n$/)]);
  const mine = await dashboards('export', 'MINE');
  expect(parseDashboard(mine.out, 'mine.yaml')).toEqual({ ...ready, id: 'mine', title: 'Mine', app: 'Own dashboards' });
  await writeFile(file('mine.yaml'), mine.out);
});

it('refuses a wrong file with its lines, and a title that is taken', async () => {
  const text = await readFile(file('mine.yaml'), 'utf8');
  await writeFile(file('wrong.yaml'), text.replace('kind: value', 'kind: pie'));
  const wrong = await dashboards('import', file('wrong.yaml'));
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/line \d+: sections\.0\.panels\.0\.kind: /)]);
  const taken = await dashboards('import', file('mine.yaml'));
  expect([taken.code, taken.err]).toEqual([1, expect.stringContaining('name-taken')]);
});

it('replaces one of its own, and lists what there is', async () => {
  await writeFile(file('ours.yaml'), (await readFile(file('mine.yaml'), 'utf8')).replace('title: Mine', 'title: Ours'));
  expect((await dashboards('import', file('ours.yaml'), '--replace', 'mine')).out).toMatch(/^[0-9a-f-]{36} {2}Ours\n$/);
  const list = JSON.parse((await dashboards('list', '--json')).out) as DashboardList;
  expect(list.dashboards.filter((d) => d.own).map((d) => d.title)).toEqual(['Ours']);
  const missing = await dashboards('export', 'mine');
  expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('There is no dashboard “mine”')]);
});
