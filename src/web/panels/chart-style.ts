/** Axes, grids and tooltips alike in every chart. */
import { round, type Unit } from '../format/numbers.ts';
import { INK, type Scheme } from '../theme/palette.ts';

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

export function baseOption(scheme: Scheme) {
  const ink = INK[scheme];
  return {
    textStyle: { fontFamily: FONT, fontSize: 11, color: ink.dim },
    tooltip: {
      confine: true,
      transitionDuration: 0,
      backgroundColor: ink.panel,
      borderColor: ink.border,
      borderWidth: 1,
      padding: [6, 8],
      textStyle: { color: ink.text, fontSize: 12, fontFamily: FONT },
      extraCssText: 'box-shadow:0 4px 16px #0006;font-variant-numeric:tabular-nums;max-width:340px;white-space:normal',
    },
  };
}

/** An axis of measures from 0 to a little over `most`, with two to five round steps. */
export function valueAxis(scheme: Scheme, unit: Unit, most: number) {
  const ink = INK[scheme];
  const step = niceStep(most, unit);
  return {
    type: 'value',
    min: 0,
    max: Math.max(1, Math.ceil(most / step)) * step,
    interval: step,
    axisLabel: { color: ink.dim, fontSize: 11, formatter: (value: number) => round(value, unit), hideOverlap: true },
    splitLine: { lineStyle: { color: ink.line } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

/** A round step of which two to five reach `most`: 1, 2, 5 times a power of ten, of bytes a power of two, so that 512 MiB and 1 GiB are; counts by no less than one. */
export function niceStep(most: number, unit: Unit, steps = 4): number {
  const rough = Math.max(most, Number.MIN_VALUE) / steps;
  if (unit === 'bytes') return 2 ** Math.max(0, Math.ceil(Math.log2(rough)));
  const scale = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((s) => s * scale >= rough * 0.999_999) ?? 10;
  return unit === 'count' ? Math.max(1, digit * scale) : digit * scale;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A line of a tooltip: colour, name, value at the right. */
export function tipLine(color: string, name: string, value: string): string {
  const dot = `<span style="flex:none;width:8px;height:8px;border-radius:2px;background:${color}"></span>`;
  return `<div style="display:flex;gap:6px;align-items:center">${dot}<span style="flex:1;overflow-wrap:anywhere">${escapeHtml(name)}</span><b style="padding-left:12px;white-space:nowrap">${escapeHtml(value)}</b></div>`;
}

export function tipHead(text: string): string {
  return `<div style="opacity:.75;margin-bottom:2px">${escapeHtml(text)}</div>`;
}

/** Names and values in a paragraph below a line of a tooltip. */
export function tipDetails(details: readonly { readonly name: string; readonly text: string }[]): string {
  const parts = details.map(({ name, text }) => `<span style="opacity:.75">${escapeHtml(name)}</span>&nbsp;${escapeHtml(text)}`);
  return `<div style="margin:0 0 3px 14px;font-size:11px;line-height:1.35;overflow-wrap:anywhere">${parts.join(' · ')}</div>`;
}
