/** On a tablet or half a screen lines of panels are full, in their order, and no panel is too narrow to be read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDashboard } from '../../src/dashboards/load.ts';
import { PANEL_KINDS } from '../../src/dashboards/schema.ts';
import { COLUMNS, place } from '../../src/web/dashboard/edit/grid.ts';
import { sizeMedium } from '../../src/web/dashboard/medium.ts';

type Kind = (typeof PANEL_KINDS)[number];
const of = (...panels: readonly (readonly [kind: Kind, width: number, height: number])[]) =>
  panels.map(([kind, width, height], i) => ({ id: `p${i}`, kind, width, height }));
const sizes = (panels: ReturnType<typeof of>) => sizeMedium(panels).map((s) => [s.width, s.height]);

/** Fails where the style sheet's grid would leave a cell empty or panels of a line would not end together. */
function expectFull(panels: ReturnType<typeof of>): void {
  const medium = sizeMedium(panels);
  const places = place(medium.map((size, i) => ({ ...size, id: `p${i}` })));
  let [row, column, height] = [0, 0, 0];
  for (const p of places) {
    if (column === COLUMNS) [row, column, height] = [row + height, 0, 0];
    if (column === 0) height = p.height;
    expect([p.row, p.column, p.height]).toEqual([row, column, height]);
    column += p.width;
  }
  expect(panels.length === 0 ? COLUMNS : column).toBe(COLUMNS);
}

describe('panels on a tablet', () => {
  it('a number stays beside what it counts, and what is beside it takes the rest', () => {
    expect(sizes(of(['value', 6, 9], ['table', 18, 9]))).toEqual([
      [7, 9],
      [17, 9],
    ]);
  });

  it('two of three charts stand beside each other, in proportion, and the odd one alone', () => {
    expect(sizes(of(['bar', 8, 9], ['donut', 8, 9], ['bubble', 8, 9], ['table', 12, 9], ['table', 12, 8]))).toEqual([
      [12, 9],
      [12, 9],
      [24, 9],
      [12, 9],
      [12, 9],
    ]);
    expect(sizes(of(['map', 14, 10], ['scatter', 10, 10]))).toEqual([
      [14, 10],
      [10, 10],
    ]);
  });

  it('a line of numbers alone is low, and one across the page stays so', () => {
    expect(sizes(of(['value', 5, 9], ['value', 5, 9], ['bar', 7, 9], ['bar', 7, 9], ['table', 24, 12]))).toEqual([
      [12, 6],
      [12, 6],
      [12, 9],
      [12, 9],
      [24, 12],
    ]);
    expect(sizeMedium([])).toEqual([]);
  });

  it('for any panels: full lines, none too narrow, none lower than it was but numbers', () => {
    const panel = fc.record({
      kind: fc.constantFrom(...PANEL_KINDS),
      width: fc.integer({ min: 3, max: 24 }),
      height: fc.integer({ min: 3, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(panel, { maxLength: 25 }), (all) => {
        const panels = all.map((p, i) => ({ ...p, id: `p${i}` }));
        expectFull(panels);
        for (const [i, size] of sizeMedium(panels).entries()) {
          const number = panels[i]?.kind === 'value';
          expect(size.width).toBeGreaterThanOrEqual(number ? 7 : 10);
          expect(size.height).toBeGreaterThanOrEqual(Math.min(panels[i]?.height ?? 0, number ? 6 : 20));
        }
      }),
    );
  });

  const folder = join(import.meta.dirname, '../../content/dashboards');
  it.each(readdirSync(folder))('%s has no hole', (file) => {
    for (const { panels } of parseDashboard(readFileSync(join(folder, file), 'utf8'), file).sections) expectFull(panels.map((p) => ({ ...p })));
  });
});
