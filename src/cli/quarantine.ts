/** `bartizan quarantine list | show | retry`: records that could not be read. */
import { Command } from 'commander';
import type { Quarantine, QuarantineEntry } from '../ingest/quarantine.ts';
import { RECORD_ERRORS, type RecordErrorCode } from '../model/batch.ts';
import { checkLayout } from './ingest.ts';
import { type CommonOptions, configOf, withCommon } from './options.ts';
import { CliError, count, EXIT, note, print, visible } from './output.ts';
import { remoteFor } from './remote.ts';

interface ListOptions extends CommonOptions {
  readonly code?: string;
  readonly limit: string;
  readonly resolved?: boolean;
  readonly json?: boolean;
}

export function quarantineCommand(): Command {
  const command = new Command('quarantine').description('records that could not be read, by reason and origin');
  command.addCommand(
    withCommon(new Command('list'))
      .description('counts by reason, and the newest records')
      .option('--code <code>', `only one reason: ${Object.keys(RECORD_ERRORS).join(', ')}`)
      .option('--limit <n>', 'records to show', '20')
      .option('--resolved', 'records that a retry has stored since')
      .option('--json', 'print as JSON')
      .action(list),
  );
  command.addCommand(
    withCommon(new Command('show')).description('one record with everything that is known of it').argument('<id>', 'id from list').action(show),
  );
  command.addCommand(
    withCommon(new Command('retry'))
      .description('read records again with today’s code; what can be read is stored')
      .argument('[id...]', 'ids from list; all when none is given')
      .option('--layout <names>', 'read with this layout in place of the one that was tried')
      .option('--json', 'print as JSON')
      .action(retry),
  );
  return command;
}

async function withQuarantine<T>(options: CommonOptions, work: (quarantine: Quarantine) => Promise<T>): Promise<T> {
  const config = configOf(options);
  const { openWorkspace } = await import('./workspace.ts');
  const workspace = await openWorkspace(config);
  try {
    return await work(workspace.quarantine);
  } finally {
    await workspace.close();
  }
}

async function list(options: ListOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new CliError('--limit takes a whole number from 1 to 1000', EXIT.wrongUse);
  if (options.code !== undefined && !(options.code in RECORD_ERRORS))
    throw new CliError(`There is no reason “${options.code}”: choose one of ${Object.keys(RECORD_ERRORS).join(', ')}`, EXIT.wrongUse);
  const remote = await remoteFor(configOf(options).data, {});
  const filter = { limit, resolved: options.resolved ?? false, ...(options.code === undefined ? {} : { code: options.code }) };
  const found = remote
    ? await remote.quarantine(Object.fromEntries(Object.entries(filter).map(([k, v]) => [k, String(v)])))
    : await withQuarantine(options, (quarantine) => quarantine.list(filter));
  if (options.json) return print(JSON.stringify(found));
  if (found.total === 0) return print(options.resolved ? 'No record was stored by a retry.' : 'Nothing is in quarantine.');
  await print(`${count(found.total)} records${options.resolved ? ' resolved' : ' in quarantine'}`);
  for (const { code, count: n } of found.byCode) await print(`${count(n).padStart(12)}  ${code.padEnd(20)} ${RECORD_ERRORS[code as RecordErrorCode] ?? ''}`);
  await print('');
  for (const record of found.records)
    await print(`${record.id}  ${record.code}  ${record.sourceName} @${record.offset}\n    ${record.message}\n    ${shorten(record.raw)}`);
}

async function show(id: string, options: CommonOptions): Promise<void> {
  const remote = await remoteFor(configOf(options).data, {});
  const record: QuarantineEntry | undefined = remote ? await remote.quarantined(id) : await withQuarantine(options, (quarantine) => quarantine.get(id));
  if (!record) throw new CliError(`No record “${id}” is in quarantine: bartizan quarantine list shows them.`);
  const lines = [
    ['id', record.id],
    ['reason', `${record.code}: ${RECORD_ERRORS[record.code as RecordErrorCode] ?? ''}`],
    ['message', record.message],
    ['source', `${record.sourceName} at byte ${record.offset}, ${record.length} bytes`],
    ['category', record.sourceCategory],
    ['layout', record.layout],
    ['read at', new Date(record.time).toISOString()],
    ['state', record.resolved ? 'resolved' : 'unresolved'],
  ];
  await print(lines.map(([name, value]) => `${`${name}:`.padEnd(10)} ${value}`).join('\n'));
  await print(`\n${process.stdout.isTTY ? visible(record.raw) : record.raw}`);
}

async function retry(ids: string[], options: CommonOptions & { readonly json?: boolean; readonly layout?: string }): Promise<void> {
  checkLayout(options.layout);
  const named = ids.length ? ids : undefined;
  const remote = await remoteFor(configOf(options).data, {});
  if (remote && options.layout !== undefined) throw new CliError('--layout works while no server holds the data directory: stop it first.', EXIT.wrongUse);
  const result = remote ? await remote.retry(named) : await withQuarantine(options, (quarantine) => quarantine.retry(named, options.layout));
  if (named && result.retried < new Set(named).size)
    note(`${count(new Set(named).size - result.retried)} of the ids named are not in quarantine, or were stored by an earlier retry.`);
  if (options.json) return print(JSON.stringify(result));
  await print(
    `${count(result.retried)} read again: ${count(result.resolved)} stored, ${result.filtered > 0 ? `${count(result.filtered)} left out by their source, ` : ''}${count(result.quarantined)} still unreadable`,
  );
}

function shorten(raw: string): string {
  const text = visible(raw);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}
