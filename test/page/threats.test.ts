/** Threats in a real browser: a file is imported, indicators are found, a feed is tried, run, broken, mended, changed and removed. */
import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { END } from './browser.ts';
import { HOUR, inSequence, iso, soon, startSession, typeMeanwhile } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const button = (name: string) => session.page.getByRole('button', { name, exact: true });
const field = (name: string) => session.page.getByRole('textbox', { name, exact: true });
const link = (name: string | RegExp) => session.page.getByRole('link', { name, exact: true });
const dialog = () => session.page.getByRole('dialog');
const row = (name: string) => session.page.getByRole('row', { name: new RegExp(`^${name}`) });
const cell = (name: string, label: string) => row(name).locator(`[data-label="${label}"]`);
const found = () => session.page.locator('.bz-threat-found').textContent();
const values = () => session.page.locator('.bz-threat-value').allTextContents();
const counts = () => session.page.locator('.bz-threat-counts').first().locator('div').allTextContents();
const axe = () => violations(session.page, 'main');
const open = (search = '') => session.page.goto(`${session.served.address}/threats${search}`);

/** What the feed's server answers, and with which header it was asked. */
let answer: { status: number; body: string } = { status: 200, body: '' };
const asked: IncomingMessage['headers'][] = [];
/** Holds answers back while it is set. */
let held: Promise<void> | undefined;
const server = createServer((request, response) => {
  asked.push(request.headers);
  void (async () => {
    await held;
    response.writeHead(answer.status, { 'content-type': 'text/plain' });
    response.end(answer.body);
  })();
});
const listening = new Promise<string>((resolve) =>
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    resolve(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/list.txt`);
  }),
);
afterAll(() => server.close());

const CSV = `ip,confidence,actors,malware,labels,valid_until,id
198.51.100.7,90,Wolf;Bear,Emotet,"tor, vpn",2030-01-01,one
198.51.100.0/24,40,,,,,block
203.0.113.9,60,,,,2020-01-01,old
2001:db8:bad::/48,95,<b>Fox</b>,,,,six
nonsense,50,,,,,
999.1.1.1,50,,,,,
evil.example,10,,,,,name
`;

test('an empty page says what feeds are, and a panel without indicators leads to it', async () => {
  const { page } = session;
  await session.open();
  await page.locator('.bz-note').getByRole('link', { name: 'Add a feed or import a file' }).first().click();
  await soon(() => new URL(page.url()).pathname).toBe('/threats');
  expect(session.search('from')).toBe(iso(END - HOUR));
  await soon(() => page.getByRole('heading', { name: 'No feeds yet' }).count()).toBe(1);
  expect(await page.locator('.bz-threat-none').textContent()).toContain('Nothing is fetched until you set a feed up here.');
  expect(await axe()).toEqual([]);
  await link('Indicators').click();
  await soon(() => page.getByRole('heading', { name: 'No indicators yet' }).count()).toBe(1);
  expect(await found()).toBe('0 indicators');
  expect(await axe()).toEqual([]);
  await page.goto(`${session.served.address}/search`);
  // The editor takes the keyboard when it comes.
  await page.locator('.cm-content').waitFor();
  await page.locator('body').click({ position: { x: 5, y: 400 } });
  await page.keyboard.press('Escape');
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await inSequence(page, 'g', 't');
  await soon(() => new URL(page.url()).pathname).toBe('/threats');
  await page.keyboard.press('?');
  await soon(() => dialog().getByText('Go to the feeds and indicators of threats').count()).toBe(1);
});

test('a file is imported: counts, and what is wrong by line', async () => {
  const { page } = session;
  await open();
  await link('Import a file').click();
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], 'intel.csv', { type: 'text/csv' }));
    return transfer;
  }, CSV);
  await page.getByRole('region', { name: 'File of indicators' }).dispatchEvent('drop', { dataTransfer: dropped });
  await soon(() => page.getByRole('combobox', { name: 'Feed' }).or(field('Feed')).inputValue()).toBe('intel');
  await page.getByText('Columns of the CSV file').click();
  await soon(() => page.getByText('The file has:').textContent()).toContain('ip, confidence, actors, malware, labels, valid_until, id');
  expect(await axe()).toEqual([]);
  await button('Import').click();
  await soon(() => page.getByRole('region', { name: 'What was imported' }).getByRole('status').textContent()).toMatch(
    /^ ?intel: 5 added · CSV with a header line$/,
  );
  expect(await counts()).toEqual(['Entries7', 'Added5', 'Changed0', 'Expired0', 'Unchanged0']);
  expect(await page.getByRole('table', { name: 'Entries that could not be read' }).locator('tbody tr').allTextContents()).toEqual([
    expect.stringMatching(/^line 6.*nonsense,50/),
    expect.stringMatching(/^line 7.*999\.1\.1\.1,50/),
  ]);
  expect(await axe()).toEqual([]);
  await soon(() => page.locator('.bz-threat-stats div').allTextContents()).toEqual([
    'indicators5',
    'high2',
    'medium1',
    'low1',
    'unverified1',
    'addresses and networks4',
    'domains1',
  ]);

  // The same once more, in place of what is there, without two of them.
  await page.getByLabel('File with indicators').setInputFiles({
    name: 'intel.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(
      CSV.split('\n')
        .filter((line) => !/^(?:nonsense|999|evil|203)/.test(line))
        .join('\n')
        .replace(',40,', ',45,'),
    ),
  });
  await page.getByRole('switch', { name: 'It takes the place of what “intel” has' }).click();
  await button('Import').click();
  await soon(counts).toEqual(['Entries3', 'Added0', 'Changed1', 'Expired2', 'Unchanged2']);
  // What is no document at all changes nothing, and says so in place.
  await page
    .getByLabel('File with indicators')
    .setInputFiles({ name: 'x.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([0, 1, 2, 255, 254]) });
  await button('Import').click();
  await soon(() => page.getByRole('alert').textContent()).toContain('feed-unreadable');
  session.complaints.splice(0);
  await button('Cancel').click();
});

test('an indicator is found by an address that it holds, and leads to flows', async () => {
  const { page } = session;
  await open(`?view=indicators&from=${iso(END - HOUR)}&to=${iso(END)}`);
  await soon(values).toEqual(['198.51.100.0/24', '198.51.100.7', '2001:db8:bad::/48']);
  await field('Search indicators').fill('198.51.100.200');
  await soon(found).toBe('1 indicator holds 198.51.100.200');
  await soon(values).toEqual(['198.51.100.0/24']);
  expect(session.search('q')).toBe('198.51.100.200');
  // What is typed on while the address follows stays.
  await field('Search indicators').click();
  await typeMeanwhile(page, '.7');
  await field('Search indicators').fill('198.51.100');
  await soon(found).toBe('2 indicators hold 198.51.100.7');
  expect(await field('Search indicators').inputValue()).toBe('198.51.100.7');
  // By keyboard: down to the second row, and in.
  await soon(async () => (await values()).length).toBe(2);
  await page.locator('.bz-threat-value').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await soon(() => dialog().locator('.bz-source-copy code').textContent()).toBe('198.51.100.7');
  const detail = (await dialog().locator('dl').textContent()) ?? '';
  for (const text of ['90 high', 'WolfBear', 'Emotet', 'torvpn', 'Valid until2030-01-01 00:00:00', 'Id in the feedone']) expect(detail).toContain(text);
  await soon(() => dialog().getByText('Looking …').count()).toBe(0);
  await dialog().getByRole('link', { name: 'Search flows that match it' }).click();
  await soon(() => session.search('q')).toBe('srcaddr="198.51.100.7" or dstaddr="198.51.100.7"');
  expect(session.search('from')).toBe(iso(END - HOUR));
  await page.goBack();
  await page.keyboard.press('Escape');
  await soon(() => dialog().count()).toBe(0);

  // Parts of what a feed says, filters, and what the feed has dropped.
  await field('Search indicators').fill('fox');
  await soon(values).toEqual(['2001:db8:bad::/48']);
  expect(await page.locator('.bz-threat-chip').allTextContents()).toEqual(['<b>Fox</b>']);
  await field('Search indicators').fill('');
  await page.getByRole('combobox', { name: 'Confidence' }).or(field('Confidence')).click();
  await page.getByRole('option', { name: 'low' }).click();
  await soon(values).toEqual(['198.51.100.0/24']);
  await page.locator('[aria-label="Any confidence"]').click();
  await page.getByRole('switch', { name: 'With dropped ones' }).click();
  await soon(values).toEqual(['198.51.100.0/24', '198.51.100.7', '2001:db8:bad::/48', '203.0.113.9', 'evil.example']);
  expect(await page.locator('tr[data-over]').allTextContents()).toEqual([
    expect.stringMatching(/^203\.0\.113\.9.*dropped by its feed/),
    expect.stringMatching(/^evil\.example/),
  ]);
  expect(await axe()).toEqual([]);
  await field('Search indicators').fill('192.0.2.1');
  await soon(() => page.getByText('No indicator is like that.').count()).toBe(1);
});

test('a feed is tried, saved, run with its progress seen, breaks and is mended', async () => {
  const { page } = session;
  const url = await listening;
  await open('?step=new');
  await link(/^A document at an address/).click();
  await field('Name').fill('block list');
  await field('Address').fill('ftp://127.0.0.1/x');
  await button('Test it').click();
  await soon(() => field('Address').getAttribute('aria-invalid')).toBe('true');
  session.complaints.splice(0);
  await field('Address').fill(url);
  answer = { status: 403, body: 'no' };
  await button('Test it').click();
  await soon(() => page.getByRole('region', { name: 'Test' }).textContent()).toContain('403');
  answer = { status: 200, body: '# a list\n192.0.2.1\n192.0.2.2\nno address at all\n2001:db8::1\n' };
  await page.getByRole('combobox', { name: 'Signs in with' }).or(field('Signs in with')).click();
  await page.getByRole('option', { name: 'Bearer token' }).click();
  await page.getByLabel('Token', { exact: true }).fill('very/secret');
  await button('Test it').click();
  await soon(() => page.getByText('It works:').textContent()).toMatch(/List, a value a line, 4 entries .*3 addresses and networks/);
  expect(asked.at(-1)?.authorization).toBe('Bearer very/secret');
  expect(await page.getByRole('table', { name: 'Entries that could not be read' }).locator('tbody').textContent()).toMatch(/^line 4.*no address at all/);
  expect(await page.getByRole('table', { name: 'The first indicators' }).locator('tbody tr').count()).toBe(3);
  expect(await axe()).toEqual([]);
  // Nothing of it is stored.
  await soon(() => page.locator('.bz-threat-stats [data-what="total"]').textContent()).toBe('indicators3');

  let release = (): void => undefined;
  held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await button('Save the feed').click();
  await soon(() => session.search('feed')).toBe('block list');
  await soon(() => page.locator('.bz-source-state').first().textContent()).toMatch(/^running.*fetching/);
  expect(await button('Run block list now').isDisabled()).toBe(true);
  release();
  held = undefined;
  await soon(() => page.locator('.bz-source-state').first().textContent()).toBe('up to date');
  await soon(counts).toEqual(['Added3', 'Changed0', 'Expired0', 'Unchanged0']);
  await soon(() => page.locator('.bz-threat-stats [data-what="total"]').textContent()).toBe('indicators6');
  expect(await page.getByText('stored, encrypted').count()).toBe(1);
  expect(await page.content()).not.toContain('very/secret');
  expect(await axe()).toEqual([]);

  answer = { status: 500, body: 'broken' };
  await button('Run block list now').click();
  await soon(() => page.getByRole('alert').textContent()).toMatch(/500.*The 3 indicators that it had stay in force\./);
  expect(await axe()).toEqual([]);
  await open();
  await soon(() => cell('block list', 'State').textContent()).toMatch(/^trouble.*500/);
  expect(await cell('block list', 'Added / changed / expired').textContent()).toBe('3 / 0 / 0');
  expect(await cell('block list', 'Problems').textContent()).toBe('1');
  expect(await axe()).toEqual([]);
  answer = { status: 200, body: '192.0.2.1\n192.0.2.77\n' };
  await button('Run block list now').click();
  await soon(() => cell('block list', 'State').textContent()).toBe('up to date');
  await soon(() => cell('block list', 'Added / changed / expired').textContent()).toBe('1 / 0 / 2');
  expect(await cell('block list', 'Indicators').textContent()).toBe('2');
  expect(asked.at(-1)?.authorization).toBe('Bearer very/secret');
  await cell('block list', 'Indicators').getByRole('link').click();
  await soon(values).toEqual(['192.0.2.1', '192.0.2.77']);
});

test('what somebody else saved is not overwritten, unless one says so; a feed is switched off', async () => {
  const { page } = session;
  await open('?feed=block+list&step=edit');
  await field('Sort of threat').fill('mine');
  const other = await session.context.newPage();
  await other.goto(`${session.served.address}/threats?feed=block+list&step=edit`);
  await other.getByRole('textbox', { name: 'Sort of threat', exact: true }).fill('theirs');
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await soon(() => other.getByRole('region', { name: 'Settings' }).textContent()).toContain('theirs');
  await button('Save').click();
  await soon(() => page.getByRole('alert').textContent()).toContain('Somebody else has changed this feed');
  session.complaints.splice(0);
  await button('Take what is there now').click();
  await soon(() => field('Sort of threat').inputValue()).toBe('theirs');
  await field('Sort of threat').fill('ours');
  await button('Save').click();
  await soon(() => page.getByRole('region', { name: 'Settings' }).textContent()).toContain('ours');
  // The secret was neither shown nor lost.
  await soon(() => page.getByText('stored, encrypted').count()).toBe(1);
  await button('More of block list').click();
  await page.getByRole('menuitem', { name: 'Switch off' }).click();
  await soon(() => page.locator('.bz-source-state').first().textContent()).toBe('switched off');
  await button('More of block list').click();
  await page.getByRole('menuitem', { name: 'Switch on' }).click();
  await soon(() => page.locator('.bz-source-state').first().textContent()).toBe('up to date');
});

test('allow-lists of all feeds and of one are kept, and a wrong entry is named', async () => {
  const { page } = session;
  await open('?view=allowed');
  await field('Entries').fill('192.0.2.10\n203.0.113.0/24\n192.0.2.10\n');
  await button('Save the list').click();
  await soon(() => page.locator('main').getByRole('status').textContent()).toBe('Saved: 2 entries.');
  await field('Entries').fill('192.0.2.10\n203.0.113.0/99\n');
  await button('Save the list').click();
  await soon(() => page.getByRole('alert').textContent()).toContain('“203.0.113.0/99” is neither');
  session.complaints.splice(0);
  expect(await axe()).toEqual([]);
  await button('Discard').click();
  await soon(() => field('Entries').inputValue()).toBe('192.0.2.10\n203.0.113.0/24');
  await open('?feed=intel');
  await field('Entries').fill('198.51.100.7');
  await button('Save the list').click();
  await soon(() => page.locator('main').getByRole('status').textContent()).toBe('Saved: 1 entry.');
  await page.reload();
  await soon(() => field('Entries').inputValue()).toBe('198.51.100.7');
});

test('it works on a phone', async () => {
  const { page } = session;
  await page.setViewportSize({ width: 390, height: 844 });
  for (const search of [
    '',
    '?step=new',
    '?step=new&kind=taxii',
    '?step=import',
    '?feed=block+list',
    '?feed=block+list&step=edit',
    '?view=indicators',
    '?view=allowed',
  ]) {
    await open(search);
    await soon(() => page.locator('.bz-threat-stats[aria-busy="false"]').count()).toBe(1);
    await page.waitForTimeout(300);
    expect([search, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([search, 390]);
    expect([search, await axe()]).toEqual([search, []]);
  }
});

test('removing says what is lost and what stays', async () => {
  const { page } = session;
  await open('?feed=block+list');
  await button('More of block list').click();
  await page.getByRole('menuitem', { name: 'Remove …' }).click();
  expect(await dialog().textContent()).toMatch(/Gone: its settings, its stored secrets, its allow-list and 2 indicators.*Stays: every flow that it matched/);
  await button('Keep it').click();
  await soon(() => dialog().count()).toBe(0);
  await button('More of block list').click();
  await page.getByRole('menuitem', { name: 'Remove …' }).click();
  await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
  await soon(() => page.getByRole('table', { name: 'Feeds' }).locator('tbody th').allTextContents()).toEqual(['intel']);
  await soon(() => page.locator('.bz-threat-stats [data-what="total"]').textContent()).toBe('indicators3');
});
