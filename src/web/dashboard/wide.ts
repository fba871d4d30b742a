/**
 * Where panels stand on a wall screen, which has room for two pages beside each other: rows of panels that end together
 * are a band, two bands stand beside each other, and a last one that is alone takes the whole width. No half of the screen
 * stays empty, no row has a hole below its shorter panels, and the order is that of the page. Pure.
 */
import { COLUMNS, type Place, place, type Size } from './edit/grid.ts';

interface Band {
  readonly places: readonly Place[];
  readonly top: number;
  readonly height: number;
}

/** Panels of a section, each with its place on twice as many columns, in the same order. */
export function placeWide(panels: readonly (Size & { readonly id: string })[]): Place[] {
  const bands = bandsOf(place(panels));
  const wide: Place[] = [];
  let row = 0;
  for (let i = 0; i < bands.length; i += 2) {
    const pair = bands.slice(i, i + 2);
    const height = Math.max(...pair.map((band) => band.height));
    const times = pair.length === 1 ? 2 : 1;
    for (const [side, band] of pair.entries()) {
      for (const p of band.places) {
        const below = p.row + p.height === band.top + band.height ? height - band.height : 0;
        wide.push({
          id: p.id,
          column: side * COLUMNS + p.column * times,
          row: row + p.row - band.top,
          width: p.width * times,
          height: p.height + below,
        });
      }
    }
    row += height;
  }
  return wide;
}

/** Cuts where no panel is above and below. A panel that nothing stands under goes on to the cut. */
function bandsOf(places: readonly Place[]): Band[] {
  const bands: Band[] = [];
  let [top, end] = [0, 0];
  let own: Place[] = [];
  const close = () => {
    if (own.length > 0) bands.push({ top, height: end - top, places: own.map((p) => ({ ...p, height: floorBelow(p, own, end) - p.row })) });
    own = [];
  };
  for (const p of places) {
    if (p.row >= end) {
      close();
      top = p.row;
    }
    own.push(p);
    end = Math.max(end, p.row + p.height);
  }
  close();
  return bands;
}

/** The row that a panel may reach down to. */
function floorBelow(panel: Place, others: readonly Place[], end: number): number {
  const under = others.filter((o) => o.row >= panel.row + panel.height && o.column < panel.column + panel.width && panel.column < o.column + o.width);
  return Math.min(end, ...under.map((o) => o.row));
}
