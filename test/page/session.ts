/** One server and one sign-in for a file of tests, a fresh tab for each test, and what tests ask of it. */
import type { Browser, BrowserContext, Locator, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest';
import { END, openBrowser, type Served, serveCopy } from './browser.ts';

export const HOUR = 3600;
/** For one thing to happen on the page. */
const PATIENCE_MS = 60_000;

export interface Session {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly served: Served;
  /** Errors that the page reported since the last look; a test that causes some takes them. */
  readonly complaints: string[];
  /** Opens the dashboard on the data's hour, or another, and waits for every panel's answer. */
  open(more?: string, from?: number, to?: number): Promise<void>;
  settled(): Promise<void>;
  /** Answers the page's requests in the server's place, from now on and until the route is taken back (`page.unroute`). */
  intercept(url: string, answer: (route: Route) => unknown): Promise<void>;
  panel(id: string): Locator;
  /** Text of the first thing in a panel that a selector finds. */
  text(id: string, selector: string): Promise<string>;
  /** The exact number of a single value, from its tooltip. */
  value(id: string): Promise<number>;
  /** Rows of a query on the data's hour, or another, asked from inside the page with its own cookies. */
  ask(query: string, from?: number, to?: number): Promise<unknown[][]>;
  /** A parameter of the page's address. */
  search(key: string): string | null;
}

export const numberIn = (words: string): number => Number(words.replace(/[^\d]/g, ''));
/** Keys one after another, as fast as somebody presses them who knows them. */
export const inSequence = (page: Page, ...keys: readonly string[]): Promise<unknown> => Promise.all(keys.map((key) => page.keyboard.press(key)));
/** Writes where the keyboard is as soon as the address changes, before the page follows. */
export const typeMeanwhile = (page: Page, text: string): Promise<void> =>
  page.evaluate((written) => {
    const { navigation } = globalThis as unknown as { navigation: EventTarget };
    navigation.addEventListener('currententrychange', () => document.execCommand('insertText', false, written), { once: true });
  }, text);
/** Where a chart is, in view, once it is drawn: before that its canvas may be there and takes no click. */
export async function pictureIn(part: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const picture = part.locator('.bz-chart-canvas[aria-busy="false"] canvas').first();
  await picture.waitFor();
  await picture.scrollIntoViewIfNeeded();
  const box = await picture.boundingBox();
  if (!box) throw new Error('nothing is drawn');
  return box;
}
/** `expect.poll` with the patience that a busy machine needs. */
export const soon = <T>(look: () => T) => expect.poll(look, { timeout: PATIENCE_MS });
export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/**
 * Chromium says that it intercepts before it does, and a request that is under way when it stops to is never
 * answered: this one is intercepted as long as the page is open, and is asked for until it is.
 */
const PROBE = '/healthz';

/** One for all files that a worker runs; it ends with the worker. */
let browser: Browser | undefined;

/** Registers the hooks of a test file. `more` writes other logs beside the flows; `serve` starts a server with other data. */
export function startSession(more?: (logs: string) => void, serve: () => Promise<Served> = () => serveCopy(inject('filledData'), more)): Session {
  let served: Served;
  let state: Awaited<ReturnType<BrowserContext['storageState']>>;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    served = await serve();
    if (!browser?.isConnected()) browser = await openBrowser();
    const first = await browser.newContext();
    await (await first.newPage()).goto(served.link);
    state = await first.storageState();
    await first.close();
  });
  afterAll(async () => {
    await served?.stop();
  });
  beforeEach(async () => {
    if (!browser) throw new Error('there is no browser');
    context = await browser.newContext({ storageState: state, viewport: { width: 1440, height: 900 }, timezoneId: 'UTC', reducedMotion: 'reduce' });
    context.setDefaultTimeout(PATIENCE_MS);
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      const shown = await page.locator('[role=alert], [role=status], .bz-note').allTextContents();
      console.error([`${page.url()} shows`, ...shown.slice(0, 10), 'and complained of', ...complaints].join('\n  '));
    }
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  const panel = (id: string) => page.locator(`[data-panel="${id}"]`);
  const settled = async () => {
    await page.waitForFunction(() => {
      const panels = [...document.querySelectorAll('[data-panel]')];
      return panels.length >= 23 && panels.every((p) => p.getAttribute('aria-busy') === 'false');
    });
  };
  return {
    get page() {
      return page;
    },
    get context() {
      return context;
    },
    get served() {
      return served;
    },
    complaints,
    panel,
    settled,
    async intercept(url, answer) {
      await page.route(url, answer);
      await page.route(`**${PROBE}`, (route) => route.fulfill({ status: 299 }));
      if (page.url().startsWith(served.address)) await soon(() => page.evaluate(async (probe) => (await fetch(probe)).status, PROBE)).toBe(299);
    },
    async open(more = '', from = END - HOUR, to = END) {
      await page.goto(`${served.address}/dashboards/vpc-overview?from=${iso(from)}&to=${iso(to)}${more}`);
      await page.waitForSelector('.bz-value-number, .bz-note');
      await settled();
    },
    text: async (id, selector) => (await panel(id).locator(selector).first().textContent()) ?? '',
    value: async (id) => numberIn(((await panel(id).locator('.bz-value-number').getAttribute('title')) ?? '').split('·')[0] ?? ''),
    ask: (query, from = END - HOUR, to = END) =>
      page.evaluate(
        async (body) => {
          const token = decodeURIComponent(/bartizan_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '');
          const headers = { 'content-type': 'application/json', 'x-csrf-token': token };
          const response = await fetch('/api/v1/query', { method: 'POST', headers, body: JSON.stringify(body) });
          return ((await response.json()) as { rows: unknown[][] }).rows;
        },
        { query, from, to },
      ),
    search: (key) => new URL(page.url()).searchParams.get(key),
  };
}
