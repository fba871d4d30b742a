/** What a person does with the pictures of every kind: hides series, drags a range, clicks through to records. Numbers are those of queries. */
import { describe, expect, it } from 'vitest';
import { short } from '../../src/web/format/numbers.ts';
import { END } from './browser.ts';
import { drawn, makeKinds } from './kinds.ts';
import { HOUR, iso, numberIn, pictureIn, soon, startSession } from './session.ts';

const on = startSession();
let path: string | undefined;

async function openKinds(more = '') {
  path ??= await makeKinds(on);
  await on.page.goto(`${on.served.address}${path}?from=${iso(END - HOUR)}&to=${iso(END)}${more}`);
  await drawn(on);
}

/** Where a panel's picture is, in view. */
const canvas = (id: string) => pictureIn(on.panel(id));

/** A time of the address, epoch seconds. */
const at = (key: 'from' | 'to') => Date.parse(on.search(key) ?? '') / 1000;
const summary = async (id: string) => (await on.panel(id).locator('.bz-chart-canvas').getAttribute('aria-label')) ?? '';
const entries = (id: string) => on.panel(id).locator('.bz-legend button');
const names = (id: string) => entries(id).allTextContents();
const recordCount = async () => numberIn(/^[\d,]+ records?/.exec((await on.page.locator('.bz-run-state [role=status]').textContent()) ?? '')?.[0] ?? '');

it('the greatest series are those of a query, the rest is one, nothing moves by itself, and the pointer’s time is on every chart over time', async () => {
  await openKinds();
  const moving = await on.page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length);
  expect(moving).toBe(0);
  const ports = await on.ask('_index=vpc_flow action=REJECT | count by dest_port | sort by _count');
  const shown = await names('column');
  expect(shown.map(numberIn).slice(0, 6)).toEqual(ports.slice(0, 6).map((row) => row[0]));
  expect(shown.at(-1)).toBe(`other (${ports.length - 6})`);
  const rest = ports.slice(6).reduce((sum, row) => sum + Number(row[1]), 0);
  expect(await summary('column')).toContain(`other (${ports.length - 6}): ${short(rest)} together`);

  const busiest = (await on.ask('_index=vpc_flow | count by dest_port | sort by _count')).map((row) => Number(row[0]));
  const listed = /\. (.*)\.$/.exec((await summary('bar')).replace('Bars stacked by action. ', ''))?.[1] ?? '';
  expect(listed.split('; ').map((part) => Number.parseInt(part, 10))).toEqual(busiest.slice(0, 8));

  const box = await canvas('step');
  await on.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await on.page.mouse.move(box.x + box.width / 2 + 3, box.y + box.height / 2);
  const tips = () =>
    on.page.evaluate(() =>
      ['line', 'step', 'area', 'column', 'share', 'outlier', 'comparison'].map(
        (id) => document.querySelector(`[data-panel="${id}"] .bz-chart-canvas > div:nth-child(2)`)?.textContent?.slice(0, 16) ?? '',
      ),
    );
  await soon(async () => (await tips()).every((text) => /^2026-11-18 14:\d\d/.test(text))).toBe(true);
});

it('a legend hides a series by a click, keeps it in the address and gives it back; shows one alone by keys; takes a part out of a donut and its whole', async () => {
  await openKinds();
  expect(await names('step')).toEqual(['ACCEPT', 'REJECT']);
  expect(await summary('step')).toContain('REJECT: newest');
  await entries('step').filter({ hasText: 'REJECT' }).click();
  await soon(() => on.search('hide')).toBe('step:REJECT');
  expect(await summary('step')).not.toContain('REJECT: newest');
  await on.page.reload();
  await drawn(on);
  expect(await entries('step').filter({ hasText: 'REJECT' }).getAttribute('aria-pressed')).toBe('false');
  expect(await summary('step')).not.toContain('REJECT: newest');
  // Other panels have series of the same name: theirs stay.
  expect(await entries('scatter').filter({ hasText: 'REJECT' }).getAttribute('aria-pressed')).toBe('true');
  await entries('step').filter({ hasText: 'REJECT' }).click();
  await soon(() => on.search('hide')).toBeNull();
  await soon(() => summary('step')).toContain('REJECT: newest');

  // One alone, and all again.
  const [first = ''] = await names('share');
  await entries('share').first().focus();
  await on.page.keyboard.press('Shift+Enter');
  await soon(() => entries('share').evaluateAll((all) => all.filter((e) => e.getAttribute('aria-pressed') === 'true').map((e) => e.textContent))).toEqual([
    first,
  ]);
  await soon(() => summary('share')).toContain(`${first}: 100.0 % together`);
  await on.page.keyboard.press('Shift+Enter');
  await soon(() => on.search('hide')).toBeNull();

  const rows = await on.ask('_index=vpc_flow | sum(bytes) as b by dest_port | sort by b');
  const part = on.panel('donut').locator('.bz-donut-parts li').first();
  expect(await part.textContent()).toContain(String(rows[0]?.[0]));
  const second = on.panel('donut').locator('.bz-donut-parts li').nth(1).locator('.bz-number');
  const whole = rows.reduce((sum, row) => sum + Number(row[1]), 0);
  const share = (of: number) => `${((Number(rows[1]?.[1]) / of) * 100).toFixed(1)} %`;
  expect(await second.textContent()).toBe(share(whole));
  await part.locator('.bz-toggle').click();
  await soon(() => second.textContent()).toBe(share(whole - Number(rows[0]?.[1])));
});

