/** The list of administrators in a real browser: added by keys, removed and put back, and what a dashboard says while it is empty. */
import { expect, test } from 'vitest';
import { END } from './browser.ts';
import { writeEvents } from './events.ts';
import { HOUR, inSequence, iso, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession(writeEvents);
const rows = () => session.page.locator('.bz-admins tbody tr').allTextContents();
const button = (name: string) => session.page.getByRole('button', { name, exact: true });
const axe = () => violations(session.page, 'main');
const RANGE = `from=${iso(END - HOUR)}&to=${iso(END)}`;

test('an empty list says what that means, and a dashboard leads to it', async () => {
  const { page } = session;
  await page.goto(`${session.served.address}/dashboards/cloudtrail-administrators?${RANGE}`);
  await soon(() => page.getByText('Nobody is listed as an administrator.').count()).toBe(8);
  await page.getByRole('link', { name: 'List them' }).first().click();
  await soon(() => page.getByText('is_admin is false for everybody').count()).toBe(1);
  expect(await rows()).toEqual([]);
  expect(await axe()).toEqual([]);
});

test('entries are added by keys, and one that is there already gets its new note', async () => {
  const { page } = session;
  await page.goto(`${session.served.address}/completeness`);
  await page.locator('main h1').first().waitFor();
  await inSequence(page, 'g', 'a');
  await page.getByLabel('Name, ARN or role').fill('arn:aws:iam::*:role/admin/<b>*</b>');
  await page.keyboard.press('Tab');
  await page.keyboard.type('on call');
  await page.keyboard.press('Enter');
  await soon(rows).toEqual([expect.stringMatching(/^arn:aws:iam::\*:role\/admin\/<b>\*<\/b>on call.*Remove$/)]);
  // The next one can be typed at once.
  await page.keyboard.type('zoe');
  await page.keyboard.press('Enter');
  await soon(async () => (await rows()).length).toBe(2);
  await page.keyboard.type('ZOE');
  await page.keyboard.press('Tab');
  await page.keyboard.type('on leave');
  await page.keyboard.press('Enter');
  await soon(rows).toEqual([expect.stringContaining('on call'), expect.stringMatching(/^ZOEon leave/)]);
  expect(await axe()).toEqual([]);
});

test('what is removed can be put back, with its note, and stays away when it is not', async () => {
  const { page } = session;
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`${session.served.address}/administrators?${RANGE}`);
  await soon(async () => (await rows()).length).toBe(2);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  await button('Remove arn:aws:iam::*:role/admin/<b>*</b>').click();
  await soon(async () => (await rows()).length).toBe(1);
  await button('Undo').click();
  await soon(rows).toEqual([expect.stringContaining('on call'), expect.stringMatching(/^ZOE/)]);
  await soon(() => button('Undo').count()).toBe(0);
  await button('Remove arn:aws:iam::*:role/admin/<b>*</b>').click();
  await soon(() => button('Undo').count()).toBe(1);
  await page.reload();
  await soon(rows).toEqual([expect.stringMatching(/^ZOE/)]);
  await page.getByRole('link', { name: 'What they did' }).click();
  await soon(() => session.search('q')).toContain('is_admin=true');
  // A dashboard asks again, and finds that the list is no longer empty.
  await page.goto(`${session.served.address}/dashboards/cloudtrail-administrators?${RANGE}`);
  await soon(() => page.locator('[data-panel][aria-busy=false]').count()).toBe(8);
  expect(await page.getByText('Nobody is listed as an administrator.').count()).toBe(0);
});
