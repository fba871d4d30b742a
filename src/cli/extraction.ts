/** `bartizan extraction list | test | add | remove`: field extraction rules. */

import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { Rule, RuleList, RuleTestResponse } from '../api/contract/rules.ts';
import { listed, whyOfFile } from '../model/wording.ts';
import { withApi } from './api.ts';
import { type AnswerOptions, withAnswer } from './options.ts';
import { CliError, EXIT, print, unreadable, visible } from './output.ts';
import { problem } from './problem.ts';

interface RuleOptions extends AnswerOptions {
  readonly scope: string;
  readonly at: 'ingest' | 'query';
  readonly samples?: string;
}

interface AddOptions extends RuleOptions {
  readonly disabled?: boolean;
}

const PATH = '/api/v1/extraction-rules';
const AT = { ingest: 'at ingest', query: 'when a query asks' } as const;

export function extractionCommand(): Command {
  const command = new Command('extraction').description('field extraction rules: fields out of records, for searches to name');
  const sub = (name: string) => withAnswer(new Command(name));
  const withRule = (made: Command) =>
    made
      .option('--scope <search>', 'the records that the rule is for; all when it is not given', '')
      .addOption(
        new Option('--at <when>', 'ingest: stored with records that come from now on; query: made when a query asks')
          .choices(['ingest', 'query'])
          .default('ingest'),
      )
      .option('--samples <file>', 'records to try it on, one a line');
  command.addCommand(sub('list').description('the rules, and how many fields they make').action(list));
  command.addCommand(
    withRule(sub('test'))
      .description('try a rule on samples; nothing is stored')
      .argument('<expression>', 'steps, for example: parse "user=* " as user')
      .option('--source-category <name>', 'source category of the samples')
      .action(test),
  );
  command.addCommand(
    withRule(sub('add'))
      .description('save a rule')
      .argument('<name>')
      .argument('<expression>', 'steps, for example: parse "user=* " as user')
      .option('--disabled', 'save it without switching it on')
      .action(add),
  );
  command.addCommand(sub('remove').description('remove a rule; records keep the fields that it stored').argument('<name>').action(remove));
  return command;
}

async function list(options: AnswerOptions): Promise<void> {
  const { rules, fields } = await withApi(options, (api) => api<RuleList>('GET', PATH));
  if (options.json) return print(JSON.stringify({ rules, fields }));
  for (const rule of rules) await print(describe(rule));
  await print(`${rules.length === 0 ? 'There are no rules. ' : ''}${fields.names.length} of ${fields.most} fields.`);
}

function describe(rule: Rule): string {
  const state = rule.diagnostics[0] ? `does not run: ${rule.diagnostics[0].message}` : rule.enabled ? '' : 'off';
  const lines = [
    `${visible(rule.name)}  ${AT[rule.at]}${state && `  (${state})`}`,
    `    scope   ${visible(rule.scope) || 'all records'}`,
    ...rule.expression.split('\n').map((line, i) => `    ${i === 0 ? 'steps' : '     '}   ${visible(line)}`),
    `    fields  ${rule.fields.join(', ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

async function test(expression: string, options: RuleOptions & { readonly sourceCategory?: string }): Promise<void> {
  const samples = await samplesOf(options);
  const { scope, at, sourceCategory = '' } = options;
  const found = await withApi(options, (api) => api<RuleTestResponse>('POST', `${PATH}/test`, { scope, expression, at, samples, sourceCategory }));
  const [wrong] = found.diagnostics;
  if (options.json) await print(JSON.stringify(found));
  if (wrong) throw problem(wrong, 400, { scope, expression });
  if (options.json) return;
  await print(`makes   ${found.fields.join(', ')}`);
  if (found.stored.length) await print(`stored  ${found.stored.join(', ')} (fields of records already: not stored again)`);
  for (const [i, tried] of found.samples.entries()) {
    const verdict = tried.matched ? 'matched' : tried.missed ? `step ${tried.missed.step} found nothing: ${tried.missed.text}` : 'not in the scope';
    await print(`\n${shorten(samples[i] ?? '')}\n    ${verdict}${tried.problem ? `\n    no flow log record: ${tried.problem.message}` : ''}`);
    for (const [name, value] of Object.entries(tried.values)) if (tried.matched && value !== null) await print(`    ${name} = ${visible(value)}`);
  }
}

async function add(name: string, expression: string, options: AddOptions): Promise<void> {
  const { scope, at } = options;
  const body = { name, scope, expression, at, enabled: !options.disabled, samples: await samplesOf(options) };
  const rule = await withApi(options, (api) => api<Rule>('POST', PATH, body, { scope, expression }));
  await print(
    options.json
      ? JSON.stringify(rule)
      : `“${visible(rule.name)}” makes ${rule.fields.join(', ')} ${AT[rule.at]}${rule.at === 'ingest' ? ', from now on' : ''}.`,
  );
}

async function remove(name: string, options: AnswerOptions): Promise<void> {
  await withApi(options, async (api) => {
    const { rules } = await api<RuleList>('GET', PATH);
    const rule = rules.find((r) => r.name.toLowerCase() === name.toLowerCase());
    if (!rule) throw new CliError(`There is no rule “${name}”.${rules.length ? ` There are: ${listed(rules.map((r) => r.name))}.` : ''}`, EXIT.wrongUse);
    await api('DELETE', `${PATH}/${encodeURIComponent(rule.id)}`);
  });
  await print(options.json ? JSON.stringify({ removed: name }) : `“${visible(name)}” is removed.`);
}

async function samplesOf({ samples }: RuleOptions): Promise<string[]> {
  if (samples === undefined) return [];
  const text = await readFile(samples, 'utf8').catch((error: unknown) => {
    throw unreadable(samples, whyOfFile(error));
  });
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 20);
}

function shorten(text: string): string {
  const shown = visible(text);
  return shown.length > 120 ? `${shown.slice(0, 117)}…` : shown;
}
