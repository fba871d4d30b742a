/** JSON whose numbers are more exact than those of JavaScript. */

/** Texts and numbers of valid JSON; the texts so that no number in one is meant. */
export const JSON_TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs;
const MAY_CHANGE = /[\d.]{16}|\d[eE]/;
/** Decimal digits that a double always gives back, from its smallest normal value on. */
const SAFE_DIGITS = 15;
const SMALLEST = 2 ** -1022;

/** As JSON.parse, but a number that would become another value is a text of its digits. */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!MAY_CHANGE.test(text)) return value;
  return JSON.parse(text.replaceAll(JSON_TOKENS, (token) => (token[0] === '"' || isExact(token) ? token : `"${token}"`)));
}

function isExact(number: string): boolean {
  const value = Number(number);
  if (!Number.isFinite(value) || plain(String(value)) === plain(number)) return Number.isFinite(value);
  const digits = number.replace(/[eE].*/, '').replaceAll(/[-.]/g, '');
  return /^0+$/.test(digits) || (digits.length <= SAFE_DIGITS && Math.abs(value) >= SMALLEST);
}

/** The one spelling of exponents. */
function plain(number: string): string {
  return number.toLowerCase().replace('e+', 'e');
}
