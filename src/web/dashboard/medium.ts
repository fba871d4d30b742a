/**
 * How large panels are on a tablet or half a screen, where not all of a row have room beside each other: lines that are
 * full from edge to edge, in the order of the page, and in a line all panels are as high as the highest. Pure.
 */
import type { Panel } from '../../dashboards/schema.ts';
import { COLUMNS, type Place, place, type Size } from './edit/grid.ts';

type Sized = Size & Pick<Panel, 'id' | 'kind'>;

/** Columns that a panel needs to be read, on a page of 641 pixels too. One that takes (almost) the whole width goes on doing so. */
const LEAST = { value: 7, other: 10, wide: 14 } as const;
const ALONE = COLUMNS - 4;
/** Rows of a line that has numbers only. */
const NUMBERS = 6;

/** Sizes of a section's panels, in the same order; the style sheet's grid then places them by itself, without a hole. */
export function sizeMedium(panels: readonly Sized[]): Size[] {
  return linesOf(panels).flatMap((line) => {
    const widths = widthsOf(line);
    const height = Math.max(...line.map((p) => p.height));
    return widths.map((width) => ({ width, height: line.every(isValue) ? Math.min(height, NUMBERS) : height }));
  });
}

const isValue = (panel: Sized): boolean => panel.kind === 'value';

function leastOf(panel: Sized): number {
  if (panel.width > ALONE) return COLUMNS;
  if (isValue(panel)) return LEAST.value;
  return panel.width > COLUMNS / 2 ? LEAST.wide : LEAST.other;
}

/** The breaks that leave the least to stretch, and of equal ones those that the wide page has, too. */
function linesOf(panels: readonly Sized[]): Sized[][] {
  const places = place(panels);
  // The best of what comes before each panel: its cost, and where its last line begins.
  const best: { readonly cost: number; readonly from: number }[] = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= panels.length; end++) {
    let [cost, start] = [Number.POSITIVE_INFINITY, end - 1];
    let free = COLUMNS;
    for (let from = end - 1; from >= 0; from--) {
      const panel = panels[from];
      if (!panel) break;
      free -= leastOf(panel);
      if (free < 0) break;
      const own = free ** 2 + (isBroken(places, from, end) ? 1 : 0);
      const all = (best[from]?.cost ?? 0) + own;
      if (all < cost) [cost, start] = [all, from];
    }
    best.push({ cost, from: start });
  }
  const lines: Sized[][] = [];
  for (let end = panels.length; end > 0; end = best[end]?.from ?? 0) lines.unshift(panels.slice(best[end]?.from, end));
  return lines;
}

/** Whether panels of a line stand below each other on the wide page. */
function isBroken(places: readonly Place[], from: number, end: number): boolean {
  const [first, last] = [places[from], places[end - 1]];
  return first !== undefined && last !== undefined && last.row >= first.row + first.height;
}

/** What is free goes, column by column, to the panel that is the narrowest for what it has on the wide page; to numbers only where nothing else is. */
function widthsOf(line: readonly Sized[]): number[] {
  const widths = line.map(leastOf);
  const growing = line.flatMap((panel, i) => (line.every(isValue) || !isValue(panel) ? [i] : []));
  const share = (i: number) => (widths[i] ?? 0) / (line[i]?.width ?? 1);
  for (let free = COLUMNS - widths.reduce((a, b) => a + b, 0); free > 0; free--) {
    const at = growing.reduce((a, b) => (share(b) < share(a) ? b : a));
    widths[at] = (widths[at] ?? 0) + 1;
  }
  return widths;
}
