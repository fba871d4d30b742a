/** Numbers and durations as people write them: `10Mi`, `1.5k`, `5m`, `1 hour`. */

import { quoted } from '../model/wording.ts';
import { QueryError } from './diagnostics.ts';
import type { Token } from './lexer.ts';

/** Numeric suffixes, as in `bytes > 10Mi`; those of time give milliseconds. */
const NUMBER_SUFFIXES: Readonly<Record<string, number>> = {
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  B: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86400e3,
  w: 604800e3,
};

/** Seconds of a duration's unit. */
const DURATION_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Units as people write them out: `1 hour`, `30min`. */
const UNIT = /^(?:(s)(?:ecs?|econds?)?|(m)(?:ins?|inutes?)?|(h)(?:rs?|ours?)?|(d)(?:ays?)?|(w)(?:eeks?)?)$/i;

export interface Duration {
  readonly seconds: number;
  readonly count: number;
  readonly unit: string;
  /** `5m` */
  readonly text: string;
}

/** `5m`, `1d`, `2w`; `apart` when the unit is the token behind. Throws QueryError. */
export function durationOf(token: Token, next: Token): { readonly read: Duration; readonly apart: boolean } {
  const apart = token.suffix === undefined && next.kind === 'name' && UNIT.test(next.value);
  const written = apart ? next.value : (token.suffix ?? '');
  const unit = UNIT.test(written) ? (written[0] as string).toLowerCase() : written;
  const count = Number(token.value);
  const seconds = count * (DURATION_UNITS[unit] ?? Number.NaN);
  if (!Number.isInteger(seconds) || seconds < 1) {
    const hint = 'Write a whole number and “s”, “m”, “h”, “d” or “w”, such as “5m”.';
    throw new QueryError('bad-duration', token, `${quoted(`${token.value}${unit}`)} is not a duration.`, hint);
  }
  return { read: { seconds, count, unit, text: `${token.value}${unit}` }, apart };
}

/** The value of a number token. Throws QueryError for a suffix that is none. */
export function numberOf(token: Token): number {
  if (!token.suffix) return finite(Number(token.value), token);
  const factor = Object.hasOwn(NUMBER_SUFFIXES, token.suffix) ? NUMBER_SUFFIXES[token.suffix] : undefined;
  if (factor === undefined) {
    throw new QueryError(
      'unexpected-token',
      token,
      `${quoted(`${token.value}${token.suffix}`)} is not a number.`,
      'Suffixes are “k”, “M”, “G”, “T”, “P”, “Ki”, “Mi”, “Gi”, “Ti”, “Pi”, and of time “ms”, “s”, “m”, “h”, “d”, “w”.',
    );
  }
  return finite(Number(token.value) * factor, token);
}

/** The number that a text writes as a query would, `1.5k`; undefined when it is none. */
export function numberIn(text: string): number | undefined {
  const [, value = '', suffix = ''] = /^(-?(?:\d+(?:\.\d+)?|\.\d+))([A-Za-z]{1,2})$/.exec(text.trim()) ?? [];
  const number = suffix ? Number(value) * (Object.hasOwn(NUMBER_SUFFIXES, suffix) ? (NUMBER_SUFFIXES[suffix] as number) : Number.NaN) : Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : undefined;
}

function finite(value: number, token: Token): number {
  if (Number.isFinite(value)) return value;
  throw new QueryError('bad-value', token, 'The number is too large.', 'The largest number is about 1.8e308.');
}

/** `5xx`: a name that begins with digits. A single letter behind them is a suffix, known or mistyped. */
export function isName(token: Token): boolean {
  const { value, suffix = '' } = token;
  return suffix.length > 1 && /^\d+$/.test(value) && !Object.hasOwn(NUMBER_SUFFIXES, suffix);
}
