/** Documents as text: lines in batches, with a limit on what one line may hold in memory. */
import type { FeedDocument } from './entry.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end; the beginning of it where it is too long. */
  readonly text: string;
  /** It is longer than a line may be. */
  readonly cut: boolean;
}

/** The text of a document, piece by piece; bytes that are no UTF-8 become U+FFFD. */
export async function* textPieces(document: FeedDocument): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  for await (const chunk of document.open()) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** Characters of a line that is too long that are kept. */
const KEPT = 1000;

/** The lines of a document, one batch for each piece of it. */
export async function* lineBatches(document: FeedDocument, maxChars: number): AsyncGenerator<Line[]> {
  let held = '';
  let cut = false;
  let number = 1;
  const finished = (text: string): Line => {
    const whole = held === '' ? text : held + text;
    const tooLong = cut || whole.length > maxChars;
    const line = { number: number++, text: tooLong ? whole.slice(0, KEPT) : whole.endsWith('\r') ? whole.slice(0, -1) : whole, cut: tooLong };
    held = '';
    cut = false;
    return line;
  };
  for await (const piece of textPieces(document)) {
    const lines: Line[] = [];
    let at = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', at)) {
      lines.push(finished(cut ? '' : piece.slice(at, end)));
      at = end + 1;
    }
    if (at < piece.length && !cut) {
      held += piece.slice(at);
      if (held.length > maxChars) {
        held = held.slice(0, KEPT);
        cut = true;
      }
    }
    if (lines.length > 0) yield lines;
  }
  if (held !== '' || cut) yield [finished('')];
}
