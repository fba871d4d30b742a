/**
 * Where panels stand and where they may go: the grid of a section as the page lays it out, and what a pointer
 * over it means. Pure.
 */

export const COLUMNS = 24;
/** As the schema of dashboards has them. */
export const WIDTH = { least: 3, most: COLUMNS } as const;
export const HEIGHT = { least: 3, most: 20 } as const;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place extends Size {
  readonly id: string;
  readonly column: number;
  readonly row: number;
}

/**
 * Panels in their order, as the style sheet's grid places them by itself: each at the first free place that is
 * not before the one of the panel before it (https://www.w3.org/TR/css-grid-1/#auto-placement-algo, sparse, by rows).
 */
export function place(panels: readonly (Size & { readonly id: string })[]): Place[] {
  const taken = new Set<number>();
  const places: Place[] = [];
  let at = 0;
  for (const { id, width, height } of panels) {
    while (!isFree(taken, at, width, height)) at++;
    for (const cell of cells(at, width, height)) taken.add(cell);
    places.push({ id, width, height, column: at % COLUMNS, row: Math.floor(at / COLUMNS) });
  }
  return places;
}

function isFree(taken: ReadonlySet<number>, at: number, width: number, height: number): boolean {
  if ((at % COLUMNS) + width > COLUMNS) return false;
  for (let row = 0; row < height; row++) for (let x = 0; x < width; x++) if (taken.has(at + row * COLUMNS + x)) return false;
  return true;
}

function cells(at: number, width: number, height: number): number[] {
  return Array.from({ length: width * height }, (_, i) => at + Math.floor(i / width) * COLUMNS + (i % width));
}

/** Place in the order of the panel that stands above or below the middle of another; -1 when there is none. */
export function beside(places: readonly Place[], id: string, side: 'above' | 'below'): number {
  const from = places.find((p) => p.id === id);
  if (!from) return -1;
  const middle = from.column + from.width / 2;
  const over = (p: Place) => p.column < middle && middle <= p.column + p.width;
  const candidates = places.filter((p) => p.id !== id && over(p) && (side === 'above' ? p.row + p.height <= from.row : p.row >= from.row + from.height));
  const distance = (p: Place) => (side === 'above' ? from.row - p.row : p.row - from.row);
  const nearest = candidates.reduce<Place | undefined>((best, p) => (best && distance(best) <= distance(p) ? best : p), undefined);
  return nearest ? places.indexOf(nearest) : -1;
}

/** The size of a panel whose corner was moved by pixels. `unit`: pixels of one column and one row. */
export function resized(size: Size, by: { readonly x: number; readonly y: number }, unit: { readonly x: number; readonly y: number }): Size {
  return fitting({ width: size.width + Math.round(by.x / unit.x), height: size.height + Math.round(by.y / unit.y) });
}

export function fitting({ width, height }: Size): Size {
  return { width: Math.min(WIDTH.most, Math.max(WIDTH.least, width)), height: Math.min(HEIGHT.most, Math.max(HEIGHT.least, height)) };
}

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What one section covers on the screen, and its panels in their order. */
export interface Zone {
  readonly section: string;
  readonly rect: Rect;
  readonly slots: readonly { readonly id: string; readonly rect: Rect }[];
}

export interface Drop {
  readonly section: string;
  /** Among the section's panels without the one that is dragged. */
  readonly index: number;
  /** The panel that the mark stands at; undefined in an empty section. */
  readonly mark?: { readonly id: string; readonly side: 'before' | 'after' };
}

/** Where a panel would go if it were let go of here; null over itself, where it stays. */
export function dropAt(zones: readonly Zone[], dragged: string, x: number, y: number): Drop | null {
  const zone = nearest(zones, ({ rect }) => Math.max(rect.top - y, y - rect.bottom, 0));
  if (!zone) return null;
  const slots = zone.slots.filter((s) => s.id !== dragged);
  const own = zone.slots.find((s) => s.id === dragged);
  if (own && distance(own.rect, x, y) === 0) return null;
  const slot = nearest(slots, (s) => distance(s.rect, x, y));
  if (!slot) return { section: zone.section, index: 0 };
  const after = y > slot.rect.bottom || (y >= slot.rect.top && x > (slot.rect.left + slot.rect.right) / 2);
  return { section: zone.section, index: slots.indexOf(slot) + (after ? 1 : 0), mark: { id: slot.id, side: after ? 'after' : 'before' } };
}

function nearest<T>(items: readonly T[], distanceOf: (item: T) => number): T | undefined {
  let best: T | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const d = distanceOf(item);
    if (d < least) [best, least] = [item, d];
  }
  return best;
}

function distance({ left, top, right, bottom }: Rect, x: number, y: number): number {
  return Math.hypot(Math.max(left - x, x - right, 0), Math.max(top - y, y - bottom, 0));
}
