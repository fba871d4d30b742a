/** Sources in a real browser: one is added, pushed to, paused, edited and removed; a connection that fails says why. */

import { expect, test } from 'vitest';
import { closedPort } from '../cli/helpers.ts';
import { lines } from '../ingest/helpers.ts';
import { inSequence, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const button = (name: string) => session.page.getByRole('button', { name, exact: true });
const field = (name: string) => session.page.getByRole('textbox', { name, exact: true });
const dialog = () => session.page.getByRole('dialog');
const row = (name: string) => session.page.getByRole('row', { name: new RegExp(`^${name}`) });
const cell = (name: string, label: string) => row(name).locator(`[data-label="${label}"]`);
const axe = () => violations(session.page, 'main');
const open = (path = '') => session.page.goto(`${session.served.address}/sources${path}`);
const send = (url: string, body: string) => fetch(url, { method: 'POST', body });
/** Of the last source that was added on the page. */
let url = '';

/** What a choice of a segmented control or a menu is called, clicked. */
const choose = (name: string) => session.page.getByText(name, { exact: true }).click();

test('an empty page teaches, and the first source arrives step by step', async () => {
  const { page } = session;
  await open();
  await soon(() => page.getByRole('heading', { name: 'Nothing collects yet' }).count()).toBe(1);
  expect(await axe()).toEqual([]);
  await page.getByRole('link', { name: /^Anything that can POST/ }).click();
  await soon(() => [session.search('kind'), session.search('step')]).toEqual(['http', 'source']);
  await field('Name').fill('edge forwarder');
  await field('Name of the new collector').fill('production');
  await field('Source category').fill('prod/edge');
  expect(await axe()).toEqual([]);
  await button('Create the source').click();
  await soon(() => page.getByRole('region', { name: 'Address' }).count()).toBe(1);
  url = (await page.locator('[data-secret] code').textContent()) ?? '';
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/http\/[\w-]{43}$/);
  expect(await page.locator('pre').first().textContent()).toContain(`curl -sS ${url}`);
  await soon(() => page.getByRole('status').filter({ hasText: 'Waiting for the first records' }).count()).toBe(1);
  expect(await axe()).toEqual([]);

  expect((await send(url, lines(14, 91))).status).toBe(200);
  await soon(() => page.getByRole('status').filter({ hasText: 'first 14 records arrived' }).count()).toBe(1);
  const waiting = page.url();
  await page.getByRole('link', { name: 'Search its records' }).click();
  await soon(() => session.search('q')).toBe('_collector="production" _sourceName="edge forwarder"');
  await soon(() => session.ask('_collector="production" _sourceName="edge forwarder" | count', 1_600_000_000, 1_800_000_000)).toEqual([[14]]);
  // The address was shown once.
  await page.goto(waiting);
  await soon(() => page.getByText('was shown once').count()).toBe(1);
  expect(await page.content()).not.toContain(url);
});

test('the table follows what comes, by itself', async () => {
  const { page } = session;
  await open();
  await soon(() => cell('edge forwarder', 'Stored').textContent()).toBe('14');
  expect(await cell('edge forwarder', 'State').textContent()).toBe('running');
  const first = await page.evaluate(() => document.querySelector('.bz-sources-table')?.setAttribute('data-first', 'yes'));
  expect(first).toBeUndefined();
  expect((await send(url, `${lines(6, 92)}this is no flow log\n`)).status).toBe(200);
  await soon(() => cell('edge forwarder', 'Stored').textContent()).toBe('20');
  await soon(() => cell('edge forwarder', 'Quarantined').textContent()).toBe('1');
  // The same table: what is refreshed is not drawn anew.
  expect(await page.locator('.bz-sources-table[data-first="yes"]').count()).toBe(1);
  expect(await axe()).toEqual([]);
  await cell('edge forwarder', 'Quarantined').getByRole('link').click();
  await soon(() => page.getByRole('region', { name: 'Quarantine' }).locator('tbody tr').allTextContents()).toEqual([
    expect.stringContaining('this is no flow log'),
  ]);
  expect(await axe()).toEqual([]);
});

