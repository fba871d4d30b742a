/**
 * Date patterns in the letters that the public language takes (Java's). The engine knows most of them
 * under the same letters; the others (zones, the number of a weekday) are made here, piece by piece.
 */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { Span } from '../tree.ts';

/** A run of one letter, or text between them. */
interface Piece {
  readonly letter?: string;
  readonly text: string;
}

/** Letters that the engine's formatter shares. */
const ENGINE_LETTERS = /^[GyMdEaHkKhmsSDw]$/;
const OWN_LETTERS = /^[LYuzZX]$/;

/** Pieces of a pattern. Throws QueryError `bad-value` for a letter that means nothing. */
export function piecesOf(pattern: string, span: Span): Piece[] {
  const pieces: Piece[] = [];
  for (const [run, literal, letters] of pattern.matchAll(/'((?:[^']|'')*)'|(([A-Za-z])\3*)|[^A-Za-z']+|'/g)) {
    if (literal !== undefined) pieces.push({ text: literal === '' ? "'" : literal.replaceAll("''", "'") });
    else if (letters !== undefined) {
      const letter = letters.charAt(0);
      if (!ENGINE_LETTERS.test(letter) && !OWN_LETTERS.test(letter))
        throw new QueryError('bad-value', span, `${quoted(letter)} is not a letter of date patterns.`, 'For example “yyyy-MM-dd HH:mm:ss”.');
      pieces.push({
        letter: letter === 'Y' ? 'y' : letter === 'L' ? 'M' : letter,
        text: letter === 'Y' ? letters.replaceAll('Y', 'y') : letters.replaceAll('L', 'M'),
      });
    } else pieces.push({ text: run });
  }
  return pieces;
}

function asPattern(text: string): string {
  return /[A-Za-z']/.test(text) ? `'${text.replaceAll("'", "''")}'` : text;
}

/** A time as text. `time` may be asked for several times. */
export function formatted(time: Sql, pieces: readonly Piece[], zone: string): Sql {
  const parts: Sql[] = [];
  let run = '';
  const flush = (): void => {
    if (run) parts.push(sql`formatDateTimeInJodaSyntax(${time}, ${param('String', run)}, ${param('String', zone)})`);
    run = '';
  };
  for (const { letter, text } of pieces) {
    if (letter === undefined) run += asPattern(text);
    else if (ENGINE_LETTERS.test(letter)) run += letter === 'y' && text.length === 1 ? 'yyyy' : text;
    else {
      flush();
      parts.push(own(letter, text.length, time, zone));
    }
  }
  flush();
  return parts.length === 1 ? (parts[0] as Sql) : sql`concat('', ${join(parts.length ? parts : [sql`''`], ', ')})`;
}

function own(letter: string, length: number, time: Sql, zone: string): Sql {
  const local = sql`toTimeZone(${time}, ${param('String', zone)})`;
  if (letter === 'u') return sql`leftPad(toString(toDayOfWeek(${local})), ${num(length)}, '0')`;
  const offset = sql`timezoneOffset(${local})`;
  if (letter === 'z') {
    const names = zoneNames(zone, length < 4 ? 'short' : 'long');
    return sql`transform(toInt32(${offset}), ${param('Array(Float64)', [...names.keys()])}, ${param('Array(String)', [...names.values()])}, ${param('String', zone)})`;
  }
  const hours = sql`leftPad(toString(intDiv(abs(${offset}), 3600)), 2, '0')`;
  const minutes = sql`leftPad(toString(intDiv(abs(${offset}), 60) % 60), 2, '0')`;
  const sign = sql`if(${offset} < 0, '-', '+')`;
  if (letter === 'Z') return sql`concat(${sign}, ${hours}, ${minutes})`;
  const written =
    length === 1 ? sql`concat(${sign}, ${hours})` : length === 2 ? sql`concat(${sign}, ${hours}, ${minutes})` : sql`concat(${sign}, ${hours}, ':', ${minutes})`;
  return sql`if(${offset} = 0, 'Z', ${written})`;
}

const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA'];

/** English names of a zone by its offset in seconds: of winter and of summer. */
function zoneNames(zone: string, style: 'short' | 'long'): Map<number, string> {
  const names = new Map<number, string>();
  for (const month of [0, 6]) {
    const at = new Date(Date.UTC(2024, month, 15));
    const part = (timeZoneName: 'short' | 'long' | 'longOffset', locale = 'en-US'): string =>
      new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName }).formatToParts(at).find((p) => p.type === 'timeZoneName')?.value ?? zone;
    const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(part('longOffset')) ?? [];
    const seconds = (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60) * (sign === '-' ? -1 : 1);
    // Short names are known where they are used: CET in British English, AEST in Australian.
    const known = LOCALES.map((locale) => part(style, locale)).find((name) => !/^(?:GMT|UTC)[+-]/.test(name));
    if (!names.has(seconds)) names.set(seconds, known ?? part(style));
  }
  return names;
}

