/** `bartizan dashboards list | export | import`: dashboards as files, here or at a running server. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import type { DashboardAnswer, DashboardFile, DashboardList } from '../api/contract/dashboards.ts';
import { whyOfFile } from '../model/wording.ts';
import { withApi } from './api.ts';
import { type AnswerOptions, withAnswer } from './options.ts';
import { CliError, EXIT, print, unreadable, visible, write } from './output.ts';
import type { Api } from './remote.ts';

const PATH = '/api/v1/dashboards';

export function dashboardsCommand(): Command {
  const command = new Command('dashboards').description('dashboards as files: the same YAML that the ready ones are');
  const sub = (name: string) => withAnswer(new Command(name));
  command.addCommand(sub('list').description('all dashboards, own ones first').action(list));
  command.addCommand(
    sub('export')
      .description('write a dashboard as a file')
      .argument('<dashboard>', 'its id or title')
      .option('--out <folder>', 'folder of the file; standard output when absent')
      .action(exportFile),
  );
  command.addCommand(
    sub('import')
      .description('make a dashboard of a file; a wrong file changes nothing')
      .argument('<file>')
      .option('--title <title>', 'in place of the one in the file')
      .option('--replace <dashboard>', 'the own dashboard that it replaces, by id or title')
      .action(importFile),
  );
  return command;
}

async function list(options: AnswerOptions): Promise<void> {
  const found = await withApi(options, (api) => api<DashboardList>('GET', PATH));
  if (options.json) return print(JSON.stringify(found));
  for (const { id, title, own } of found.dashboards) await print(`${id}  ${visible(title)}${own ? '' : '  (ready)'}`);
}

async function exportFile(dashboard: string, options: AnswerOptions & { readonly out?: string }): Promise<void> {
  const file = await withApi(options, async (api) => api<DashboardFile>('GET', `${PATH}/${encodeURIComponent(await idOf(api, dashboard))}/file`));
  if (options.json) return print(JSON.stringify(file));
  if (options.out === undefined) return write(file.text);
  const path = join(options.out, file.name);
  await writeFile(path, file.text).catch((error: unknown) => {
    throw new CliError(`“${path}” cannot be written: it ${whyOfFile(error)}. Choose another folder with --out.`);
  });
  await print(path);
}

async function importFile(file: string, options: AnswerOptions & { readonly title?: string; readonly replace?: string }): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, whyOfFile(error));
  });
  const { title } = options;
  const made = await withApi(options, async (api) => {
    const replace = options.replace === undefined ? undefined : await idOf(api, options.replace);
    return api<DashboardAnswer>('POST', `${PATH}/import`, { text, ...(title !== undefined && { title }), ...(replace !== undefined && { replace }) });
  });
  await print(options.json ? JSON.stringify(made) : `${made.id}  ${visible(made.title)}`);
}

/** By id, else by title in any letter case. Throws CliError. */
async function idOf(api: Api, dashboard: string): Promise<string> {
  const { dashboards } = await api<DashboardList>('GET', PATH);
  const found = dashboards.find((d) => d.id === dashboard) ?? dashboards.find((d) => d.title.toLowerCase() === dashboard.toLowerCase());
  if (!found) throw new CliError(`There is no dashboard “${dashboard}”: bartizan dashboards list shows them.`, EXIT.wrongUse);
  return found.id;
}
