/** The command line's root. Commands are thin; each file in cli/ is one. */
import { Command, CommanderError } from 'commander';
import { adminsCommand } from './cli/admins.ts';
import { cloudtrailCommand } from './cli/cloudtrail.ts';
import { dashboardsCommand } from './cli/dashboards.ts';
import { extractionCommand } from './cli/extraction.ts';
import { ingestCommand } from './cli/ingest.ts';
import { iocCommand } from './cli/ioc.ts';
import { linkCommand } from './cli/link.ts';
import { lookupCommand } from './cli/lookup.ts';
import { normalizeCommand } from './cli/normalize.ts';
import { CliError, EXIT, listenToOutput, OutputClosed } from './cli/output.ts';
import { quarantineCommand } from './cli/quarantine.ts';
import { queryCommand } from './cli/query.ts';
import { serveCommand } from './cli/serve.ts';
import { collectorsCommand, sourcesCommand } from './cli/sources.ts';
import { ConfigError } from './config.ts';
import { version } from './version.ts';

const COMMANDS = [
  serveCommand,
  ingestCommand,
  normalizeCommand,
  queryCommand,
  quarantineCommand,
  extractionCommand,
  lookupCommand,
  adminsCommand,
  iocCommand,
  dashboardsCommand,
  cloudtrailCommand,
  sourcesCommand,
  collectorsCommand,
  linkCommand,
];

/** Runs one command; resolves when it is done, with the process's exit code set. */
export async function main(args: readonly string[]): Promise<void> {
  listenToOutput();
  const program = new Command('bartizan')
    .description('Cloud security monitoring and analytics for AWS: flow logs and CloudTrail in, answers out.')
    .version(version())
    .showHelpAfterError('(add --help for usage)')
    .showSuggestionAfterError(true)
    .exitOverride();
  for (const command of COMMANDS) program.addCommand(command().exitOverride().showHelpAfterError('(add --help for usage)'));
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  // Commander has printed its message already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  if (error instanceof OutputClosed) return EXIT.done;
  if (error instanceof CliError) {
    process.stderr.write(`bartizan: ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`bartizan: ${error.message}\n`);
    return EXIT.wrongUse;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`bartizan: ${message}\n`);
  if (process.env.BARTIZAN_LOG_LEVEL === 'debug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return EXIT.failure;
}
