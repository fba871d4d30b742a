/** Heat of a cell: one hue over the panel's ground, stronger with the value, and whichever ink is better read on it. Pure. */
import { INK, MEANING_COLORS, type Meaning, type Scheme } from './palette.ts';

type Rgb = readonly [red: number, green: number, blue: number];

export function toRgb(hex: string): Rgb {
  const n = Number.parseInt(hex.slice(1, 7), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

function toHex(rgb: Rgb): string {
  return `#${rgb.map((c) => Math.round(c).toString(16).padStart(2, '0')).join('')}`;
}

/** Relative luminance, 0 to 1: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
export function luminance(hex: string): number {
  const [r, g, b] = toRgb(hex).map((c) => linear(c)) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** A channel of sRGB, 0 to 255, as light, 0 to 1. */
export function linear(channel: number): number {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

/** Contrast of two colours, 1 to 21: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** `value` of at most `greatest`. The root lets small values be seen beside one that is very large. */
export function heatOf(value: number, greatest: number, meaning: Meaning, scheme: Scheme): { readonly background: string; readonly color: string } {
  const strength = value <= 0 || greatest <= 0 ? 0 : 0.08 + 0.77 * Math.sqrt(Math.min(1, value / greatest));
  const hue = toRgb(meaning === 'neutral' ? INK[scheme].accent : MEANING_COLORS[scheme][meaning]);
  const ground = toRgb(INK[scheme].panel);
  const background = toHex(hue.map((c, i) => c * strength + (ground[i] ?? 0) * (1 - strength)) as unknown as Rgb);
  return { background, color: contrast('#ffffff', background) > contrast('#000000', background) ? '#ffffff' : '#000000' };
}
