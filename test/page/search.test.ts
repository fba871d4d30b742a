/** The search page on a real server: a link runs, the editor completes, checks and formats, and what it shows is what queries say. */
import { expect, it } from 'vitest';
import { END } from './browser.ts';
import { HOUR, inSequence, iso, numberIn, soon, startSession, typeMeanwhile } from './session.ts';
import { violationsInBoth } from './violations.ts';

const on = startSession();
const WINDOW = `from=${iso(END - HOUR)}&to=${iso(END)}`;

const editor = () => on.page.getByRole('textbox', { name: 'Query' });
/** The text in the editor: its lines as they are shown. */
const text = async () => (await on.page.locator('.cm-line').allTextContents()).join('\n');
const status = async () => (await on.page.locator('.bz-run-state [role=status]').textContent()) ?? '';
/** What the page says of the result: `20 rows`, `1,686 records`. */
const found = async () => /^([\d,]+) (rows?|records?)/.exec(await status())?.slice(1, 3) ?? [];

async function open(query?: string, window = WINDOW): Promise<void> {
  await on.page.goto(`${on.served.address}/search?${window}${query === undefined ? '' : `&q=${encodeURIComponent(query)}`}`);
  await editor().waitFor();
}

/** Replaces the text by keyboard. */
async function type(query: string): Promise<void> {
  await editor().click();
  await on.page.keyboard.press('Control+a');
  await on.page.keyboard.type(query);
}

it('runs the query of a link at once, and Back brings the one before', async () => {
  await open('action=REJECT | count by dest_port');
  const rows = await on.ask('action=REJECT | count by dest_port');
  await soon(found).toEqual([rows.length.toLocaleString('en'), 'rows']);
  await type('action=REJECT');
  await on.page.keyboard.press('Escape');
  await on.page.keyboard.press('Control+Enter');
  await soon(() => on.search('q')).toBe('action=REJECT');
  const [[records] = []] = await on.ask('action=REJECT | count');
  await soon(async () => numberIn((await found())[0] ?? '')).toBe(records);
  await on.page.goBack();
  await soon(text).toBe('action=REJECT | count by dest_port');
  await soon(found).toEqual([rows.length.toLocaleString('en'), 'rows']);
});

it('keeps what is typed while the address follows', async () => {
  await open();
  await type('action=REJECT');
  await on.page.keyboard.press('Escape');
  await typeMeanwhile(on.page, ' | count');
  await on.page.keyboard.press('Control+Enter');
  const [[records] = []] = await on.ask('action=REJECT | count');
  await soon(async () => numberIn((await found())[0] ?? '')).toBe(records);
  expect([on.search('q'), await text()]).toEqual(['action=REJECT', 'action=REJECT | count']);
  await typeMeanwhile(on.page, ' by action');
  await on.page.keyboard.press('Control+Enter');
  await soon(found).toEqual(['1', 'row']);
  expect([on.search('q'), await text()]).toEqual(['action=REJECT | count', 'action=REJECT | count by action']);
  await on.page.goBack();
  await soon(text).toBe('action=REJECT');
});

it('leaves the keyboard where somebody went before the editor came', async () => {
  const came = Promise.withResolvers<void>();
  await on.intercept('**/assets/editor-*.js', async (route) => {
    await came.promise;
    await route.continue();
  });
  await on.page.goto(`${on.served.address}/search?${WINDOW}`);
  await on.page.getByRole('button', { name: 'Filter', exact: true }).click();
  const field = on.page.getByRole('combobox', { name: 'Field' });
  await field.fill('dest');
  came.resolve();
  await editor().waitFor();
  expect(await field.evaluate((e) => e === document.activeElement)).toBe(true);
});

