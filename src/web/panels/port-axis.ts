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

/** Values that get a label: the weightiest, and of the others those with room beside them. `least`: room in parts of the axis. `at`: where a value stands. */
export function labelled(values: readonly Weighted[], least: number, at: (value: number) => number = Math.log10): number[] {
  const places = values.map((v) => at(v.value));
  const span = Math.max(...places) - Math.min(...places) || 1;
  const taken: number[] = [];
  for (const { value } of [...values].sort((a, b) => b.weight - a.weight)) {
    const free = taken.every((other) => Math.abs(at(other) - at(value)) / span >= least);
    if (free) taken.push(value);
  }
  return taken.sort((a, b) => a - b);
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
 * has its weight.
 */
export function placeAxis(labels: readonly string[], weights: readonly number[], scheme: Scheme, full: boolean) {
  const places = weights.map((weight, value) => ({ value, weight }));
  const marked = marksAt(
    labelled(places, full ? 0.07 : 0.26, (place) => place),
    scheme,
    (place) => labels[Math.round(place)] ?? '',
  );
  // No circle stands on the labels beside the axis.
  const room = Math.max(0.6, labels.length * 0.06);
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
