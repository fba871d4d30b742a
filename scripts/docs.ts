/**
 * Writes the reference pages in docs/ that are derived from the tables of truth: fields, settings,
 * reasons for quarantine, operators, functions, diagnostics. `node scripts/docs.ts` writes them; a test
 * fails when one is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { ConfigSchema } from '../src/config.ts';
import { RECORD_ERRORS } from '../src/model/batch.ts';
import { ADDED_FIELDS, AWS_FIELDS, DERIVED_FIELDS, type Field, namesOf } from '../src/model/fields.ts';
import { reference } from '../src/query/index.ts';

const MADE = '<!-- Written by scripts/docs.ts from the source: change it there. -->';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

const code = (text: string): string => `\`${text}\``;

function fieldRows(fields: readonly Field[]): string[][] {
  return fields.map((f) => {
    const [first = '', ...others] = namesOf(f);
    return [code(first), others.map(code).join(' '), f.since ? String(f.since) : '', f.type, f.derived && !f.aws ? 'computed' : code(f.columnType), f.doc];
  });
}

const FIELD_HEAD = ['Name', 'Also answers to', 'Since', 'Form', 'Stored as', 'Meaning'];

const PAGES: Readonly<Record<string, () => string>> = {
  'fields.md': () => `# Fields

${MADE}

Every field answers to each of its names, in any letter case. A name with spaces is written \`%"Interface ID"\`. “Since” is
the version of the flow log format that brought the field.

## Of the record

${table(FIELD_HEAD, fieldRows(AWS_FIELDS))}

## Added by Bartizan

${table(FIELD_HEAD, fieldRows(ADDED_FIELDS))}

## Computed when read

${table(FIELD_HEAD, fieldRows(DERIVED_FIELDS))}
`,
  'configuration.md': () => `# Configuration

${MADE}

Settings come from a YAML file (\`--config FILE\`), then the environment, then the command line; the later wins. In the
environment a setting is \`BARTIZAN_\` and its name in capitals: \`BARTIZAN_RETENTION_DAYS=30\`. Lists are separated by commas there.

${table(
  ['Setting', 'Environment', 'Default', 'Meaning'],
  Object.entries(ConfigSchema.shape).map(([name, schema]) => {
    const fallback = name === 'workers' ? 'number of cores' : JSON.stringify((schema as z.ZodType).parse(undefined));
    return [code(name), code(`BARTIZAN_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`), code(fallback), (schema as z.ZodType).description ?? ''];
  }),
)}
`,
  'quarantine.md': () => `# Quarantine

${MADE}

A record that cannot be read is kept with its bytes (up to 64 KiB), the byte offset in the decompressed file, the layout
that was tried and where it came from. It never stops a file and it is counted in every summary.

\`\`\`sh
bartizan quarantine list                 # by reason, and the newest
bartizan quarantine show ID              # one record, whole
bartizan quarantine retry                # read all again with today's code
bartizan quarantine retry ID --layout 'dstaddr srcaddr action start end'
\`\`\`

A retry stores what can be read now, once, and marks the record resolved; it is never deleted.

${table(
  ['Reason', 'Meaning'],
  Object.entries(RECORD_ERRORS).map(([name, text]) => [code(name), text]),
)}
`,
  'query-language.md': () => reference().replace(/^(# .*\n)/, `$1\n${MADE}\n`),
};

/** Page name → text. */
export function pages(): Map<string, string> {
  return new Map(Object.entries(PAGES).map(([name, write]) => [name, write()]));
}

if (import.meta.main) {
  for (const [name, text] of pages()) {
    const file = new URL(`../docs/${name}`, import.meta.url);
    let before = '';
    try {
      before = readFileSync(file, 'utf8');
    } catch {
      // A new page.
    }
    if (before !== text) {
      writeFileSync(file, text);
      console.log(`docs/${name}`);
    }
  }
}
