/** Lookup tables in a real browser: a file is chosen or dropped, a query uses the table, it is replaced and deleted. */
import { expect, test } from 'vitest';
import { END } from './browser.ts';
import { HOUR, iso, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const csv = (text: string, name = 'hosts.csv') => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
const rows = () => session.page.locator('.bz-lookup-table').first().locator('tbody tr');
const button = (name: string) => session.page.getByRole('button', { name, exact: true });
const axe = () => violations(session.page, 'main');

test('a file becomes a table, and a query uses it', async () => {
  const { page } = session;
  await page.goto(`${session.served.address}/lookups`);
  await soon(() => page.getByText('There are no tables yet.').count()).toBe(1);
  const [[address, flows] = []] = await session.ask('* | count by srcaddr | sort by _count, srcaddr | limit 1');
  await page.getByLabel('File of a table').setInputFiles(csv(`ip,owner,note\n${address},Zoë,"a ""b"", <b>c</b>"\n192.0.2.1,nobody,\n`));
  expect(await page.getByLabel('Name of the table').inputValue()).toBe('hosts');
  await button('Upload').click();
  await soon(() => rows().allTextContents()).toEqual([expect.stringMatching(/^hostsip, owner, note2/)]);
  await soon(() => page.getByRole('region', { name: 'First rows of hosts' }).locator('tbody tr').allTextContents()).toEqual([
    `${address}Zoëa "b", <b>c</b>`,
    '192.0.2.1nobody',
  ]);
  expect(await axe()).toEqual([]);
  expect(await session.ask('* | lookup owner from hosts on ip = srcaddr | where !isNull(owner) | count by owner')).toEqual([['Zoë', flows]]);

  await page.getByRole('link', { name: 'Open in search' }).click();
  await soon(() => session.search('q')).toBe('cat path://"hosts"');
});

test('a wrong file says where it is wrong and leaves the table; a right one replaces it; a dropped one too', async () => {
  const { page } = session;
  await page.goto(`${session.served.address}/lookups`);
  await button('Replace hosts').click();
  await page.getByLabel('File of a table').setInputFiles(csv('ip,owner\n1\n'));
  await button('Replace').click();
  await soon(() => page.getByRole('alert').textContent()).toContain('Line 2: 1 cell where the header has 2 columns.');
  session.complaints.splice(0);
  await page.getByLabel('File of a table').setInputFiles(csv('{"ip":"10.0.0.1","owner":"ann"}\n', 'x.ndjson'));
  await button('Replace').click();
  await soon(() => rows().allTextContents()).toEqual([expect.stringMatching(/^hostsip, owner1/)]);

  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['id\n1\n2\n3\n'], 'ids.csv', { type: 'text/csv' }));
    return transfer;
  });
  await page.getByRole('region', { name: 'Upload a table' }).dispatchEvent('drop', { dataTransfer: dropped });
  await page.getByLabel('Name of the table').fill('/Library/ids');
  await button('Upload').click();
  await soon(() => rows().allTextContents()).toEqual([expect.stringMatching(/^\/Library\/idsid3/), expect.stringMatching(/^hosts/)]);
  await soon(() => session.search('view')).toBe('/Library/ids');
});

test('what can be done with a table is on a narrow page', async () => {
  const { page } = session;
  const before = page.viewportSize() ?? { width: 1440, height: 900 };
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${session.served.address}/lookups`);
  for (const name of ['Replace hosts', 'Delete hosts']) {
    await soon(async () => {
      const box = await button(name).boundingBox();
      return box !== null && box.x >= 0 && box.x + box.width <= 390;
    }).toBe(true);
  }
  await page.setViewportSize(before);
  await soon(() => rows().first().locator('.bz-lookup-columns').isVisible()).toBe(true);
});

test('deleting asks first', async () => {
  const { page } = session;
  await page.goto(`${session.served.address}/lookups?from=${iso(END - HOUR)}&to=${iso(END)}`);
  await button('Delete /Library/ids').click();
  await button('Keep it').click();
  await soon(() => page.getByRole('dialog').count()).toBe(0);
  await soon(() => rows().count()).toBe(2);
  await button('Delete /Library/ids').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await soon(() => rows().allTextContents()).toEqual([expect.stringMatching(/^hosts/)]);
});

test('a query that saves writes only when it is told to', async () => {
  const { page } = session;
  const q = 'action=REJECT | count by dest_port | save refused';
  await page.goto(`${session.served.address}/search?${new URLSearchParams({ q, from: iso(END - HOUR), to: iso(END) })}`);
  await button('Write refused').waitFor();
  const counted = await session.ask('action=REJECT | count by dest_port | sort by dest_port asc');
  await button('Write refused').click();
  await soon(() => page.getByRole('status').filter({ hasText: 'rows now' }).textContent()).toContain(`refused has ${counted.length} rows now.`);
  expect(await session.ask('cat refused | toLong(dest_port) as dest_port | toLong(_count) as _count | sort dest_port asc')).toEqual(counted);
  await page.getByRole('link', { name: 'Show the table' }).click();
  await soon(() => session.search('view')).toBe('refused');
  session.complaints.splice(0);
});
