/** What axe finds wrong on a page. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

export const SCHEMES = ['dark', 'light'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** Which part of a page, by selectors. */
interface Part {
  /** Below what is found; the whole page when absent. */
  readonly of?: string | undefined;
  /** Not looked at is what is found. */
  readonly but?: string | undefined;
  /** Only what may differ between the schemes. */
  readonly coloursOnly?: boolean | undefined;
}

/** All rules of axe that ask how something is coloured. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/**
 * All violations: the rule, elements, and what is wrong. What is right is not told: thousands of elements take longer to tell of
 * than to look at. In one piece, as the page has no frames.
 */
async function analysed(page: Page, { of, but, coloursOnly }: Part): Promise<string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({
    resultTypes: ['violations'],
    ...(coloursOnly ? { runOnly: { type: 'rule', values: COLOUR_RULES } } : {}),
  });
  if (but !== undefined) axe.exclude(but);
  const found = (await (of === undefined ? axe : axe.include(of)).analyze()).violations;
  return found.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`));
}

/** In the scheme that the page has. */
export const violations = (page: Page, of?: string, but?: string): Promise<string[]> => analysed(page, { of, but });

/** The scheme that the page has. */
export const schemeOf = (page: Page): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.mantineColorScheme);

/**
 * In both schemes, by all rules in the one that the page has and by the rules of colours in the other, which it has afterwards.
 * The page is told as it is when somebody chooses a scheme in another tab, so that what is open stays open.
 */
export async function violationsInBoth(page: Page, of?: string): Promise<string[]> {
  const found = await analysed(page, { of });
  const other: Scheme = (await schemeOf(page)) === 'dark' ? 'light' : 'dark';
  await page.evaluate((scheme) => {
    const key = 'bartizan-color-scheme';
    localStorage.setItem(key, scheme);
    globalThis.dispatchEvent(new StorageEvent('storage', { key, newValue: scheme, storageArea: localStorage }));
  }, other);
  await expect.poll(() => schemeOf(page)).toBe(other);
  // What draws with the scheme's colours has drawn.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  return [...found, ...(await analysed(page, { of, coloursOnly: true })).map((text) => `${other}: ${text}`)];
}
