/** `bartizan ingest`: files, folders, globs or standard input into the store. */
import { Command } from 'commander';
import { PathError } from '../collect/files.ts';
import { formatsOf, LayoutError, parseLayout } from '../formats/flow/layout.ts';
import type { IngestOptions, IngestProgress, IngestSummary } from '../ingest/ingest.ts';
import { RECORD_FORMATS, type RecordFormat } from '../model/source.ts';
import { onInterrupt } from './interrupt.ts';
import { configOf, type ServerOptions, withAwsRanges, withServer } from './options.ts';
import { CliError, count, EXIT, note, print } from './output.ts';
import { progressBar } from './progress.ts';
import { remoteFor } from './remote.ts';

interface Options extends ServerOptions {
  readonly format: string;
  readonly layout?: string;
  readonly sourceCategory?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly again?: boolean;
  readonly id?: string;
}

export function ingestCommand(): Command {
  return withAwsRanges(withServer(new Command('ingest')))
    .description('read files, folders (recursive), globs or - (standard input) into the store')
    .argument('<path...>', 'what to read; gzip, zstd and plain are told by content')
    .option('--format <name>', FORMAT_DOC, 'auto')
    .option('--layout <names>', 'field names in order, or a preset (v2, v5, v5-alphabetical, …), for files without a header line')
    .option('--source-category <name>', 'source category of the records')
    .option('--strict', 'end with code 3 when a record was quarantined')
    .option('--again', 're-read what the ledger knows as done')
    .option('--id <name>', 'names standard input, so that the same stream is stored once')
    .option('--json', 'print the summary as JSON')
    .action(run);
}

async function run(paths: string[], options: Options): Promise<void> {
  const config = configOf(options);
  const format = formatNamed(options.format);
  checkLayout(options.layout, format);
  const abort = new AbortController();
  const release = onInterrupt(['SIGINT'], () => {
    note('\nStopping: the open batch is being stored. Ctrl-C again leaves at once; the next start repairs.');
    abort.abort();
  });
  const bar = progressBar();
  const ask: IngestOptions = {
    format,
    ...(options.layout === undefined ? {} : { layout: options.layout }),
    ...(options.sourceCategory === undefined ? {} : { sourceCategory: options.sourceCategory }),
    ...(options.again === undefined ? {} : { again: options.again }),
    ...(options.id === undefined ? {} : { id: options.id }),
    signal: abort.signal,
    onProgress: (progress: IngestProgress) => bar.update(progress),
  };
  try {
    const remote = await remoteFor(config.data, options);
    let summary: IngestSummary;
    if (remote) {
      if (options.awsRanges !== undefined) note('--aws-ranges is left out: the server that has the data directory enriches by its own settings.');
      summary = await remote.ingest(paths, ask);
    } else {
      const { openWorkspace } = await import('./workspace.ts');
      const workspace = await openWorkspace(config);
      try {
        for (const warning of workspace.databases.warnings) note(`warning: ${warning}`);
        summary = await workspace.pipeline.ingest(paths, ask);
      } finally {
        await workspace.close();
      }
    }
    bar.stop();
    await report(summary, options);
    if (summary.interrupted) {
      throw stopped();
    } else if (summary.failures.length) process.exitCode = EXIT.failure;
    else if (options.strict && summary.quarantined > 0) process.exitCode = EXIT.quarantined;
  } catch (error) {
    bar.stop();
    if (error instanceof PathError) throw new CliError(error.message, EXIT.wrongUse);
    // A server that was asked to stop stores what it has decoded, and has nobody to tell its summary.
    if (abort.signal.aborted && !(error instanceof CliError)) throw stopped();
    throw error;
  } finally {
    release();
  }
}

function stopped(): CliError {
  return new CliError(`Stopped. To go on: bartizan ${process.argv.slice(2).map(quote).join(' ')}`);
}

/** For `--format`. */
export const FORMAT_DOC = `one of ${RECORD_FORMATS.join(', ')}`;

export function formatNamed(name: string): RecordFormat {
  const found = RECORD_FORMATS.find((known) => known === name);
  if (!found) throw new CliError(`There is no format “${name}”: choose ${FORMAT_DOC}`, EXIT.wrongUse);
  return found;
}

/** A wrong layout is told before anything is opened. */
export function checkLayout(layout: string | undefined, format: RecordFormat = 'auto'): void {
  if (layout === undefined || layout === 'auto') return;
  try {
    parseLayout(layout, formatsOf(format));
  } catch (error) {
    if (error instanceof LayoutError) throw new CliError(`${error.message}${error.hint ? ` ${error.hint}` : ''}`, EXIT.wrongUse);
    throw error;
  }
}

async function report(summary: IngestSummary, options: Options): Promise<void> {
  for (const failure of summary.failures) note(`could not read ${failure.path}: ${failure.message}`);
  for (const text of summary.notes) note(`note: ${text}`);
  if (options.json) {
    const { files, bytes, records, stored, nodata, skipdata, duplicates, filtered, quarantined, seconds, formats } = summary;
    await print(JSON.stringify({ files, bytes, records, stored, nodata, skipdata, duplicates, filtered, quarantined, seconds, formats }));
    return;
  }
  await print(describeSummary(summary));
  if (summary.quarantined > 0) note('See what could not be read: bartizan quarantine list');
}

/** A summary in words, one count a line. */
export function describeSummary(summary: IngestSummary): string {
  const rate = summary.seconds > 0 ? ` (${count(Math.round(summary.records / summary.seconds))}/s)` : '';
  const parts = [
    ['stored', summary.stored],
    ['no data', summary.nodata],
    ['skipped by AWS', summary.skipdata],
    ['already stored', summary.duplicates],
    ['filtered', summary.filtered],
    ['quarantined', summary.quarantined],
  ] as const;
  const counts = parts.filter(([, n]) => n > 0).map(([name, n]) => `  ${count(n)} ${name}`);
  return [`${count(summary.files)} files, ${count(summary.records)} records in ${summary.seconds.toFixed(1)} s${rate}`, ...counts].join('\n');
}

function quote(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
