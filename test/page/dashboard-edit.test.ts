/** A dashboard is edited: by pointer, by keys, on a telephone; saved, written to a file and read again; against numbers that queries give. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DashboardAnswer } from '../../src/api/contract/dashboards.ts';
import { parseDashboard } from '../../src/dashboards/load.ts';
import { END } from './browser.ts';
import { HOUR, iso, numberIn, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const RANGE = `from=${iso(END - HOUR)}&to=${iso(END)}`;

const button = (name: string | RegExp) => session.page.getByRole('button', { name, exact: typeof name === 'string' });
const dialog = (name: string | RegExp) => session.page.getByRole('dialog', { name });
const slot = (id: string) => session.page.locator(`[data-slot="${id}"]`);
const said = () => session.page.locator('.bz-edit-said').textContent();
const axe = (of: string) => violations(session.page, of);
const isEditing = () => session.page.locator('.bz-editing .bz-edit-bar').waitFor();

/** A request with the page's own cookies. */
const send = <T>(method: string, path: string, body?: object) =>
  session.page.evaluate(
    async ([how, where, what]) => {
      const token = decodeURIComponent(/bartizan_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '');
      const headers = { 'x-csrf-token': token, ...(what === undefined ? {} : { 'content-type': 'application/json' }) };
      const response = await fetch(where as string, { method: how as string, headers, ...(what === undefined ? {} : { body: JSON.stringify(what) }) });
      return (await response.json()) as unknown;
    },
    [method, path, body] as const,
  ) as Promise<T>;
const idOfPage = () => new URL(session.page.url()).pathname.split('/').at(-1) ?? '';
const stored = (id = idOfPage()) => send<DashboardAnswer>('GET', `/api/v1/dashboards/${id}`);

const panel = (id: string, query: string, more: object = {}) => ({ id, title: id, description: '', kind: 'table', query, width: 8, height: 7, ...more });
const COUNT = panel('all', '* | count', { kind: 'value', y: '_count' });
const PORTS = panel('ports', 'action=REJECT | count by dest_port');
const ACTIONS = panel('actions', '* | count by action', { kind: 'bar', x: 'action', y: '_count' });

/** An own dashboard, opened to be edited. */
async function edit(title: string, sections: readonly object[], more = ''): Promise<DashboardAnswer> {
  await session.page.goto(session.served.address);
  const made = await send<DashboardAnswer>('POST', '/api/v1/dashboards', { title, sections });
  await session.page.goto(`${session.served.address}/dashboards/${made.id}?edit=on&${RANGE}${more}`);
  await isEditing();
  return made;
}
const order = () => session.page.locator('[data-slot]').evaluateAll((all) => all.map((e) => (e as HTMLElement).dataset.slot));

async function drag(from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
  const { mouse } = session.page;
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
  await mouse.move(to.x, to.y);
  await mouse.up();
}

