export interface Piece {
  /** Its place in the text. */
  readonly at: number;
  readonly text: string;
  readonly code: boolean;
}

/** Documentation has `code` in backticks: its pieces, in order. */
export function inlineCode(text: string): Piece[] {
  let at = 0;
  return text.split('`').map((piece, i) => {
    const found = { at, text: piece, code: i % 2 === 1 };
    at += piece.length + 1;
    return found;
  });
}
