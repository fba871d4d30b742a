/** Saved searches, links, exports and dashboards of one's own, by pointer and by keys, against numbers that queries give. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { END } from './browser.ts';
import { HOUR, iso, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const FROM = iso(END - HOUR);
const TO = iso(END);
const QUERY = 'action=REJECT | count by dest_port | sort by _count';

async function openSearch(parameters: Record<string, string>): Promise<void> {
  await session.page.goto(`${session.served.address}/search?${new URLSearchParams({ from: FROM, to: TO, ...parameters })}`);
  await session.page.waitForSelector('.cm-content');
}

const button = (name: string | RegExp) => session.page.getByRole('button', { name });
const dialog = () => session.page.getByRole('dialog');
const text = (selector: string) => session.page.locator(selector).first().textContent();
const axe = (of: string) => violations(session.page, of);

async function save(name: string): Promise<string> {
  await button('Save this search (s)').click();
  await dialog().getByLabel('Name').fill(name);
  await dialog().getByRole('button', { name: 'Save', exact: true }).click();
  await soon(() => text('.bz-saved-title')).toBe(name);
  return session.search('saved') ?? '';
}

describe('a search', () => {
  test('is saved, marked when it is changed, and opened by its link', async () => {
    const { page } = session;
    await openSearch({ q: QUERY, view: 'bar' });
    const id = await save('Refused ports');
    expect(id).not.toBe('');
    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' | limit 3');
    await soon(() => text('.bz-saved-title')).toContain('not saved');
    await page.goto(`${session.served.address}/search?saved=${id}`);
    await soon(() => session.search('q')).toBe(QUERY);
    expect([session.search('from'), session.search('to'), session.search('view')]).toEqual([FROM, TO, 'bar']);
    await soon(() => text('.bz-saved-title')).toBe('Refused ports');
    expect(await page.locator('.cm-content').textContent()).toContain('count by dest_port');
    await page.goto(`${session.served.address}/search?saved=nothing`);
    await soon(() => text('.bz-saved-title')).toContain('not there any more');
    session.complaints.splice(0);
  });

  test('is found in the tree, renamed, moved and removed by keys', async () => {
    const { page } = session;
    await openSearch({ q: 'REJECT' });
    await save('To be moved');
    await button('Open a saved search (o)').click();
    await dialog().getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('dialog', { name: 'New folder' }).getByLabel('Name').fill('Mine');
    await page.keyboard.press('Enter');
    const row = (name: string) => page.getByRole('treeitem', { name, exact: true });
    await soon(() => row('Mine').count()).toBe(1);
    expect(await axe('[role="dialog"]')).toEqual([]);

    await page.getByLabel('Find a saved search').fill('moved');
    await soon(() => page.getByRole('treeitem').count()).toBe(1);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('F2');
    const place = page.getByRole('dialog', { name: /Rename or move/ });
    await place.getByLabel('Name').fill('Moved');
    await place.getByRole('combobox', { name: 'Folder' }).click();
    await page.getByRole('option', { name: 'Mine' }).click();
    await place.getByRole('button', { name: 'Save' }).click();
    await soon(() => place.count()).toBe(0);
    await page.getByLabel('Find a saved search').fill('');
    await row('Mine').focus();
    await soon(() => row('Mine').getAttribute('aria-expanded')).toMatch(/true|false/);
    if ((await row('Mine').getAttribute('aria-expanded')) === 'false') await page.keyboard.press('ArrowRight');
    await soon(() => row('Moved').getAttribute('aria-level')).toBe('2');

    await row('Mine').focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Moved');
    await page.keyboard.press('Delete');
    await page
      .getByRole('dialog', { name: /Remove “Moved”/ })
      .getByRole('button', { name: 'Remove' })
      .click();
    await soon(() => row('Moved').count()).toBe(0);
  });

  test('that ships is opened from the tree', async () => {
    const { page } = session;
    await openSearch({ q: '*' });
    await page.keyboard.press('Escape');
    await button('Open a saved search (o)').click();
    await page.getByLabel('Find a saved search').fill('bytes by protocol');
    await page.getByRole('treeitem', { name: 'Bytes by protocol' }).click();
    await soon(() => session.search('saved')).toBe('bytes-by-protocol');
    expect(session.search('q')).toContain('sum(bytes) as bytes_sum');
    await soon(() => text('.bz-saved-title')).toBe('Bytes by protocol');
  });

  test('is shared with the times of now or with those that are meant', async () => {
    const { page } = session;
    await openSearch({ q: QUERY, from: '-3h', to: 'now', f: 'destination.port:22,3389' });
    await button('Share this search').click();
    const link = async () => new URL(await dialog().getByRole('textbox', { name: 'Link' }).inputValue()).searchParams;
    expect([(await link()).get('from'), (await link()).get('q'), (await link()).get('f')]).toEqual(['-3h', QUERY, 'destination.port:22,3389']);
    await page.getByText(/^These times/).click();
    await soon(async () => (await link()).get('from')).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(Date.parse((await link()).get('to') ?? '') - Date.parse((await link()).get('from') ?? '')).toBe(3 * HOUR * 1000);
  });

  test('is exported whole', async () => {
    const { page } = session;
    await openSearch({ q: QUERY });
    const expected = await session.ask(QUERY);
    await button('Export all rows').click();
    await soon(() => page.getByText(/About \d+ rows/).count()).toBe(1);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('search.csv');
    const [head, ...lines] = (await readFile(await file.path(), 'utf8')).trimEnd().split('\r\n');
    expect(head).toBe('dest_port,_count');
    expect(lines.map((line) => line.split(',').map(Number))).toEqual(expected);
    await soon(() => page.getByText(/is on its way/).count()).toBe(1);
  });
});

describe('a dashboard of one’s own', () => {
  test('begins with a search, shows its numbers, is renamed, emptied and removed', async () => {
    const { page } = session;
    await openSearch({ q: QUERY });
    const expected = await session.ask(QUERY);
    await button('Add to a dashboard').click();
    await dialog().getByLabel('Title of the new dashboard').fill('Night shift');
    await dialog().getByLabel('Title of the panel').fill('Refused, by port');
    await soon(() => dialog().locator('.bz-preview canvas, .bz-preview svg, .bz-preview table').count()).toBeGreaterThan(0);
    await dialog().getByRole('combobox', { name: 'Picture' }).click();
    await page.getByRole('option', { name: 'Table' }).click();
    await dialog().getByRole('button', { name: 'Add the panel' }).click();
    await page.getByRole('link', { name: '“Night shift”' }).click();
    const panel = session.panel('refused-by-port');
    await panel.waitFor();
    await page.goto(`${page.url()}?from=${FROM}&to=${TO}`);
    const digits = (words: string) => Number(words.replace(/[^\d]/g, ''));
    await soon(() => panel.locator('tbody tr, [role="row"]').count()).toBeGreaterThan(1);
    const counts = await panel.locator('tbody tr td:last-child').allTextContents();
    expect(counts.slice(0, 5).map(digits)).toEqual(expected.slice(0, 5).map((row) => Number(row[1])));
    expect(await axe('main')).toEqual([]);

    await button('More of this dashboard').click();
    await page.getByRole('menuitem', { name: 'Rename …' }).click();
    await dialog().getByLabel('Title').fill('Day shift');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await soon(() => page.title()).toBe('Day shift · Bartizan');
    await page.getByRole('button', { name: 'Day shift' }).click();
    await soon(() => page.getByText('Own dashboards').count()).toBe(1);
    await page.keyboard.press('Escape');

    await panel.hover();
    await button('More of Refused, by port').click();
    await page.getByRole('menuitem', { name: 'Edit this panel …' }).click();
    await page.getByRole('dialog', { name: 'Edit “Refused, by port”' }).getByRole('button', { name: 'Cancel' }).click();
    await soon(() => page.locator('[data-slot="refused-by-port"]').evaluate((e) => e === document.activeElement)).toBe(true);
    await page.keyboard.press('Delete');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await soon(() => page.locator('.bz-editing').count()).toBe(0);
    await soon(() => page.getByText('This dashboard has no panel yet.').count()).toBe(1);
    await button('More of this dashboard').click();
    await page.getByRole('menuitem', { name: 'Remove …' }).click();
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await soon(() => new URL(page.url()).pathname).toBe('/dashboards/vpc-overview');
  });

  test('is a copy of one that ships, which itself cannot be changed', async () => {
    const { page } = session;
    await session.open();
    await button('More of this dashboard').click();
    await soon(() => page.getByRole('menuitem').allTextContents()).toEqual(['Duplicate …', 'Save as a file', 'New dashboard …', 'Import a file …']);
    await page.getByRole('menuitem', { name: 'Duplicate …' }).click();
    await dialog().getByLabel('Title').fill('My overview');
    await dialog().getByRole('button', { name: 'Duplicate' }).click();
    await soon(() => page.title()).toBe('My overview · Bartizan');
    await session.settled();
    expect(await session.value('rejected-total')).toBe(Number((await session.ask('action=REJECT | timeslice 15m | count by _timeslice')).at(-1)?.[1]));
  });
});
