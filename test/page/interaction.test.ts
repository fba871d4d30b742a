/** What a person does with a dashboard's pictures: sorts, searches, drags, clicks, saves; and what the page must never do meanwhile. */
import { expect, it } from 'vitest';
import { END } from './browser.ts';
import { HOUR, iso, numberIn, pictureIn, soon, startSession } from './session.ts';

const REJECTS = 'rejects-by-interface-destination';
const on = startSession();

/** How many records the search page says there are. */
const recordCount = async () => numberIn(/^[\d,]+ records?/.exec((await on.page.locator('.bz-run-state [role=status]').textContent()) ?? '')?.[0] ?? '');

/** Where a panel's picture is, in view. */
const canvas = (id: string) => pictureIn(on.panel(id));

it('sorts a table by its head and searches it, and the total follows', async () => {
  await on.open();
  const rows = await on.ask('_index=vpc_flow action=REJECT | count by interfaceID, dstDevice_ip');
  const greatest = Math.max(...rows.map((row) => Number(row[2])));
  expect(numberIn(await on.text(REJECTS, 'tbody tr:has(td:nth-child(2)) td:last-child'))).toBe(greatest);
  await on.panel(REJECTS).getByRole('button', { name: '_count', exact: true }).click();
  await on.panel(REJECTS).getByRole('button', { name: '_count', exact: true }).click();
  const least = Math.min(...rows.map((row) => Number(row[2])));
  await soon(async () => numberIn(await on.text(REJECTS, 'tbody tr:has(td:nth-child(2)) td:last-child'))).toBe(least);
  const wanted = String(rows[0]?.[1]);
  await on.panel(REJECTS).getByRole('textbox').fill(wanted);
  const found = rows.filter((row) => String(row[1]).includes(wanted) || String(row[0]).includes(wanted));
  await soon(() => on.text(REJECTS, 'tfoot td')).toContain(` ${found.length}`);
});

it('completes values as they are typed, and negates', async () => {
  await on.open();
  const [[port] = []] = await on.ask('_index=vpc_flow | count by dest_port | sort by _count | limit 1');
  await on.page.keyboard.press('f');
  await on.page.getByRole('combobox', { name: 'Field' }).fill('Destination Port');
  await on.page.keyboard.press('Escape');
  await on.page.getByText('is not', { exact: true }).click();
  await on.page.getByRole('combobox', { name: 'Values' }).click();
  await on.page.keyboard.type(String(port).slice(0, 2));
  await on.page
    .getByRole('option', { name: new RegExp(`^${port}\\b`) })
    .first()
    .click();
  await on.page.keyboard.press('Escape');
  await on.page.getByRole('button', { name: 'Apply', exact: true }).click();
  await soon(() => on.search('f')).toBe(`!destination.port:${port}`);
  expect(await on.page.locator('.bz-chip').textContent()).toContain(`Destination Port is not ${port}`);
});

it('filters the dashboard by a shift-clicked value; Back takes it off', async () => {
  await on.open();
  await on
    .panel('accounts-by-bytes')
    .locator('.bz-donut-part')
    .first()
    .click({ modifiers: ['Shift'] });
  await soon(() => on.search('f')).toMatch(/^cloud\.account\.id:\d{12}$/);
  await on.page.goBack();
  await soon(() => on.page.locator('.bz-chip').count()).toBe(0);
});

it('opens the records of a clicked bar: as many as it counts', async () => {
  await on.open();
  const box = await canvas('outbound-tcp-ports');
  const [[port, count] = []] = await on.ask('_index=vpc_flow action=ACCEPT protocol=6 direction=outbound | count by dest_port | sort by _count | limit 1');
  await on.page.mouse.click(box.x + 30, box.y + 20);
  await on.page.waitForURL('**/search?**');
  expect(on.search('f')).toBe(`destination.port:${port}`);
  await soon(recordCount).toBe(count);
});

