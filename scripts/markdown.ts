/** What the writers of reference pages share. */
import type { Field } from '../src/model/fields.ts';

export const MADE = '<!-- Written by scripts/docs.ts from the source: change it there. -->';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

export const code = (text: string): string => `\`${text}\``;

/** A block of preformatted text; a line end at its end is not part of it. */
export const block = (language: string, text: string): string => `\`\`\`${language}\n${text.replace(/\r?\n$/, '')}\n\`\`\``;

/** The type that ECS documents name for a form of value. */
export const ECS_TYPES: Readonly<Record<Field['type'], string>> = { address: 'ip', number: 'long', text: 'keyword', time: 'date' };
