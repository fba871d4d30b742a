/**
 * Plain lists: one address, CIDR block, range of addresses (`first-last`), domain, URL or hash a line. What stands
 * behind `#`, `;` or a blank is a comment. So are FireHOL's netsets (https://iplists.firehol.org/), the text lists of
 * abuse.ch and most others.
 */
import { type Entry, type IndicatorReader, indicators, problem } from './entry.ts';
import { type Line, lineBatches } from './text.ts';
import { guessedValues } from './value.ts';

export const list: IndicatorReader = {
  format: 'list',
  title: 'plain list or FireHOL netset',
  recognizes: () => true,
  async *read(document, { limits }) {
    for await (const lines of lineBatches(document, Math.min(limits.entryChars, 16_384))) yield lines.flatMap(readLine);
  },
};

function readLine({ number, text, cut }: Line): Entry[] {
  const place = { line: number };
  if (cut) return [problem(place, 'the line is too long', text)];
  const line = text.replace(/^\uFEFF/, '').trim();
  if (line === '' || /^(?:#|;|\/\/)/.test(line)) return [];
  // A range may have blanks around its dash.
  const value = /^[0-9a-f.:]+\s+-\s+[0-9a-f.:]+/i.exec(line)?.[0].replace(/\s+/g, '') ?? (line.split(/[\s;,]|#(?=\s|$)/, 1)[0] as string);
  return indicators(guessedValues(value), {}, place, line);
}
