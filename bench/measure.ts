/**
 * How benches measure: both sides interleaved in one run, at least five rounds, medians with their
 * range. A ratio is all that counts; machines are shared and noisy.
 */
import { cpus } from 'node:os';

export interface Sides {
  /** Each answers with the time it took, in ms, or with its own measure (bytes). */
  readonly ours: () => Promise<number>;
  readonly yardstick: () => Promise<number>;
}

export interface Goal {
  readonly name: string;
  readonly what: string;
  /** `at least`: ratio = yardstick time / our time. `at most`: ratio = ours / yardstick. */
  readonly direction: 'at least' | 'at most';
  readonly goal: number;
}

export interface Result extends Goal {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly ours: number;
  readonly yardstick: number;
  readonly unit: string;
}

export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

/** Milliseconds that `work` takes. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Interleaved rounds of both sides; the order alternates, and one round before them warms up. */
export async function compare(goal: Goal, sides: Sides, unit = 'ms'): Promise<Result> {
  const ours: number[] = [];
  const yardstick: number[] = [];
  await sides.ours();
  await sides.yardstick();
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 2) {
      yardstick.push(await sides.yardstick());
      ours.push(await sides.ours());
    } else {
      ours.push(await sides.ours());
      yardstick.push(await sides.yardstick());
    }
  }
  const ratios = ours.map((o, i) => (goal.direction === 'at least' ? (yardstick[i] as number) / o : o / (yardstick[i] as number)));
  const a = median(ours);
  const b = median(yardstick);
  return { ...goal, ratio: goal.direction === 'at least' ? b / a : a / b, low: Math.min(...ratios), high: Math.max(...ratios), ours: a, yardstick: b, unit };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function met(r: Result): boolean {
  return r.direction === 'at least' ? r.ratio >= r.goal : r.ratio <= r.goal;
}

/** One line a goal: name, ratio, goal, both raw medians. */
export function line(r: Result): string {
  const sign = r.direction === 'at least' ? '≥' : '≤';
  return `${r.name.padEnd(4)} ${r.ratio.toFixed(2)}× (${r.low.toFixed(2)}–${r.high.toFixed(2)})  goal ${sign} ${r.goal}  ${met(r) ? 'met' : 'MISSED'}  ours ${short(r.ours)} ${r.unit}, yardstick ${short(r.yardstick)} ${r.unit}  — ${r.what}`;
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function machine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim()}, Node ${process.versions.node}`;
}

/** Fails the bench when the two sides did not do the same work. */
export function same(what: string, ours: unknown, theirs: unknown): void {
  if (JSON.stringify(ours) !== JSON.stringify(theirs))
    throw new Error(`${what} differs:\n  ours      ${JSON.stringify(ours)}\n  yardstick ${JSON.stringify(theirs)}`);
}