/** Offsets of the abbreviations that logs write. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  Z: '+0000',
  UTC: '+0000',
  GMT: '+0000',
  WET: '+0000',
  BST: '+0100',
  CET: '+0100',
  CEST: '+0200',
  EET: '+0200',
  EEST: '+0300',
  MSK: '+0300',
  IST: '+0530',
  JST: '+0900',
  AEST: '+1000',
  AEDT: '+1100',
  EST: '-0500',
  EDT: '-0400',
  CST: '-0600',
  CDT: '-0500',
  MST: '-0700',
  MDT: '-0600',
  PST: '-0800',
  PDT: '-0700',
};

/** Text to DateTime64, null where it does not begin with the pattern. Zone and weekday names are read in English. */
export function parsed(value: Sql, pieces: readonly Piece[], zone: string): Sql {
  const regex = pieces.map((piece, i) => (piece.letter === undefined ? escaped(piece.text) : `(${groupPattern(piece, pieces[i + 1])})`)).join('');
  const found = sql`extractGroups(${value}, ${param('String', `(?i)^${regex}`)})`;
  let group = 0;
  let engine = '';
  const texts: Sql[] = [];
  for (const piece of pieces) {
    if (piece.letter === undefined) continue;
    const at = sql`arrayElement(groups, ${num(++group)})`;
    if (piece.letter === 'E' || piece.letter === 'u') continue;
    texts.push(canonical(piece, at));
    engine += `${engineText(piece)}' '`;
  }
  const text = sql`arrayMap(groups -> if(empty(groups), NULL, concat(${join(
    texts.flatMap((t) => [t, sql`' '`]),
    ', ',
  )})), [${found}])[1]`;
  return sql`parseDateTime64InJodaSyntaxOrNull(${text}, ${param('String', engine)}, ${param('String', zone)})`;
}

/** What a run of letters reads. Digits directly before other digits have their exact number. */
function groupPattern({ letter = '', text }: Piece, next: Piece | undefined): string {
  const { length } = text;
  const isNumber = (piece: Piece | undefined): boolean =>
    piece?.letter !== undefined && /[ydHkKhmsSDwu]/.test(piece.letter) ? true : piece?.letter === 'M' && piece.text.length < 3;
  if (letter === 'E' || (letter === 'M' && length > 2)) return '[A-Za-z]+';
  if (letter === 'a') return '[AP]M';
  if (letter === 'G') return 'AD|BC';
  if (/[zZX]/.test(letter)) return '[+-]\\d\\d:?\\d\\d|[+-]\\d\\d|[A-Za-z]+';
  if (isNumber(next)) return `\\d{${length}}`;
  return letter === 'y' || letter === 'S' || letter === 'D' ? '\\d+' : '\\d{1,2}';
}

function engineText({ letter = '', text }: Piece): string {
  return /[zZX]/.test(letter)
    ? 'Z'
    : letter === 'y' && text.length !== 2
      ? 'yyyy'
      : letter === 'M' && text.length > 2
        ? 'MMM'
        : letter === 'S'
          ? 'SSS'
          : letter;
}

/** The text of a group as the engine wants it. */
function canonical({ letter = '', text }: Piece, group: Sql): Sql {
  if (letter === 'S') return sql`rightPad(substring(${group}, 1, 3), 3, '0')`;
  if (letter === 'M' && text.length > 2) return sql`substring(${group}, 1, 3)`;
  if (/[zZX]/.test(letter)) {
    const digits = sql`rightPad(replaceAll(${group}, ':', ''), 5, '0')`;
    const [names, offsets] = [Object.keys(ABBREVIATIONS), Object.values(ABBREVIATIONS)];
    return sql`if(match(${group}, '^[+-]'), ${digits}, transform(upper(${group}), ${param('Array(String)', names)}, ${param('Array(String)', offsets)}, ''))`;
  }
  return letter === 'a' ? sql`upper(${group})` : group;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
