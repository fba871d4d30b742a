/** How much of long texts a table shows: as many letters as it has room for. Pure. */

/** Pixels of a letter, of figures in a fixed width and of words in the mean; and what stands around a text. */
const LETTER = 7.5;
const AROUND = 36;
/** Rows that are looked at: the others of a table are much like them. */
const ROWS = 200;
/** What most measures, times and flags take. */
const SHORT = 19;

interface LabelColumn {
  /** Its name, which is not shortened. */
  readonly name: string;
  /** Its place in a row; undefined of what is never long. */
  readonly at?: number;
}

/** Letters that each text may have so that all columns fit into `width` pixels; Infinity where all texts do. */
export function lettersFor(columns: readonly LabelColumn[], rows: readonly (readonly unknown[])[], width: number): number {
  const first = rows.slice(0, ROWS);
  const longest = columns.map(({ name, at }) =>
    at === undefined ? Math.max(name.length, SHORT) : first.reduce((most, row) => Math.max(most, String(row[at] ?? '').length), name.length),
  );
  let room = Math.floor(width / LETTER - (columns.length * AROUND) / LETTER);
  // Short columns take what they need, the long ones share what is left.
  const sorted = longest.sort((a, b) => a - b);
  for (const [i, length] of sorted.entries()) {
    const share = Math.floor(room / (sorted.length - i));
    if (length > share) return Math.max(0, share);
    room -= length;
  }
  return Number.POSITIVE_INFINITY;
}
