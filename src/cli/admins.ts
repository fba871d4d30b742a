/** `bartizan admins list | add | remove`: who is an administrator, here or at a running server. */

import { Command } from 'commander';
import { type Administrator, type AdministratorList, AdministratorNew } from '../api/contract/administrators.ts';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import { withApi } from './api.ts';
import { type AnswerOptions, withAnswer } from './options.ts';
import { CliError, EXIT, print, visible } from './output.ts';

const PATH = '/api/v1/administrators';

export function adminsCommand(): Command {
  const command = new Command('admins').description('who is an administrator: is_admin of CloudTrail events');
  const sub = (name: string) => withAnswer(new Command(name));
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

async function list(options: AnswerOptions): Promise<void> {
  const found = await withApi(options, (api) => api<AdministratorList>('GET', PATH));
  if (options.json) return print(JSON.stringify(found));
  if (found.administrators.length === 0) return print('Nobody is listed: bartizan admins add NAME');
  for (const one of found.administrators) await print(line(one));
}

function line({ entry, note }: Administrator): string {
  return note ? `${visible(entry)}  ${visible(note)}` : visible(entry);
}

async function add(entry: string, options: AnswerOptions & { readonly note: string }): Promise<void> {
  const asked = AdministratorNew.safeParse({ entry, note: options.note }, { error: inPlaceOf });
  if (!asked.success) throw new CliError(wrongPlaces(asked.error), EXIT.wrongUse);
  const made = await withApi(options, (api) => api<Administrator>('POST', PATH, asked.data));
  await print(options.json ? JSON.stringify(made) : `added ${line(made)}`);
}

async function remove(entry: string, options: AnswerOptions): Promise<void> {
  await withApi(options, async (api) => {
    const { administrators: listed } = await api<AdministratorList>('GET', PATH);
    const found = listed.find((one) => one.entry.toLowerCase() === entry.trim().toLowerCase());
    if (!found) throw new CliError(`“${visible(entry)}” is not in the list: bartizan admins list shows what is.`, EXIT.wrongUse);
    await api('DELETE', `${PATH}/${encodeURIComponent(found.id)}`);
  });
  await print(options.json ? JSON.stringify({ removed: entry }) : `removed ${visible(entry)}`);
}
