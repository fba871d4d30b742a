/** On a wall screen no panel stands over another, none is left out or smaller, and no row has a hole. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDashboard } from '../../src/dashboards/load.ts';
import { COLUMNS, type Place, place } from '../../src/web/dashboard/edit/grid.ts';
import { placeWide } from '../../src/web/dashboard/wide.ts';

const of = (...sizes: readonly (readonly [width: number, height: number])[]) => sizes.map(([width, height], i) => ({ id: `p${i}`, width, height }));
const rects = (places: readonly Place[]) => places.map((p) => [p.column, p.row, p.width, p.height]);

/** Cells of the grid that panels cover, each once. */
function covered(places: readonly Place[]): Set<string> {
  const cells = new Set<string>();
  for (const p of places) {
    for (let x = p.column; x < p.column + p.width; x++) {
      for (let y = p.row; y < p.row + p.height; y++) {
        expect(cells.has(`${x} ${y}`)).toBe(false);
        cells.add(`${x} ${y}`);
      }
    }
  }
  return cells;
}

describe('panels on a wall screen', () => {
  it('two rows stand beside each other, as high as the higher one', () => {
    expect(rects(placeWide(of([6, 6], [18, 6], [12, 9], [12, 9])))).toEqual([
      [0, 0, 6, 9],
      [6, 0, 18, 9],
      [24, 0, 12, 9],
      [36, 0, 12, 9],
    ]);
  });

  it('a last row that is alone takes the whole width', () => {
    expect(rects(placeWide(of([24, 5], [24, 5], [8, 7], [16, 7])))).toEqual([
      [0, 0, 24, 5],
      [24, 0, 24, 5],
      [0, 5, 16, 7],
      [16, 5, 32, 7],
    ]);
    expect(placeWide([])).toEqual([]);
  });

  it('a shorter panel goes down to what stands under it, or to the end of its row', () => {
    // Two numbers beside one table; and a short one beside a tall one.
    expect(rects(placeWide(of([6, 4], [18, 9], [6, 4], [12, 5], [12, 8])))).toEqual([
      [0, 0, 6, 4],
      [6, 0, 18, 9],
      [0, 4, 6, 5],
      [24, 0, 12, 9],
      [36, 0, 12, 9],
    ]);
  });

  it('for any panels: their order, none over another, none smaller', () => {
    const size = fc.record({ width: fc.integer({ min: 3, max: 24 }), height: fc.integer({ min: 3, max: 20 }) });
    fc.assert(
      fc.property(fc.array(size, { maxLength: 25 }), (sizes) => {
        const panels = sizes.map((s, i) => ({ ...s, id: `p${i}` }));
        const wide = placeWide(panels);
        expect(wide.map((p) => p.id)).toEqual(panels.map((p) => p.id));
        covered(wide);
        for (const [i, p] of wide.entries()) {
          expect(p.column + p.width).toBeLessThanOrEqual(2 * COLUMNS);
          expect(p.width).toBeGreaterThanOrEqual(sizes[i]?.width ?? 0);
          expect(p.height).toBeGreaterThanOrEqual(sizes[i]?.height ?? 0);
        }
        const end = (places: readonly Place[]) => Math.max(0, ...places.map((p) => p.row + p.height));
        expect(end(wide)).toBeLessThanOrEqual(end(place(panels)));
      }),
    );
  });

  const folder = join(import.meta.dirname, '../../content/dashboards');
  it.each(readdirSync(folder))('%s fills the screen', (file) => {
    for (const { panels } of parseDashboard(readFileSync(join(folder, file), 'utf8'), file).sections) {
      const wide = placeWide(panels);
      const height = Math.max(...wide.map((p) => p.row + p.height));
      expect(covered(wide).size).toBe(2 * COLUMNS * height);
    }
  });
});
