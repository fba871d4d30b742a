/** `bartizan ioc`: threat indicators. */
import { Command } from 'commander';
import { retroCommand } from './ioc-retro.ts';

export function iocCommand(): Command {
  return new Command('ioc').description('threat indicators, and what they say of flows').addCommand(retroCommand());
}