it('opens the records of a network that the query looked up', async () => {
  await on.open();
  const count = numberIn(await on.text('tcp-ports-by-asn', 'tbody tr:has(td:nth-child(2)) td:last-child'));
  await on.panel('tcp-ports-by-asn').locator('tbody tr:has(td:nth-child(2)) td:last-child button').first().click();
  await on.page.waitForURL('**/search?**');
  await soon(recordCount).toBe(count);
});

it('zooms by dragging over a time chart, on whole buckets; Back steps out', async () => {
  await on.open();
  const box = await canvas('accepted-bytes-comparison');
  await on.page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await on.page.mouse.down();
  await on.page.mouse.move(box.x + box.width * 0.7, box.y + 60, { steps: 5 });
  await on.page.mouse.up();
  await soon(() => Date.parse(on.search('from') ?? '') / 1000).toBeGreaterThan(END - HOUR);
  const [from, to] = [Date.parse(on.search('from') ?? '') / 1000, Date.parse(on.search('to') ?? '') / 1000];
  expect([from % 300, to % 300]).toEqual([0, 0]);
  expect(to).toBeLessThan(END);
  await on.page.goBack();
  await soon(() => Date.parse(on.search('from') ?? '') / 1000).toBe(END - HOUR);
});

it('shows one panel full screen and saves its rows', async () => {
  await on.open();
  const table = on.panel('internal-interfaces-by-bytes');
  await table.hover();
  await table.getByRole('button', { name: /full screen$/ }).click();
  await soon(() => on.search('panel')).toBe('internal-interfaces-by-bytes');
  await on.page.keyboard.press('Escape');
  await soon(() => on.search('panel')).toBeNull();

  await table.hover();
  await table.getByRole('button', { name: /^More of/ }).click();
  const download = on.page.waitForEvent('download');
  await on.page.getByRole('menuitem', { name: 'Save as CSV' }).click();
  let csv = '';
  for await (const chunk of await (await download).createReadStream()) csv += chunk;
  const rows = await on.ask('_index=vpc_flow action=ACCEPT direction=internal | sum(bytes) as bytes_sum by interfaceID | sort by bytes_sum | limit 20');
  const lines = csv.trim().split('\r\n');
  expect(lines[0]).toBe('interfaceID,bytes_sum');
  expect(lines.slice(1).sort()).toEqual(rows.map((row) => row.join(',')).sort());
});

/** Row and column of the cell that has the focus, in a table below a selector. */
const cellAt = (table: string) =>
  on.page.evaluate((selector) => {
    const cell = document.activeElement?.closest('td');
    const row = cell?.closest<HTMLElement>('[data-row]');
    return cell && row?.closest(selector) ? [Number(row.dataset.row), cell.cellIndex] : null;
  }, table);

