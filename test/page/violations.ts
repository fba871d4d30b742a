/** What axe finds wrong on a page. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/**
 * All violations below what a selector finds, or on the whole page: the rule, elements, and what is wrong. What is right is
 * not told: thousands of elements take longer to tell of than to look at. In one piece, as the page has no frames. Not looked
 * at is what `but` finds.
 */
export async function violations(page: Page, of?: string, but?: string): Promise<string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] });
  if (but !== undefined) axe.exclude(but);
  const found = (await (of === undefined ? axe : axe.include(of)).analyze()).violations;
  return found.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`));
}
