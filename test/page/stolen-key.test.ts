/** The stolen key in a real browser, by clicks alone: from the dashboard of threats to the flow that carried the data off, as docs/stolen-key.md says. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadEstate } from '../../src/cli/demo-estate.ts';
import { demoInterfaces } from '../../src/demo/interfaces.ts';
import { buildHosts, machineOf } from '../../src/demo/parties.ts';
import { demoIndicators } from '../../src/demo/threats.ts';
import { openIncident } from '../demo/open-incident.ts';
import { serveFolder } from './browser.ts';
import { pictureIn, soon, startSession } from './session.ts';

const session = startSession(undefined, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-page-story-'));
  await (await openIncident(join(folder, 'data'))).close();
  return serveFolder(folder, []);
});

const listed = (label: string) => demoIndicators(loadEstate(), 1).find((i) => i.labels.includes(label) && i.actors.includes('demo actor C'))!.value;
const target = machineOf(buildHosts(loadEstate(), 1), 'shop-us/database/2', 0);
const facts = demoInterfaces(loadEstate(), 1)
  .flatMap(({ interfaces }) => interfaces)
  .find((f) => f.interfaceId === target.interfaceId)!;

const total = async () => Number(((await session.page.locator('[role="tab"] .bz-tab-count').last().textContent()) ?? '').replaceAll(',', ''));
/** Opens a field beside the messages. */
const openField = (name: string) => session.page.locator('.bz-fields-list .bz-field-name', { has: session.page.locator(`span:text-is("${name}")`) }).click();
const values = () => session.page.locator('.bz-field-value > span:first-of-type').allTextContents();
const pick = (value: string) => session.page.locator('.bz-field-value', { has: session.page.locator(`span:text-is("${value}")`) }).click();
const openFirst = () => session.page.locator('.bz-message-time').first().click();
const head = () => session.page.locator('.bz-event-head');
const detail = () => session.page.locator('.bz-message-detail').first();

test('from the first dashboard to the flow that carried the data off, by clicks alone', async () => {
  const { page } = session;
  const [thief, collector] = [listed('stolen-credentials'), listed('exfiltration')];
  const group = facts.groupIds[0]!;

  // 1. Listed addresses knock all day; one got an answer.
  await page.goto(`${session.served.address}/dashboards/cloudtrail-threat-intelligence`);
  await page.locator('.bz-range').click();
  await page.getByRole('button', { name: 'Last 6 hours' }).click();
  const table = session.panel('threat-events');
  await soon(() => table.getAttribute('aria-busy')).toBe('false');
  const cells = async (column: number) => table.locator(`tbody tr[aria-rowindex] td:nth-child(${column}) .bz-cell`).allTextContents();
  await soon(() => cells(6)).toContain('Failure');
  const result = table.getByRole('button', { name: /^result/ });
  await result.click();
  if ((await table.locator('th[aria-sort="descending"]').count()) === 0) await result.click();
  await soon(async () => (await cells(6))[0]).toBe('Success');
  await table.getByRole('button', { name: 'Success', exact: true }).first().click();

  // 2. Every call of it that succeeded.
  await soon(() => new URL(page.url()).pathname).toBe('/search');
  await soon(total).toBeGreaterThan(20);
  await openField('sourceIPAddress');
  await soon(values).toEqual([thief]);
  await openField('userName');
  await soon(values).toEqual(expect.arrayContaining(['ci-deploy', 'backup-support']));

  // 3. The rule in the security group.
  await openField('eventName');
  await soon(values).toContain('AuthorizeSecurityGroupIngress');
  await pick('AuthorizeSecurityGroupIngress');
  await soon(total).toBe(1);
  await openFirst();
  await soon(() => head().textContent()).toContain('backup-support');
  expect(await head().textContent()).toContain('without a second factor');
  expect(await detail().textContent()).toContain(group);
  expect(
    await detail()
      .getByRole('link', { name: `Flows of ${group}` })
      .count(),
  ).toBe(1);

  // 4. Flows of the address: refused, then accepted.
  await page.getByRole('link', { name: 'Flows of this address' }).click();
  await soon(() => session.search('q')).toBe(`_index=vpc_flow (srcaddr="${thief}" or dstaddr="${thief}")`);
  await openField('action');
  await soon(async () => (await values()).toSorted()).toEqual(['ACCEPT', 'REJECT']);
  // The list before goes when the next one is asked for, a moment after the address has changed.
  const next = page.waitForRequest((request) => request.url().endsWith('/records') && request.postData()?.includes('ACCEPT') === true);
  await pick('ACCEPT');
  await next;
  await openFirst();
  await soon(() => detail().textContent()).toContain(target.interfaceId);

  // 5. Where the bytes of that interface went.
  await page.getByRole('link', { name: 'Flows of this interface' }).click();
  await soon(() => session.search('q')).toBe(`_index=vpc_flow interface-id="${target.interfaceId}"`);
  await openField('dstaddr');
  await page.getByRole('button', { name: 'Bytes by it' }).click();
  const chart = page.locator('.bz-aggregates .bz-chart-canvas');
  await soon(() => chart.getAttribute('aria-label')).toContain(collector);
  const bars = await pictureIn(page.locator('.bz-aggregates'));
  // The longest bar, at the top.
  await page.mouse.click(bars.x + 150, bars.y + 22);

  // 6. The flow.
  await soon(() => session.search('q')).toBe(`_index=vpc_flow interface-id="${target.interfaceId}" destination.ip="${collector}"`);
  await openFirst();
  await soon(() => detail().textContent()).toContain(collector);
  await page.getByRole('radiogroup', { name: 'Form of the record' }).getByText('Raw').click();
  const raw = (await detail().locator('pre').textContent()) ?? '';
  expect(raw).toContain(`${target.address} ${collector}`);
});
