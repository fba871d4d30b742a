/**
 * A text in its canonical layout: the search on the first line, each step on a line of its own behind `| `.
 * Works on tokens, so comments, spellings and mistakes stay as they are; only the space between tokens
 * changes. What a text means does not: parse(format(x)) is parse(x).
 */
import { isExtractionRule, lex, type Token } from './lexer.ts';
import { KEYWORDS } from './operators/index.ts';
import { segments } from './parser.ts';

const INDENT = '    ';
const SPACED: ReadonlySet<string> = new Set(['=', '==', '!=', '<>', '<', '<=', '>', '>=', '&&', '||', '?']);
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** Never throws: a text with mistakes keeps them. */
export function format(text: string): string {
  const steps = segments(lex(text));
  const rule = isExtractionRule(text);
  const page = new Page();
  let at = 0;
  steps.forEach((tokens, i) => {
    const search = i === 0 && !rule;
    const step = tokens.slice(0, -1);
    const closing = tokens.at(-1) as Token;
    if (i > 0 && (step.length > 0 || COMMENT.test(text.slice(at, closing.start)))) page.step();
    COMMENT.lastIndex = 0;
    const spaced = !search && isExpression(step);
    let depth = 0;
    let previous: Token | undefined;
    for (const token of step) {
      const gap = text.slice(at, token.start);
      const commented = page.comments(gap);
      const written = text.slice(token.start, token.end);
      if (token.kind === 'symbol' && (written === ')' || written === ']')) depth--;
      page.piece(written, commented ? ' ' : between(previous, token, gap, spaced || (!search && depth > 0)));
      if (token.kind === 'symbol' && (written === '(' || written === '[')) depth++;
      at = token.end;
      previous = token;
    }
    page.comments(text.slice(at, closing.start));
    at = closing.end;
  });
  return page.text();
}

/** Steps in which `=` compares; elsewhere it names an option, as in `field=msg`. */
function isExpression(step: readonly Token[]): boolean {
  const word = step[0]?.value.toLowerCase() ?? '';
  return word === 'where' || step[0]?.kind !== 'name' || !KEYWORDS.includes(word);
}

/** What stands between two tokens of a line. */
function between(previous: Token | undefined, token: Token, gap: string, spaced: boolean): string {
  if (!previous) return '';
  const isSymbol = (t: Token, value: string): boolean => t.kind === 'symbol' && t.value === value;
  // The words of a search touch what they belong to.
  const inWords = previous.kind === 'word' || token.kind === 'word';
  if (!inWords) {
    if (isSymbol(token, ',') || isSymbol(previous, '(') || isSymbol(token, ')')) return '';
    if (isSymbol(previous, ',') || (token.kind === 'name' && previous.kind === 'string')) return ' ';
    if (spaced && ((token.kind === 'symbol' && SPACED.has(token.value)) || (previous.kind === 'symbol' && SPACED.has(previous.value)))) return ' ';
  }
  return gap === '' ? '' : ' ';
}

/** Lines under construction. */
class Page {
  readonly #lines: string[] = [''];
  /** A comment to the end of the line was written: what follows begins another. */
  #closed = false;
  /** The search or step has begun: what goes on is indented. */
  #begun = false;

  step(): void {
    if (this.#lines.at(-1) === '') this.#lines.pop();
    this.#lines.push('|');
    this.#closed = false;
    this.#begun = true;
  }

  piece(text: string, space: string): void {
    this.#add(text, space);
    this.#begun = true;
  }

  #add(piece: string, space: string): void {
    const line = this.#lines.pop() as string;
    if (this.#closed) this.#lines.push(line, (this.#begun ? INDENT : '') + piece);
    else this.#lines.push(line === '' ? piece : line === '|' ? `| ${piece}` : line + space + piece);
    this.#closed = false;
  }

  /** Those of the space between two tokens, if any; one that began a line does so again. */
  comments(gap: string): boolean {
    for (const match of gap.matchAll(COMMENT)) {
      const comment = match[0].trimEnd();
      const line = this.#lines.at(-1) as string;
      if (line !== '' && line !== '|' && gap.slice(0, match.index).includes('\n')) this.#lines.push(comment);
      else this.#add(comment, ' ');
      this.#closed = comment.startsWith('//');
    }
    return gap.includes('/');
  }

  text(): string {
    return this.#lines.join('\n').trim();
  }
}
