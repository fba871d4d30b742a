/** How names, values and counts stand in messages to people, and how a misspelt name finds the right one. */

/** Characters of a name or text that a message shows, and names of a list. */
const MOST_SHOWN = 80;
const MOST_LISTED = 30;

/**
 * A name, a value or a piece of a query within a message. Messages are sentences: whatever is not prose stands in
 * these quotation marks, here and in what is written out, so that “count is not a field” cannot be misread.
 */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > MOST_SHOWN ? `“${line.slice(0, MOST_SHOWN).replace(/[\ud800-\udbff]$/, '')}…”` : `“${line}”`;
}

/** The same of the name of a file, an object or a queue: whole, since nobody finds it by a part. */
export function quotedWhole(name: string): string {
  return `“${name.replace(/\p{Cc}/gu, ' ')}”`;
}

/** Names as a list: “a”, “b” and “c”. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).map(quoted);
  const last = names.length > MOST_LISTED ? `${names.length - MOST_LISTED} more` : shown.pop();
  return shown.length ? `${shown.join(', ')} and ${last}` : (last ?? 'nothing');
}

/** `1 value`, `1,000 values`; without a word the number alone. */
export function counted(count: number, word?: string): string {
  const written = count.toLocaleString('en-US');
  return word === undefined ? written : `${written} ${word}${count === 1 ? '' : 's'}`;
}

/** The candidate within a small edit distance of a name, in any letter case. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Hint that names the nearest candidate, if any. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(name, candidates);
  return found && `Did you mean “${found}”?`;
}

const OF_FILE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is below a file',
  EISDIR: 'is a folder',
  EEXIST: 'exists already',
  EACCES: 'may not be used by this user',
  EPERM: 'may not be used by this user',
  EROFS: 'is on a read-only disk',
  ENOSPC: 'is on a full disk',
  EDQUOT: 'is on a full disk',
  EIO: 'is on a disk that fails',
  ELOOP: 'is a link in a circle',
  ENAMETOOLONG: 'has too long a name',
  Z_DATA_ERROR: 'is damaged',
  Z_BUF_ERROR: 'is cut off',
  EMFILE: 'cannot be opened: too many files are open',
};

/** Why a file cannot be used, from the system's error: `does not exist`. Behind `it`. */
export function whyOfFile(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return OF_FILE[String(code)] ?? `gives ${typeof code === 'string' ? code : error instanceof Error ? error.message : String(error)}`;
}

/** What an error says for people: the system's of a file as `“/srv/logs” does not exist`, any other its own message. */
export function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as { code?: unknown; path?: unknown };
  if (!('syscall' in error) || !OF_FILE[String(code)]) return error.message;
  return `${typeof path === 'string' ? quotedWhole(path) : 'it'} ${whyOfFile(error)}`;
}

/** Optimal string alignment distance: a swap of neighbours counts one. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, older[j - 2]! + 1);
      row.push(best);
    }
    older = previous;
    previous = row;
  }
  return previous[b.length]!;
}
