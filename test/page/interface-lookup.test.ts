/** Setting an interface lookup up on the page: what is refused is named at its field, and a test names what fails. */

import { expect, test } from 'vitest';
import { closedPort } from '../cli/helpers.ts';
import { soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const axe = () => violations(session.page, 'main');

test('a lookup is made step by step, tried, shown, changed and no feed of the board', async () => {
  const { page, served } = session;
  await page.goto(`${served.address}/sources/new`);
  await page.getByRole('link', { name: /^Names of the interfaces in your records/ }).click();

  // The commands have what was typed.
  const regions = page.getByRole('combobox', { name: 'Regions' });
  await regions.pressSequentially('eu-central-1,');
  await soon(() => page.getByText(`REGIONS='["eu-central-1"]'`).count()).toBe(1);
  expect(await axe()).toEqual([]);
  await page.getByRole('button', { name: 'The AWS side is made: next' }).click();

  // What is wrong is said at its field, and the keyboard is there.
  await page.getByRole('textbox', { name: 'Name of the new collector' }).fill('production');
  await page.getByRole('textbox', { name: 'Role ARN' }).fill('my-role');
  await regions.fill('frankfurt; frankfurt');
  await regions.press('Enter');
  await page.getByRole('button', { name: 'Create the source' }).click();
  await soon(() => page.getByText('frankfurt: write a region such as eu-central-1').count()).toBe(1);
  await soon(() => page.getByText('write the role’s ARN: arn:aws:iam::123456789012:role/name').count()).toBe(1);
  await soon(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
  expect(await page.getByText('Advanced: format, processing rules').count()).toBe(0);
  expect(session.complaints.splice(0).join()).toContain('400');

  // A test says which step failed, and why.
  await regions.press('Backspace');
  await page.getByText('Access key', { exact: true }).first().click();
  await page.getByRole('textbox', { name: 'Access key id' }).fill('AKIAIOSFODNN7EXAMPLE');
  await page.getByRole('textbox', { name: 'Secret access key' }).fill('not-a-real-secret');
  await page.getByText('Advanced: endpoints and proxy').click();
  const port = await closedPort();
  await page.getByRole('textbox', { name: 'EC2 endpoint' }).fill(`http://127.0.0.1:${port}`);
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await soon(() => page.getByText('3 of 4 steps failed.').count()).toBe(1);
  const steps = page.locator('.bz-source-checks li');
  expect(await steps.locator('b').allTextContents()).toEqual([
    'Credentials',
    'Interfaces, eu-central-1',
    'Instances, eu-central-1',
    'Security groups, eu-central-1',
  ]);
  expect(await steps.nth(0).getAttribute('data-result')).toBe('skipped');
  expect(await steps.nth(1).textContent()).toContain('unreachable');
  expect(await axe()).toEqual([]);

  // Its page has what a lookup has, and nothing of records and senders.
  await page.getByRole('button', { name: 'Create the source' }).click();
  await soon(() => page.getByRole('heading', { name: 'Connection' }).count()).toBe(1);
  expect(await page.getByRole('heading').allTextContents()).toEqual(['Sources / EC2 interfaces', 'Errors', 'Connection', 'Settings']);
  await soon(() => page.getByText('eu-central-1, every 10 minutes').count()).toBe(1);
  expect(await page.getByRole('region', { name: 'Settings' }).textContent()).toContain('stored, encrypted');
  expect(await page.getByRole('region', { name: 'Settings' }).textContent()).not.toMatch(/not-a-real-secret|Format|Layout/);
  await soon(() => page.locator('.bz-source-state').first().getAttribute('data-state')).toBe('trouble');
  expect(await axe()).toEqual([]);

  // An edit keeps the secret.
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Minutes between looks' }).fill('30');
  expect(await page.getByRole('textbox', { name: 'Secret access key' }).inputValue()).toBe('');
  await page.getByRole('button', { name: 'Save' }).click();
  await soon(() => page.getByText('eu-central-1, every 30 minutes').count()).toBe(1);
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await soon(() => page.getByText('3 of 4 steps failed.').count()).toBe(1);

  await page.getByRole('link', { name: 'Sources' }).first().click();
  await soon(() => page.getByRole('row', { name: /^EC2 interfaces/ }).textContent()).toContain('eu-central-1, every 30 minutes');
  await page.goto(`${served.address}/completeness?from=all&to=now`);
  await soon(() => page.getByRole('region', { name: 'files', exact: true }).count()).toBe(1);
  expect(await page.getByText('EC2 interfaces').count()).toBe(0);
});
