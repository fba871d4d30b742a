/**
 * Pictures of every page, to be looked at: `node scripts/shots.ts --help`. They are taken of a server of its own, with the
 * demo's estate of one day or with nothing; a page longer than it is wide is cut into pieces that stand side by side.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { END, openBrowser, serveCopy } from '../test/page/browser.ts';
import { fillEstate } from '../test/page/estate.ts';

const HELP = `node scripts/shots.ts [options]
  --pages search,lookups    pages whose name has one of these in it
  --widths 390,1440,2560    of the window, in pixels
  --schemes dark,light
  --states data,empty       with the demo's data, and with none
  --data DIR                a data directory to copy in place of the demo's; its pages show the last day
  --link URL                a running server, by a link of \`bartizan link\`; nothing is started
  --out DIR                 .cache/shots when absent`;

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '' },
    widths: { type: 'string', default: '390,1440,2560' },
    schemes: { type: 'string', default: 'dark,light' },
    states: { type: 'string', default: 'data,empty' },
    data: { type: 'string' },
    link: { type: 'string' },
    out: { type: 'string', default: join(import.meta.dirname, '../.cache/shots') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}

const HEIGHT = 900;
/** A page that is longer than so many windows is cut. */
const MOST_HEIGHTS = 2;
const PATIENCE_MS = 60_000;

const hour = '_index=vpc_flow';
/** A query for each way to draw its answer. */
const VIEWS: Readonly<Record<string, string>> = {
  table: `${hour} | count, sum(bytes) as bytes by interfaceID, dest_port`,
  line: `${hour} | timeslice 5m | count by _timeslice, action`,
  step: `${hour} | timeslice 5m | count by _timeslice`,
  comparison: `${hour} | timeslice 5m | count by _timeslice | compare with timeshift 1h`,
  outlier: `${hour} | timeslice 1m | count by _timeslice | outlier _count window=10, threshold=2`,
  column: `${hour} | timeslice 5m | count by _timeslice, direction`,
  area: `${hour} | timeslice 5m | sum(bytes) as bytes by _timeslice, direction`,
  share: `${hour} | timeslice 5m | count by _timeslice, action`,
  bar: `${hour} action=REJECT | count by dest_port`,
  donut: `${hour} | count by direction`,
  scatter: `${hour} action=REJECT | count, sum(bytes) as bytes by dest_port`,
  bubble: `${hour} action=REJECT | count, sum(bytes) as bytes by src_country, dest_port`,
  matrix: `${hour} | count by direction, action`,
  map: `${hour} direction=inbound | geoip src_ip | count by latitude, longitude, country_code, country_name, state, city`,
  value: `${hour} | count`,
};

/** Addresses of all pages by name. `range` and `day` are search parameters. */
function pages(range: string, day: string): [name: string, path: string][] {
  const query = (text: string) => `q=${encodeURIComponent(text)}`;
  const dashboards = readdirSync(join(import.meta.dirname, '../content/dashboards')).map((file) => basename(file, '.yaml'));
  return [
    ...dashboards.map((id): [string, string] => [`dashboard-${id}`, `/dashboards/${id}?${id.startsWith('vpc') ? range : day}`]),
    ['search', `/search?${range}`],
    ['search-flows', `/search?${range}&${query('action=REJECT dest_port=22')}`],
    ['search-events', `/search?${day}&${query('_index=cloudtrail readOnly=false')}`],
    ['search-nothing', `/search?${range}&${query('dest_port=22 account-id=none')}`],
    ['search-wrong', `/search?${range}&${query('| cuont by dest_port')}`],
    ...Object.entries(VIEWS).map(([view, text]): [string, string] => [`search-as-${view}`, `/search?${range}&view=${view}&${query(text)}`]),
    ['records', `/records?${range}`],
    ['threats', `/threats?${range}`],
    ['sources', `/sources?${range}`],
    ['sources-new', `/sources/new?${range}`],
    ['sources-unknown', `/sources/9999?${range}`],
    ['layouts', `/sources/layouts?${range}`],
    ['completeness', `/completeness?${day}`],
    ['lookups', `/lookups?${range}`],
    ['administrators', `/administrators?${range}`],
    ['fields', `/extraction?${range}`],
    ['unknown-dashboard', `/dashboards/there-is-none?${range}`],
    ['unknown-page', `/there-is-none?${range}`],
  ];
}

