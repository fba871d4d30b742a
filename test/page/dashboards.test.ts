/**
 * Every dashboard that comes with Bartizan, in a real browser over the demo's estate: it opens, its numbers are those of
 * queries, a filter narrows them, and without data it says why it is empty. Axe looks at each in both schemes: at one with
 * data in it, at the other without (what every kind of panel draws, axe.test.ts looks at in both).
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDashboards } from '../../src/dashboards/load.ts';
import type { Dashboard, Panel } from '../../src/dashboards/schema.ts';
import { newData } from '../store/new-store.ts';
import { END, type Served, serveCopy } from './browser.ts';
import { fillEstate } from './estate.ts';
import { iso, startSession } from './session.ts';
import { violations } from './violations.ts';

const CONTENT = join(import.meta.dirname, '../../content/dashboards');
const dashboards = loadDashboards(CONTENT);
const cases = dashboards.map((dashboard, i) => [dashboard.id, dashboard, i % 2 === 0 ? 'dark' : 'light'] as const);

const folder = mkdtempSync(join(tmpdir(), 'bartizan-page-dashboards-'));
const on = startSession(undefined, async () => serveCopy(await fillEstate(folder, END)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const panelsOf = (dashboard: Dashboard): Panel[] => dashboard.sections.flatMap((section) => section.panels);
const addressOf = (served: Served, dashboard: Dashboard, more = '') =>
  `${served.address}/dashboards/${dashboard.id}?from=${iso(END - dashboard.window)}&to=${iso(END)}&tz=utc${more}`;
/** One of the estate's three. */
const ACCOUNT_ID = '444455556666';
/** Rows below the first ones are like them. */
const MORE_ROWS = '.bz-table tbody tr:nth-child(n + 5)';
/** Of a panel's answer. */
const MOST_ROWS = 2000;
const HOW = 'Add a source, or read files with bartizan ingest PATH. To look around in made-up data: bartizan serve --demo.';
/** What says once for a whole dashboard that nothing is stored. */
const nothingStored = () => on.page.locator('.bz-nothing').allTextContents();
const ACCOUNT = (dashboard: Dashboard) => dashboard.variables.find(({ id }) => id === 'account-id')?.field ?? '';

/** Opens a dashboard and waits until every panel has its answer, and what it draws is drawn. */
async function open(dashboard: Dashboard, address: string): Promise<void> {
  await on.page.goto(address);
  await on.page.waitForFunction(
    (ids) => {
      const settled = ids.every((id) => document.querySelector(`[data-panel="${id}"]`)?.getAttribute('aria-busy') === 'false');
      return settled && document.querySelectorAll('.bz-skeleton, .bz-chart-canvas[aria-busy="true"]').length === 0;
    },
    panelsOf(dashboard).map(({ id }) => id),
  );
}

/** What the page says went wrong. */
const alerts = () => on.page.getByRole('alert').allTextContents();

interface Shown {
  /** Of a single value the number; of a table its rows. */
  readonly count: number;
  /** Of a table: sums below its columns, by their names. */
  readonly sums: Readonly<Record<string, number>>;
}

/** What the page shows of a panel; undefined where it says why there is nothing. */
async function shown(panel: Panel): Promise<Shown | undefined> {
  return on.panel(panel.id).evaluate((node) => {
    const numberOf = (text: string | null | undefined) => Number((text ?? '').split('·')[0]?.replace(/[^\d]/g, ''));
    const single = node.querySelector('.bz-value-number');
    if (single) return { count: numberOf(single.getAttribute('title')), sums: {} };
    const table = node.querySelector('table');
    if (!table) return undefined;
    const heads = [...table.querySelectorAll('thead th button')].map((head) => head.firstChild?.textContent ?? '');
    // One may stand below several columns.
    const cells = [...table.querySelectorAll<HTMLTableCellElement>('tfoot td')].flatMap((foot) => Array<HTMLTableCellElement>(foot.colSpan).fill(foot));
    const feet = cells.map((foot, i) => [heads[i] ?? '', foot.querySelector('span')?.title] as const);
    return {
      count: Number(table.getAttribute('aria-rowcount')) - 1,
      sums: Object.fromEntries(feet.flatMap(([name, title]) => (title === undefined ? [] : [[name, numberOf(title)]]))),
    };
  });
}

