/** `bartizan lookup list | add | show | remove`: tables of people, here or at a running server. */

import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { Command } from 'commander';
import type { LookupList, LookupShown, LookupTable } from '../api/contract/lookups.ts';
import { whyOfFile } from '../model/wording.ts';
import { withApi } from './api.ts';
import { type AnswerOptions, withAnswer } from './options.ts';
import { bytes, CliError, count, EXIT, print, unreadable, visible } from './output.ts';

const PATH = '/api/v1/lookups';

export function lookupCommand(): Command {
  const command = new Command('lookup').description('lookup tables that queries read by name');
  const sub = (name: string) => withAnswer(new Command(name));
  command.addCommand(sub('list').description('the tables with their sizes').action(list));
  command.addCommand(
    sub('add')
      .description('make or replace a table from a CSV or JSON file; a wrong file changes nothing')
      .argument('<file>', 'CSV with a header line, a JSON array of objects, or one object a line; - for standard input')
      .option('--name <name>', 'name or path of the table; the file’s name without its ending when absent')
      .action(add),
  );
  command.addCommand(sub('show').description('its columns and first rows').argument('<name>', 'name or path of the table').action(show));
  command.addCommand(sub('remove').description('remove a table').argument('<name>', 'name or path of the table').action(remove));
  return command;
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

async function list(options: AnswerOptions): Promise<void> {
  const found = await withApi(options, (api) => api<LookupList>('GET', PATH));
  if (options.json) return print(JSON.stringify(found));
  if (found.lookups.length === 0) return print('There are no lookup tables: bartizan lookup add FILE --name NAME');
  for (const table of found.lookups) await print(line(table));
}

function line({ name, columns, rows, bytes: size }: LookupTable): string {
  return `${visible(name)}  ${count(rows)} rows, ${bytes(size)}: ${columns.map(visible).join(', ')}`;
}

async function add(file: string, options: AnswerOptions & { readonly name?: string }): Promise<void> {
  const name = options.name ?? (file === '-' ? undefined : basename(file, extname(file)));
  if (!name) throw new CliError('--name is needed for standard input', EXIT.wrongUse);
  const content = await read(file);
  const sent = new Blob([content], { type: TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream' });
  const made = await withApi(options, (api) => api<LookupTable>('PUT', pathOf(name), sent));
  await print(options.json ? JSON.stringify(made) : line(made));
}

const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.tsv': 'text/csv',
  '.json': 'application/json',
  '.ndjson': 'application/json',
  '.jsonl': 'application/json',
};

async function read(file: string): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of file === '-' ? process.stdin : createReadStream(file)) parts.push(part as Uint8Array);
  } catch (error) {
    throw unreadable(file, whyOfFile(error));
  }
  return Buffer.concat(parts);
}

async function show(name: string, options: AnswerOptions): Promise<void> {
  const table = await withApi(options, (api) => api<LookupShown>('GET', pathOf(name)));
  if (options.json) return print(JSON.stringify(table));
  await print(`${line(table)}\n`);
  for (const row of [table.columns, ...table.head]) await print(row.map(visible).join('\t'));
  if (table.rows > table.head.length) await print(`… ${count(table.rows - table.head.length)} more rows`);
}

async function remove(name: string, options: AnswerOptions): Promise<void> {
  await withApi(options, (api) => api('DELETE', pathOf(name)));
  await print(options.json ? JSON.stringify({ removed: name }) : `removed ${visible(name)}`);
}
