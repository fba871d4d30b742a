/** The scope of an app: set on one dashboard, it narrows all of them, is shown on each, and stands in no address. */
import { expect, it } from 'vitest';
import { END } from './browser.ts';
import { HOUR, iso, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const on = startSession();
const scope = () => on.page.getByRole('button', { name: /^Scope of the app/ });

it('binds the dashboards of an app to a field, and frees them', async () => {
  await on.open();
  const before = await on.value('accepted-total');
  expect(await scope().textContent()).toContain('all records');
  await scope().click();
  const field = on.page.getByRole('combobox', { name: 'Field' });
  expect(await field.inputValue()).toBe('Source Category');
  await field.fill('dest_port');
  await on.page.keyboard.press('Escape');
  await on.page.getByRole('combobox', { name: 'Values' }).fill('443');
  await on.page.getByRole('button', { name: 'Apply', exact: true }).click();
  const [[bound] = []] = await on.ask('_index=vpc_flow action=ACCEPT dest_port=443 | count', END - 900);
  await soon(() => on.value('accepted-total')).toBe(bound);
  expect(bound).toBeLessThan(before);
  expect(on.search('f')).toBeNull();
  expect(await violations(on.page, 'main')).toEqual([]);

  // Another dashboard of the app has it, and one of another app has not.
  const range = `?from=${iso(END - HOUR)}&to=${iso(END)}`;
  await on.page.goto(`${on.served.address}/dashboards/vpc-accepts-rejects${range}`);
  await soon(() => scope().textContent()).toContain('Destination Port is 443');
  await on.page.goto(`${on.served.address}/dashboards/vpc-network${range}`);
  await soon(() => scope().textContent()).toContain('all records');

  // A drill-down keeps it.
  await on.open();
  await soon(() => on.value('accepted-total')).toBe(bound);
  await on.panel('rejects-by-interface-destination').locator('tbody tr:has(td:nth-child(2)) td:last-child button').first().click();
  await soon(() => on.search('f')).toContain('destination.port:443');

  await on.open();
  await soon(() => on.value('accepted-total')).toBe(bound);
  await scope().click();
  await on.page.getByRole('button', { name: 'All records', exact: true }).click();
  await soon(() => scope().textContent()).toContain('all records');
  await soon(() => on.value('accepted-total')).toBe(before);
});
