/**
 * What a thread chose for streams, so that the many small segments of one stream do not search for its
 * layout again each time. Only what a search cannot know better by now is kept: that the lines leave it open.
 */
import { ENOUGH_ROWS } from '../formats/flow/infer.ts';
import type { FlowFormat } from '../model/log-formats.ts';
import { chooseLayout, type Found, type LayoutChoice, LINES, searchLayout } from './layout-choice.ts';

const MOST_STREAMS = 10_000;

/** A search that left it open: of so many lines, and lines that came since. */
interface Kept {
  readonly found: Found;
  readonly lines: number;
  since: number;
}

export class StreamChoices {
  /** Streams in whose lines nothing speaks against the preset that reads them. */
  readonly #settled = new Set<string>();
  /** By stream and form of the first line; the oldest go first. */
  readonly #kept = new Map<string, Kept>();
  readonly #search: typeof searchLayout;

  constructor(search = searchLayout) {
    this.#search = search;
  }

  /** How the lines of a segment of the stream that begins with these bytes are read. */
  choose(stream: string, head: Uint8Array, formats: readonly FlowFormat[]): LayoutChoice {
    if (this.#settled.has(stream)) return { kind: 'detect', settled: true };
    const choice = chooseLayout(head, formats, (lines) => this.#find(stream, lines, formats));
    if (choice.kind === 'detect' && choice.settled && this.#settled.size < MOST_STREAMS) this.#settled.add(stream);
    return choice;
  }

  #find(stream: string, lines: readonly string[], formats: readonly FlowFormat[]): Found {
    const key = `${stream} ${formats.map(({ name }) => name).join()} ${formOf(lines[0] as string)}`;
    const kept = this.#kept.get(key);
    if (kept) {
      kept.since += lines.length;
      // Fewer lines than are needed, or hardly more than were looked at, tell nothing new; others of the stream may.
      if (kept.since <= LINES && lines.length < Math.max(ENOUGH_ROWS, 2 * kept.lines)) return kept.found;
    }
    const found = this.#search(lines, formats);
    this.#kept.delete(key);
    const oldest = this.#kept.keys().next().value;
    if (oldest !== undefined && this.#kept.size >= MOST_STREAMS) this.#kept.delete(oldest);
    if (!found.layout) this.#kept.set(key, { found, lines: lines.length, since: 0 });
    return found;
  }
}

/** Of each value: a small number or nothing, a large number as times are, or something else. */
function formOf(line: string): string {
  return line
    .split(' ')
    .map((value) => (/^(?:-|\d{1,8})$/.test(value) ? 'n' : /^\d+$/.test(value) ? 't' : 'x'))
    .join('');
}