it('completes operators, the fields that steps made, and values of the data', async () => {
  await open();
  const [[port] = []] = await on.ask('* | count by dest_port | sort _count | limit 1');
  await type('* | whe');
  // A list that is still of the letters before takes no click.
  const options = on.page.locator('.cm-tooltip-autocomplete:not(.cm-tooltip-autocomplete-disabled) [role=option]');
  await soon(() => options.first().textContent()).toContain('where');
  await soon(() => on.page.locator('.cm-completionInfo').textContent()).toContain('Keeps the rows');
  // A list that has just opened is not taken at once, and Tab stays until it is.
  await soon(async () => {
    await on.page.keyboard.press('Tab');
    return text();
  }).toBe('* | where ');
  await on.page.keyboard.type('dest_port = ');
  await options
    .filter({ hasText: `value${port}` })
    .first()
    .click();
  await soon(text).toBe(`* | where dest_port = ${port}`);
  await on.page.keyboard.type(' | bytes / 1024 as kb | sum(k');
  await soon(() => options.first().textContent()).toContain('kb');
  await options.first().click();
  await on.page.keyboard.press('End');
  await on.page.keyboard.type(' as total');
  await on.page.keyboard.press('Escape');
  await on.page.getByRole('button', { name: 'Run', exact: true }).click();
  await soon(() => on.search('q')).toBe(`* | where dest_port = ${port} | bytes / 1024 as kb | sum(kb) as total`);
  await soon(found).toEqual(['1', 'row']);
});

it('underlines a mistake, says what it is, and mends it by a click', async () => {
  await open();
  await type('* | where dstprot = 443');
  await on.page.keyboard.press('Escape');
  const problem = on.page.locator('#search-problem');
  await soon(() => problem.textContent()).toContain('There is no field “dstprot”.');
  expect(await on.page.locator('.cm-lintRange-error').textContent()).toBe('dstprot');
  await problem.getByRole('button', { name: 'unknown-field' }).click();
  const reference = on.page.getByRole('complementary', { name: 'Reference of the query language' });
  await soon(() => reference.textContent()).toContain('No stored field has this name');
  await reference.getByRole('button', { name: 'Close the reference' }).click();
  await problem.getByRole('button', { name: 'Use dstport' }).click();
  await soon(text).toBe('* | where dstport = 443');
  await soon(() => problem.textContent()).toBe('');
  expect(await on.page.locator('.cm-lintRange').count()).toBe(0);
});

it('shows the mistake of a link in words, with its code', async () => {
  await open('* | cuont by srcaddr');
  await soon(() => on.page.locator('#search-problem').textContent()).toContain('There is no operator “cuont”.');
  await soon(() => on.page.getByRole('alert').first().textContent()).toContain('unknown-operator');
  // The browser itself reports the refused requests.
  await soon(() => on.complaints.length).toBeGreaterThan(0);
  expect(on.complaints.splice(0).filter((c) => !c.includes('400'))).toEqual([]);
});

it('writes a number out beside itself only where it is shortened', async () => {
  await open('* | count as all, sum(if(bytes < 0, 1, 0)) as none');
  const [[records] = []] = await on.ask('* | count');
  const cells = on.page.locator('.bz-numbers dd');
  await soon(() => cells.nth(1).textContent()).toBe('0');
  expect(await cells.nth(0).textContent()).toMatch(new RegExp(`k${Number(records).toLocaleString('en')}$`));
});

it('does not offer to try again what fails again: a mistake, a range that ends before it begins', async () => {
  await open('* | count', 'from=2026-11-18T15:00:00Z&to=2026-11-18T14:00:00Z&tz=utc');
  const said = on.page.getByRole('alert').first();
  await soon(() => said.textContent()).toContain('Choose a start that is before the end.');
  await soon(() => on.page.getByText('Matches could not be counted').textContent()).toMatch(/says why\.$/);
  expect(await on.page.getByRole('button', { name: /try again/i }).count()).toBe(0);
  expect(await on.page.getByRole('button', { name: '18 Nov 15:00 – 14:00' }).count()).toBe(1);
  await open('* | cuont by srcaddr');
  await soon(() => said.textContent()).toContain('unknown-operator');
  expect(await on.page.getByRole('button', { name: /try again/i }).count()).toBe(0);
  await soon(() => on.complaints.length).toBeGreaterThan(0);
  expect(on.complaints.splice(0).filter((c) => !c.includes('400'))).toEqual([]);
});

