/** `bartizan link`: another one-time link to a running server's page. */
import { Command } from 'commander';
import { type CommonOptions, configOf, withCommon } from './options.ts';
import { CliError, print } from './output.ts';
import { remoteFor } from './remote.ts';

export function linkCommand(): Command {
  return withCommon(new Command('link'))
    .description('print a one-time link that signs a browser in at the running server')
    .action(async (options: CommonOptions) => {
      const { data } = configOf(options);
      const remote = await remoteFor(data, {});
      if (!remote) throw new CliError(`No server holds ${data}. Start one with "bartizan serve".`);
      await print(await remote.loginLink());
    });
}
