/** Finds names by what was typed of them: the beginning, the beginning of a part, or letters in order. */

/** The items that fit, best first; ties keep their order. Letters in order count only where nothing fits better. An empty word fits all. */
export function rank<T>(word: string, items: readonly T[], nameOf: (item: T) => string): T[] {
  if (word === '') return [...items];
  const scored = items.flatMap((item) => {
    const score = distance(word, nameOf(item));
    return score === undefined ? [] : [{ item, score }];
  });
  const better = scored.filter(({ score }) => score < LETTERS);
  return (better.length ? better : scored).sort((a, b) => a.score - b.score).map(({ item }) => item);
}

/** Score of letters in order. */
const LETTERS = 3;

/** How badly a word fits a name: 0 is the name itself; undefined when it does not fit. */
function distance(word: string, name: string): number | undefined {
  const wanted = word.toLowerCase();
  const bare = name.replace(/^%"(.*)"$/, '$1');
  const lower = bare.toLowerCase();
  if (lower === wanted) return 0;
  if (lower.startsWith(wanted)) return 1;
  const part = parts(bare).find((start) => lower.startsWith(wanted, start));
  if (part !== undefined) return 2;
  return wanted.length >= 3 && inOrder(wanted, lower) ? LETTERS : undefined;
}

/** Where the parts of `dest_port`, `source.ip` and `isPublicIP` begin. */
function parts(name: string): number[] {
  const starts: number[] = [];
  for (let i = 1; i < name.length; i++) {
    const before = name[i - 1]!;
    const char = name[i]!;
    if ('_.- '.includes(before) || (char >= 'A' && char <= 'Z' && before >= 'a' && before <= 'z')) starts.push(i);
  }
  return starts;
}

/** All letters of the word in the name, one after the other, beginning with the name's first: `tslc` is timeslice. */
function inOrder(word: string, name: string): boolean {
  if (word[0] !== name[0]) return false;
  let at = 0;
  for (const char of word) {
    at = name.indexOf(char, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
