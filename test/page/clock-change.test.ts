/** Days on which the clocks change have 23 or 25 hours: a day of a result leads to all of its records, and to no others. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { iso, numberIn, pictureIn, soon, startSession } from './session.ts';

/** Of each zone the day, and when it and the next begin. */
const CHANGES = [
  ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['America/New_York', '2026-11-01', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  ['America/New_York', '2026-03-08', '2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z'],
  // One without a change.
  ['America/New_York', '2026-10-25', '2026-10-25T04:00:00Z', '2026-10-26T04:00:00Z'],
] as const;
const seconds = (text: string) => Date.parse(text) / 1000;

const on = startSession((logs) => {
  const starts = new Set<number>();
  for (const [, , from, to] of CHANGES) for (let at = seconds(from) - 86_400; at < seconds(to) + 86_400; at += 1200) starts.add(at);
  const lines = [...starts].map((at, i) => `2 999988887777 eni-0c10c4 10.9.0.1 10.9.0.2 ${40_000 + (i % 7)} 443 6 1 ${60 + i} ${at} ${at + 60} ACCEPT OK`);
  writeFileSync(join(logs, 'clock.log'), `${lines.join('\n')}\n`);
});

it.each(CHANGES)('%s, %s', async (zone, day, from, to) => {
  const query = encodeURIComponent('account-id=999988887777 | timeslice 1d | count by _timeslice');
  const window = `from=${iso(seconds(from) - 86_400)}&to=${iso(seconds(to) + 86_400)}`;
  await on.page.goto(`${on.served.address}/search?${window}&tz=${encodeURIComponent(zone)}&view=table&q=${query}`);
  const row = on.page.locator('tbody tr[data-row]').filter({ hasText: day });
  await soon(() => row.count()).toBe(1);
  const cell = row.locator('button.bz-cell').last();
  const said = numberIn((await cell.textContent()) ?? '');
  // Three an hour.
  expect(said).toBe((seconds(to) - seconds(from)) / 1200);
  await cell.click();
  await soon(() => [on.search('from'), on.search('to')].map((text) => seconds(text ?? ''))).toEqual([seconds(from), seconds(to)]);
  await soon(async () => numberIn((await on.page.locator('.bz-histogram-fold b').textContent()) ?? '')).toBe(said);
});

it('draws a bar for each day around a change, and a click on the last leads to it alone', async () => {
  const [zone, , from, to] = CHANGES[0];
  const query = encodeURIComponent('account-id=999988887777 | timeslice 1d | count by _timeslice');
  const window = `from=${iso(seconds(from) - 86_400)}&to=${iso(seconds(to) + 86_400)}`;
  await on.page.goto(`${on.served.address}/search?${window}&tz=${encodeURIComponent(zone)}&view=column&q=${query}`);
  expect(await on.page.getByRole('img', { name: /219 together/ }).getAttribute('aria-label')).toContain('Stacked columns');
  const box = await pictureIn(on.page.locator('.bz-aggregates'));
  await on.page.mouse.click(box.x + box.width - 40, box.y + box.height - 40);
  await soon(() => [on.search('from'), on.search('to')].map((text) => seconds(text ?? ''))).toEqual([seconds(to), seconds(to) + 86_400]);
});
