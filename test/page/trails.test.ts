/** What CloudTrail's digests prove, on the completeness board in a real browser: a trail that is whole, and one that was tampered with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bartizan } from '../cli/helpers.ts';
import { HOUR, keyList, newKey, START, Trail } from '../ingest/trails/trail.ts';
import { iso, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const folder = mkdtempSync(join(tmpdir(), 'bartizan-page-trails-'));
const KEY = newKey();
writeFileSync(join(folder, 'keys.json'), JSON.stringify(keyList([KEY])));
// Before the session's hook starts the server.
process.env.BARTIZAN_CLOUDTRAIL_KEYS = join(folder, 'keys.json');
const session = startSession();
afterAll(() => {
  delete process.env.BARTIZAN_CLOUDTRAIL_KEYS;
  rmSync(folder, { recursive: true, force: true });
});

test('a trail that is whole is proven; one that was tampered with says where and how', async () => {
  const logs = join(folder, 'logs');
  const whole = new Trail({ key: KEY, trail: 'whole-trail' }).hours(2, 0, 1, 1);
  const broken = new Trail({ key: KEY, trail: 'broken-trail', account: '444455556666' }).hours(1, 2, 0, 1);
  const unsigned = new Trail({ key: KEY, trail: 'copied-trail', account: '777788889999' }).hours(1, 1);
  for (const trail of [whole, broken]) await trail.write(logs);
  await unsigned.write(logs, false);
  const gone = broken.digests[1]?.logFiles[0]?.key ?? '';
  await unlink(join(logs, gone));
  const { page } = session;
  const ingested = await bartizan(['ingest', logs, '--data', session.served.data]);
  expect(ingested.code, ingested.err).toBe(0);
  expect(ingested.err).toContain('10 digests of CloudTrail were verified');

  await page.goto(`${session.served.address}/completeness?from=${iso(START)}&to=${iso(START + 6 * HOUR)}&tz=utc`);
  const section = page.getByRole('region', { name: 'CloudTrail digests' });
  await soon(() => section.locator('tbody').count()).toBe(3);
  expect(await section.locator('.bz-state').allTextContents()).toEqual(['not proven', 'signatures not checked', 'proven complete']);
  // Who signed them is no claim of the page: a demo's digests are signed by its own key.
  expect(await section.locator('header').textContent()).toBe(
    'CloudTrail digestsWhat the trails’ digests say was delivered, compared with the log files that are here',
  );
  const row = (account: string) => section.locator('tbody').filter({ hasText: account });
  const until = (account: string) => row(account).locator('td[data-label="Proven complete until"] time').textContent();
  expect(await until('111122223333')).toBe('2026-03-01 04:01');
  expect(await until('444455556666')).toBe('2026-03-01 01:01');
  expect(await until('777788889999')).toBe('2026-03-01 02:01');
  expect(await row('111122223333').locator('li').count()).toBe(0);
  const fault = await row('444455556666').locator('li').textContent();
  for (const text of ['log-file-missing', gone, '01:01:31']) expect(fault).toContain(text);
  expect(await row('444455556666').textContent()).toContain('Proven again: 1 Mar 02:01:31 – 04:01:31.');
  expect(await row('777788889999').textContent()).toContain('by hashes alone');
  expect(await violations(page, 'main')).toEqual([]);

  // Of a window without a digest nothing is claimed.
  await page.goto(`${session.served.address}/completeness?from=${iso(START + 20 * HOUR)}&to=${iso(START + 26 * HOUR)}&tz=utc`);
  await soon(() => page.locator('main[aria-busy=false] h1').count()).toBe(1);
  expect(await section.count()).toBe(0);
});
