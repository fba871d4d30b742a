/**
 * Pictures of every page, to be looked at: `node scripts/shots.ts --help`. They are taken of a server of its own, with the
 * demo's estate of one day or with nothing; a page longer than it is wide is cut into pieces that stand side by side. What
 * there is to take is in `shot-pages.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import buildCommand from '../test/built.ts';
import { END, openBrowser, serveCopy } from '../test/page/browser.ts';
import { fillEstate } from '../test/page/estate.ts';
import { PANELS } from '../test/page/kinds.ts';
import { openedOf, pagesOf, prepare, type Shot, wrongOf } from './shot-pages.ts';

const HELP = `node scripts/shots.ts [options]
  --pages search,lookups    pages whose name has one of these in it
  --widths 390,1440,2560    of the window, in pixels
  --schemes dark,light
  --states data,empty,opened,wrong
                            pages with the demo's data, and with none; what is opened from them: forms, dialogs, a record,
                            the editor; and what goes wrong: mistakes, things that are not there, a server that went away
  --data DIR                a data directory to copy in place of the demo's; its pages show the last day
  --link URL                a running server, by a link of \`bartizan link\`; nothing is started
  --out DIR                 .cache/shots when absent`;

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '' },
    widths: { type: 'string', default: '390,1440,2560' },
    schemes: { type: 'string', default: 'dark,light' },
    states: { type: 'string', default: 'data,empty,opened,wrong' },
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
/** A page that is longer is cut off; a narrow one is cut into pieces before. */
const MOST_WINDOWS = 6;
const MOST_PIECES = 8;
const PIECE_WINDOWS = 2;
const PATIENCE_MS = 60_000;
const ACT_MS = 20_000;

const list = (text: string): string[] => text.split(',').filter(Boolean);

/** Waits until nothing loads and nothing stands for what loads. */
async function settle(page: Page): Promise<void> {
  await page.locator('main').first().waitFor();
  const done = () => {
    const busy = document.querySelectorAll('[data-panel]:not([aria-busy=false]), [aria-busy=true], .bz-skeleton, .bz-ghost-lines');
    return busy.length === 0;
  };
  // What is slow is a picture, too.
  await page.waitForFunction(done, undefined, { timeout: PATIENCE_MS }).catch(() => console.log(`  still loading: ${page.url()}`));
  await page.waitForTimeout(400);
}

/** The whole page, in pieces beside each other when it is long; or the window `alone`. */
async function shoot(page: Page, helper: Page, path: string, alone: boolean): Promise<void> {
  if (alone) return void (await page.screenshot({ path }));
  const width = page.viewportSize()?.width ?? 0;
  const wide = width > 1000;
  // A list of messages has a place for each: thousands of windows.
  const most = (wide ? MOST_WINDOWS : MOST_PIECES * PIECE_WINDOWS) * HEIGHT;
  const height = Math.min(most, await page.evaluate(() => document.documentElement.scrollHeight));
  // A window as high as the page: a picture of more than the window lays the page out anew, and charts are taken half drawn.
  await page.setViewportSize({ width, height });
  await settle(page);
  const whole = await page.screenshot();
  await page.setViewportSize({ width, height: HEIGHT });
  if (wide || height <= PIECE_WINDOWS * HEIGHT) return void writeFileSync(path, whole);
  const count = Math.ceil(height / (PIECE_WINDOWS * HEIGHT));
  const each = Math.ceil(height / count);
  const url = `data:image/png;base64,${whole.toString('base64')}`;
  await helper.setViewportSize({ width: count * (width + 10), height: each });
  const pieces = Array.from({ length: count }, (_, i) => `<i style="background-position:0 ${-i * each}px"></i>`);
  await helper.setContent(
    `<style>body{margin:0;display:flex;gap:10px;background:#888}i{width:${width}px;height:${each}px;background:url(${url}) no-repeat}</style>${pieces.join('')}`,
  );
  await helper.screenshot({ path });
}

/** What cannot be done on a page of this width is said, and the picture is taken all the same. */
async function attempt(page: Page, name: string, act: NonNullable<Shot['act']>): Promise<void> {
  await act(page).catch((error: unknown) => console.log(`  ${name}: ${String(error).split('\n')[0]}`));
  await page.mouse.move(0, 0);
  await page.waitForTimeout(700);
}

interface Server {
  readonly state: string;
  readonly link: string;
  /** Epoch seconds. */
  readonly end: number;
}

async function takeAll(browser: Browser, { state, link, end }: Server): Promise<void> {
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  const since = (seconds: number) => `from=${iso(end - seconds)}&to=${iso(end)}&tz=utc`;
  const wanted = list(values.pages);
  const first = await browser.newContext();
  const tab = await first.newPage();
  await tab.goto(link);
  await settle(tab);
  const ids = state === 'opened' || state === 'wrong' ? await prepare(tab, new URL(link).origin, PANELS) : {};
  const of = state === 'opened' ? openedOf : state === 'wrong' ? wrongOf : pagesOf;
  const all = of({ range: since(3600), day: since(86_400), ids }).filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
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
      page.setDefaultTimeout(ACT_MS);
      for (const { name, path, act, offline } of all) {
        await page.goto(new URL(path, link).href);
        await settle(page);
        if (offline) await context.setOffline(true);
        if (act) await attempt(page, name, act);
        const file = join(resolve(values.out), `${name}-${state}-${width}-${scheme}.png`);
        await shoot(page, helper, file, act !== undefined);
        if (offline) await context.setOffline(false);
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
  // What the estate is a copy of; a tree in which no test has run yet has none.
  if (!values.link) await buildCommand();
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
