/** A panel's data as files. */
import { csvHead, csvLine } from '../../query/row-text.ts';
import type { PanelResult } from './run-store.ts';

export function toCsv({ columns, rows }: Pick<PanelResult, 'columns' | 'rows'>): string {
  return [csvHead(columns), ...rows.map((row) => csvLine(columns, row))].map((line) => `${line}\r\n`).join('');
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
