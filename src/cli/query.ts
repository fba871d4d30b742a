/** `bartizan query`: one query in the pipe language, here or at a running server. */
import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { createAuth } from '../api/auth.ts';
import type { QueryResponse } from '../api/contract.ts';
import { createServer } from '../api/server.ts';
import { type CommonOptions, configOf, withCommon } from './options.ts';
import { CliError, EXIT, note, print } from './output.ts';
import { remoteFor } from './remote.ts';
import { serverDeps } from './serve.ts';
import { openWorkspace } from './workspace.ts';

const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];

interface Options extends CommonOptions {
  readonly from: string;
  readonly to: string;
  readonly format: Format;
  readonly explain?: boolean;
  readonly limit: string;
  readonly timeZone: string;
  readonly server?: string;
  readonly token?: string;
}

export function queryCommand(): Command {
  return withCommon(new Command('query'))
    .description('run a query in the pipe language')
    .argument('<text>', 'for example: action=REJECT | count by dest_port | sort by _count | limit 10')
    .option('--from <time>', 'ISO 8601, epoch s or ms, relative (-15m, -3d), or all', '-24h')
    .option('--to <time>', 'end, exclusive', 'now')
    .option('--format <name>', FORMATS.join(', '), 'table')
    .option('--limit <n>', 'most rows', '10000')
    .option('--time-zone <zone>', 'IANA zone of calendar timeslices', 'UTC')
    .option('--explain', 'show what the query compiles to, in place of running it')
    .option('--server <url>', 'a running server to ask')
    .option('--token <token>', 'token for --server')
    .action(run);
}

async function run(text: string, options: Options): Promise<void> {
  if (!FORMATS.includes(options.format)) throw new CliError(`unknown format ${options.format}: choose one of ${FORMATS.join(', ')}`, EXIT.wrongUse);
  const config = configOf(options);
  const request = {
    query: text,
    from: options.from,
    to: options.to,
    timeZone: options.timeZone,
    limit: Number(options.limit),
    explain: options.explain ?? false,
  };
  const remote = await remoteFor(config.data, options);
  if (remote) return show(await remote.query(request), options);
  const workspace = await openWorkspace({ ...config, logLevel: 'error' });
  try {
    // The same code path as over the wire, without the wire.
    const token = randomBytes(24).toString('base64url');
    const auth = createAuth({ secret: randomBytes(32), token, clock: Date.now });
    const app = await createServer(await serverDeps(workspace, auth, false));
    try {
      const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
        const response = await app.inject({ method, url, headers: { authorization: `Bearer ${token}`, host: '127.0.0.1' }, ...(payload ? { payload } : {}) });
        return { status: response.statusCode, body: response.json() as QueryResponse & ErrorBody };
      };
      const { status, body } = await call('POST', '/api/v1/query', request);
      if (status !== 200) throw failure(text, body, status);
      await show(body, options);
      if (body.rows?.length === 0)
        await tellExtent(async () => (await call('GET', '/api/v1/status')).body as unknown as { extent: { from: number; to: number } | null });
    } finally {
      await app.close();
    }
  } finally {
    await workspace.close();
  }
}

interface ErrorBody {
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly span?: { readonly start: number; readonly end: number };
  };
}

function failure(text: string, body: ErrorBody, status: number): CliError {
  const { code, message, hint, span } = body.error ?? { code: 'failed', message: `status ${status}` };
  const lines = [`${code}: ${message}`];
  if (span) lines.push(text.replaceAll('\n', ' '), `${' '.repeat(span.start)}${'^'.repeat(Math.max(1, span.end - span.start))}`);
  if (hint) lines.push(hint);
  return new CliError(lines.join('\n'), status === 400 ? EXIT.wrongUse : EXIT.failure);
}

async function tellExtent(status: () => Promise<{ extent: { from: number; to: number } | null }>): Promise<void> {
  const { extent } = await status();
  if (!extent) return note('Nothing is stored yet: bartizan ingest PATH…');
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  note(`No rows in this time range. Data exists from ${iso(extent.from)} to ${iso(extent.to)}: --from all reads it all.`);
}

async function show(answer: QueryResponse, options: Options): Promise<void> {
  if (options.explain) {
    const { explain } = answer as unknown as { explain: { sql: string } & Record<string, unknown> };
    if (options.format === 'json') return print(JSON.stringify(explain));
    for (const [name, value] of Object.entries(explain)) await print(`${name}:\n${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}\n`);
    return;
  }
  for (const warning of answer.warnings) note(`warning: ${warning.message}`);
  const { columns, rows } = answer;
  switch (options.format) {
    case 'json':
      return print(JSON.stringify({ columns: columns.map((c) => ({ name: c.name, type: c.kind })), rows, stats: answer.stats }));
    case 'ndjson':
      for (const row of rows) await print(JSON.stringify(Object.fromEntries(columns.map((c, i) => [c.name, row[i]]))));
      return;
    case 'csv':
      await print(columns.map((c) => csv(c.name)).join(','));
      for (const row of rows) await print(row.map(csv).join(','));
      return;
    case 'table':
      return printTable(answer);
  }
}

/** RFC 4180; a text that a spreadsheet would take for a formula is kept from being one. */
function csv(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
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
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).replaceAll('\n', ' ');
}
