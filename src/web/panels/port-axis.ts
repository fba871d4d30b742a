/**
 * An axis of ports, or of other whole numbers that span powers of ten: logarithmic, and labelled at the
 * values that are there rather than at round ones, with the services' names: `22 ssh`, `443 https`. Pure.
 */
import { display, type Role } from '../format/values.ts';
import { INK, type Scheme } from '../theme/palette.ts';

export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** Values that get a label: the weightiest, and of the others those with room beside them. `least`: room in parts of the axis. */
export function labelled(values: readonly Weighted[], least: number): number[] {
  const logs = values.map((v) => Math.log10(v.value));
  const span = Math.max(...logs) - Math.min(...logs) || 1;
  const taken: number[] = [];
  for (const { value } of [...values].sort((a, b) => b.weight - a.weight)) {
    const free = taken.every((other) => Math.abs(Math.log10(other) - Math.log10(value)) / span >= least);
    if (free) taken.push(value);
  }
  return taken.sort((a, b) => a - b);
}

/** `values` are above zero. A little room at both ends, so that no circle is cut. */
export function portAxis(values: readonly Weighted[], role: Role, scheme: Scheme, full: boolean) {
  const ink = INK[scheme];
  const all = values.map((v) => v.value);
  const marks = labelled(values, full ? 0.07 : 0.16);
  return {
    type: 'log',
    min: Math.max(0.5, Math.min(...all) / 1.8),
    max: Math.max(...all) * 1.8,
    minorSplitLine: { show: false },
    axisLine: { show: true, lineStyle: { color: ink.border } },
    axisTick: { show: true, customValues: marks, lineStyle: { color: ink.border } },
    splitLine: { show: false },
    axisLabel: {
      color: ink.dim,
      fontSize: 11,
      hideOverlap: true,
      customValues: marks,
      formatter: (v: number) => display(Math.round(v), role),
    },
  };
}
