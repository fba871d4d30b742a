/** The Overview dashboard on a real server: what it shows is what queries say, and it says honestly when it has nothing. */
import { expect, it } from 'vitest';
import { END } from './browser.ts';
import { HOUR, inSequence, numberIn, soon, startSession } from './session.ts';
import { violationsInBoth } from './violations.ts';

const REJECTS = 'rejects-by-interface-destination';
const RUN = '**/api/v1/dashboards/vpc-overview/run';
const on = startSession();

it('shows the numbers that queries give', async () => {
  await on.open();
  const [[accepted] = []] = await on.ask('_index=vpc_flow action=ACCEPT | count', END - 900);
  const [[rejected] = []] = await on.ask('_index=vpc_flow action=REJECT | count', END - 900);
  expect([await on.value('accepted-total'), await on.value('rejected-total')]).toEqual([accepted, rejected]);
  // Of which part of the window a number is, beside tables of the whole.
  expect(await on.text('accepted-total', '.bz-value-note > span:last-child')).toMatch(/^(18 Nov )?14:45 – 15:00 UTC$/);
  const rows = await on.ask('_index=vpc_flow action=REJECT | count by interfaceID, dstDevice_ip | sort by _count');
  const shown = await on.panel(REJECTS).locator('tbody tr:has(td:nth-child(2)) td:last-child').allTextContents();
  expect(shown.slice(0, 5).map(numberIn)).toEqual(rows.slice(0, 5).map((row) => row[2]));
  expect(await on.panel('threat-source-hits').textContent()).toContain('No threat indicators are loaded');
  expect(await on.page.getByRole('link', { name: 'IP Geolocation by DB-IP' }).getAttribute('href')).toBe('https://db-ip.com');
});

it('narrows every panel by a typed filter, keeps it in the URL, pauses and removes it', async () => {
  await on.open();
  const before = await on.value('accepted-total');
  await on.page.keyboard.press('f');
  await on.page.getByRole('combobox', { name: 'Field' }).fill('dest_port');
  await on.page.keyboard.press('Escape');
  await on.page.getByRole('combobox', { name: 'Values' }).fill('443');
  await on.page.getByRole('button', { name: 'Apply', exact: true }).click();
  await soon(() => on.search('f')).toBe('destination.port:443');
  const [[filtered] = []] = await on.ask('_index=vpc_flow action=ACCEPT dest_port=443 | count', END - 900);
  await soon(() => on.value('accepted-total')).toBe(filtered);
  expect(filtered).toBeLessThan(before);

  await on.page.reload();
  await soon(() => on.value('accepted-total')).toBe(filtered);
  await on.page.getByRole('button', { name: /^Pause the filter/ }).click();
  await soon(() => on.value('accepted-total')).toBe(before);
  expect(on.search('f')).toBe('~destination.port:443');
  await on.page.getByRole('button', { name: /^Remove the filter/ }).click();
  await soon(() => on.search('f')).toBeNull();
});

it('changes the range by a typed expression, and goes back', async () => {
  await on.open();
  const before = await on.value('rejected-total');
  await on.page.keyboard.press('t');
  await on.page.getByPlaceholder(/-90m/).fill('2026-11-17 14:00 to 15:00');
  await on.page.keyboard.press('Enter');
  const [[earlier] = []] = await on.ask('_index=vpc_flow action=REJECT | count', END - 86_400 - 900, END - 86_400);
  await soon(() => on.value('rejected-total')).toBe(earlier);
  await on.page.goBack();
  await soon(() => on.value('rejected-total')).toBe(before);
});

it('drills from a cell to its records, as a document and raw', async () => {
  await on.open();
  const count = numberIn(await on.text(REJECTS, 'tbody tr:has(td:nth-child(2)) td:last-child'));
  await on.panel(REJECTS).locator('tbody tr:has(td:nth-child(2)) td:last-child button').first().click();
  await on.page.waitForURL('**/search?**');
  await soon(async () => numberIn((await on.page.locator('.bz-run-state [role=status]').textContent())?.split(' in ')[0] ?? '')).toBe(count);
  await on.page
    .getByRole('button', { name: /^Message of/ })
    .first()
    .click();
  expect(await on.page.locator('.bz-tree').first().textContent()).toContain('denied');
  await on.page.getByText('Raw', { exact: true }).click();
  expect(await on.page.locator('.bz-raw').textContent()).toMatch(/ REJECT OK/);
});

it('says that a window is empty and leads to where data is', async () => {
  await on.open('', END - 40 * 86_400, END - 40 * 86_400 + HOUR);
  expect(await on.panel('accepted-total').textContent()).toContain('No data was ingested in this window');
  await on
    .panel('accepted-total')
    .getByRole('button', { name: /^Data exists from/ })
    .click();
  await soon(() => on.value('accepted-total').catch(() => 0)).toBeGreaterThan(0);
});

it('shows an error in its place, leaves the other panels alone, and tries again', async () => {
  await on.intercept(RUN, async (route) => {
    const response = await route.fetch();
    const lines = (await response.text()).split('\n').map((line) => {
      const event = (line ? JSON.parse(line) : {}) as { panel?: string };
      const error = { code: 'query-timeout', message: 'The query ran longer than its time limit.' };
      return event.panel === 'rejected-tcp-ports' ? JSON.stringify({ type: 'error', panel: event.panel, error }) : line;
    });
    await route.fulfill({ response, body: lines.join('\n') });
  });
  await on.open();
  const failed = on.panel('rejected-tcp-ports').getByRole('alert');
  expect(await failed.textContent()).toMatch(/time limit.*query-timeout/s);
  expect(await on.value('accepted-total')).toBeGreaterThan(0);
  await on.page.unroute(RUN);
  await failed.getByRole('button', { name: 'Try again' }).click();
  await soon(() => failed.count()).toBe(0);
});

it('is used by keyboard: help, and the pages', async () => {
  await on.open();
  await on.page.keyboard.press('?');
  await on.page.getByRole('dialog').waitFor();
  await on.page.keyboard.press('Escape');
  await soon(() => on.page.getByRole('dialog').count()).toBe(0);
  await inSequence(on.page, 'g', 's');
  await on.page.waitForURL('**/search?**');
  // One begins to type there; Escape leaves the editor.
  await on.page.getByRole('textbox', { name: 'Query' }).press('Escape');
  await inSequence(on.page, 'g', 'd');
  await on.page.waitForURL('**/dashboards/vpc-overview?**');
});

it.each([1440, 390])('names the dashboard whole, and a table its columns, at %i px', async (width) => {
  await on.page.setViewportSize({ width, height: 900 });
  await on.open();
  const cut = (selector: string) =>
    on.page.locator(selector).evaluateAll((nodes) => nodes.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.textContent));
  expect(await on.page.locator('.bz-nav-title').textContent()).toBe('Amazon VPC Flow – Security Monitoring – Overview');
  expect(await cut('.bz-nav-title')).toEqual([]);
  // Two columns and a measure have room for themselves.
  const table = on.panel('rejects-by-interface-destination').locator('.bz-table-scroll');
  await table.scrollIntoViewIfNeeded();
  await table.locator('tbody [data-cell]').first().waitFor();
  expect(await table.evaluate((node) => node.scrollWidth - node.clientWidth)).toBe(0);
});

it.each([1440, 390])('has no accessibility violation in either scheme, and no sideways scroll: %i px', async (width) => {
  await on.page.setViewportSize({ width, height: 900 });
  await on.open('&f=destination.port:22,443&f=!~source.ip:10.0.0.0/8');
  expect(await violationsInBoth(on.page)).toEqual([]);
  expect(await on.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
});