it('formats, undoes, and comments lines', async () => {
  await open('action=REJECT|where bytes>100 // large|x\n|count by dest_port');
  const before = await text();
  await editor().click();
  await on.page.keyboard.press('Shift+Alt+F');
  const after = 'action=REJECT\n| where bytes > 100 // large|x\n| count by dest_port';
  await soon(text).toBe(after);
  await on.page.keyboard.press('Control+z');
  await soon(text).toBe(before);
  await on.page.getByRole('button', { name: 'Format the query' }).click();
  await soon(text).toBe(after);
  await editor().click();
  await on.page.keyboard.press('Control+End');
  await on.page.keyboard.press('Control+/');
  await soon(text).toBe(after.replace('| count', '// | count'));
});

it('runs one line by Enter, makes lines by Shift+Enter, and lets Tab go on', async () => {
  await open();
  await type('action=REJECT ');
  await on.page.keyboard.press('Shift+Enter');
  await on.page.keyboard.type('| count');
  // The completion that is written already is not taken: the key does what it does without one.
  await on.page.locator('.cm-tooltip-autocomplete').waitFor();
  await on.page.keyboard.press('Enter');
  await soon(text).toBe('action=REJECT \n| count\n');
  expect(on.search('q')).toBeNull();
  await on.page.keyboard.press('Tab');
  expect(await on.page.evaluate(() => document.activeElement?.textContent)).toBe('Run');
  await type('action=ACCEPT');
  await on.page.keyboard.press('Escape');
  await on.page.keyboard.press('Enter');
  await soon(() => on.search('q')).toBe('action=ACCEPT');
});

it('keeps what was run, to be found and run again with its range', async () => {
  await open('action=REJECT | count');
  await soon(found).toEqual(['1', 'row']);
  await on.page.goto(`${on.served.address}/search?from=-15m&to=now&q=*`);
  await soon(() => on.page.getByText('No data was ingested in this window').count()).toBeGreaterThan(0);
  await editor().click();
  await on.page.keyboard.press('Control+a');
  await on.page.keyboard.press('Delete');
  await on.page.keyboard.press('ArrowUp');
  await on.page.getByRole('textbox', { name: 'Find a query' }).fill('COUNT reject');
  await on.page.keyboard.press('Enter');
  await soon(() => on.search('q')).toBe('action=REJECT | count');
  expect(on.search('from')).toBe(iso(END - HOUR));
  await on.page.getByRole('button', { name: 'Queries that were run' }).click();
  await on.page.getByRole('button', { name: 'Forget all' }).click();
  await on.page.getByText('Nothing was run in this browser yet.').waitFor();
});

it('begins with examples that look at the newest data', async () => {
  await on.page.goto(`${on.served.address}/search`);
  await on.page.getByRole('button', { name: /^What is refused/ }).click();
  await soon(() => on.search('to')).toBe(iso(END).replace('.000', ''));
  const ports = await on.ask('action=REJECT | count by dest_port');
  await soon(found).toEqual([String(Math.min(20, ports.length)), 'rows']);
});

it('inserts from the reference', async () => {
  await open();
  await type('* ');
  await on.page.keyboard.press('Escape');
  await on.page.getByRole('button', { name: 'Reference of the language' }).click();
  await on.page.getByRole('textbox', { name: 'Find in the reference' }).fill('timeslice');
  await on.page.getByRole('button', { name: 'Insert' }).first().click();
  await soon(text).toBe('* | timeslice ');
});

