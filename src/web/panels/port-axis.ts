/**
 * Axes that are labelled at the values that are there rather than at round ones: of numbers that span powers of ten, and
 * of ports and names, with the services' names: `22 ssh`, `443 https`. Pure.
 */
import { display, type Role } from '../format/values.ts';
import { INK, type Scheme } from '../theme/palette.ts';

export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** Values that get a label: the weightiest, and of the others those with room beside them. `least`: room in parts of the axis, which is one of powers of ten. */
export function labelled(values: readonly Weighted[], least: number): number[] {
  const at = Math.log10;
  const places = values.map((v) => at(v.value));
  const span = Math.max(...places) - Math.min(...places) || 1;
  const taken: number[] = [];
  for (const { value } of [...values].sort((a, b) => b.weight - a.weight)) {
    const free = taken.every((other) => Math.abs(at(other) - at(value)) / span >= least);
    if (free) taken.push(value);
  }
  return taken.sort((a, b) => a - b);
}

/** Room beside a label, and of a digit or a letter in it, in pixels. */
const BETWEEN = 10;
const LETTER = 6.2;

/** Places of those that get a label where the axis is `width` pixels long: the weightiest first, and of the others those whose text has room. */
export function labelledPlaces(labels: readonly string[], weights: readonly number[], width: number): number[] {
  const apart = width / (labels.length - 1 + 2 * roomBeside(labels.length));
  const half = (place: number) => ((labels[place]?.length ?? 0) * LETTER + BETWEEN) / 2;
  const taken: number[] = [];
  for (const place of [...labels.keys()].sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0))) {
    if (taken.every((other) => Math.abs(other - place) * apart >= half(other) + half(place))) taken.push(place);
  }
  return taken.sort((a, b) => a - b);
}

/** Beside the first and the last of so many places, in places: no circle stands on the labels beside the axis. */
function roomBeside(count: number): number {
  return Math.max(0.6, count * 0.06);
}

/** Ticks and labels at the values that are marked, and no lines across. */
function marksAt(marks: readonly number[], scheme: Scheme, formatter: (value: number) => string) {
  const ink = INK[scheme];
  return {
    axisTick: { show: true, customValues: marks, lineStyle: { color: ink.border } },
    splitLine: { show: false },
    axisLabel: { color: ink.dim, fontSize: 11, hideOverlap: true, customValues: marks, formatter },
  };
}

/**
 * An axis on which values stand side by side in their order, all as far apart: ports of services are far below those of
 * clients, and on a scale both would be heaps with nothing between. A point's x is its place among `labels`, each of which
 * has its weight. `width`: of the axis, in pixels.
 */
export function placeAxis(labels: readonly string[], weights: readonly number[], scheme: Scheme, width: number) {
  const marked = marksAt(labelledPlaces(labels, weights, width), scheme, (place) => labels[Math.round(place)] ?? '');
  const room = roomBeside(labels.length);
  return {
    ...marked,
    type: 'value',
    min: -room,
    max: labels.length - 1 + room,
    axisLine: { show: true, onZero: false, lineStyle: { color: INK[scheme].border } },
    axisLabel: { ...marked.axisLabel, margin: 12, showMinLabel: true },
  };
}

/** `values` are above zero. A little room at both ends, so that no circle is cut. */
export function portAxis(values: readonly Weighted[], role: Role, scheme: Scheme, full: boolean) {
  const all = values.map((v) => v.value);
  return {
    ...marksAt(labelled(values, full ? 0.07 : 0.16), scheme, (v) => display(Math.round(v), role)),
    type: 'log',
    min: Math.max(0.5, Math.min(...all) / 1.8),
    max: Math.max(...all) * 1.8,
    minorSplitLine: { show: false },
    axisLine: { show: true, lineStyle: { color: INK[scheme].border } },
  };
}
