/** `bartizan normalize`: records in, one ECS document a line out; nothing is stored. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { expandPaths, PathError } from '../collect/files.ts';
import type { Config } from '../config.ts';
import { FILE_LIMITS, segments } from '../decode/segments.ts';
import { createEnricher } from '../enrich/enricher.ts';
import { type NormalizeOptions, normalize } from '../formats/normalize.ts';
import { loadDatabases } from '../ingest/databases.ts';
import { whyOfFile } from '../model/wording.ts';
import { epochSeconds } from './clock.ts';
import { checkLayout, FORMAT_DOC, formatNamed } from './ingest.ts';
import { type CommonOptions, configOf, withAwsRanges, withCommon } from './options.ts';
import { CliError, EXIT, note, print } from './output.ts';

interface Options extends CommonOptions {
  readonly format: string;
  readonly layout?: string;
  readonly enrich: string;
}

export function normalizeCommand(): Command {
  return withAwsRanges(withCommon(new Command('normalize')))
    .description('raw records in, one ECS JSON document a line out, in input order')
    .argument('[path...]', 'files, folders, globs or - (standard input)', ['-'])
    .option('--format <name>', FORMAT_DOC, 'auto')
    .option('--layout <names>', 'field names in order, or a preset, for records without a header line')
    .option('--enrich <how>', 'none: only what the record says; all: place, AS, direction and more', 'none')
    .action(run);
}

async function run(paths: string[], options: Options): Promise<void> {
  const format = formatNamed(options.format);
  if (!['none', 'all'].includes(options.enrich)) throw new CliError(`--enrich takes none or all, not “${options.enrich}”`, EXIT.wrongUse);
  checkLayout(options.layout, format);
  const config = configOf(options);
  const enricher = options.enrich === 'all' ? await openEnricher(config) : undefined;
  const files = await expandPaths(paths).catch((error: unknown) => {
    throw error instanceof PathError ? new CliError(error.message, EXIT.wrongUse) : error;
  });
  for (const file of files) {
    if (file.problem !== undefined) {
      note(`could not read ${file.path}: ${file.problem}`);
      process.exitCode = EXIT.failure;
      continue;
    }
    try {
      await write(file.path, { layout: options.layout ?? 'auto', format, now: epochSeconds, ...(enricher ? { enrich: enricher.enrich } : {}) });
    } catch (error) {
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      note(`could not read ${file.path}: it ${whyOfFile(error)}`);
      process.exitCode = EXIT.failure;
    }
  }
}

/** One file's documents, in its order. */
async function write(path: string, options: NormalizeOptions): Promise<void> {
  const source = path === '-' ? (process.stdin as AsyncIterable<Uint8Array>) : { path };
  for await (const document of normalize(segments(source, { limits: FILE_LIMITS }), options)) await print(JSON.stringify(document));
}

async function openEnricher({ data, internalNetworks, awsRanges }: Config) {
  // The AS index is cached in the data directory where there is one; nothing else of it is touched.
  const exists = await stat(data).then(
    (info) => info.isDirectory(),
    () => false,
  );
  const { databases, warnings } = loadDatabases({ cacheDir: exists ? join(data, 'cache') : undefined, awsRangesFile: awsRanges || undefined, now: Date.now() });
  for (const warning of warnings) note(`warning: ${warning}`);
  return createEnricher(databases, { internalNetworks });
}