it.each([
  ['a panel', '[data-panel="rejects-by-interface-destination"]', () => on.open()],
  [
    'a search',
    '.bz-aggregates',
    async () => {
      await on.page.goto(
        `${on.served.address}/search?from=${iso(END - HOUR)}&to=${iso(END)}&q=${encodeURIComponent('action=REJECT | count by interfaceID, dest_port')}&view=table`,
      );
      await on.page.locator('.bz-aggregates .bz-table [data-row="0"]').waitFor();
    },
  ],
])('goes through the table of %s by arrow keys; Enter opens the records of a cell', async (_, table, open) => {
  await open();
  const [keys, at] = [on.page.keyboard, () => cellAt(table)];
  const last = Number(await on.page.locator(`${table} table`).getAttribute('aria-rowcount')) - 2;
  expect(last).toBeGreaterThan(30);
  // Tab stops at one cell of all: behind the heads, and left again with the next one.
  await on.page.locator(`${table} thead th button`).last().focus();
  await keys.press('Tab');
  expect(await at()).toEqual([0, 0]);
  await keys.press('ArrowUp');
  await keys.press('ArrowLeft');
  expect(await at()).toEqual([0, 0]);
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowRight']) await keys.press(key);
  expect(await at()).toEqual([1, 1]);
  await keys.press('PageDown');
  await soon(async () => (await at())?.[0]).toBeGreaterThan(2);
  expect((await at())?.[1]).toBe(1);
  await keys.press('PageUp');
  await soon(at).toEqual([1, 1]);
  // The rows at the end are not there before somebody goes to them.
  expect(await on.page.locator(`${table} [data-row="${last}"]`).count()).toBe(0);
  await keys.press('End');
  await soon(at).toEqual([last, 1]);
  await keys.press('ArrowRight');
  await keys.press('ArrowDown');
  await keys.press('ArrowRight');
  expect(await at()).toEqual([last, 2]);
  // It is in view, not below the sums.
  const seen = await on.page.evaluate(() => {
    const box = document.activeElement?.getBoundingClientRect();
    return (
      box !== undefined &&
      document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)?.closest('td') === document.activeElement?.closest('td')
    );
  });
  expect(seen).toBe(true);
  await keys.press('Home');
  await soon(at).toEqual([0, 2]);
  await keys.press('Tab');
  expect((await at())?.[0] ?? 'outside').toBe('outside');
  await keys.press('Shift+Tab');
  await soon(at).toEqual([0, 2]);
  await keys.press('ArrowDown');
  const row = on.page.locator(`${table} [data-row="1"]`);
  const [name, number] = [
    await row.locator('td').first().locator('[data-cell]').getAttribute('title'),
    numberIn((await row.locator('[data-cell]').last().textContent()) ?? ''),
  ];
  await keys.press('Enter');
  await soon(() => decodeURIComponent(on.page.url())).toMatch(new RegExp(`/search\\?.*${(name ?? '').split(' ')[0]}`));
  await soon(async () => numberIn((await on.page.getByRole('tab', { name: /^Messages/ }).textContent()) ?? '')).toBe(number);
});

it('says in words what is wrong with a time, and stays', async () => {
  await on.page.goto(`${on.served.address}/dashboards/vpc-overview?from=nonsense`);
  await on.panel('accepted-total').getByText('bad-time').waitFor();
  // The browser itself reports the refused request.
  expect(on.complaints.splice(0).filter((c) => !c.includes('400'))).toEqual([]);
});

