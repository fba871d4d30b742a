/** The command line's root. Commands are thin; each file in cli/ is one. */
import { Command, CommanderError } from 'commander';
import { CliError, EXIT, listenToOutput, OutputClosed } from './cli/output.ts';
import { ConfigError } from './config.ts';
import { version } from './version.ts';

/** In the order of the help. What a command needs is loaded when it is the one that runs: to load all takes longer than most take. */
const COMMANDS: Readonly<Record<string, () => Promise<() => Command>>> = {
  serve: async () => (await import('./cli/serve.ts')).serveCommand,
  ingest: async () => (await import('./cli/ingest.ts')).ingestCommand,
  normalize: async () => (await import('./cli/normalize.ts')).normalizeCommand,
  query: async () => (await import('./cli/query.ts')).queryCommand,
  quarantine: async () => (await import('./cli/quarantine.ts')).quarantineCommand,
  extraction: async () => (await import('./cli/extraction.ts')).extractionCommand,
  lookup: async () => (await import('./cli/lookup.ts')).lookupCommand,
  admins: async () => (await import('./cli/admins.ts')).adminsCommand,
  ioc: async () => (await import('./cli/ioc.ts')).iocCommand,
  dashboards: async () => (await import('./cli/dashboards.ts')).dashboardsCommand,
  cloudtrail: async () => (await import('./cli/cloudtrail.ts')).cloudtrailCommand,
  sources: async () => (await import('./cli/sources.ts')).sourcesCommand,
  collectors: async () => (await import('./cli/sources.ts')).collectorsCommand,
  link: async () => (await import('./cli/link.ts')).linkCommand,
};

/** Runs one command; resolves when it is done, with the process's exit code set. */
export async function main(args: readonly string[]): Promise<void> {
  listenToOutput();
  const program = new Command('bartizan')
    .description('Cloud security monitoring and analytics for AWS: flow logs and CloudTrail in, answers out.')
    .version(version())
    .showHelpAfterError('(add --help for usage)')
    .showSuggestionAfterError(true)
    .exitOverride();
  const [name = ''] = args;
  // Help tells of all, and a name that is none may be meant for any.
  const loads = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS);
  for (const load of loads) {
    const command = await load?.();
    if (command) program.addCommand(command().exitOverride().showHelpAfterError('(add --help for usage)'));
  }
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
