/** Events in a real browser: chosen, read, filtered by a path of their JSON, followed to flows and back, and found later by indicators. */
import { expect, test } from 'vitest';
import { END } from './browser.ts';
import { STRANGER, TOOL, writeEvents } from './events.ts';
import { HOUR, iso, soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession(writeEvents);
const open = (path: string, more: Readonly<Record<string, string>> = {}) =>
  session.page.goto(`${session.served.address}${path}?${new URLSearchParams({ from: iso(END - HOUR), to: iso(END), ...more })}`);
const messages = () => session.page.locator('.bz-message-line');
const total = async () => Number(((await session.page.locator('[role="tab"] .bz-tab-count').last().textContent()) ?? '').replaceAll(',', ''));
const leaf = (text: string) => session.page.locator('.bz-message-detail .bz-leaf', { hasText: text }).first();
const axe = () => violations(session.page, 'main');
/** A call of the API with the page's own cookies. */
const post = (path: string, body: unknown) =>
  session.page.evaluate(
    async ([to, json]) => {
      const token = decodeURIComponent(/bartizan_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '');
      const response = await fetch(to as string, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-csrf-token': token },
        body: json as string,
      });
      return [response.status, await response.text()] as const;
    },
    [path, JSON.stringify(body)],
  );

test('what is searched is chosen, an event is read, and a value in its JSON narrows the search', async () => {
  const { page } = session;
  await open('/search', { q: `${STRANGER}` });
  // Words alone read flows and events: two flows and five events.
  await soon(total).toBe(7);
  await page.getByRole('radiogroup', { name: 'What is searched' }).getByText('Events').click();
  await soon(() => session.search('q')).toBe(`_index=cloudtrail ${STRANGER}`);
  await soon(total).toBe(5);
  expect(await page.locator('.bz-message-head > span').allTextContents()).toEqual([
    'Time, newest first',
    ...['eventName', 'userName', 'sourceIPAddress', 'outcome', 'errorCode', 'Message'].map((name) => `${name}×`),
  ]);
  // The fields of events by what they tell, and those of the JSON by their paths.
  const group = (name: string) => page.getByRole('region', { name, exact: true });
  await soon(() => group('Request').locator('.bz-field-name').first().textContent()).toContain('requestParameters.groupId');
  expect(await group('Actor').locator('.bz-field-name').allTextContents()).toContain('auserName');
  expect(await group('Not in these events').locator('.bz-field-name').allTextContents()).toContain('aerrorCode');

  await page.locator('.bz-message-time').last().click();
  await soon(() => page.locator('.bz-event-head').textContent()).toContain('AuthorizeSecurityGroupIngress of ec2.amazonaws.com');
  expect(await page.locator('.bz-event-head').textContent()).toContain('Deploy/deploy-7session of a role');
  expect(await page.locator('.bz-message-detail mark').first().textContent()).toBe(STRANGER);
  expect(await axe()).toEqual([]);
  await leaf('sg-0a1b2c3d4e5f60718').click();
  await page.getByRole('menuitem', { name: 'Only this value' }).click();
  await soon(total).toBe(1);
  expect(session.search('q')).toBe(`_index=cloudtrail ${STRANGER} requestParameters.groupId="sg-0a1b2c3d4e5f60718"`);
  await page.locator('.bz-message-time').first().click();
  await leaf('0.0.0.0/0').click();
  await page.getByRole('menuitem', { name: 'Without this value' }).click();
  const path = '%"requestParameters.ipPermissions.items[0].ipRanges.items[0].cidrIp"';
  await soon(() => session.search('q')).toBe(`_index=cloudtrail ${STRANGER} requestParameters.groupId="sg-0a1b2c3d4e5f60718" !${path}="0.0.0.0/0"`);
  await soon(() => page.getByText('Nothing matches in this window.').count()).toBe(1);

  // What AWS hides is said, and can be asked for by what stands there.
  await open('/search', { q: '_index=cloudtrail userName=HIDDEN_DUE_TO_SECURITY_REASONS' });
  await soon(total).toBe(1);
  await soon(() => messages().first().textContent()).toContain('hidden by AWS');
  await page.locator('.bz-message-time').first().click();
  await soon(() => page.locator('.bz-event-head').textContent()).toContain('AWS does not log what was entered there');
});