describe('a copy of a ready dashboard', () => {
  test('gets a panel with a live preview, is saved, filtered, reloaded, written to a file and read again', async () => {
    const { page } = session;
    await session.open();
    await page.keyboard.press('e');
    await dialog('Duplicate to edit').getByLabel('Title').fill('My overview');
    await dialog('Duplicate to edit').getByRole('button', { name: 'Duplicate and edit' }).click();
    await isEditing();
    await session.settled();
    expect(await page.getByText('nothing to save').count()).toBe(1);

    await page.keyboard.press('a');
    const editor = dialog('A new panel');
    await editor.locator('.cm-content').click();
    await page.keyboard.insertText('action=REJECT | count by dest_prot');
    await soon(() => editor.locator('.bz-problem').textContent()).toContain('dest_prot');
    expect(await editor.getByRole('button', { name: 'Add the panel' }).isDisabled()).toBe(true);
    await editor.getByRole('button', { name: 'Use dest_port' }).click();
    const preview = editor.locator('[data-panel="preview"]');
    await soon(() => preview.getAttribute('aria-busy')).toBe('false');
    await soon(() => preview.locator('tbody tr, canvas, svg').count()).toBeGreaterThan(0);
    await editor.getByRole('combobox', { name: 'Drawn as' }).click();
    await page.getByRole('option', { name: 'Table', exact: true }).click();
    const expected = await session.ask('action=REJECT | count by dest_port');
    await soon(async () => (await preview.locator('tbody tr td:last-child').allTextContents()).slice(0, 5).map(numberIn)).toEqual(
      expected.slice(0, 5).map((row) => Number(row[1])),
    );
    await editor.getByRole('textbox', { name: 'Title', exact: true }).fill('Refused, by port');
    expect(await axe('[role="dialog"]')).toEqual([]);
    await editor.getByRole('button', { name: 'Add the panel' }).click();
    const id = 'refused-by-port';
    await soon(() => slot(id).evaluate((e) => e === document.activeElement)).toBe(true);
    expect(await page.locator('[data-slot]').count()).toBe(24);
    expect((await stored()).sections.flatMap((s) => s.panels).length).toBe(23);

    await page.keyboard.press('Shift+ArrowRight');
    await soon(said).toBe('“Refused, by port” is 13 wide, 8 high');
    await page.keyboard.press('ArrowLeft');
    await soon(said).toMatch(/^Moved “Refused, by port” to place \d+ of \d+ in/);
    expect((await order()).at(-2)).toBe(id);
    await page.keyboard.press('Control+s');
    await soon(() => page.locator('.bz-editing').count()).toBe(0);

    await page.reload();
    await page.waitForSelector('[data-panel="refused-by-port"]');
    const saved = (await stored()).sections.flatMap((s) => s.panels);
    expect(saved.at(-2)).toMatchObject({ id, kind: 'table', width: 13, height: 8, query: 'action=REJECT | count by dest_port' });
    await page.goto(`${session.served.address}/dashboards/${idOfPage()}?${RANGE}&f=direction:inbound`);
    const inbound = await session.ask('action=REJECT direction=inbound | count by dest_port');
    expect(inbound.length).toBeGreaterThan(0);
    expect(inbound).not.toEqual(expected);
    await soon(async () => (await session.panel(id).locator('tbody tr td:last-child').allTextContents()).slice(0, 5).map(numberIn)).toEqual(
      inbound.slice(0, 5).map((row) => Number(row[1])),
    );

    // Out to a file, and in again: first its title is taken.
    const original = await stored();
    const download = page.waitForEvent('download');
    await button('More of this dashboard').click();
    await page.getByRole('menuitem', { name: 'Save as a file' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('my-overview.yaml');
    const text = await readFile(await file.path(), 'utf8');
    expect(parseDashboard(text, 'file').sections).toEqual(original.sections);
    const path = join(session.served.data, 'my-overview.yaml');
    await writeFile(path, text);
    await button('More of this dashboard').click();
    await page.getByRole('menuitem', { name: 'Import a file …' }).click();
    const importing = dialog('Import a dashboard');
    await page.locator('input[type="file"]').setInputFiles(path);
    await importing.getByRole('button', { name: 'Import' }).click();
    await importing.getByLabel('Another title').fill('Brought back');
    expect(await axe('[role="dialog"]')).toEqual([]);
    await importing.getByRole('button', { name: 'Import' }).click();
    await soon(() => page.title()).toBe('Brought back · Bartizan');
    const back = await stored();
    expect({ ...back, id: '', revision: 0, title: '' }).toEqual({ ...original, id: '', revision: 0, title: '' });
    const again = await send<{ text: string }>('GET', `/api/v1/dashboards/${idOfPage()}/file`);
    expect(again.text).toBe(text.replace('id: my-overview', 'id: brought-back').replace('title: My overview', 'title: Brought back'));

    await writeFile(path, text.replace('kind: value', 'kind: pie'));
    await button('More of this dashboard').click();
    await page.getByRole('menuitem', { name: 'Import a file …' }).click();
    await page.locator('input[type="file"]').setInputFiles(path);
    await importing.getByRole('button', { name: 'Import' }).click();
    await soon(() => importing.getByRole('alert').textContent()).toMatch(/Line \d+ sections\.0\.panels\.0\.kind/);
    // The refusals above are the browser's to complain of.
    expect(session.complaints.splice(0).every((c) => /40[09]/.test(c))).toBe(true);
  });
});

describe('panels', () => {
  test('are dragged, resized at the corner, duplicated, removed, and all of it is undone', async () => {
    const { page } = session;
    await edit('By pointer', [
      { id: 'one', title: 'One', panels: [COUNT, PORTS, ACTIONS] },
      { id: 'two', title: 'Two', panels: [] },
    ]);
    const before = await order();
    const box = async (id: string) => {
      const found = await slot(id).boundingBox();
      if (!found) throw new Error(`${id} is not there`);
      return found;
    };
    const [all, actions] = [await box('all'), await box('actions')];
    await drag({ x: actions.x + 100, y: actions.y + 100 }, { x: all.x + 20, y: all.y + 60 });
    await soon(order).toEqual(['actions', 'all', 'ports']);
    expect(await said()).toBe('Moved “actions” to place 1 of 3 in “One”');
    const corner = await box('actions');
    await drag({ x: corner.x + corner.width - 6, y: corner.y + corner.height - 6 }, { x: corner.x + corner.width * 1.5, y: corner.y + corner.height + 42 });
    await soon(said).toBe('“actions” is 12 wide, 8 high');
    // Where it was begun it ends: nothing moves.
    const still = await box('ports');
    await drag({ x: still.x + 50, y: still.y + 50 }, { x: still.x + 80, y: still.y + 90 });
    expect(await order()).toEqual(['actions', 'all', 'ports']);
    const empty = await page.locator('[data-section="two"] .bz-edit-empty').boundingBox();
    const from = await box('ports');
    await drag({ x: from.x + 50, y: from.y + 50 }, { x: (empty?.x ?? 0) + 60, y: (empty?.y ?? 0) + 20 });
    await soon(said).toBe('Moved “ports” to place 1 of 1 in “Two”');
    await button('Duplicate all').click();
    await soon(order).toEqual(['actions', 'all', 'all-copy', 'ports']);
    await button('Remove actions').click();
    await soon(order).toEqual(['all', 'all-copy', 'ports']);
    expect(await page.locator('.bz-edit-state').textContent()).toContain('5 changes are not saved');
    await soon(() => page.evaluate(() => document.activeElement?.id)).toBe('bz-edit-undo');
    await page.keyboard.press('Enter');
    await soon(order).toEqual(['actions', 'all', 'all-copy', 'ports']);
    for (let n = 0; n < 4; n++) await page.keyboard.press('Control+z');
    await soon(order).toEqual(before);
    expect(await page.getByText('nothing to save').count()).toBe(1);
    await page.keyboard.press('Control+Shift+z');
    await soon(order).toEqual(['actions', 'all', 'ports']);
    await button('Save').click();
    await soon(() => page.locator('.bz-editing').count()).toBe(0);
    expect((await stored()).sections[0]?.panels.map((p) => p.id)).toEqual(['actions', 'all', 'ports']);
    const value = session.panel('all').locator('.bz-value-number');
    const expected = Number((await session.ask('* | count'))[0]?.[0]);
    await soon(async () => numberIn((await value.getAttribute('title'))?.split('·')[0] ?? '')).toBe(expected);
  });

  test('and sections and settings by keys alone; what does not compile is not taken', async () => {
    const { page } = session;
    const made = await edit('By keys', [{ id: 'one', title: 'One', panels: [COUNT, PORTS] }]);
    await slot('all').focus();
    await page.keyboard.press('ArrowRight');
    await soon(order).toEqual(['ports', 'all']);
    await soon(() => slot('all').evaluate((e) => e === document.activeElement)).toBe(true);
    await page.keyboard.press('ArrowRight');
    await soon(said).toBe('“all” cannot go further');
    await button('Section').press('Enter');
    await button('Rename the section New section').press('Enter');
    await page.keyboard.type('Second');
    await page.keyboard.press('Enter');
    await soon(said).toBe('Renamed the section to “Second”');
    await slot('all').focus();
    await page.keyboard.press('ArrowDown');
    await soon(said).toBe('Moved “all” to place 1 of 1 in “Second”');
    await soon(() => slot('all').evaluate((e) => e === document.activeElement)).toBe(true);
    await page.keyboard.press('d');
    await soon(order).toEqual(['ports', 'all', 'all-copy']);
    await page.keyboard.press('Delete');
    await soon(order).toEqual(['ports', 'all']);

    await button('Settings').press('Enter');
    const settings = dialog('Settings of this dashboard');
    await settings.getByRole('textbox', { name: 'Title', exact: true }).fill('All by keys');
    await settings.getByLabel('Opens on the last').fill('soon');
    await soon(() => settings.getByText('Write a time such as').count()).toBe(1);
    await settings.getByLabel('Opens on the last').fill('4h');
    await settings.getByRole('button', { name: 'Variable' }).press('Enter');
    await settings.getByLabel('Title of variable 1').fill('Account');
    await settings.getByLabel('Field of Account').fill('accuont');
    expect(await settings.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
    await settings.getByLabel('Field of Account').fill('accountID');
    expect(await axe('[role="dialog"]')).toEqual([]);
    await page.keyboard.press('Enter');
    await soon(() => settings.count()).toBe(0);

    await slot('ports').focus();
    await page.keyboard.press('Enter');
    const editor = dialog('Edit “ports”');
    await editor.getByLabel('Text when nothing is found').fill('Nobody was refused.');
    await editor.locator('.cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('action=REJECT dest_port=1 src_port=1 | count by dest_port');
    await soon(() => editor.locator('[data-panel="preview"]').getByText('Nobody was refused.').count()).toBe(1);
    await page.keyboard.press('Escape');
    await editor.getByRole('button', { name: 'Apply' }).press('Enter');
    await soon(() => editor.count()).toBe(0);
    await page.keyboard.press('Control+s');
    await soon(async () => (await stored(made.id)).sections[0]?.panels[0]).toMatchObject({ id: 'ports', empty: 'Nobody was refused.' });
    await page.goto(`${session.served.address}/dashboards/${made.id}?edit=on&${RANGE}`);
    await isEditing();
    await slot('ports').focus();
    await page.keyboard.press('Enter');
    expect(await editor.getByLabel('Text when nothing is found').inputValue()).toBe('Nobody was refused.');
    await editor.getByRole('combobox', { name: 'Drawn as' }).press('Enter');
    await page.getByRole('option', { name: 'Bars' }).click();
    await soon(() => editor.getByRole('combobox', { name: 'A bar for each' }).inputValue()).toBe('dest_port');
    await editor.getByLabel('Most bars').fill('5');
    await editor.locator('.cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('action=REJECT | count as refusals by dest_port');
    await soon(() => editor.getByText('the result has no column “_count”').count()).toBe(1);
    expect(await editor.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await editor.getByRole('button', { name: 'Cancel' }).press('Enter');
    await editor.getByRole('button', { name: 'Drop it' }).press('Enter');
    await soon(() => editor.count()).toBe(0);
    await page.goto(`${session.served.address}/dashboards/${made.id}?${RANGE}`);
    await soon(() => page.title()).toBe('All by keys · Bartizan');
    expect(await stored(made.id)).toMatchObject({
      window: 14_400,
      variables: [{ id: 'account', title: 'Account', field: 'accountID' }],
      sections: [
        { title: 'One', panels: [{ id: 'ports', kind: 'table' }] },
        { title: 'Second', panels: [{ id: 'all' }] },
      ],
    });
    await page.locator('.bz-panel').first().waitFor();
    expect(await axe('main')).toEqual([]);
  });

  test('stand in one column at 390 px, and move by buttons', async () => {
    const { page } = session;
    await page.setViewportSize({ width: 390, height: 844 });
    await edit('On a telephone', [{ id: 'one', title: 'One', panels: [COUNT, PORTS, ACTIONS] }]);
    const lefts = await page.locator('[data-slot]').evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().left)));
    expect(new Set(lefts).size).toBe(1);
    await button('Move down all').click();
    await soon(order).toEqual(['ports', 'all', 'actions']);
    await button('Move up actions').click();
    await soon(order).toEqual(['ports', 'actions', 'all']);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await axe('main')).toEqual([]);
    await button('Edit ports').click();
    await dialog('Edit “ports”').getByRole('textbox', { name: 'Title', exact: true }).waitFor();
    expect(await page.evaluate(() => document.querySelector('.mantine-Modal-content')?.scrollWidth)).toBeLessThanOrEqual(390);
  });
});

describe('changes that are not saved', () => {
  test('are asked for before the page is left, by a link and by Back', async () => {
    const { page } = session;
    await edit('Left', [{ id: 'one', title: 'One', panels: [COUNT, PORTS] }]);
    await page.getByRole('link', { name: 'Search' }).click();
    await soon(() => new URL(page.url()).pathname).toBe('/search');
    await page.goBack();
    await isEditing();
    await slot('all').press('ArrowRight');
    await page.getByRole('link', { name: 'Search' }).click();
    await dialog('Leave without saving?').getByRole('button', { name: 'Stay' }).click();
    await soon(() => dialog('Leave without saving?').count()).toBe(0);
    expect([new URL(page.url()).pathname.split('/')[1], await order()]).toEqual(['dashboards', ['ports', 'all']]);
    await button('Discard').click();
    await dialog('Leave without saving?').getByRole('button', { name: 'Discard' }).click();
    await soon(() => page.locator('.bz-editing').count()).toBe(0);
    expect((await stored()).revision).toBe(1);

    await page.keyboard.press('e');
    await isEditing();
    await slot('all').press('ArrowRight');
    await page.getByRole('link', { name: 'Search' }).click();
    const id = idOfPage();
    await dialog('Leave without saving?').getByRole('button', { name: 'Save and leave' }).click();
    await soon(() => new URL(page.url()).pathname).toBe('/search');
    expect((await stored(id)).sections[0]?.panels.map((p) => p.id)).toEqual(['ports', 'all']);
  });

  test('are kept when they are made while others are saved, which happens once however often it is asked for', async () => {
    const { page } = session;
    const { id } = await edit('Slowly', [{ id: 'one', title: 'One', panels: [COUNT, PORTS, ACTIONS] }]);
    const put = Promise.withResolvers<void>();
    let puts = 0;
    await session.intercept(`**/api/v1/dashboards/${id}`, async (route) => {
      if (route.request().method() === 'PUT' && ++puts === 1) await put.promise;
      await route.continue();
    });
    await slot('all').press('ArrowRight');
    await page.keyboard.press('Control+s');
    await page.keyboard.press('Control+s');
    await soon(() => puts).toBe(1);
    await page.keyboard.press('Control+s');
    await slot('all').press('ArrowRight');
    await soon(order).toEqual(['ports', 'actions', 'all']);
    put.resolve();
    await soon(async () => (await stored(id)).revision).toBe(2);
    await soon(() => page.locator('.bz-edit-state').textContent()).toContain('1 change is not saved');
    expect([puts, await order(), await dialog('Somebody else changed this dashboard').count()]).toEqual([1, ['ports', 'actions', 'all'], 0]);
    expect((await stored(id)).sections[0]?.panels.map((p) => p.id)).toEqual(['ports', 'all', 'actions']);
    await page.keyboard.press('Control+s');
    await soon(() => page.locator('.bz-editing').count()).toBe(0);
    expect(await stored(id)).toMatchObject({ revision: 3, sections: [{ panels: [{ id: 'ports' }, { id: 'actions' }, { id: 'all' }] }] });
    expect(puts).toBe(2);
    await page.unroute(`**/api/v1/dashboards/${id}`);
  });

  test('do not overwrite what somebody else saved meanwhile', async () => {
    const { page } = session;
    const { id } = await edit('Contested', [{ id: 'one', title: 'One', panels: [COUNT, PORTS] }]);
    const path = `/api/v1/dashboards/${id}`;
    await slot('all').press('ArrowRight');
    await send('PUT', path, { description: 'Theirs' });
    await button('Save').click();
    const conflict = dialog('Somebody else changed this dashboard');
    await conflict.getByText('edited-meanwhile').waitFor();
    expect(await axe('[role="dialog"]')).toEqual([]);
    await conflict.getByRole('button', { name: 'Load theirs' }).click();
    await soon(order).toEqual(['all', 'ports']);
    expect(await stored(id)).toMatchObject({ revision: 2, description: 'Theirs' });

    await slot('all').press('ArrowRight');
    await send('PUT', path, { description: 'Theirs again' });
    await button('Save').click();
    await conflict.getByRole('button', { name: 'Save mine as a copy' }).click();
    await soon(() => page.title()).toBe('Contested (mine) · Bartizan');
    expect(await stored()).toMatchObject({ description: 'Theirs', sections: [{ panels: [{ id: 'ports' }, { id: 'all' }] }] });
    expect(await stored(id)).toMatchObject({ revision: 3, sections: [{ panels: [{ id: 'all' }, { id: 'ports' }] }] });

    await page.goto(`${session.served.address}/dashboards/${id}?edit=on&${RANGE}`);
    await isEditing();
    await slot('all').press('ArrowRight');
    await send('PUT', path, { description: 'Theirs once more' });
    await button('Save').click();
    await conflict.getByRole('button', { name: 'Overwrite theirs' }).click();
    await soon(() => page.locator('.bz-editing').count()).toBe(0);
    expect(await stored(id)).toMatchObject({ revision: 5, description: 'Theirs again', sections: [{ panels: [{ id: 'ports' }, { id: 'all' }] }] });
    expect(session.complaints.splice(0).every((c) => c.includes('409'))).toBe(true);
  });
});