test('a paused source asks senders to come again, and its errors say so', async () => {
  const { page } = session;
  await open();
  await button('Pause edge forwarder').click();
  await soon(() => cell('edge forwarder', 'State').textContent()).toBe('paused');
  for (let i = 0; i < 3; i++) expect((await send(url, lines(1, 93))).status).toBe(503);
  await soon(() => cell('edge forwarder', 'Errors').textContent()).toBe('3');
  await cell('edge forwarder', 'Errors').getByRole('link').click();
  await soon(() => page.getByRole('region', { name: 'Errors' }).getByRole('listitem').allTextContents()).toEqual([
    expect.stringMatching(/^source-paused 3× last .*The source “edge forwarder” is paused\./),
  ]);
  expect(new URL(page.url()).hash).toBe('#errors');
  await button('Resume edge forwarder').click();
  await soon(() => button('Pause edge forwarder').count()).toBe(1);
  expect((await send(url, lines(1, 93))).status).toBe(200);
  // A collector pauses all of its sources.
  await open();
  await button('Pause the collector production').click();
  await soon(() => cell('edge forwarder', 'State').textContent()).toBe('paused');
  expect((await send(url, lines(1, 94))).status).toBe(503);
  await button('Resume the collector production').click();
  await soon(() => cell('edge forwarder', 'State').textContent()).toBe('running');
});

test('a new token is shown once and takes the place of the one before', async () => {
  const { page } = session;
  await open();
  await button('More of edge forwarder').click();
  await page.getByRole('menuitem', { name: 'New token …' }).click();
  await dialog().getByRole('textbox', { name: 'Hours that the token before is still taken' }).fill('0');
  await button('Make a new token').click();
  await soon(() => dialog().locator('[data-secret] code').count()).toBe(1);
  const fresh = (await dialog().locator('[data-secret] code').textContent()) ?? '';
  await session.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await button('Copy the address').click();
  await soon(() => page.evaluate(() => navigator.clipboard.readText())).toBe(fresh);
  expect([(await send(url, lines(1, 95))).status, (await send(fresh, lines(1, 95))).status]).toEqual([401, 200]);
  url = fresh;
  await button('Done').click();
  await soon(() => dialog().count()).toBe(0);
  expect(await page.content()).not.toContain(fresh);
});

test('rules are edited, refused by field, and what somebody else saved is not overwritten', async () => {
  const { page } = session;
  await open();
  await button('More of edge forwarder').click();
  await page.getByRole('menuitem', { name: 'Edit …' }).click();
  await choose('Advanced: format, processing rules, timestamps, internal traffic');
  await button('Add a rule').click();
  await page.getByRole('group', { name: 'Rule 1' }).getByRole('textbox', { name: 'Name' }).fill('refused ones');
  await page.getByRole('group', { name: 'Rule 1' }).getByRole('textbox', { name: 'Pattern' }).fill(' REJECT ');
  await field('Layout of lines without a header').fill('x'.repeat(5000));
  await button('Save').click();
  await soon(() => page.locator('[aria-invalid="true"]').count()).toBe(1);
  expect(await field('Layout of lines without a header').getAttribute('aria-invalid')).toBe('true');
  await soon(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
  expect(await axe()).toEqual([]);
  session.complaints.splice(0);
  await field('Layout of lines without a header').fill('');
  await button('Save').click();
  await soon(() => page.getByRole('region', { name: 'Settings' }).getByText('exclude: refused ones').count()).toBe(1);

  await button('Edit').click();
  await field('Source category').fill('mine');
  const other = await session.context.newPage();
  await other.goto(`${page.url().split('?')[0]}?step=edit`);
  await other.getByRole('textbox', { name: 'Source category', exact: true }).fill('theirs');
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await soon(() => other.getByRole('region', { name: 'Settings' }).count()).toBe(1);
  await button('Save').click();
  await soon(() => page.getByRole('alert').textContent()).toContain('Somebody else has changed this source');
  session.complaints.splice(0);
  expect(await axe()).toEqual([]);
  await button('Take what is there now').click();
  await soon(() => field('Source category').inputValue()).toBe('theirs');
  await button('Cancel').click();
  await soon(() => page.getByRole('region', { name: 'Settings' }).getByText('theirs').count()).toBe(1);
});

test('an S3 source whose endpoint is closed fails its test by name, and may be made all the same', async () => {
  const { page } = session;
  const endpoint = `http://127.0.0.1:${await closedPort()}`;
  await open('/new?kind=s3-queue&step=aws');
  await field('Region').fill('eu-central-1');
  await field('Bucket').fill('Not A Bucket');
  await button('Download s3-source.yaml').click();
  await soon(() => field('Bucket').getAttribute('aria-invalid')).toBe('true');
  session.complaints.splice(0);
  await field('Bucket').fill('acme-flow-logs');
  const [download] = await Promise.all([page.waitForEvent('download'), button('Download s3-source.yaml').click()]);
  expect(download.suggestedFilename()).toBe('s3-source.yaml');
  const command = (await page.locator('pre').first().textContent()) ?? '';
  const externalId = /ExternalId=(bartizan-[0-9a-f]{32})/.exec(command)?.[1];
  expect(command).toContain('--region eu-central-1');
  expect(command).toContain('BucketName=acme-flow-logs');
  expect(await axe()).toEqual([]);
  await button('The AWS side is made: next').click();
  await soon(() => field('External id').inputValue()).toBe(externalId);
  expect(await field('Bucket').inputValue()).toBe('acme-flow-logs');
  await field('Outputs of the stack').fill(
    JSON.stringify([
      { OutputKey: 'QueueUrl', OutputValue: 'https://sqs.eu-central-1.amazonaws.com/123456789012/flows' },
      { OutputKey: 'RoleArn', OutputValue: 'arn:aws:iam::123456789012:role/reader' },
    ]),
  );
  expect([await field('Queue').inputValue(), await field('Role ARN').inputValue()]).toEqual([
    'https://sqs.eu-central-1.amazonaws.com/123456789012/flows',
    'arn:aws:iam::123456789012:role/reader',
  ]);
  // Once more after a reload: what was typed is there.
  await page.reload();
  await soon(() => field('Role ARN').inputValue()).toBe('arn:aws:iam::123456789012:role/reader');
  await page.getByRole('radiogroup', { name: 'Read as' }).getByText('Access key', { exact: true }).click();
  await field('Access key id').fill('AKIAIOSFODNN7EXAMPLE');
  await field('Secret access key').fill('the/secret/key');
  await choose('Advanced: endpoints and proxy');
  await field('S3 endpoint').fill(endpoint);
  await field('SQS endpoint').fill('nonsense');
  await button('Test the connection').click();
  await soon(() => field('SQS endpoint').getAttribute('aria-invalid')).toBe('true');
  session.complaints.splice(0);
  await field('SQS endpoint').fill(endpoint);
  await button('Test the connection').click();
  await page.getByText('2 of 3 steps failed.').waitFor({ timeout: 90_000 });
  const failed = page.locator('.bz-source-checks [data-result="failed"]');
  expect((await failed.allTextContents()).map((text) => text.slice(0, 30))).toEqual([
    expect.stringMatching(/^Queue failed unreachable/),
    expect.stringMatching(/^Bucket failed unreachable/),
  ]);
  expect(await axe()).toEqual([]);
  await button('Create the source').click();
  await soon(() => page.getByRole('region', { name: 'First records' }).getByRole('listitem').first().textContent()).toContain('unreachable');
  const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage }));
  expect(kept).not.toContain('the/secret/key');
  await page.getByRole('link', { name: 'Open the source' }).click();
  await soon(() => page.getByText('trouble', { exact: true }).count()).toBe(1);
  await soon(() => page.getByText('stored, encrypted').count()).toBe(1);
  expect(await page.content()).not.toContain('the/secret/key');
});

