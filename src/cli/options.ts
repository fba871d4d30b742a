/** Options that several commands share. */
import type { Command } from 'commander';
import { type Config, loadConfig } from '../config.ts';

export interface CommonOptions {
  readonly data?: string;
  readonly config?: string;
  readonly awsRanges?: string;
}

export function withCommon(command: Command): Command {
  return command.option('--data <dir>', 'folder of everything that is stored (default ./data, or BARTIZAN_DATA)').option('--config <file>', 'settings as YAML');
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