const list = (text: string): string[] => text.split(',').filter(Boolean);

/** Waits until nothing loads and nothing stands for what loads. */
async function settle(page: Page): Promise<void> {
  await page.locator('main').first().waitFor();
  const done = () => {
    const busy = document.querySelectorAll('[data-panel]:not([aria-busy=false]), [aria-busy=true], .bz-skeleton');
    return busy.length === 0;
  };
  // What is slow is a picture, too.
  await page.waitForFunction(done, undefined, { timeout: PATIENCE_MS }).catch(() => console.log(`  still loading: ${page.url()}`));
  await page.waitForTimeout(400);
}

/** The whole page, in pieces beside each other when it is long. */
async function shoot(page: Page, helper: Page, path: string): Promise<void> {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const width = page.viewportSize()?.width ?? 0;
  if (height <= MOST_HEIGHTS * HEIGHT || width > 1000) {
    await page.screenshot({ path, fullPage: true });
    return;
  }
  const whole = await page.screenshot({ fullPage: true });
  const count = Math.ceil(height / (MOST_HEIGHTS * HEIGHT));
  const each = Math.ceil(height / count);
  const url = `data:image/png;base64,${whole.toString('base64')}`;
  await helper.setViewportSize({ width: count * (width + 10), height: each });
  const pieces = Array.from({ length: count }, (_, i) => `<i style="background-position:0 ${-i * each}px"></i>`);
  await helper.setContent(
    `<style>body{margin:0;display:flex;gap:10px;background:#888}i{width:${width}px;height:${each}px;background:url(${url}) no-repeat}</style>${pieces.join('')}`,
  );
  await helper.screenshot({ path });
}

interface Place {
  readonly state: string;
  readonly link: string;
  /** Epoch seconds. */
  readonly end: number;
}

async function takeAll(browser: Browser, { state, link, end }: Place): Promise<void> {
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  const since = (seconds: number) => `from=${iso(end - seconds)}&to=${iso(end)}&tz=utc`;
  const wanted = list(values.pages);
  const all = pages(since(3600), since(86_400)).filter(([name]) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  const first = await browser.newContext();
  await (await first.newPage()).goto(link);
  const storageState = await first.storageState();
  await first.close();
  for (const scheme of list(values.schemes)) {
    for (const width of list(values.widths).map(Number)) {
      const context: BrowserContext = await browser.newContext({
        storageState,
        viewport: { width, height: HEIGHT },
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
      });
      await context.addInitScript((value) => localStorage.setItem('bartizan-color-scheme', value), scheme);
      const [page, helper] = [await context.newPage(), await context.newPage()];
      for (const [name, path] of all) {
        await page.goto(new URL(path, link).href);
        await settle(page);
        const file = join(resolve(values.out), `${name}-${state}-${width}-${scheme}.png`);
        await shoot(page, helper, file);
        console.log(file);
      }
      await context.close();
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'bartizan-shots-'));
mkdirSync(resolve(values.out), { recursive: true });
const browser = await openBrowser();
try {
  if (values.link) await takeAll(browser, { state: 'running', link: values.link, end: Math.floor(Date.now() / 1000) });
  else {
    for (const state of list(values.states)) {
      const filled = state === 'empty' ? mkdtempSync(join(folder, 'empty-')) : (values.data ?? (await fillEstate(folder, END)));
      const served = await serveCopy(filled);
      const end = values.data && state !== 'empty' ? Math.floor(Date.now() / 1000) : END;
      await takeAll(browser, { state, link: served.link, end }).finally(() => served.stop());
    }
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
