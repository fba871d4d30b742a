/** A field extraction rule from the form to a query, in a browser. */
import { expect, it } from 'vitest';
import { soon, startSession } from './session.ts';

const session = startSession();
const LINE = '2 123456789012 eni-0a1b2c3d4e5f60718 10.0.0.5 198.51.100.7 51000 443 6 10 840 1700000000 1700000060 ACCEPT OK';

it('a rule is written, tried on samples, saved, and its field is there in a query; then it is switched off and removed', async () => {
  const { page } = session;
  await page.goto(`${session.served.address}/extraction`);
  await page.getByText('There are no rules yet').waitFor();
  await page.getByRole('button', { name: 'New rule' }).click();
  const form = page.getByRole('form', { name: 'New rule' });
  await form.getByLabel('Name').fill('Interface heads');
  await form.getByText('Applied when a query asks').click();
  // A mistake is shown at its place.
  const expression = form.getByLabel('Parse expression');
  await expression.fill('parse regex "(?<eni_head>eni-[0-9a-f]{4})" | count by eni_head');
  const problem = form.getByRole('alert');
  await soon(() => problem.locator('mark').textContent()).toBe('count by eni_head');
  await expression.fill('parse regex "(?<eni_head>eni-[0-9a-f]{4})" | where action = "ACCEPT"');
  await form.getByLabel('Samples', { exact: true }).fill(`${LINE}\n${LINE.replace('ACCEPT', 'REJECT')}`);
  const tried = form.getByRole('list', { name: 'What the rule makes of the samples' }).getByRole('listitem');
  await soon(() => tried.count()).toBe(2);
  await soon(() => tried.nth(0).textContent()).toMatch(/Matched.*eni_headeni-0a1b/);
  expect(await tried.nth(1).textContent()).toMatch(/Step 2 found nothing: where action = "ACCEPT"/);
  expect(await problem.count()).toBe(0);
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('“Interface heads” is saved. It makes eni_head.').waitFor();

  const [accepted] = (await session.ask('action=ACCEPT | count'))[0] as [number];
  const rows = (await session.ask('| where !isNull(eni_head) | count by eni_head')) as [string, number][];
  expect(rows.length).toBeGreaterThan(0);
  for (const [head] of rows) expect(head).toMatch(/^eni-[0-9a-f]{4}$/);
  expect(rows.reduce((n, [, count]) => n + count, 0)).toBe(accepted);

  const row = page.getByRole('row', { name: /Interface heads/ });
  const enabled = row.getByRole('switch');
  expect(await enabled.isChecked()).toBe(true);
  await row.locator('label, .mantine-Switch-track').first().click();
  await soon(() => enabled.isChecked()).toBe(false);
  await soon(async () => (await session.ask('| count by eni_head'))?.length).toBe(undefined);
  expect(session.complaints.splice(0).join()).toMatch(/400/);

  await row.getByRole('button', { name: 'Interface heads' }).first().click();
  expect(session.search('view')).toBeTruthy();
  expect(await page.getByRole('form', { name: 'Rule Interface heads' }).getByLabel('Samples', { exact: true }).inputValue()).toContain('REJECT');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Remove Interface heads' }).click();
  await page.getByRole('dialog').getByText('will not find them any more').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByText('There are no rules yet').waitFor();
});
