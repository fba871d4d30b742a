/** `bartizan query`: one query in the pipe language, here or at a running server. */
import { Command } from 'commander';
import type { QueryResponse, StatusResponse } from '../api/contract.ts';
import { csvHead, csvLine, jsonLine, ROW_FORMATS, type RowFormat } from '../query/row-text.ts';
import { printAll } from './export.ts';
import { configOf, type ServerOptions, withServer } from './options.ts';
import { CliError, count, EXIT, note, print, visible } from './output.ts';
import { type Remote, remoteFor } from './remote.ts';

const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];

interface Options extends ServerOptions {
  readonly from: string;
  readonly to: string;
  readonly format: Format;
  readonly explain?: boolean;
  readonly limit: string;
  readonly timeZone: string;
}

export function queryCommand(): Command {
  return withServer(new Command('query'))
    .description('run a query in the pipe language')
    .argument('<text>', 'for example: action=REJECT | count by dest_port | sort by _count | limit 10')
    .option('--from <time>', 'ISO 8601, epoch s or ms, relative (-15m, -3d), or all', '-24h')
    .option('--to <time>', 'end, exclusive', 'now')
    .option('--format <name>', FORMATS.join(', '), 'table')
    .option('--limit <n>', 'most rows; 0 for all, with --format csv or ndjson', '10000')
    .option('--time-zone <zone>', 'IANA zone of calendar timeslices', 'UTC')
    .option('--explain', 'show what the query compiles to, in place of running it')
    .action(run);
}

async function run(text: string, options: Options): Promise<void> {
  if (!FORMATS.includes(options.format)) throw new CliError(`There is no format “${options.format}”: choose one of ${FORMATS.join(', ')}`, EXIT.wrongUse);
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 0 || limit > 100_000)
    throw new CliError(`--limit takes a whole number from 0 (all) to 100000, not “${options.limit}”`, EXIT.wrongUse);
  const { format } = options;
  if (limit === 0 && (options.explain || !isRowFormat(format))) throw new CliError('--limit 0 goes with --format csv or ndjson', EXIT.wrongUse);
  const config = configOf(options);
  const request = {
    query: text,
    from: options.from,
    to: options.to,
    timeZone: options.timeZone,
    limit,
    explain: options.explain ?? false,
    save: true,
  };
  const { limit: _, explain: __, save: ___, ...asked } = request;
  const all = limit === 0 && isRowFormat(format) ? { ...asked, format, lineEnd: 'lf' as const } : undefined;
  const remote = await remoteFor(config.data, options);
  if (remote) return all ? printAll(await remote.export(all), remote) : answer(remote, request, options);
  const { exportHere, withOwnApi } = await import('./own-api.ts');
  await withOwnApi(config, (api, deps) => {
    const status = () => api<StatusResponse>('GET', '/api/v1/status');
    if (all) return printAll(exportHere(deps, all), { status });
    return answer({ query: (body) => api('POST', '/api/v1/query', body, text), status }, request, options);
  });
}

async function answer(server: Pick<Remote, 'query' | 'status'>, request: Parameters<Remote['query']>[0], options: Options): Promise<void> {
  const found = await server.query(request);
  await show(found, options);
  if (!options.explain) await tellExtent(found, server);
}

/** Where nothing can have been found, says from when to when there is something. */
async function tellExtent({ rows, window }: QueryResponse, server: Pick<Remote, 'status'>): Promise<void> {
  const silent = rows.every((row) => row.every((value) => value === 0 || value === null));
  if (!silent) return;
  const { extent } = await server.status();
  if (!extent) return note('Nothing is stored yet: bartizan ingest PATH…');
  if ((window.from ?? extent.from) < extent.to && window.to > extent.from) return;
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  note(`No data in this time range. Data exists from ${iso(extent.from)} to ${iso(extent.to)}: --from all reads it all.`);
}

function isRowFormat(format: Format): format is RowFormat {
  return (ROW_FORMATS as readonly string[]).includes(format);
}

async function show(answer: QueryResponse, options: Options): Promise<void> {
  if (options.explain) {
    const { explain } = answer as unknown as { explain: { sql: string } & Record<string, unknown> };
    if (options.format === 'json') return print(JSON.stringify(explain));
    for (const [name, value] of Object.entries(explain)) await print(`${name}:\n${explained(name, value)}\n`);
    return;
  }
  for (const warning of answer.warnings) note(`warning: ${warning.message}`);
  if (answer.saved) note(`saved: ${answer.saved.name} has ${count(answer.saved.rows)} rows`);
  const { columns, rows } = answer;
  switch (options.format) {
    case 'json':
      return print(JSON.stringify({ columns: columns.map((c) => ({ name: c.name, type: c.kind })), rows, stats: answer.stats }));
    case 'ndjson':
      for (const row of rows) await print(jsonLine(columns, row));
      return;
    case 'csv':
      await print(csvHead(columns));
      for (const row of rows) await print(csvLine(columns, row));
      return;
    case 'table':
      return printTable(answer);
  }
}

/** Plan and indexes as lines that people read; the rest as it is. */
function explained(name: string, value: unknown): string {
  if (name === 'plan') return (value as string[]).map((line) => `  ${line}`).join('\n');
  if (name === 'indexes') {
    const uses = value as { table: string; index: string; keys: string[]; granules: number; of: number }[];
    return uses.map((u) => `  ${u.table} ${u.index}${u.keys.length ? ` (${u.keys.join(', ')})` : ''}: reads ${u.granules} of ${u.of} granules`).join('\n');
  }
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
}

async function printTable({ columns, rows }: QueryResponse): Promise<void> {
  const cells = rows.map((row) => row.map((value, i) => cell(value, columns[i]?.kind)));
  const widths = columns.map((c, i) => Math.min(100, Math.max(c.name.length, ...cells.map((row) => row[i]?.length ?? 0))));
  const line = (row: readonly string[]) =>
    row
      .map((text, i) => (columns[i]?.kind === 'number' ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  await print(line(columns.map((c) => c.name)));
  await print(widths.map((w) => '-'.repeat(w)).join('  '));
  for (const row of cells) await print(line(row));
}

function cell(value: unknown, kind: string | undefined): string {
  if (value === null || value === undefined) return '';
  if (kind === 'time' && typeof value === 'number') return new Date(value).toISOString();
  return visible(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
