/**
 * Rows of CSV (RFC 4180) out of lines: cells in quotation marks may hold separators, doubled quotation marks and line
 * ends. A row's length is limited; a quotation mark that never closes ends with the row's limit.
 */
import type { FeedDocument } from './entry.ts';
import { type Line, lineBatches } from './text.ts';

export interface Row {
  /** Of its first line. */
  readonly line: number;
  /** undefined where the row cannot be read. */
  readonly cells: readonly string[] | undefined;
  readonly text: string;
  /** Why, for people. */
  readonly reason: string;
}

/** Lines of one row. */
const MAX_LINES = 20;

/** Rows in batches. Lines that `isComment` are left out where a row may begin. */
export async function* rowBatches(
  document: FeedDocument,
  options: { readonly delimiter: string; readonly maxChars: number; readonly isComment: (line: string) => boolean },
): AsyncGenerator<Row[]> {
  let open: { first: number; lines: string[]; chars: number } | undefined;
  for await (const lines of lineBatches(document, options.maxChars)) {
    const rows: Row[] = [];
    for (const line of lines) {
      if (!open) {
        if (line.text.trim() === '' || options.isComment(line.text)) continue;
        open = { first: line.number, lines: [], chars: 0 };
      }
      const bad = add(open, line, options.maxChars);
      const text: string = open.lines.join('\n');
      const cells = bad ? undefined : splitRow(text, options.delimiter);
      if (!bad && cells === undefined) continue;
      rows.push({ line: open.first, cells, text, reason: bad });
      open = undefined;
    }
    if (rows.length > 0) yield rows;
  }
  if (open) yield [{ line: open.first, cells: undefined, text: open.lines.join('\n'), reason: 'a quotation mark is opened and not closed' }];
}

function add(open: { lines: string[]; chars: number }, line: Line, maxChars: number): string {
  open.lines.push(line.text);
  open.chars += line.text.length + 1;
  if (line.cut || open.chars > maxChars) return 'the row is too long';
  return open.lines.length > MAX_LINES ? 'a quotation mark is opened and not closed' : '';
}

/** Cells without blanks around them; undefined while a quotation mark is open. */
export function splitRow(text: string, delimiter: string): string[] | undefined {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === ' ') at++;
    if (text[at] === '"') {
      let cell = '';
      let from = ++at;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0) return undefined;
        cell += text.slice(from, quote);
        if (text[quote + 1] !== '"') {
          at = quote + 1;
          break;
        }
        cell += '"';
        from = quote + 2;
      }
      const next = text.indexOf(delimiter, at);
      cells.push((cell + text.slice(at, next < 0 ? text.length : next)).trim());
      if (next < 0) return cells;
      at = next + delimiter.length;
    } else {
      const next = text.indexOf(delimiter, at);
      cells.push(text.slice(at, next < 0 ? text.length : next).trim());
      if (next < 0) return cells;
      at = next + delimiter.length;
    }
  }
}

/** What separates cells of a header line: the sign that it has most of. */
export function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  let best = ',';
  let most = 0;
  for (const sign of [',', ';', '\t', '|']) {
    const count = bare.split(sign).length - 1;
    if (count > most) {
      best = sign;
      most = count;
    }
  }
  return best;
}
