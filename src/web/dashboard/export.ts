/** A panel's data as files. CSV per RFC 4180; a text that a spreadsheet would run as a formula is kept text. */
import type { PanelResult } from './run-store.ts';

export function toCsv(result: Pick<PanelResult, 'columns' | 'rows'>): string {
  const head = result.columns.map((c) => c.name);
  const times = result.columns.map((c) => c.kind === 'time');
  const rows = result.rows.map((row) => row.map((v, i) => (times[i] && typeof v === 'number' ? new Date(v).toISOString() : v)));
  return [head, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One object a row. */
export function toJson(result: Pick<PanelResult, 'columns' | 'rows'>): string {
  const rows = result.rows.map((row) => Object.fromEntries(result.columns.map((c, i) => [c.name, row[i] ?? null])));
  return `${JSON.stringify(rows, null, 2)}\n`;
}

export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  saveUrl(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function saveUrl(name: string, url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

/** `Top 10 TCP Destination Ports` → `top-10-tcp-destination-ports` */
export function fileName(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