it('stops a run that takes long', async () => {
  const held: (() => void)[] = [];
  await on.intercept('**/api/v1/query', async (route) => {
    await new Promise<void>((done) => held.push(done));
    await route.abort().catch(() => undefined);
  });
  await open('* | count by srcaddr');
  await soon(status).toBe('Running …');
  await on.page.getByRole('button', { name: 'Stop', exact: true }).click();
  await on.page.getByRole('button', { name: 'Run', exact: true }).waitFor();
  for (const release of held) release();
  await on.page.unroute('**/api/v1/query');
  await on.page.getByRole('button', { name: 'Run', exact: true }).click();
  const rows = await on.ask('* | count by srcaddr');
  await soon(async () => numberIn((await found())[0] ?? '')).toBe(Math.min(10_000, rows.length));
});

it('narrows by chips and by the range, with what is typed', async () => {
  await open('* | count');
  await soon(found).toEqual(['1', 'row']);
  await type('action=REJECT');
  await on.page.keyboard.press('Escape');
  await on.page.keyboard.press('Escape');
  await on.page.keyboard.press('t');
  await on.page.getByPlaceholder(/-90m/).fill('2026-11-18 14:30 to 15:00');
  await on.page.keyboard.press('Enter');
  await soon(() => on.search('q')).toBe('action=REJECT');
  const [[half] = []] = await on.ask('action=REJECT | count', END - HOUR / 2);
  await soon(async () => numberIn((await found())[0] ?? '')).toBe(half);
  await on.page.goto(`${on.page.url()}&f=destination.port:443`);
  const [[fewer] = []] = await on.ask('action=REJECT dest_port=443 | count', END - HOUR / 2);
  await soon(async () => numberIn((await found())[0] ?? '')).toBe(fewer);
});

it('is reached from everywhere: by keys, and from a panel with its query', async () => {
  await on.open();
  await on.page.keyboard.press('/');
  await on.page.waitForURL('**/search?**');
  await soon(() => editor().evaluate((e) => document.activeElement === e)).toBe(true);
  await on.page.keyboard.press('Escape');
  await on.page.keyboard.press('?');
  await soon(() => on.page.getByRole('dialog').textContent()).toContain('Go to the search page');
  await on.page.keyboard.press('Escape');
  await on.open();
  await inSequence(on.page, 'g', 's');
  await on.page.waitForURL('**/search?**');

  await on.open();
  const panel = on.panel('outbound-tcp-ports');
  await panel.hover();
  await panel.getByRole('button', { name: /^More of/ }).click();
  await on.page.getByRole('menuitem', { name: 'Open in search' }).click();
  await on.page.waitForURL('**/search?**');
  const rows = await on.ask(on.search('q') ?? '');
  await soon(async () => numberIn((await found())[0] ?? '')).toBe(rows.length);
});

it('takes links to the page that showed records', async () => {
  await on.page.goto(`${on.served.address}/records?${WINDOW}&f=event.action:REJECT`);
  await on.page.waitForURL('**/search?**');
  const [[records] = []] = await on.ask('action=REJECT | count');
  await soon(async () => numberIn((await found())[0] ?? '')).toBe(records);
});

it.each([1440, 390])('has no accessibility violation in either scheme, and no sideways scroll: %i px', async (width) => {
  await on.page.setViewportSize({ width, height: 900 });
  const look = async (what: string) => {
    expect(await violationsInBoth(on.page), what).toEqual([]);
    expect(await on.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  };
  await open();
  await on.page.getByRole('button', { name: /^What is refused/ }).waitFor();
  await look('empty');
  await open('action=REJECT // refused\n| count by dest_port\n| limit 3');
  await soon(async () => (await found()).length).toBe(2);
  await type('* | where dstprot = 1 | whe');
  await on.page.locator('.cm-tooltip-autocomplete').waitFor();
  await soon(() => on.page.locator('.cm-lintRange-error').count()).toBe(1);
  await look('completion and mistake');
  expect(await on.page.locator('.cm-tooltip-autocomplete').count()).toBe(1);
  await on.page.keyboard.press('Escape');
  await on.page.getByRole('button', { name: 'Reference of the language' }).click();
  await on.page.getByRole('textbox', { name: 'Find in the reference' }).fill('time');
  await look('reference');
});
