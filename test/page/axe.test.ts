/** No page has a violation that axe finds: with data, without, with errors, in both schemes, wide and narrow. */
import { afterEach, expect, it } from 'vitest';
import { END } from './browser.ts';
import { drawn, makeKinds } from './kinds.ts';
import { HOUR, iso, soon, startSession } from './session.ts';
import { schemeOf, violations, violationsInBoth } from './violations.ts';

const on = startSession();
const RANGE = `from=${iso(END - HOUR)}&to=${iso(END)}`;
const EMPTY = `from=${iso(END - 400 * HOUR)}&to=${iso(END - 399 * HOUR)}`;
let kinds: string | undefined;

const goto = (path: string) => on.page.goto(`${on.served.address}${path}`);

afterEach(() => on.complaints.splice(0));

it.each([
  ['with data', RANGE],
  ['without', EMPTY],
])('a dashboard of every kind %s', async (_, range) => {
  kinds ??= await makeKinds(on);
  await goto(`${kinds}?${range}`);
  await drawn(on);
  expect(await schemeOf(on.page)).toBe('dark');
  expect(await violationsInBoth(on.page)).toEqual([]);
  expect(await schemeOf(on.page)).toBe('light');
});

it('its panels as tables, one of them full screen, and narrow', async () => {
  kinds ??= await makeKinds(on);
  await goto(`${kinds}?${RANGE}&panel=share`);
  await drawn(on);
  await on.page
    .getByRole('dialog')
    .getByRole('button', { name: /^More of/ })
    .click();
  await on.page.getByRole('menuitem', { name: 'Show as a table' }).click();
  await soon(() => on.page.getByRole('dialog').locator('table').count()).toBe(1);
  // The menu goes in its own time.
  await soon(() => on.page.getByRole('menu').count()).toBe(0);
  expect(await violationsInBoth(on.page)).toEqual([]);
  expect(await on.page.getByRole('dialog').locator('table').count()).toBe(1);
  await on.page.setViewportSize({ width: 390, height: 800 });
  await goto(`${kinds}?${RANGE}`);
  await drawn(on);
  expect(await violationsInBoth(on.page)).toEqual([]);
});

// With data: overview.test.ts.
it('Overview with errors in its panels', async () => {
  await on.open();
  await on.intercept('**/api/v1/dashboards/*/run', (route) => route.abort());
  await on.page.keyboard.press('r');
  await on.page.getByText('Not refreshed: The server does not answer.').first().waitFor();
  expect(await violationsInBoth(on.page)).toEqual([]);
  await on.page.reload();
  await on.page.getByRole('alert').first().waitFor();
  expect(await violationsInBoth(on.page)).toEqual([]);
});

it.each([
  ['search, messages', `/search?${RANGE}&q=${encodeURIComponent('action=REJECT')}`, '.bz-messages, [role=status]'],
  ['search, groups', `/search?${RANGE}&q=${encodeURIComponent('| count by dest_port, action')}`, '.bz-table'],
  ['search, wrong', `/search?${RANGE}&q=${encodeURIComponent('| cuont by dest_port')}`, '.bz-note, [role=alert]'],
  ['sources', '/sources', 'main h1, main h2'],
  ['adding a source', '/sources/add', 'main h1, main h2'],
  ['completeness', '/completeness', 'main h1, main h2'],
  ['lookups', '/lookups', 'main h1, main h2'],
  ['a lookup table that is not there', '/lookups?view=none', 'main [role=alert]'],
  ['a dashboard that is not there', '/dashboards/none', 'main [role=alert] li'],
])('%s', async (_, path, there) => {
  await goto(path);
  await on.page.locator(there).first().waitFor();
  await on.page.waitForLoadState('networkidle');
  expect(await violationsInBoth(on.page)).toEqual([]);
});

it('what is wrong would be found: words as pale as the ground, and a button without a name', async () => {
  await goto('/lookups');
  await on.page.locator('main h1, main h2').first().waitFor();
  await on.page.evaluate(() => {
    document.querySelector('main')?.insertAdjacentHTML('beforeend', '<p style="color:#777;background:#888">pale</p><button type="button"></button>');
  });
  const found = (await violations(on.page)).map((text) => text.split(':')[0]);
  expect(found).toEqual(expect.arrayContaining(['color-contrast', 'button-name']));
});

it('what is wrong in the other scheme alone would be found there', async () => {
  await goto('/lookups');
  await on.page.locator('main h1, main h2').first().waitFor();
  await on.page.evaluate(() => {
    const style = '<style>[data-mantine-color-scheme="light"] #pale { color: #fff; background: #eee }</style>';
    document.querySelector('main')?.insertAdjacentHTML('beforeend', `${style}<p id="pale">pale in the light</p>`);
  });
  expect(await violationsInBoth(on.page)).toEqual([expect.stringMatching(/^light: color-contrast: <p id="pale">/)]);
});
