/** What a search found, on a real server: the numbers on the page are those that queries give, and clicks change the query. */
import { expect, it } from 'vitest';
import { END } from './browser.ts';
import { HOUR, iso, numberIn, pictureIn, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const DAY = 86_400;
const on = startSession();

async function search(query: string, more = '', from = END - HOUR, to = END): Promise<void> {
  await on.page.goto(`${on.served.address}/search?from=${iso(from)}&to=${iso(to)}&q=${encodeURIComponent(query)}${more}`);
  await on.page.locator('.bz-results-bar').waitFor();
}

const query = () => on.search('q');
const matches = async () => numberIn((await on.page.locator('.bz-histogram-fold b').textContent()) ?? '');
const messages = async () => numberIn((await on.page.getByRole('tab', { name: /^Messages/ }).textContent()) ?? '');
const count = async (text: string, from?: number, to?: number) => Number((await on.ask(`${text} | count`, from, to))[0]?.[0]);
const row = (index: number) => on.page.locator(`[data-row="${index}"]`);

it('lists the messages that match, marked, and counts them over time', async () => {
  await search('action=REJECT dest_port=22');
  const expected = await count('action=REJECT dest_port=22');
  await soon(matches).toBe(expected);
  await soon(messages).toBe(expected);
  const marked = await on.page.locator('.bz-message-raw').first().locator('mark').allTextContents();
  expect(marked).toContain('REJECT');
  expect(marked).toContain('22');
});

it('narrows to a clicked bar, and to what is dragged over; Back steps out', async () => {
  await search('action=REJECT');
  const bars = on.page.locator('.bz-histogram-bars');
  const box = await bars.boundingBox();
  if (!box) throw new Error('no bars');
  await on.page.mouse.move(box.x + box.width * 0.25, box.y + 20);
  await on.page.mouse.down();
  await on.page.mouse.move(box.x + box.width * 0.5 - 2, box.y + 20, { steps: 5 });
  await on.page.mouse.up();
  await soon(() => on.search('from')).toBe(iso(END - HOUR * 0.75).replace('.000', ''));
  expect(on.search('to')).toBe(iso(END - HOUR * 0.5).replace('.000', ''));
  await soon(matches).toBe(await count('action=REJECT', END - HOUR * 0.75, END - HOUR * 0.5));
  await on.page.goBack();
  await soon(matches).toBe(await count('action=REJECT'));

  await bars.focus();
  await on.page.keyboard.press('ArrowRight');
  const said = numberIn((await on.page.locator('.bz-histogram-tip b').textContent()) ?? '');
  await on.page.keyboard.press('Enter');
  await soon(matches).toBe(said);
});

it('opens a message by keyboard; its values filter by changing the query', async () => {
  await search('action=REJECT');
  await row(0).focus();
  await on.page.keyboard.press('ArrowDown');
  await on.page.keyboard.press('Enter');
  await soon(() => row(1).getAttribute('aria-expanded')).toBe('true');
  await on.page.getByText('Fields', { exact: true }).last().click();
  const port = on.page.locator('.bz-message-detail .bz-fields > div', { has: on.page.locator('dt', { hasText: /^dstport$/ }) }).locator('button');
  const value = await port.textContent();
  await port.click();
  await on.page.getByRole('menuitem', { name: 'Only this value' }).click();
  await soon(query).toBe(`action=REJECT destination.port="${value}"`);
  await soon(messages).toBe(await count(`action=REJECT dest_port=${value}`));
  await row(0).focus();
  await on.page.keyboard.press('Enter');
  await on.page.locator('.bz-message-detail').waitFor();
  await on.page.keyboard.press('Escape');
  await soon(() => on.page.locator('.bz-message-detail').count()).toBe(0);
});

it('shows what was recorded around a message on the same interface', async () => {
  await search('action=REJECT dest_port=22');
  await row(0).click();
  await on.page.getByRole('link', { name: 'Surrounding records' }).click();
  await soon(query).toMatch(/^_index=vpc_flow interface-id="eni-\w+"$/);
  const [from, to] = [Date.parse(on.search('from') ?? '') / 1000, Date.parse(on.search('to') ?? '') / 1000];
  expect(to - from).toBe(121);
  await soon(messages).toBe(await count(query() ?? '', from, to));
});

it('reads any place of a long list from the server', async () => {
  await search('_index=vpc_flow');
  const total = await count('_index=vpc_flow');
  await soon(messages).toBe(total);
  await on.page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  const times = await on.ask('_index=vpc_flow | min(_messageTime)');
  await soon(async () => Date.parse(`${(await row(total - 1).textContent())?.trim().replace(' ', 'T')}Z`)).toBe(Number(times[0]?.[0]));
  expect(await on.page.locator('.bz-message').count()).toBeLessThan(120);
  await on.page.getByRole('button', { name: 'Filter', exact: true }).scrollIntoViewIfNeeded();
  await on.page.keyboard.press('r');
  await row(0).waitFor();
});

it('says in the list that a part of it did not come, and asks for it again', async () => {
  await search('_index=vpc_flow');
  await row(0).waitFor();
  await on.intercept('**/api/v1/records', (route) => route.fulfill({ status: 503, json: { error: { code: 'store-busy', message: 'The store is busy.' } } }));
  await on.page.evaluate(() => window.scrollTo(0, document.body.scrollHeight / 2));
  const failed = on.page.getByRole('alert').filter({ hasText: 'store-busy' });
  await failed.waitFor();
  expect((await failed.boundingBox())?.y).toBeLessThan(200);
  await on.page.unroute('**/api/v1/records');
  await failed.getByRole('button', { name: 'Try again' }).click();
  await soon(() => failed.count()).toBe(0);
  await soon(() => on.page.locator('.bz-message-ghost').count()).toBe(0);
  // The browser itself reports the refused requests.
  expect(on.complaints.splice(0).filter((c) => !c.includes('503'))).toEqual([]);
});

it('cuts no action, direction, port or number of a message, beside long addresses', async () => {
  await on.page.goto(`${on.served.address}/records?from=${iso(END - HOUR)}&to=${iso(END)}`);
  await on.page.locator('.bz-message-value').first().waitFor();
  const [shown, cut] = await on.page.locator('.bz-message-value:not([data-name$=addr])').evaluateAll((nodes) => {
    const texts = (some: Element[]) => some.map((node) => node.textContent);
    return [texts(nodes).length, texts(nodes.filter((node) => node.scrollWidth > node.clientWidth))] as const;
  });
  expect(shown).toBeGreaterThan(60);
  expect(cut).toEqual([]);
});

it('turns the order, and shows columns that are chosen and made', async () => {
  await search('action=REJECT | bytes * 2 as twice');
  expect(await on.page.locator('.bz-message-head').textContent()).toContain('twice');
  await on.page.getByRole('button', { name: 'Newest first' }).click();
  const [[first] = []] = await on.ask('action=REJECT | min(_messageTime)');
  await soon(async () => Date.parse(`${(await row(0).textContent())?.trim().replace(' ', 'T')}Z`)).toBe(Number(first));
  await on.page.getByRole('button', { name: 'dstport as a column' }).click();
  await soon(() => on.page.locator('.bz-message-head').textContent()).toContain('dstport');
  await on.page.reload();
  await soon(() => on.page.locator('.bz-message-head').textContent()).toContain('dstport');
  await on.page.locator('.bz-message').first().locator('.bz-message-value button').first().click();
  await on.page.getByRole('menuitem', { name: 'Without this value' }).click();
  await soon(query).toMatch(/^action=REJECT \| bytes \* 2 as twice \| where twice != \d+$/);
});

it('tells the values of a field, and filters by one', async () => {
  await search('action=REJECT');
  await on.page
    .getByRole('button', { name: /dstport$/ })
    .first()
    .click();
  const rows = await on.ask('action=REJECT | count by dest_port');
  const first = on.page.locator('.bz-field-values li').first();
  await soon(() => first.locator('.bz-field-value').getAttribute('title')).toContain(`: ${Number(rows[0]?.[1]).toLocaleString('en')} of`);
  expect(await on.page.locator('.bz-field-facts').textContent()).toContain(`${rows.length} values`);
  await first.locator('.bz-field-value').click({ modifiers: ['Alt'] });
  await soon(query).toBe(`action=REJECT !destination.port="${rows[0]?.[0]}"`);
  await soon(messages).toBe(await count(`action=REJECT !dest_port=${rows[0]?.[0]}`));
});

it('draws a result as its shape suggests, keeps another choice in the address, and drills to the messages', async () => {
  await search('action=REJECT | count by dest_port | limit 10');
  const rows = await on.ask('action=REJECT | count by dest_port | limit 10');
  await on.page.locator('.bz-aggregates canvas').first().waitFor();
  await on.page.getByText('Table', { exact: true }).click();
  await soon(() => on.search('view')).toBe('table');
  const cells = on.page.locator('.bz-aggregates tbody tr');
  await soon(async () => numberIn((await cells.first().locator('td').last().textContent()) ?? '')).toBe(rows[0]?.[1]);
  await cells.first().locator('td').first().locator('button').first().click();
  await soon(query).toBe(`action=REJECT destination.port="${rows[0]?.[0]}"`);
  await soon(messages).toBe(rows[0]?.[1]);
});

it('draws a result of two values as a matrix and as points, and shares over time; a cell leads to its messages', async () => {
  const { page } = on;
  const views = page.getByRole('radiogroup', { name: 'How the result is drawn' });
  const drawn = page.locator('.bz-aggregates');
  await search('| where bytes > 4000 | count by direction, dest_port');
  const [[direction, port, expected] = []] = await on.ask('| where bytes > 4000 | count by direction, dest_port | sort by _count | limit 1');
  await views.getByText('Scatter', { exact: true }).click();
  await soon(() => on.search('view')).toBe('scatter');
  await soon(() => drawn.locator('.bz-chart-canvas').getAttribute('aria-label')).toContain(`Greatest: ${port}`);
  await views.getByText('Matrix', { exact: true }).click();
  await drawn.locator(`button[title^="${direction} · ${port}"]`).click();
  await soon(query).toBe(`destination.port="${port}" network.direction="${direction}" | where bytes > 4000`);
  await soon(messages).toBe(expected);

  await search('| timeslice 5m | count by _timeslice, action');
  await views.getByText('Shares', { exact: true }).click();
  await soon(() => drawn.locator('.bz-chart-canvas').getAttribute('aria-label')).toMatch(/ACCEPT: .*REJECT: /);
  await views.getByText('Matrix', { exact: true }).click();
  const cell = drawn.locator('tbody tr').first().locator('td button').nth(2);
  const count = numberIn((await cell.getAttribute('title'))?.split(': ').at(-1) ?? '');
  expect(await violations(page, '.bz-aggregates')).toEqual([]);
  await cell.click();
  await soon(messages).toBe(count);
  await page.setViewportSize({ width: 390, height: 844 });
  await search('| timeslice 5m | count by _timeslice, action', '&view=share');
  await drawn.locator('canvas').first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.setViewportSize({ width: 1440, height: 900 });
});

it('draws a transposed result over time, and has the messages behind it', async () => {
  await search('| timeslice 5m | count by _timeslice, action | transpose row _timeslice column action');
  await on.page.locator('.bz-legend', { hasText: 'ACCEPT' }).waitFor();
  expect(await on.page.locator('.bz-legend').textContent()).toBe('ACCEPTREJECT');
  await on.page.getByText('Table', { exact: true }).click();
  const rejected = on.page.locator('.bz-aggregates tbody tr').first().locator('td').last();
  const expected = numberIn((await rejected.textContent()) ?? '');
  await rejected.getByRole('button').click();
  await soon(query).toBe('event.action="REJECT"');
  await soon(messages).toBe(expected);
  await on.page.goBack();
  await on.page.getByRole('tab', { name: /^Messages/ }).click();
  await soon(messages).toBe(await count('*'));
  await row(0).waitFor();
});

it('leads from a layer of a column to the messages of its time', async () => {
  await search('| timeslice 5m | count by _timeslice, action');
  await soon(() => on.page.locator('.bz-legend li').count()).toBe(2);
  const box = await pictureIn(on.page.locator('.bz-aggregates'));
  // The lowest layer is the greatest: accepted flows. The axis at the bottom takes some 25 pixels.
  // The middle is between two columns.
  await on.page.mouse.click(box.x + box.width / 2 + 25, box.y + box.height - 60);
  await soon(query).toBe('event.action="ACCEPT"');
  const [from, to] = [Date.parse(on.search('from') ?? '') / 1000, Date.parse(on.search('to') ?? '') / 1000];
  expect([to - from, from % 300]).toEqual([300, 0]);
  await soon(messages).toBe(await count('action=ACCEPT', from, to));
});

it('shows the rows of a table without messages, and narrows them', async () => {
  await search('cat bartizan://ports');
  await on.page.locator('.bz-aggregates tbody tr').first().waitFor();
  expect(await on.page.getByRole('tab').allTextContents()).toHaveLength(1);
  await on.page.locator('.bz-aggregates tbody tr:has(td:nth-child(2)) td').first().locator('button').first().click();
  await soon(query).toMatch(/^cat bartizan:\/\/ports\n\| where \w+ = "/);
});

it('moves nothing after the first paint', async () => {
  await on.page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shifts.push((entry as PerformanceEntry & { value: number }).value);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const [text, there] of [
    ['action=REJECT', '.bz-message'],
    ['action=REJECT | count by dest_port, srcaddr', '.bz-aggregates tbody tr'],
  ] as const) {
    await search(text);
    await on.page.locator(there).first().waitFor();
    await soon(matches).toBeGreaterThan(0);
    const total = await on.page.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts.reduce((sum, s) => sum + s, 0));
    expect(total).toBeLessThan(0.05);
  }
});