describe('a drag', () => {
  it.each(['line', 'outlier', 'share'])('across a %s sets the range of the whole dashboard', async (id) => {
    await openKinds();
    const box = await canvas(id);
    await on.page.mouse.move(box.x + box.width * 0.45, box.y + box.height / 2);
    await on.page.mouse.down();
    await on.page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 4 });
    await on.page.mouse.up();
    await soon(() => on.search('from')).not.toBe(iso(END - HOUR));
    const [from, to] = [at('from'), at('to')];
    expect([from > END - HOUR, to < END, (from % 60) + (to % 60)]).toEqual([true, true, 0]);
    await drawn(on);
    const [[count] = []] = await on.ask('_index=vpc_flow action=REJECT | count', to - 300, to);
    await soon(() => on.value('value')).toBe(count);
  });
});

describe('a click', () => {
  it('on a cell of a matrix opens the records of both values: as many as it says', async () => {
    await openKinds();
    const rows = await on.ask('_index=vpc_flow | count by direction, dest_port | sort by _count');
    const [direction, port, count] = rows[0] ?? [];
    await on.panel('matrix').locator(`button[title^="${direction} · ${port}"]`).click();
    await on.page.waitForURL('**/search?**');
    expect(new URL(on.page.url()).searchParams.getAll('f').sort()).toEqual([`destination.port:${port}`, `network.direction:${direction}`]);
    await soon(recordCount).toBe(count);
  });

  it('of a query with conditions opens the records that meet them too, and no others', async () => {
    await openKinds();
    const [[port, packed, count] = []] = await on.ask(
      '| where bytes > 4000 | if(packets > 20, "many", "few") as packed | count by dest_port, packed | sort by _count',
    );
    const [[all] = []] = await on.ask(`dest_port=${port} | count`);
    expect(Number(all)).toBeGreaterThan(Number(count));
    await on.panel('picked').locator('tbody tr').first().locator('td').last().getByRole('button').click();
    await on.page.waitForURL('**/search?**');
    expect(on.search('q')).toContain(`| where bytes > 4000 | if(packets > 20, "many", "few") as packed | where packed = "${packed}"`);
    expect(on.search('f')).toBe(`destination.port:${port}`);
    await soon(recordCount).toBe(count);
  });

  it('on a cell over time opens the records of its slice', async () => {
    await openKinds();
    const cell = on.panel('hours').locator('tbody tr').first().locator('td button').nth(3);
    const count = numberIn((await cell.getAttribute('title'))?.split(': ').at(-1) ?? '');
    await cell.click();
    await on.page.waitForURL('**/search?**');
    expect([at('from'), at('to')]).toEqual([END - HOUR + 900, END - HOUR + 1200]);
    await soon(recordCount).toBe(count);
  });

  it('on a part of a stacked bar opens the records of the bar and the part', async () => {
    await openKinds();
    const [[port] = []] = await on.ask('_index=vpc_flow | count by dest_port | sort by _count | limit 1');
    const [[accepted] = []] = await on.ask(`_index=vpc_flow dest_port=${port} action=ACCEPT | count`);
    const box = await canvas('bar');
    await on.page.mouse.click(box.x + 110, box.y + 14);
    await on.page.waitForURL('**/search?**');
    expect(new URL(on.page.url()).searchParams.getAll('f').sort()).toEqual([`destination.port:${port}`, 'event.action:ACCEPT']);
    await soon(recordCount).toBe(accepted);
  });

  it('with shift on a cell of a heat table filters the dashboard', async () => {
    await openKinds();
    await on
      .panel('heat')
      .locator('tbody td button')
      .first()
      .click({ modifiers: ['Shift'] });
    await soon(() => on.search('f')).toMatch(/^destination\.port:\d+$/);
  });

  it('on the newest column opens the records of its slice', async () => {
    await openKinds();
    const box = await canvas('column');
    await on.page.mouse.click(box.x + box.width - 40, box.y + box.height - 40);
    await on.page.waitForURL('**/search?**');
    expect([at('from'), at('to')]).toEqual([END - 300, END]);
  });
});

it('without data every panel says so, and none is a picture', async () => {
  path ??= await makeKinds(on);
  await on.page.goto(`${on.served.address}${path}?from=${iso(END - 400 * HOUR)}&to=${iso(END - 399 * HOUR)}`);
  await drawn(on);
  expect(await on.page.locator('[data-panel] canvas').count()).toBe(0);
  const notes = await on.page.locator('[data-panel] .bz-note').allTextContents();
  expect(notes.length).toBeGreaterThanOrEqual(18);
  for (const note of notes) expect(note).toContain('No data was ingested in this window');
});
