/** Words with which steps begin in other query languages, each with what says the same here. */
import { quoted } from '../../model/wording.ts';

const HERE: ReadonlyMap<string, string> = new Map([
  ['stats', 'count by field, sum(field) by field'],
  ['summarize', 'count by field, sum(field) by field'],
  ['aggregate', 'count by field, sum(field) by field'],
  ['group', 'count by field'],
  ['distinct', 'count by field'],
  ['eval', 'expression as name'],
  ['extend', 'expression as name'],
  ['let', 'expression as name'],
  ['rename', 'old as new'],
  ['select', 'fields a, b'],
  ['project', 'fields a, b'],
  ['table', 'fields a, b'],
  ['head', 'limit 10'],
  ['take', 'limit 10'],
  ['search', 'where condition'],
  ['having', 'where condition'],
  ['rex', 'parse regex "(?<name>…)"'],
  ['grok', 'parse regex "(?<name>…)"'],
  ['spath', 'json "path" as name'],
  ['timechart', 'timeslice 5m | count by _timeslice'],
  ['bucket', 'timeslice 5m'],
]);

/** What to write in place of a word of another language. */
export function saidHere(word: string): string | undefined {
  const here = HERE.get(word);
  return here === undefined ? undefined : `Write ${quoted(here)}.`;
}