test('an address leads from an event to its flows, and from a flow to its events', async () => {
  const { page } = session;
  await open('/search', { q: '_index=cloudtrail eventID="open-0"' });
  await page.locator('.bz-message-time').first().click();
  await page.getByRole('link', { name: 'Flows of this address' }).click();
  await soon(() => session.search('q')).toBe(`_index=vpc_flow (srcaddr="${STRANGER}" or dstaddr="${STRANGER}")`);
  await soon(total).toBe(2);
  await page.locator('.bz-message-time').first().click();
  await page.getByRole('link', { name: `Events of ${STRANGER}` }).click();
  await soon(() => session.search('q')).toBe(`_index=cloudtrail src_ip="${STRANGER}"`);
  await soon(total).toBe(5);
});

test('a dashboard of events opens the record of a row, and says from when to when there are events', async () => {
  const { page } = session;
  await open('/search');
  const panel = {
    id: 'changes',
    title: 'Changes',
    description: 'Calls that change something.',
    kind: 'table',
    query:
      '_index=cloudtrail readOnly=false\n| json field=_raw "requestParameters.groupId" as group_id nodrop\n| fields _messageTime, eventName, userName, group_id',
    width: 24,
    height: 12,
  };
  const content = { title: 'Events', description: 'Events.', window: HOUR, variables: [], sections: [{ id: 's', title: 'All', panels: [panel] }] };
  const [status, answer] = await post('/api/v1/dashboards', content);
  expect([status, answer]).toEqual([201, expect.any(String)]);
  const { id } = JSON.parse(answer) as { id: string };
  await open(`/dashboards/${id}`);
  await soon(() => page.locator('tbody tr').count()).toBe(7);
  await page.locator('tbody tr', { hasText: 'sg-other-2' }).getByRole('button', { name: 'Open the record' }).click();
  await soon(() => new URL(page.url()).pathname).toBe('/search');
  await soon(total).toBe(1);
  await page.locator('.bz-message-time').first().click();
  await soon(() => leaf('sg-other-2').count()).toBe(1);
  // Flows there are on the day before, events not.
  await open(`/dashboards/${id}`, { from: iso(END - 25 * HOUR), to: iso(END - 24 * HOUR) });
  await soon(() => page.getByText('No data was ingested in this window.').count()).toBe(1);
  await page.getByRole('button', { name: /^Data exists from/ }).click();
  await soon(() => page.locator('tbody tr').count()).toBe(7);
});

test('an import of indicators finds flows and events of the past, and each finding leads to its records', async () => {
  const { page } = session;
  await open('/threats', { view: 'import' });
  await open('/threats');
  await page.getByRole('link', { name: 'Import a file' }).click();
  const csv = `type,value,confidence\nip,${STRANGER},90\nip,203.0.113.78,90\nuser-agent,${TOOL},70\n`;
  await page.getByLabel('File with indicators').setInputFiles({ name: 'late.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await soon(() => page.getByRole('region', { name: 'What was imported' }).getByRole('status').textContent()).toMatch(/late: 3 added/);
  await open('/threats');
  await page.getByRole('link', { name: /Found later/ }).click();
  const rows = page.getByRole('table', { name: 'Found later' }).locator('tbody tr');
  await soon(() => rows.count()).toBe(2);
  const kinds = await rows.locator('[data-label="Address"]').allTextContents();
  expect(kinds.sort()).toEqual([`${STRANGER} events`, `${STRANGER} flows`]);
  const numbers = (kind: string) =>
    rows
      .filter({ hasText: `${STRANGER} ${kind}` })
      .locator('[data-label="Accepted / refused"]')
      .textContent();
  expect([await numbers('events'), await numbers('flows')]).toEqual(['5 / 0', '1 / 1']);
  expect(await axe()).toEqual([]);
  await rows
    .filter({ hasText: `${STRANGER} events` })
    .getByRole('link', { name: STRANGER, exact: true })
    .last()
    .click();
  await soon(total).toBe(5);
  // What the hunt found is told on the event, and the client that is an indicator, too, where it says more.
  await page.locator('.bz-message-time').first().click();
  await soon(() => page.locator('.bz-event-head').textContent()).toContain(`late lists ${STRANGER}, confidence high`);
  await open('/threats', { view: 'later' });
  await rows
    .filter({ hasText: `${STRANGER} flows` })
    .getByRole('link', { name: STRANGER, exact: true })
    .last()
    .click();
  await soon(total).toBe(2);

  await open('/threats', { view: 'indicators', type: 'user-agent' });
  await page.locator('.bz-threat-value', { hasText: TOOL }).click();
  await page.getByRole('link', { name: 'Search events that match it' }).click();
  await soon(() => session.search('q')).toBe(`_index=cloudtrail userAgent="${TOOL}"`);
  await soon(total).toBe(5);
});