test('it works on a phone', async () => {
  const { page } = session;
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['', '/new', '/new?kind=s3-queue&step=aws', '/new?kind=s3-list&step=source', '/new?kind=firehose&step=source']) {
    await open(path);
    await soon(() => page.locator('main[aria-busy="false"], main:not([aria-busy])').count()).toBe(1);
    await page.waitForTimeout(200);
    expect([path, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 390]);
    expect(await axe()).toEqual([]);
  }
  await open();
  await soon(() => cell('edge forwarder', 'Stored').isVisible()).toBe(true);
  await page.getByRole('link', { name: 'edge forwarder' }).click();
  await soon(() => page.getByRole('region', { name: 'Senders' }).count()).toBe(1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

test('renaming and removing say what becomes of the records', async () => {
  const { page } = session;
  await open();
  await button('More of edge forwarder').click();
  await page.getByRole('menuitem', { name: 'Rename …' }).click();
  await dialog().getByRole('textbox', { name: 'Name' }).fill('edge');
  await dialog().getByRole('button', { name: 'Save' }).click();
  await soon(() => button('More of edge').count()).toBe(1);
  await button('More of edge').click();
  await page.getByRole('menuitem', { name: 'Remove …' }).click();
  expect(await dialog().textContent()).toMatch(/Gone: its settings, its tokens.*401.*Stays: every record that it brought/);
  await button('Keep it').click();
  await soon(() => dialog().count()).toBe(0);
  await button('More of edge').click();
  await page.getByRole('menuitem', { name: 'Remove …' }).click();
  await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
  await soon(() => button('More of edge').count()).toBe(0);
  expect((await send(url, lines(1, 96))).status).toBe(401);
  const [[kept] = []] = await session.ask('_collector="production" _sourceName="edge forwarder" | count', 1_600_000_000, 1_800_000_000);
  expect(Number(kept)).toBeGreaterThanOrEqual(20);
});

test('g o goes to the sources', async () => {
  const { page } = session;
  await page.goto(`${session.served.address}/lookups`);
  await soon(() => page.getByRole('heading', { name: 'Lookup tables' }).count()).toBe(1);
  await inSequence(page, 'g', 'o');
  await soon(() => new URL(page.url()).pathname).toBe('/sources');
});
