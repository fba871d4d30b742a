/** Options that several commands share. */
import type { Command } from 'commander';
import { type Config, loadConfig } from '../config.ts';

export interface CommonOptions {
  readonly data?: string;
  readonly config?: string;
}

export function withCommon(command: Command): Command {
  return command.option('--data <dir>', 'folder of everything that is stored (default ./data, or BARTIZAN_DATA)').option('--config <file>', 'settings as YAML');
}

/** Settings of a command: file, environment, then flags. */
export function configOf(options: CommonOptions, flags: Partial<Config> = {}): Config {
  return loadConfig({ file: options.config, env: process.env, flags: { ...flags, ...(options.data === undefined ? {} : { data: options.data }) } });
}
