/**
 * Colours that mean something, the same everywhere. They are told apart by hue and by lightness, with
 * normal sight and without red or green (tested in test/web/palette.test.ts). A canvas can't
 * read CSS variables, so the charts take their colours from here and app.css repeats the frame's.
 */
import type { MEANINGS } from '../../dashboards/schema.ts';

export type Meaning = (typeof MEANINGS)[number];
export type Scheme = 'dark' | 'light';

export const MEANING_COLORS: Readonly<Record<Scheme, Readonly<Record<Meaning, string>>>> = {
  dark: {
    accept: '#4fdccb',
    reject: '#f58a1f',
    threat: '#d9569f',
    inbound: '#4db5fb',
    outbound: '#8a72fb',
    internal: '#efd560',
    neutral: '#93a7bb',
  },
  light: {
    accept: '#008575',
    reject: '#a54200',
    threat: '#8a0b57',
    inbound: '#2269e9',
    outbound: '#5a1ca4',
    internal: '#968f1e',
    neutral: '#566b80',
  },
};

/** Values of records that carry a meaning, in lower case. */
const MEANING_OF_VALUE: Readonly<Record<string, Meaning>> = {
  accept: 'accept',
  accepted: 'accept',
  reject: 'reject',
  rejected: 'reject',
  inbound: 'inbound',
  outbound: 'outbound',
  internal: 'internal',
  external: 'neutral',
  threat: 'threat',
  // The results of calls are told apart as those of connections are.
  success: 'accept',
  failure: 'reject',
};

/** The meaning that a value carries wherever it stands, if any. */
export function meaningOf(value: string): Meaning | undefined {
  return MEANING_OF_VALUE[value.toLowerCase()];
}

/** Of values without a meaning: none is near what accepted, refused or a threat is drawn in. */
export const CATEGORIES: Readonly<Record<Scheme, readonly string[]>> = {
  dark: ['#5a97d8', '#e3ab4a', '#de7c99', '#a38dea', '#7ea23c', '#5fc3dd', '#cb8ad0', '#bfae68', '#968496', '#79c77d', '#d0a2a2', '#6fb0b0'],
  light: ['#1f6fb8', '#a86e00', '#b23e63', '#6749c0', '#3c6000', '#0f7f9c', '#923e99', '#7a6a14', '#304278', '#2d8236', '#8a5252', '#2f7272'],
};

/** Of what is neither: the rest, older lines, axes. */
export const INK: Readonly<
  Record<Scheme, { text: string; dim: string; line: string; panel: string; land: string; border: string; other: string; accent: string }>
> = {
  dark: { text: '#d8e0e8', dim: '#8d9aa8', line: '#262e38', panel: '#151a21', land: '#232b35', border: '#323c48', other: '#5b6876', accent: '#58bfe3' },
  light: { text: '#1a2430', dim: '#586575', line: '#e3e8ed', panel: '#ffffff', land: '#e6ebf0', border: '#c9d2db', other: '#9aa7b4', accent: '#0b6f91' },
};

/** Severity-like ramp of one hue for heat in cells and steps: alpha over the meaning's colour. */
export function withAlpha(hex: string, alpha: number): string {
  return (
    hex +
    Math.round(Math.min(1, Math.max(0, alpha)) * 255)
      .toString(16)
      .padStart(2, '0')
  );
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * A colour for each value: the meaning's where a value has one, otherwise picked by the value's hash, so
 * that a port keeps its colour across panels. Two values of one panel that fall on one colour: the later
 * takes the next free one. As many values as colours are distinct.
 */
export function colorsOf(values: readonly string[], scheme: Scheme): Map<string, string> {
  const palette = CATEGORIES[scheme];
  const taken = new Set<number>();
  const colors = new Map<string, string>();
  for (const value of values) {
    if (colors.has(value)) continue;
    const meaning = meaningOf(value);
    if (meaning) {
      colors.set(value, MEANING_COLORS[scheme][meaning]);
      continue;
    }
    let at = hash(value) % palette.length;
    for (let tries = 0; taken.has(at) && tries < palette.length; tries++) at = (at + 1) % palette.length;
    taken.add(at);
    colors.set(value, palette[at] ?? INK[scheme].other);
  }
  return colors;
}
