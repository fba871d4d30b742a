/**
 * Times in the zone of the viewer, always with the zone said somewhere near. Pure but for the formatters
 * that it keeps (making one takes longer than using it).
 */

/** The browser's zone, as an IANA name. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

const FORMATS = {
  time: { hour: '2-digit', minute: '2-digit' },
  seconds: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  day: { month: 'short', day: 'numeric' },
  date: { year: 'numeric', month: '2-digit', day: '2-digit' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(kind: keyof typeof FORMATS, zone: string): Intl.DateTimeFormat {
  const key = `${kind} ${zone}`;
  let made = formatters.get(key);
  if (!made) {
    // Swedish writes dates as ISO 8601 does; English gives the month's name.
    made = new Intl.DateTimeFormat(kind === 'day' ? 'en-GB' : 'sv-SE', { ...FORMATS[kind], hourCycle: 'h23', timeZone: zone });
    formatters.set(key, made);
  }
  return made;
}

/** `14:05` */
export function clock(ms: number, zone: string): string {
  return formatter('time', zone).format(ms);
}

/** `2026-11-20 14:05:09`; the number itself where no Date can hold it (a query can make such times). */
export function stamp(ms: number, zone: string): string {
  if (Number.isNaN(new Date(ms).getTime())) return String(ms);
  return `${formatter('date', zone).format(ms)} ${formatter('seconds', zone).format(ms)}`;
}

/** Whether a time of a window says all without its day: no other of the window is at the same hour. Of the window in seconds. */
export function goesWithoutDay(ms: number, { from, to }: { readonly from: number; readonly to: number }): boolean {
  return to - from <= 86_400 && ms <= to * 1000 && ms > (to - 86_400) * 1000;
}

/** `2026-11-20 14:05` */
export function minuteStamp(ms: number, zone: string): string {
  return `${formatter('date', zone).format(ms)} ${clock(ms, zone)}`;
}

/** `2026-11-20` */
export function dateOf(ms: number, zone: string): string {
  return formatter('date', zone).format(ms);
}

/** `20 Nov` */
export function dayOf(ms: number, zone: string): string {
  return formatter('day', zone).format(ms);
}

/** [from, to) in seconds → `20 Nov 13:05 – 14:05`, `19 Nov 13:05 – 20 Nov 14:05`. The year when it is not `now`'s. */
export function rangeText(from: number, to: number, zone: string, now = Date.now()): string {
  const [a, b] = [from * 1000, to * 1000];
  const year = dateOf(a, zone).slice(0, 4);
  const withYear = year === dateOf(now, zone).slice(0, 4) ? '' : ` ${year}`;
  const start = `${dayOf(a, zone)}${withYear} ${edge(a, zone)}`;
  return dateOf(a, zone) === dateOf(b, zone) ? `${start} – ${edge(b, zone)}` : `${start} – ${dayOf(b, zone)} ${edge(b, zone)}`;
}

/**
 * As short as a panel's head needs it: no seconds, and no day when it begins less than a day ago.
 * `22:58 – 23:58`, `17 Nov 10:00 – 11:00`
 */
export function shortRange(from: number, to: number, zone: string, now = Date.now()): string {
  const [a, b] = [from * 1000, to * 1000];
  if (now - a < 86_400_000 && b - now < 86_400_000) return `${clock(a, zone)} – ${clock(b, zone)}`;
  const day = dateOf(a, zone) === dateOf(b, zone) ? '' : `${dayOf(b, zone)} `;
  return `${dayOf(a, zone)} ${clock(a, zone)} – ${day}${clock(b, zone)}`;
}

function edge(ms: number, zone: string): string {
  return ms % 60_000 === 0 ? clock(ms, zone) : formatter('seconds', zone).format(ms);
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** 3600 → `1 hour`, 5400 → `90 minutes`, 90000 → `25 hours`: the largest unit that divides. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [name, size] = UNITS.find(([, s]) => whole >= s && whole % s === 0) ?? ['second', 1];
  const count = whole / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** How long ago, in one unit: `now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function ago(ms: number, now = Date.now()): string {
  const s = Math.round((now - ms) / 1000);
  if (s < 5) return 'now';
  if (s < 90) return `${s} s ago`;
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  if (s < 129_600) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86_400)} d ago`;
}

/** The zone's short name at an instant: `UTC`, `CET`, `GMT+2`. */
export function zoneName(zone: string, ms = Date.now()): string {
  const part = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' }).formatToParts(ms).find((p) => p.type === 'timeZoneName');
  return part?.value ?? zone;
}

/** Milliseconds that a zone is ahead of UTC at an instant. */
export function zoneOffset(ms: number, zone: string): number {
  return Date.parse(`${stamp(ms, zone).replace(' ', 'T')}Z`) - Math.floor(ms / 1000) * 1000;
}

/** A wall-clock time in a zone → epoch ms: guess as UTC, then correct by the zone's offset there, twice for hours around a change. */
export function fromWallClock(wall: number, zone: string): number {
  return wall - zoneOffset(wall - zoneOffset(wall, zone), zone);
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Start of the slice that is `by` slices after the one that begins at `start`. Days and parts of a day that begin where the
 * zone's clock has them follow that clock, as the language's `timeslice` does: a day may have 23 or 25 hours. `start` and
 * `width` in ms.
 */
export function sliceAfter(start: number, width: number, zone: string, by = 1): number {
  const wall = start + zoneOffset(start, zone);
  const follows = width % DAY === 0 || (width > HOUR && DAY % width === 0);
  if (!follows || wall % Math.min(width, DAY) !== 0) return start + by * width;
  return fromWallClock(wall + by * width, zone);
}