it('shows one row as large numbers', async () => {
  await search('action=REJECT | count, sum(bytes) as bytes');
  const [[total, bytes] = []] = await on.ask('action=REJECT | count, sum(bytes) as bytes');
  const titles = () => on.page.locator('.bz-numbers button').evaluateAll((list) => list.map((b) => b.getAttribute('title') ?? ''));
  await soon(async () => (await titles()).map(numberIn)).toEqual([total, bytes]);
});

it('says why nothing is there and leads to where matches are', async () => {
  await search('action=REJECT', '', END - 40 * DAY, END - 40 * DAY + HOUR);
  await on.page.getByRole('button', { name: /^Data exists from/ }).click();
  await soon(messages).toBeGreaterThan(0);

  // Between two days that have records: the matches of all of them are named.
  await search('action=REJECT dest_port=22', '', END - DAY / 2, END - DAY / 2 + HOUR);
  const all = await count('action=REJECT dest_port=22', END - 10 * DAY, END + DAY);
  await on.page.getByRole('button', { name: `${all.toLocaleString('en')} matches from` }).click();
  await soon(messages).toBe(all);

  await search('dest_port=99999');
  await on.page.getByText('Nothing matches at any other time').waitFor();
  await search('action=REJECT | count by dest_port | where _count < 0');
  await on.page.getByText(/^No row is left of/).waitFor();
});

