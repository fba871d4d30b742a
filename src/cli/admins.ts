/** `bartizan admins list | add | remove`: who is an administrator, here or at a running server. */
import { Command } from 'commander';
import { addAdministrator, listAdministrators, removeAdministrator } from '../api/administrators.ts';
import { type Administrator, type AdministratorList, AdministratorNew } from '../api/contract/administrators.ts';
import { Problem } from '../api/errors.ts';
import { type CommonOptions, configOf, withCommon } from './options.ts';
import { CliError, EXIT, print, visible } from './output.ts';
import { problem } from './problem.ts';
import { type Remote, remoteFor } from './remote.ts';
import { openWorkspace } from './workspace.ts';

interface Options extends CommonOptions {
  readonly server?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** What the commands ask of the list, wherever it is. */
interface Administrators {
  list(): Promise<AdministratorList>;
  add(asked: AdministratorNew): Promise<Administrator>;
  remove(id: string): Promise<void>;
}

export function adminsCommand(): Command {
  const command = new Command('admins').description('who is an administrator: is_admin of CloudTrail events');
  const sub = (name: string) =>
    withCommon(new Command(name))
      .option('--server <url>', 'a running server to ask')
      .option('--token <token>', 'token for --server')
      .option('--json', 'print as JSON');
  const entry = 'name, ARN of a user or role, or name of a role; * is any text';
  command.addCommand(sub('list').description('the entries of the list').action(list));
  command.addCommand(
    sub('add')
      .description('add to the list, or give a listed one another note; it holds for all events, stored ones too')
      .argument('<entry>', entry)
      .option('--note <text>', 'why', '')
      .action(add),
  );
  command.addCommand(sub('remove').description('take off the list').argument('<entry>', 'an entry, as list shows it').action(remove));
  return command;
}

async function withList<T>(options: Options, work: (administrators: Administrators) => Promise<T>): Promise<T> {
  const config = configOf(options);
  const remote = await remoteFor(config.data, options);
  if (remote) return work(remoteList(remote));
  const workspace = await openWorkspace({ ...config, logLevel: 'error' });
  const kept = { library: workspace.metadata.library, catalogs: workspace.catalogs };
  try {
    return await work({
      list: () => listAdministrators(kept),
      add: (asked) => addAdministrator(kept, asked),
      remove: (id) => removeAdministrator(kept, id),
    });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw problem({ code: error.code, message: error.message, ...(error.hint ? { hint: error.hint } : {}) }, 400);
  } finally {
    await workspace.close();
  }
}

function remoteList(remote: Remote): Administrators {
  const path = '/api/v1/administrators';
  return {
    list: () => remote.request('GET', path),
    add: (asked) => remote.request('POST', path, asked),
    remove: (id) => remote.request('DELETE', `${path}/${encodeURIComponent(id)}`),
  };
}

async function list(options: Options): Promise<void> {
  const found = await withList(options, (administrators) => administrators.list());
  if (options.json) return print(JSON.stringify(found));
  if (found.administrators.length === 0) return print('Nobody is listed: bartizan admins add NAME');
  for (const one of found.administrators) await print(line(one));
}

function line({ entry, note }: Administrator): string {
  return note ? `${visible(entry)}  ${visible(note)}` : visible(entry);
}

async function add(entry: string, options: Options & { readonly note: string }): Promise<void> {
  const asked = AdministratorNew.safeParse({ entry, note: options.note });
  if (!asked.success) throw new CliError(asked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '), EXIT.wrongUse);
  const made = await withList(options, (administrators) => administrators.add(asked.data));
  await print(options.json ? JSON.stringify(made) : `added ${line(made)}`);
}

async function remove(entry: string, options: Options): Promise<void> {
  await withList(options, async (administrators) => {
    const { administrators: listed } = await administrators.list();
    const found = listed.find((one) => one.entry.toLowerCase() === entry.trim().toLowerCase());
    if (!found) throw new CliError(`${visible(entry)} is not in the list: bartizan admins list`, EXIT.wrongUse);
    await administrators.remove(found.id);
  });
  await print(options.json ? JSON.stringify({ removed: entry }) : `removed ${visible(entry)}`);
}
