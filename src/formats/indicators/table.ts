/** Formats that come as JSON or as CSV with the same names: one function reads an entry of either. */

import { rowBatches } from './csv-rows.ts';
import { type Entry, type FeedDocument, isObject, type Json, type Place, problem, type ReadOptions } from './entry.ts';
import { jsonItems, type Path } from './json-items.ts';
import { textPieces } from './text.ts';

export interface TableFormat {
  /** Which values of a JSON document are entries. */
  readonly choose: (path: Path) => 'take' | 'enter' | 'skip';
  /** Names of the columns of a CSV file, which has them in a comment or not at all. */
  readonly columns: readonly string[];
  /** `key`: the name or number under which a JSON document has it. */
  readonly entry: (value: Json, place: Place, key: string) => Entry[];
}

/** Of a header; a row may be much shorter. */
const MOST_COLUMNS = 100;

/** Looks at the first character: `{` or `[` begins JSON. */
export async function* readTable(document: FeedDocument, { limits }: ReadOptions, format: TableFormat): AsyncGenerator<Entry[]> {
  if (await beginsAsJson(document)) {
    for await (const items of jsonItems(document, format.choose, limits.entryChars)) {
      yield items.flatMap((item): Entry[] => {
        if ('broken' in item) return [item];
        const place = { index: item.index };
        if ('reason' in item) return [{ problem: { ...place, reason: item.reason, excerpt: item.excerpt } }];
        return isObject(item.value) ? format.entry(item.value, place, item.key) : [problem(place, 'the entry is no object', item.value)];
      });
    }
    return;
  }
  let { columns } = format;
  for await (const rows of rowBatches(document, { delimiter: ',', maxChars: limits.entryChars, isComment: (line) => line.startsWith('#') })) {
    yield rows.flatMap(({ line, cells, text, reason }): Entry[] => {
      if (!cells) return [problem({ line }, reason, text)];
      // A header that is no comment says itself what the columns are.
      if (cells.filter((cell) => format.columns.includes(cell)).length > 1) {
        columns = cells.slice(0, MOST_COLUMNS);
        return [];
      }
      if (cells.length < Math.min(2, columns.length)) return [problem({ line }, `the row has ${cells.length} of ${columns.length} cells`, text)];
      return format.entry(Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? ''])), { line }, '');
    });
  }
}

async function beginsAsJson(document: FeedDocument): Promise<boolean> {
  for await (const piece of textPieces(document)) {
    const text = piece.replace(/^\uFEFF/, '').trimStart();
    if (text !== '') return text.startsWith('{') || text.startsWith('[');
  }
  return false;
}

/** `a,b` or `["a","b"]`; `None` is how some exports write nothing. */
export function tagsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  return typeof value === 'string' && !/^none$/i.test(value) ? value.split(',') : [];
}

/** A text that is not the word for nothing. */
export function said(value: unknown): unknown {
  return typeof value === 'string' && /^(?:none|null|n\/a|unknown malware)$/i.test(value) ? '' : value;
}