/** The same of the panel's query, asked for by itself, with a condition more. */
async function asked(panel: Panel, dashboard: Dashboard, account?: string): Promise<Shown | undefined> {
  const scoped = account === undefined ? panel.query : panel.query.replace(/^_index=\w+/, `$& ${ACCOUNT(dashboard)}="${account}"`);
  if (panel.kind === 'value') {
    const rows = await on.ask(`${scoped}\n| sum(${panel.y}) as newest`, END - (panel.bucket ?? dashboard.window), END);
    return { count: Number(rows[0]?.[0] ?? 0), sums: {} };
  }
  const totals = panel.totals.map((name, i) => `, sum(${name}) as total_${i}`).join('');
  const [row] = await on.ask(`${scoped}\n| limit ${MOST_ROWS}\n| count${totals}`, END - dashboard.window, END);
  const [count = 0, ...sums] = row?.map(Number) ?? [];
  return count === 0 ? undefined : { count, sums: Object.fromEntries(panel.totals.map((name, i) => [name, sums[i] ?? 0])) };
}

/** Panels whose numbers stand on the page as such. */
const NUMBERS: ReadonlySet<string> = new Set(['value', 'table']);

it('all files of the folder are here', () => {
  expect(cases.map(([id]) => `${id}.yaml`).sort()).toEqual(readdirSync(CONTENT).sort());
  expect(cases.length).toBeGreaterThanOrEqual(13);
});

describe.each(cases)('%s', (_, dashboard, scheme) => {
  const numbers = panelsOf(dashboard).filter(({ kind, window }) => NUMBERS.has(kind) && window === undefined);
  const inScheme = (name: string) => on.page.addInitScript((value) => localStorage.setItem('bartizan-color-scheme', value), name);

  /** Every number on the page; each is what its panel's query answers. */
  const compared = async (account?: string): Promise<number[]> => {
    expect(await alerts()).toEqual([]);
    const there = await Promise.all(numbers.map(shown));
    const wanted = await Promise.all(numbers.map((panel) => asked(panel, dashboard, account)));
    // A single value of nothing says why there is nothing.
    const named = (list: readonly (Shown | undefined)[]) => numbers.map(({ id }, i) => [id, list[i] ?? { count: 0, sums: {} }]);
    expect(Object.fromEntries(named(there))).toEqual(Object.fromEntries(named(wanted)));
    return there.map((one) => one?.count ?? 0);
  };

  it(`opens with data, its numbers are those of queries, and an account narrows them; ${scheme}`, async () => {
    await inScheme(scheme);
    await open(dashboard, addressOf(on.served, dashboard));
    expect(await on.page.locator('[data-panel]').count()).toBe(panelsOf(dashboard).length);
    expect(await nothingStored()).toEqual([]);
    const all = await compared();
    expect(Math.max(...all)).toBeGreaterThan(0);
    expect(await violations(on.page, undefined, MORE_ROWS)).toEqual([]);
    await open(dashboard, addressOf(on.served, dashboard, `&f=${ACCOUNT(dashboard)}:${ACCOUNT_ID}`));
    const narrowed = await compared(ACCOUNT_ID);
    narrowed.forEach((count, i) => {
      expect(count).toBeLessThanOrEqual(all[i] ?? 0);
    });
    expect(narrowed).not.toEqual(all);
  });
});

it('without any data each says once how it comes, and its panels that they have none, in the other scheme', async () => {
  const empty = await serveCopy(newData(join(folder, 'empty')));
  try {
    await on.page.goto(empty.link);
    await on.page.locator('[data-panel]').first().waitFor();
    for (const [, dashboard, scheme] of cases) {
      await on.page.evaluate((value) => localStorage.setItem('bartizan-color-scheme', value), scheme === 'dark' ? 'light' : 'dark');
      await open(dashboard, addressOf(empty, dashboard));
      expect(await alerts()).toEqual([]);
      const texts = await on.page
        .locator('.bz-panel')
        .evaluateAll((all) => all.map((one) => [one.getAttribute('data-panel'), one.querySelector('.bz-panel-body')?.textContent]));
      expect(texts).toEqual(panelsOf(dashboard).map(({ id }) => [id, 'No records of this kind yet.']));
      const kind = dashboard.id.startsWith('cloudtrail-') ? 'CloudTrail events' : 'flow logs';
      expect(await nothingStored()).toEqual([`No ${kind} have been ingested yet.${HOW}`]);
      expect(await violations(on.page)).toEqual([]);
    }
  } finally {
    await empty.stop();
  }
});
