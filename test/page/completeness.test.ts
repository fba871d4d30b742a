/** The completeness board in a real browser, over records that were pushed to a source and read from files. */
import { expect, test } from 'vitest';
import { feedBoard, NOW_BUCKET } from './board.ts';
import { END } from './browser.ts';
import { HOUR, iso, numberIn, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const axe = () => violations(session.page, 'main');
const open = async (from = NOW_BUCKET - 24 * HOUR, to = NOW_BUCKET) => {
  await session.page.goto(`${session.served.address}/completeness?from=${iso(from)}&to=${iso(to)}&tz=utc`);
  await soon(() => session.page.locator('main[aria-busy=false] h1').count()).toBe(1);
};
const source = (name: string) => session.page.getByRole('region', { name, exact: true });
const row = (name: string, account: string) => source(name).locator('tbody').filter({ hasText: account });

test('an empty window says where records are, and leads there', async () => {
  const { page } = session;
  await open(END - 100 * HOUR, END - 99 * HOUR);
  await soon(() => page.getByRole('heading', { name: 'No data was ingested in this window' }).count()).toBe(1);
  expect(await axe()).toEqual([]);
  await page.getByRole('button', { name: 'Show their last day' }).click();
  await soon(() => source('files').count()).toBe(1);
  await soon(() => session.search('to')).toBe(iso(END).replace('.000', ''));
});

test('the worst comes first; gaps and SKIPDATA are where they are, and lead to the records', async () => {
  const { page } = session;
  const fed = await feedBoard(session);
  await open();
  await soon(() => source('branch flows').locator('tbody').count()).toBe(4);
  expect(await source('branch flows').locator('.bz-state').allTextContents()).toEqual(['gap', 'skipped by AWS', 'complete', 'complete']);
  expect(await page.getByRole('region').first().getByRole('heading').textContent()).toBe('branch flows');
  expect(await axe()).toEqual([]);

  // What a row says is what a search finds.
  const holed = row('branch flows', '222222222222');
  const records = await holed.locator('td[data-label=Records] a').getAttribute('title');
  expect(numberIn((records ?? '').split(' records')[0] ?? '')).toBe(fed.records.get('222222222222'));
  await holed.getByRole('button', { name: /^Details of/ }).click();
  await soon(() => holed.getByText('Nothing from').count()).toBe(1);
  expect(await holed.locator('li').textContent()).toContain('1 hour');
  expect(await holed.textContent()).toContain('Records usually come within 5 minutes of each other');
  expect(await axe()).toEqual([]);
  await page.reload();
  await soon(() => holed.getByText('Nothing from').count()).toBe(1);

  const skipped = row('branch flows', '333333333333');
  expect(await skipped.locator('td[data-label=SKIPDATA]').textContent()).toBe('3');
  await skipped.locator('td[data-label=SKIPDATA] a').click();
  await soon(() => session.search('q')).toContain('_index=vpc_flow_status');
  await soon(() => page.getByText('SKIPDATA').count()).toBeGreaterThan(0);
  await page.goBack();

  // A cell, by the keyboard.
  const strip = holed.getByRole('slider');
  await strip.focus();
  await strip.press('Home');
  await soon(() => strip.getAttribute('aria-valuetext')).toMatch(/: [\d,]+ records/);
  const cell = numberIn(((await strip.getAttribute('aria-valuetext')) ?? '').split(': ')[1] ?? '');
  await strip.press('Enter');
  await soon(() => session.search('q')).toContain('222222222222');
  const [from, to] = ['from', 'to'].map((key) => Date.parse(session.search(key) ?? '') / 1000);
  expect(await session.ask(`${session.search('q')} | count`, from, to)).toEqual([[cell]]);
  expect(cell).toBeGreaterThan(0);
});

test('a dashboard says what is missing in its window, and nothing where nothing is', async () => {
  const { page } = session;
  await session.open('&tz=utc', NOW_BUCKET - 12 * HOUR, NOW_BUCKET - 3 * HOUR);
  const notice = page.getByRole('status').filter({ hasText: 'Records are missing.' });
  await soon(() => notice.count()).toBe(1);
  expect(await notice.textContent()).toMatch(/222222222222 · eu-central-1 · branch flows, \d\d:\d\d – \d\d:\d\d/);
  expect(await axe()).toEqual([]);
  await notice.getByRole('link', { name: 'Completeness' }).click();
  await soon(() => source('branch flows').count()).toBe(1);
  await session.open('', END - HOUR, END);
  expect(await page.getByText('Records are missing.').count()).toBe(0);
  await session.open('&f=account-id:111111111111', NOW_BUCKET - 12 * HOUR, NOW_BUCKET - 3 * HOUR);
  expect(await page.getByText('Records are missing.').count()).toBe(0);
});

test('a failure is said in place, and what was known stays', async () => {
  const { page } = session;
  await open();
  await soon(() => source('branch flows').count()).toBe(1);
  await page.route('**/api/v1/completeness*', (route) => route.abort());
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await soon(() => page.getByText('This is what was known before.').count()).toBe(1);
  expect(await source('branch flows').count()).toBe(1);
  await page.reload();
  await soon(() => page.getByRole('button', { name: 'Try again' }).count()).toBe(1);
  session.complaints.splice(0);
});
