/** “Why refused?” in a real browser: by keyboard, from a row of a table, and nowhere where nothing was refused. */
import { expect, it } from 'vitest';
import { END } from './browser.ts';
import { HOUR, iso, numberIn, soon, startSession } from './session.ts';
import { violationsInBoth } from './violations.ts';

const on = startSession();

async function search(query: string, more = ''): Promise<void> {
  await on.page.goto(`${on.served.address}/search?from=${iso(END - HOUR)}&to=${iso(END)}&tz=utc&q=${encodeURIComponent(query)}${more}`);
  await on.page.locator('.bz-results-bar').waitFor();
}
const row = (index: number) => on.page.locator(`[data-row="${index}"]`);
const answer = () => on.page.getByRole('region', { name: 'Why refused?' });
const form = () => on.page.getByRole('radiogroup', { name: 'Form of the record' });

it('answers a key on a refused message: verdict, rules, interface, both directions', async () => {
  await search('action=REJECT dest_port=22 | sort - start');
  await row(0).focus();
  await on.page.keyboard.press('w');
  await answer().waitFor();
  await soon(() => answer().getByRole('heading', { level: 3 }).textContent()).toContain('Security group or network ACL');
  const [[srcaddr, dstaddr, srcport, eni] = []] = await on.ask(
    'action=REJECT dest_port=22 | sort - start | fields srcaddr, dstaddr, srcport, interface_id | limit 1',
  );
  const both = `(srcaddr=${srcaddr} dstaddr=${dstaddr} srcport=${srcport} dstport=22) or (srcaddr=${dstaddr} dstaddr=${srcaddr} srcport=22 dstport=${srcport})`;
  const around = Number((await on.ask(`${both} | count`, END - HOUR - 3600, END + 3600))[0]?.[0]);
  expect(around).toBeGreaterThan(0);
  await answer().getByText('± 60 min').click();
  const rows = answer().getByRole('table').last().locator('tbody tr');
  await soon(() => rows.count()).toBe(around);
  expect(await answer().textContent()).toContain(String(eni));
  expect(await answer().getByRole('table').first().locator('tbody tr').first().textContent()).toContain(`22${srcaddr}/32`);
  expect(await answer().locator('tr[data-asked]').count()).toBe(1);
  expect(await answer().textContent()).toContain('security groups are not known');

  const bytes = async () => (await rows.locator('td:nth-child(8)').evaluateAll((cells) => cells.map((c) => c.getAttribute('title') ?? ''))).map(numberIn);
  await answer().getByRole('button', { name: 'Bytes' }).click();
  await soon(bytes).toEqual((await bytes()).toSorted((a, b) => a - b));
  expect(await answer().getByRole('columnheader', { name: 'Bytes' }).getAttribute('aria-sort')).toBe('ascending');

  // Another look at the record, and back by the same key.
  await form().getByText('Raw', { exact: true }).click();
  await soon(() => answer().count()).toBe(0);
  await form().getByText('Why refused?').click();
  await answer().waitFor();
  await answer().getByRole('link', { name: 'Search for them' }).click();
  await soon(() => on.search('q')).toContain(`srcaddr="${srcaddr}"`);
  await soon(async () => numberIn((await on.page.getByRole('tab', { name: /^Messages/ }).textContent()) ?? '')).toBe(around);
});

it('is not asked of an accepted message', async () => {
  await search('action=ACCEPT');
  await row(0).focus();
  await on.page.keyboard.press('w');
  await on.page.keyboard.press('Enter');
  await form().waitFor();
  expect(await form().textContent()).toBe('ECS documentFieldsTagsRaw');
});

it('leads from a row of refused flows to the newest record behind it, and the address tells so', async () => {
  await search('action=REJECT | count by srcaddr, dest_port', '&view=table');
  const first = on.page.locator('.bz-aggregates tbody tr').first();
  await first.hover();
  const source = await first.locator('td').first().locator('button').first().textContent();
  await first.getByRole('button', { name: 'Why refused?' }).click();
  await answer().waitFor();
  expect(on.search('why')).toBe('newest');
  expect(on.search('q')).toContain(`source.ip="${source}"`);
  const expanded = () => on.page.locator('.bz-message-time[aria-expanded="true"]');
  expect(await expanded().getAttribute('data-row')).toBe('0');
  await on.page.reload();
  await answer().waitFor();
  // Another question begins with nothing open.
  await on.page.goBack();
  await on.page.locator('.bz-aggregates tbody tr').first().waitFor();
  expect(on.search('why')).toBeNull();
});

it('is offered where a row says that it was refused, and for no other', async () => {
  await search('| count by action, dest_port | sort by _count | limit 40', '&view=table');
  const rows = on.page.locator('.bz-aggregates tbody tr');
  await rows.first().waitFor();
  const offered = await rows.evaluateAll((list) =>
    list.map((tr) => [tr.firstElementChild?.textContent?.includes('REJECT'), tr.querySelector('.bz-why') !== null]),
  );
  expect(offered.some(([refused]) => refused)).toBe(true);
  expect(offered.some(([refused]) => !refused)).toBe(true);
  for (const [refused, button] of offered) expect(button).toBe(refused);
});

it('says a failure in place', async () => {
  await on.intercept('**/api/v1/flows/explain', (route) =>
    route.fulfill({ status: 503, json: { error: { code: 'store-busy', message: 'The store is busy.' } } }),
  );
  await search('action=REJECT', '&why=newest');
  const failed = on.page.getByRole('alert').filter({ hasText: 'store-busy' });
  await failed.waitFor();
  await on.page.unroute('**/api/v1/flows/explain');
  await failed.getByRole('button', { name: 'Try again' }).click();
  await answer().waitFor();
  expect(on.complaints.splice(0).filter((c) => !c.includes('503'))).toEqual([]);
});

it.each([1440, 390])('has no accessibility violation in either scheme, and no sideways scroll: %i px', async (width) => {
  await on.page.setViewportSize({ width, height: 900 });
  await search('action=REJECT dest_port=22', '&why=newest');
  await answer().waitFor();
  expect(await violationsInBoth(on.page, '.bz-results')).toEqual([]);
  expect(await on.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
});
