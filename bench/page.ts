/** P14: a dashboard in a real browser, from the click on its address until all its panels are painted; the server is warm. */
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { openBrowser } from '../test/page/browser.ts';
import { median, type Result, ROUNDS, time } from './measure.ts';
import { history } from './queries.ts';
import { serveBench } from './served.ts';
import { BENCH_DIR } from './workspace.ts';

const LINES = Number(process.env.BENCH_DASHBOARD_LINES ?? 20_000_000);
const DASHBOARDS = ['vpc-overview', 'vpc-accepts-rejects', 'vpc-traffic-direction'];
const GOAL_MS = 1000;
const HOUR = 3600;
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

export async function pageGoals(): Promise<Result[]> {
  const { bench, end } = await history(LINES);
  await bench.close();
  const server = await serveBench(resolve(BENCH_DIR, `days-${LINES}-store`));
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(server.link);
    const results: Result[] = [];
    for (const id of DASHBOARDS) {
      const took: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        // A window of its own each time: nothing of it is in the server's memory.
        const to = end - HOUR * (1 + round * 3);
        const ms = await time(() => open(page, `${server.origin}/dashboards/${id}?from=${iso(to - HOUR)}&to=${iso(to)}`));
        if (round > 0) took.push(ms);
      }
      const ours = median(took);
      results.push({
        name: 'P14',
        what: `${id} in a browser at 1440 px, warm server, one hour of ${LINES / 1e6} M flows in four days: from its address until all panels are painted / 1 s`,
        direction: 'at most',
        goal: 1,
        ratio: ours / GOAL_MS,
        low: Math.min(...took) / GOAL_MS,
        high: Math.max(...took) / GOAL_MS,
        ours,
        yardstick: GOAL_MS,
        unit: 'ms',
      });
    }
    return results;
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Answers when every panel, those below the fold too, has its answer and two frames were drawn after. */
async function open(page: Page, address: string): Promise<void> {
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForFunction(
    () => {
      const panels = [...document.querySelectorAll('[data-panel]')];
      return panels.length > 0 && panels.every((panel) => panel.getAttribute('aria-busy') === 'false');
    },
    undefined,
    { polling: 'raf', timeout: 60_000 },
  );
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
