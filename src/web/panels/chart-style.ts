/** Axes, grids and tooltips alike in every chart. */
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

export function valueAxis(scheme: Scheme, format: (value: number) => string) {
  const ink = INK[scheme];
  return {
    type: 'value',
    splitNumber: 3,
    axisLabel: { color: ink.dim, fontSize: 11, formatter: format },
    splitLine: { lineStyle: { color: ink.line } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
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