it('shows an error in its place, with its code', async () => {
  await search('nosuch=5');
  const failed = on.page.getByRole('alert');
  await failed.getByText('unknown-field').waitFor();
  expect(await failed.getByRole('button', { name: 'Try again' }).count()).toBe(0);
  // The browser itself reports the refused requests.
  expect(on.complaints.splice(0).filter((c) => !c.includes('400'))).toEqual([]);
});

it('stops what is under way, and runs it again', async () => {
  const held: (() => void)[] = [];
  await on.intercept('**/api/v1/query', async (route) => {
    await new Promise<void>((done) => held.push(done));
    await route.abort().catch(() => undefined);
  });
  await search('action=REJECT | count by srcaddr');
  await on.page.getByRole('button', { name: 'Stop', exact: true }).click();
  await on.page.getByText('Stopped before there was an answer.').waitFor();
  for (const release of held) release();
  await on.page.unroute('**/api/v1/query');
  await on.page.getByRole('button', { name: 'Run it again' }).click();
  await on.page.locator('.bz-aggregates').waitFor();
  on.complaints.splice(0);
});

it.each([
  ['dark', 1440, 'action=REJECT'],
  ['light', 1440, 'action=REJECT | count by dest_port, srcaddr'],
  ['dark', 390, 'action=REJECT | count by dest_port'],
  ['light', 390, 'action=REJECT | bytes * 2 as twice'],
] as const)('has no accessibility violation and no sideways scroll: %s, %i px, %s', async (scheme, width, text) => {
  await on.context.addInitScript((s) => localStorage.setItem('bartizan-color-scheme', s), scheme);
  await on.page.setViewportSize({ width, height: 900 });
  await search(text);
  await on.page.locator('.bz-aggregates, .bz-message').first().waitFor();
  if (text === 'action=REJECT') {
    await row(0).click();
    await on.page
      .getByRole('button', { name: /dstport$/ })
      .first()
      .click();
    await on.page.locator('.bz-field-value').first().waitFor();
  }
  expect(await violations(on.page, '.bz-results')).toEqual([]);
  expect(await on.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
});
