/**
 * How late records come, as a few classes a factor of about 1.4 apart, so that counts of them can be added
 * up and still give percentiles.
 */

/** Class of rows that no record is behind. */
export const NO_LAG = 255;

/** Class of a delay in whole seconds; what is not late at all is class 0. */
export function lagClass(seconds: number): number {
  const value = Math.max(0, Math.min(seconds, 0x7fff_fffe)) + 1;
  const octave = 31 - Math.clz32(value);
  return octave === 0 ? 0 : octave * 2 + ((value >>> (octave - 1)) & 1);
}

/** The shortest delay of a class, seconds. */
export function lagFrom(index: number): number {
  const octave = 2 ** (index >> 1);
  return (index & 1 ? octave * 1.5 : octave) - 1;
}

/** The delay that a share of the records does not exceed, seconds, taken evenly within a class; null without records. */
export function lagPercentile(counts: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let before = 0;
  for (const [index, count] of [...counts].sort((a, b) => a[0] - b[0])) {
    if (before + count >= share * total) {
      const [from, to] = [lagFrom(index), lagFrom(nextClass(index))];
      return Math.round(from + ((share * total - before) / count) * (to - from));
    }
    before += count;
  }
  return null;
}

/** Class 1 is empty: one second is the first half of the next octave. */
function nextClass(index: number): number {
  return index === 0 ? 2 : index + 1;
}