it('moves nothing after the first paint, however late answers come', async () => {
  await on.page.addInitScript(() => {
    type Shift = PerformanceEntry & { value: number; sources: { node: Element | null }[] };
    const shifts: { by: number; of: string[] }[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries() as Shift[]) {
        shifts.push({ by: value, of: sources.map(({ node }) => `${node?.nodeName} ${node?.getAttribute?.('class')} in ${node?.parentElement?.className}`) });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await on.intercept('**/api/**', async (route) => {
    await new Promise((done) => setTimeout(done, 700));
    await route.continue();
  });
  await on.open();
  await canvas('accepted-bytes-comparison');
  const shifts = await on.page.evaluate(() => (globalThis as unknown as { shifts: { by: number; of: string[] }[] }).shifts);
  expect(shifts.filter(({ by }) => by > 0.002)).toEqual([]);
  expect(shifts.reduce((sum, { by }) => sum + by, 0)).toBeLessThan(0.01);
});

it('tells a browser that is not signed in how to sign in', async () => {
  await on.context.clearCookies();
  await on.page.goto(on.served.address);
  await on.page.getByText('This browser is not signed in').waitFor();
  expect(on.complaints.splice(0).filter((c) => !c.includes('401'))).toEqual([]);
});

it('keeps what it showed when the server goes away, says so, and shows nothing old as the answer to another question', async () => {
  await on.open();
  const total = await on.value('accepted-total');
  await on.intercept('**/api/v1/dashboards/*/run', (route) => route.abort());
  await on.page.keyboard.press('r');
  const note = on.panel('accepted-total').getByText('Not refreshed: The server does not answer.');
  await note.waitFor();
  expect(await on.value('accepted-total')).toBe(total);
  await on.page.keyboard.press('t');
  await on.page.getByLabel(/^Time range/).fill('2026-11-18 14:00 to 14:30');
  await on.page.keyboard.press('Enter');
  await on.panel('accepted-total').getByRole('alert').waitFor();
  expect(await on.panel('accepted-total').locator('.bz-value-number').count()).toBe(0);
  await on.page.unroute('**/api/v1/dashboards/*/run');
  await on.panel('accepted-total').getByRole('button', { name: 'Try again' }).click();
  await on.panel('accepted-total').locator('.bz-value-number').waitFor();
  expect(await on.panel('accepted-total').getByRole('alert').count()).toBe(0);
  on.complaints.splice(0);
});

it('loads without a network beyond this machine', async () => {
  await on.page.addInitScript(() => Object.defineProperty(navigator, 'onLine', { get: () => false }));
  await on.page.goto(`${on.served.address}/lookups`);
  await on.page.getByText('There are no tables yet.').waitFor();
});

it('names the dashboards that there are where a link leads to none', async () => {
  await on.page.goto(`${on.served.address}/dashboards/there-is-none?tz=utc`);
  await on.page.getByRole('heading', { name: 'There is no dashboard “there-is-none”' }).waitFor();
  await on.page.getByRole('main').getByRole('link', { name: 'AWS VPC Flow: Security' }).click();
  await soon(() => new URL(on.page.url()).pathname).toBe('/dashboards/vpc-security');
  expect(on.search('tz')).toBe('utc');
  expect(on.complaints.splice(0).filter((c) => !c.includes('404'))).toEqual([]);
});

it('fills a wall screen: panels of a row end together, and none lies over another', async () => {
  await on.page.setViewportSize({ width: 2560, height: 1440 });
  await on.open();
  const boxes = await on.page.locator('.bz-slot').evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON() as DOMRect));
  const right = Math.max(...boxes.map((b) => b.right));
  expect(right).toBeGreaterThan(2500);
  for (const a of boxes) {
    const beside = boxes.filter((b) => b !== a && b.top < a.bottom - 1 && a.top < b.bottom - 1);
    expect(beside.filter((b) => b.left < a.right - 1 && a.left < b.right - 1)).toEqual([]);
    // To the right of each panel stands another, or the edge of the screen.
    expect(a.right >= right - 1 || beside.some((b) => Math.abs(b.left - a.right - 8) < 2)).toBe(true);
  }
});

it.each([700, 800, 900, 1024, 1180])('leaves no hole on a page of %i pixels, and cuts nothing off', async (width) => {
  await on.page.setViewportSize({ width, height: 900 });
  await on.open();
  const grids = await on.page
    .locator('.bz-grid')
    .evaluateAll((all) =>
      all.map((grid) => [grid, ...grid.children].map((e) => e.getBoundingClientRect()).map(({ left, top, width, height }) => ({ left, top, width, height }))),
    );
  expect(grids.length).toBe(5);
  for (const [grid, ...slots] of grids) {
    // With the 8 pixels between them they cover the grid, once.
    const area = (rect: { width: number; height: number } | undefined) => ((rect?.width ?? 0) + 8) * ((rect?.height ?? 0) + 8);
    expect(Math.abs(slots.reduce((sum, slot) => sum + area(slot), 0) / area(grid) - 1)).toBeLessThan(0.002);
    for (const slot of slots) {
      expect(slot.width).toBeGreaterThan(180);
      const over = slots.filter(
        (o) => o !== slot && o.left < slot.left + slot.width && slot.left < o.left + o.width && o.top < slot.top + slot.height && slot.top < o.top + o.height,
      );
      expect(over).toEqual([]);
    }
  }
  const cut = await on.page.locator('.bz-panel-head h3, .bz-value-number').evaluateAll((all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1).length);
  expect(cut).toBe(0);
  // The pages beside each other, none over another; the page itself does not scroll to the side.
  const items = await on.page.locator('.bz-nav-item').evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON() as DOMRect));
  for (const [i, item] of items.entries()) if (i > 0) expect(item.left).toBeGreaterThanOrEqual(items[i - 1]?.right ?? 0);
  const bar = on.page.locator('.bz-bar');
  expect(await bar.evaluate((e) => e.scrollWidth - e.clientWidth)).toBeLessThanOrEqual(0);
  expect(await on.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
});
