/**
 * Objects out of a JSON document of any length, one at a time: the document is walked character by character, and
 * only what is asked for is held and parsed. Depth and the length of an object are limited; damage is a value.
 */
import { excerpt, type FeedDocument } from './entry.ts';
import { textPieces } from './text.ts';

/** Names from the root to a value; `*` for an element of a list. */
export type Path = readonly string[];

/** `take`: parse it and hand it out. `enter`: look at its members. `skip`: go past it. */
export type Choice = 'take' | 'enter' | 'skip';

export type JsonItem =
  | { readonly index: number; readonly key: string; readonly value: unknown }
  | { readonly index: number; readonly reason: string; readonly excerpt: string }
  | { readonly broken: string };

const MAX_DEPTH = 64;
const MAX_KEY = 1000;
const KEPT = 1000;

interface Frame {
  readonly list: boolean;
}

/** The values of a document that `choose` takes, in batches. A document may be several values one after another. */
export async function* jsonItems(document: FeedDocument, choose: (path: Path) => Choice, maxChars: number): AsyncGenerator<JsonItem[]> {
  const walk = new Walk(choose, maxChars);
  for await (const piece of textPieces(document)) {
    const items = walk.take(piece);
    if (items.length > 0) yield items;
    if (walk.broken) return;
  }
  const items = walk.end();
  if (items.length > 0) yield items;
}

class Walk {
  readonly #choose: (path: Path) => Choice;
  readonly #maxChars: number;
  readonly #frames: Frame[] = [];
  /** One name a frame. */
  readonly #path: string[] = [];
  broken = false;
  /** Values that were taken. */
  #index = 0;
  #items: JsonItem[] = [];
  #started = false;
  /** Inside of a text, and behind a backslash in it. */
  #inText = false;
  #escaped = false;
  /** The key that is read: undefined where none is. */
  #key: string | undefined;
  /** In an object, before the colon. */
  #expectKey = false;
  /** A value outside of objects and lists: a number, true, false, null. */
  #inScalar = false;
  /** How deep the value is that is taken or skipped; 0: neither. */
  #inner = 0;
  #taking = false;
  #held: string[] = [];
  #heldChars = 0;

  constructor(choose: (path: Path) => Choice, maxChars: number) {
    this.#choose = choose;
    this.#maxChars = maxChars;
  }

  take(piece: string): JsonItem[] {
    this.#items = [];
    /** Where what is held of this piece begins. */
    let from = 0;
    for (let at = 0; at < piece.length && !this.broken; at++) {
      const c = piece.charCodeAt(at);
      if (this.#inText) {
        if (this.#key === undefined) at = this.#pastText(piece, at);
        else this.#keyCharacter(c, piece[at] as string);
        continue;
      }
      if (this.#inner > 0) {
        if (c === QUOTE) this.#inText = true;
        else if (c === OPEN_OBJECT || c === OPEN_LIST) {
          if (++this.#inner + this.#frames.length > MAX_DEPTH) this.#fail('it is nested too deeply');
        } else if (c === CLOSE_OBJECT || c === CLOSE_LIST) {
          if (--this.#inner === 0) {
            if (this.#taking) this.#hold(piece.slice(from, at + 1));
            this.#finish();
          }
        }
        continue;
      }
      if (c === QUOTE) {
        this.#inText = true;
        this.#started = true;
        if (this.#expectKey) this.#key = '';
      } else if (c === OPEN_OBJECT || c === OPEN_LIST) {
        if (this.#open(c === OPEN_LIST)) from = at;
      } else if (c === CLOSE_OBJECT || c === CLOSE_LIST) this.#close(c === CLOSE_LIST);
      else if (c === COLON) {
        if (!this.#expectKey) this.#fail('a colon stands where none belongs');
        this.#expectKey = false;
      } else if (c === COMMA) {
        this.#inScalar = false;
        const frame = this.#frames.at(-1);
        if (!frame) this.#fail('a comma stands where none belongs');
        this.#expectKey = frame?.list === false;
      } else if (c > 32 && c !== BOM) {
        if (this.#expectKey || (this.#frames.length === 0 && !this.#inScalar)) this.#fail('this is no JSON');
        this.#inScalar = true;
      } else this.#inScalar = false;
    }
    if (this.#inner > 0 && this.#taking && !this.broken) this.#hold(piece.slice(from));
    return this.#items;
  }

  /** What the end of the document says. */
  end(): JsonItem[] {
    this.#items = [];
    if (!this.broken && !this.#started) this.#fail('there is nothing in it');
    else if (!this.broken && (this.#frames.length > 0 || this.#inner > 0 || this.#inText)) this.#fail('the document ends in the middle');
    return this.#items;
  }

  /** Where a text ends that is no name, or the piece does. */
  #pastText(piece: string, from: number): number {
    let escaped = this.#escaped;
    let at = from;
    for (; at < piece.length; at++) {
      const c = piece.charCodeAt(at);
      if (escaped) escaped = false;
      else if (c === BACKSLASH) escaped = true;
      else if (c === QUOTE) {
        this.#inText = false;
        break;
      }
    }
    this.#escaped = escaped;
    return at;
  }

  #keyCharacter(c: number, character: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (c === BACKSLASH) this.#escaped = true;
    else if (c === QUOTE) {
      this.#inText = false;
      this.#path[this.#path.length - 1] = this.#key ?? '';
      this.#key = undefined;
      return;
    }
    this.#key += character;
    if ((this.#key?.length ?? 0) > MAX_KEY) this.#fail('a name in it is too long');
  }

  /** Whether what begins here is held from here on. */
  #open(list: boolean): boolean {
    this.#started = true;
    if (this.#expectKey) {
      this.#fail('a value stands where a name belongs');
      return false;
    }
    if (this.#frames.length >= MAX_DEPTH) {
      this.#fail('it is nested too deeply');
      return false;
    }
    const choice = this.#choose(this.#path);
    if (choice === 'enter') {
      this.#frames.push({ list });
      this.#path.push(list ? '*' : '');
      this.#expectKey = !list;
      return false;
    }
    this.#inner = 1;
    this.#taking = choice === 'take';
    if (this.#taking) this.#index++;
    return this.#taking;
  }

  #close(list: boolean): void {
    this.#inScalar = false;
    const frame = this.#frames.pop();
    this.#path.pop();
    this.#expectKey = false;
    if (frame?.list !== list) this.#fail('a bracket closes what was not opened');
  }

  #hold(text: string): void {
    const before = this.#heldChars;
    this.#heldChars += text.length;
    if (this.#heldChars <= this.#maxChars) this.#held.push(text);
    // Too long: its beginning is kept to show it.
    else if (before <= this.#maxChars) this.#held = [this.#held.join('').concat(text).slice(0, KEPT)];
  }

  #finish(): void {
    if (!this.#taking) return;
    const text = this.#held.join('');
    const tooLong = this.#heldChars > this.#maxChars;
    this.#held = [];
    this.#heldChars = 0;
    this.#taking = false;
    const index = this.#index;
    if (tooLong) {
      this.#items.push({ index, reason: `the entry is longer than ${this.#maxChars.toLocaleString('en-US')} characters`, excerpt: excerpt(text) });
      return;
    }
    try {
      this.#items.push({ index, key: this.#path.at(-1) ?? '', value: JSON.parse(text) as unknown });
    } catch {
      this.#items.push({ index, reason: 'the entry is no JSON', excerpt: excerpt(text) });
    }
  }

  #fail(reason: string): void {
    if (!this.broken) this.#items.push({ broken: `The document cannot be read: ${reason}.` });
    this.broken = true;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const BOM = 0xfeff;
