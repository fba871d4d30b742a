/** A clock that is days ahead drops no records, and is told of only where it would. Each command is a process of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HEADER, lines } from '../ingest/helpers.ts';
import { newData } from '../store/new-store.ts';
import { bartizan } from './helpers.ts';

const HOUR = 3600;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-retention-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('keeps records, warns where records have an age, and is silent where they are kept for ever', async () => {
  const data = newData(join(root, 'data'));
  const log = join(root, 'a.log');
  await writeFile(log, `${HEADER}\n${lines(20, 0, Math.floor(Date.now() / 1000) - 2 * HOUR)}`);
  expect(await bartizan(['ingest', log, '--data', data, '--json'])).toMatchObject({ code: 0, err: '' });
  const clock = join(root, 'clock');
  await writeFile(clock, String(10 * 24 * HOUR * 1000));
  const ahead = { NODE_OPTIONS: `--import=${join(import.meta.dirname, '../faults/clock.ts')}`, BARTIZAN_FAULT_CLOCK: clock };
  const count = (env: Readonly<Record<string, string>>) =>
    bartizan(['query', '* | count', '--from', 'all', '--format', 'csv', '--data', data], undefined, { ...ahead, ...env });

  expect(await count({})).toMatchObject({ out: '_count\n20\n', err: '' });
  const held = await count({ BARTIZAN_RETENTION_DAYS: '3' });
  expect([held.out, held.err]).toEqual(['_count\n20\n', expect.stringContaining('warning: The clock is more than a day ahead')]);
  const trusted = await count({ BARTIZAN_RETENTION_DAYS: '3', BARTIZAN_RETENTION_TRUST_CLOCK: 'true' });
  expect([trusted.out, trusted.err]).toEqual(['_count\n0\n', expect.not.stringContaining('warning')]);
});
