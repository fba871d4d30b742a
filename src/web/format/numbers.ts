/**
 * Numbers as a person reads them: short on the page, exact in tooltips and tables. Units of bytes are
 * binary (KiB), of counts decimal (k). Pure.
 */
export type Unit = 'count' | 'bytes' | 'percent' | 'none';

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
/** Between a number and its unit: narrow and unbreakable. */
const THIN = ' ';

const EXACT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 20 });
const FRACTION = new Intl.NumberFormat('en-US', { maximumFractionDigits: 4 });
const SMALL = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
const EXACT_UNIT: Readonly<Record<Unit, string>> = { count: '', bytes: ' bytes', percent: ' %', none: '' };

/**
 * What was measured: 12431 → `12.4 k`, 3328599654 bytes → `3.1 GiB`, 1048576 bytes → `1.0 MiB`, so that numbers below each
 * other are as precise; 12.34 percent → `12.3 %`. `–` for what is no number.
 */
export function short(value: unknown, unit: Unit = 'count'): string {
  return scaledBy(value, unit, (n) => (Math.abs(n) < 100 ? n.toFixed(1) : String(n)));
}

/** What is round, as a limit or a step of an axis: 2000 → `2 k`, 8 GiB → `8 GiB`. */
export function round(value: unknown, unit: Unit = 'count'): string {
  return scaledBy(value, unit, trimmed);
}

/** A way to write numbers that stand below each other: `9`, `10.26` → `9.0`, `10.3`. */
export function alike(values: readonly number[], unit: Unit): (value: number | undefined) => string {
  const broken = (unit === 'none' || unit === 'count') && values.some((n) => !Number.isInteger(n));
  const asIs = (n: number) => unit === 'none' || Math.abs(n) < 999.95;
  return (value) => (broken && value !== undefined && asIs(value) ? value.toFixed(1) : short(value, unit));
}

/** `write`: a number of a thousand or more, in its unit. */
function scaledBy(value: unknown, unit: Unit, write: (n: number) => string): string {
  const n = asNumber(value);
  if (n === null) return '–';
  switch (unit) {
    case 'percent':
      return `${n.toFixed(1)}${THIN}%`;
    case 'bytes':
      return scaled(n, 1024, BINARY, write);
    case 'count':
      return scaled(n, 1000, SI, write);
    case 'none':
      return trimmed(n);
  }
}

/** Every digit, thousands separated, with the unit in words: `3,328,599,654 bytes`. */
export function exact(value: unknown, unit: Unit = 'count'): string {
  const n = asNumber(value);
  return n === null ? '–' : EXACT.format(n) + EXACT_UNIT[unit];
}

/** In a table: every digit of a whole number, a few of an average's fraction, short bytes. */
export function cell(value: unknown, unit: Unit = 'count'): string {
  if (unit === 'bytes' || unit === 'percent') return short(value, unit);
  const n = asNumber(value);
  return n === null || Number.isInteger(n) ? exact(value, unit) : (Math.abs(n) < 1 ? SMALL : FRACTION).format(n);
}

/** A number or null: numeric text (64-bit counts may come as text) is a number, everything else is not. */
export function asNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) return Number(value);
  return null;
}

/** A part of a whole: `12.3 %`; what is there is never said to be nothing, nor what is not all to be all. */
export function share(value: number, total: number): string {
  if (total === 0) return '–';
  const percent = (value / total) * 100;
  if (percent > 0 && percent < 0.05) return `< 0.1${THIN}%`;
  if (percent < 100 && percent >= 99.95) return `> 99.9${THIN}%`;
  return `${percent.toFixed(1)}${THIN}%`;
}

/** Change from `before` to `now` in percent; null when there was nothing before. */
export function change(now: number, before: number): number | null {
  return before === 0 ? null : ((now - before) / before) * 100;
}

function scaled(n: number, base: number, units: readonly string[], write: (n: number) => string): string {
  const magnitude = Math.abs(n);
  let power = 0;
  // No 1000 MiB beside 1.7 GiB; whole bytes are counted up to the first unit.
  while (power < units.length - 1 && rounded(magnitude / base ** power) >= (power === 0 ? base : 1000)) power++;
  const unit = units[power] ?? '';
  const number = power === 0 ? trimmed(n) : write(rounded(n / base ** power));
  return unit ? `${number}${THIN}${unit}` : number;
}

/** Three significant digits below 100, whole numbers above. */
function rounded(n: number): number {
  return Math.abs(n) >= 100 ? Math.round(n) : Math.round(n * 10) / 10;
}

function trimmed(n: number): string {
  return String(Number.isInteger(n) ? n : Math.round(n * 100) / 100);
}

/** Unit that the name of a column tells: `bytes_sum`, `percent_rejected`. */
export function unitOf(name: string): Unit {
  if (/(?:^|_)bytes(?:_|$)/i.test(name)) return 'bytes';
  return /(?:^|_)(?:percent|percentage|share)(?:_|$)/i.test(name) ? 'percent' : 'count';
}
