/** `bartizan lookup list | add | show | remove`: tables of people, here or at a running server. */
import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { Command } from 'commander';
import type { LookupList, LookupShown, LookupTable } from '../api/contract/lookups.ts';
import { Problem } from '../api/errors.ts';
import { listLookups, putLookup, removeLookup, showLookup } from '../api/lookups.ts';
import { type CommonOptions, configOf, withCommon } from './options.ts';
import { bytes, CliError, count, EXIT, print, visible } from './output.ts';
import { problem } from './problem.ts';
import { type Remote, remoteFor } from './remote.ts';
import { openWorkspace } from './workspace.ts';

interface Options extends CommonOptions {
  readonly server?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** What the commands ask of the tables, wherever they are. */
interface Tables {
  list(): Promise<LookupList>;
  show(name: string): Promise<LookupShown>;
  add(name: string, content: Uint8Array, type: string): Promise<LookupTable>;
  remove(name: string): Promise<void>;
}

export function lookupCommand(): Command {
  const command = new Command('lookup').description('lookup tables that queries read by name');
  const sub = (name: string) =>
    withCommon(new Command(name))
      .option('--server <url>', 'a running server to ask')
      .option('--token <token>', 'token for --server')
      .option('--json', 'print as JSON');
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

async function withTables<T>(options: Options, work: (tables: Tables) => Promise<T>): Promise<T> {
  const config = configOf(options);
  const remote = await remoteFor(config.data, options);
  if (remote) return work(remoteTables(remote));
  const workspace = await openWorkspace({ ...config, logLevel: 'error' });
  const { lookups } = workspace;
  const tables: Tables = {
    list: () => listLookups(lookups),
    show: (name) => showLookup(lookups, name),
    add: (name, content, type) => putLookup(lookups, name, once(content), type),
    remove: (name) => removeLookup(lookups, name),
  };
  try {
    return await work(tables);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw problem({ code: error.code, message: error.message, ...(error.hint ? { hint: error.hint } : {}) }, 400);
  } finally {
    await workspace.close();
  }
}

function remoteTables(remote: Remote): Tables {
  const path = (name: string): string => `/api/v1/lookups/${encodeURIComponent(name)}`;
  return {
    list: () => remote.request('GET', '/api/v1/lookups'),
    show: (name) => remote.request('GET', path(name)),
    add: (name, content, type) => remote.request('PUT', path(name), new Blob([content.slice()], { type })),
    remove: (name) => remote.request('DELETE', path(name)),
  };
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function list(options: Options): Promise<void> {
  const found = await withTables(options, (tables) => tables.list());
  if (options.json) return print(JSON.stringify(found));
  if (found.lookups.length === 0) return print('There are no lookup tables: bartizan lookup add FILE --name NAME');
  for (const table of found.lookups) await print(line(table));
}

function line({ name, columns, rows, bytes: size }: LookupTable): string {
  return `${visible(name)}  ${count(rows)} rows, ${bytes(size)}: ${columns.map(visible).join(', ')}`;
}

async function add(file: string, options: Options & { readonly name?: string }): Promise<void> {
  const name = options.name ?? (file === '-' ? undefined : basename(file, extname(file)));
  if (!name) throw new CliError('--name is needed for standard input', EXIT.wrongUse);
  const content = await read(file);
  const made = await withTables(options, (tables) => tables.add(name, content, TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream'));
  await print(options.json ? JSON.stringify(made) : line(made));
}

const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.tsv': 'text/csv',
  '.json': 'application/json',
  '.ndjson': 'application/json',
  '.jsonl': 'application/json',
};

async function read(file: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of file === '-' ? process.stdin : createReadStream(file)) parts.push(part as Uint8Array);
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, EXIT.wrongUse);
  }
  return Buffer.concat(parts);
}

async function show(name: string, options: Options): Promise<void> {
  const table = await withTables(options, (tables) => tables.show(name));
  if (options.json) return print(JSON.stringify(table));
  await print(`${line(table)}\n`);
  for (const row of [table.columns, ...table.head]) await print(row.map(visible).join('\t'));
  if (table.rows > table.head.length) await print(`… ${count(table.rows - table.head.length)} more rows`);
}

async function remove(name: string, options: Options): Promise<void> {
  await withTables(options, (tables) => tables.remove(name));
  await print(options.json ? JSON.stringify({ removed: name }) : `removed ${visible(name)}`);
}
