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

test.each([390, 1440])('a strip has its times in the viewer’s zone, with the day where it is another, on a page of %i pixels', async (width) => {
  const { page } = session;
  await page.setViewportSize({ width, height: 900 });
  const zones = [
    ['UTC', ['17 Nov 15:00', '18 Nov 03:00', '15:00']],
    ['Asia/Tokyo', ['18 Nov 00:00', '12:00', '19 Nov 00:00']],
    ['America/New_York', ['17 Nov 10:00', '22:00', '18 Nov 10:00']],
  ] as const;
  for (const [zone, times] of zones) {
    await page.goto(`${session.served.address}/completeness?from=${iso(END - 24 * HOUR)}&to=${iso(END)}&tz=${encodeURIComponent(zone)}`);
    await soon(() => source('files').getByRole('slider').count()).toBeGreaterThan(0);
    // Once for the column, or on each card.
    const axis = source('files').locator('.bz-strip-axis').filter({ visible: true });
    expect(await axis.count()).toBe(width < 1000 ? await source('files').getByRole('slider').count() : 1);
    expect(await axis.first().locator('time').allTextContents()).toEqual(times);
    const strip = await source('files').getByRole('slider').first().boundingBox();
    const boxes = await axis
      .first()
      .locator('time')
      .evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON() as DOMRect));
    const [first, middle, last] = boxes;
    if (!strip || !first || !middle || !last) throw new Error('no axis');
    expect(Math.abs(first.left - strip.x)).toBeLessThan(1);
    expect(Math.abs((middle.left + middle.right) / 2 - strip.x - strip.width / 2)).toBeLessThan(1);
    expect(Math.abs(last.right - strip.x - strip.width)).toBeLessThan(1);
    expect([middle.left - first.right, last.left - middle.right].every((room) => room > 8)).toBe(true);
  }
  expect(await axe()).toEqual([]);
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

test.each([390, 800, 1440])('what is missing is said without moving a panel, on a page of %i pixels', async (width) => {
  const { page } = session;
  await page.setViewportSize({ width, height: 900 });
  let [release, asked] = [() => {}, false];
  const held = new Promise<void>((done) => {
    release = done;
  });
  await session.intercept('**/api/v1/dashboards/*/run', async (route) => {
    asked = true;
    await held;
    await route.continue();
  });
  const window = `from=${iso(NOW_BUCKET - 12 * HOUR)}&to=${iso(NOW_BUCKET - 3 * HOUR)}`;
  await page.goto(`${session.served.address}/dashboards/vpc-overview?${window}&tz=utc`);
  await soon(() => asked && page.locator('[data-panel]').count()).toBeGreaterThan(20);
  // To the very end, too, where the foot of the page is in sight.
  const tops = () => page.locator('[data-panel], .bz-foot').evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().top + scrollY)));
  const before = await tops();
  expect(await page.getByText('Records are missing.').count()).toBe(0);
  release();
  const notice = page.getByRole('status').filter({ hasText: 'Records are missing.' });
  await soon(() => notice.count()).toBe(1);
  await session.settled();
  expect(await tops()).toEqual(before);
  // In sight wherever one is, and over no panel at the end.
  const box = await notice.boundingBox();
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(900);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  const last = await page.locator('.bz-section').last().boundingBox();
  const end = await notice.boundingBox();
  expect(end?.y ?? 0).toBeGreaterThanOrEqual((last?.y ?? 0) + (last?.height ?? 0));
});

test('a failure is said in place, and what was known stays', async () => {
  const { page } = session;
  await open();
  await soon(() => source('branch flows').count()).toBe(1);
  await session.intercept('**/api/v1/completeness*', (route) => route.abort());
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await soon(() => page.getByText('This is what was known before.').count()).toBe(1);
  expect(await source('branch flows').count()).toBe(1);
  await page.reload();
  await soon(() => page.getByRole('button', { name: 'Try again' }).count()).toBe(1);
  session.complaints.splice(0);
});
