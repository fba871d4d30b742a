/** Options that several commands share. */
import type { Command } from 'commander';
import { type Config, loadConfig } from '../config.ts';

export interface CommonOptions {
  readonly data?: string;
  readonly config?: string;
  readonly awsRanges?: string;
}

/** Options of a command that asks a running server where there is one. */
export interface ServerOptions extends CommonOptions {
  readonly server?: string;
  readonly token?: string;
}

/** Options of a command that prints what the API answers. */
export interface AnswerOptions extends ServerOptions {
  readonly json?: boolean;
}

/** Where the data directory and the settings are. */
export function withCommon(command: Command): Command {
  return command.option('--data <dir>', 'folder of everything that is stored (default ./data, or BARTIZAN_DATA)').option('--config <file>', 'settings as YAML');
}

/** Which server; without these, the one that holds the data directory, else none (`remoteFor`). */
export function withServer(command: Command): Command {
  return withCommon(command).option('--server <url>', 'a running server to ask').option('--token <token>', 'token for --server');
}

/** A server, and its answer for programs. */
export function withAnswer(command: Command): Command {
  return withServer(command).option('--json', 'print as JSON');
}

/** Where records are enriched. */
export function withAwsRanges(command: Command): Command {
  return command.option('--aws-ranges <file>', 'AWS’s list of its address ranges (ip-ranges.json), for the AWS service of an address');
}

/** Settings of a command: file, environment, then flags. */
export function configOf(options: CommonOptions, flags: Partial<Config> = {}): Config {
  const own = {
    ...(options.data === undefined ? {} : { data: options.data }),
    ...(options.awsRanges === undefined ? {} : { awsRanges: options.awsRanges }),
  };
  return loadConfig({ file: options.config, env: process.env, flags: { ...flags, ...own } });
}
