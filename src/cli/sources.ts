/** `bartizan sources` and `bartizan collectors`: what collects, at the running server. Secrets come by the environment or standard input, never as arguments. */

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parse } from 'yaml';
import type { Address, Collector, RecordSettings, Source, SourceList, SourceMade, SourceNew, TestResponse } from '../api/contract/sources.ts';
import { SOURCE_KINDS, type SourceKind } from '../model/source.ts';
import { listed, whyOfFile } from '../model/wording.ts';
import { type ConnectionOptions, connectionOf, withConnectionOptions } from './connection-options.ts';
import { type AnswerOptions, configOf, withAnswer } from './options.ts';
import { bytes, CliError, count, EXIT, print, unreadable, visible } from './output.ts';
import { type Remote, remoteFor } from './remote.ts';

type Request = Remote['request'];

const SOURCES = '/api/v1/sources';
const COLLECTORS = '/api/v1/collectors';

function sub(name: string, description: string): Command {
  return withAnswer(new Command(name)).description(description);
}

const NAMED = 'its name, collector/name, or id';

export function sourcesCommand(): Command {
  const command = new Command('sources').description('what collects: sources of the running server');
  command.addCommand(sub('list', 'sources by collector, with what each is doing').action(list));
  command.addCommand(sub('show', 'one source with its settings, errors and counts').argument('<source>', NAMED).action(show));
  command.addCommand(
    withConnectionOptions(
      sub('add', 'make a source; one that is sent to prints its address, this once')
        .argument('<kind>', 'http (lines or JSON are sent to it), firehose (Firehose sends to it), s3 (fetches objects), ec2 (looks up what interfaces are)')
        .argument('<name>', 'name of the source')
        .option('--collector <name>', 'collector; made when there is none of that name', 'default')
        .option('--category <name>', 'source category of its records')
        .option('--source-name <name>', 'source name of its records, in place of what a delivery is called')
        .option('--source-host <name>', 'source host of its records')
        .option('--records <file>', 'format, layout, rules … as YAML or JSON (docs/sources.md)'),
    ).action(add),
  );
  for (const [name, paused, description] of [
    ['pause', true, 'take nothing and fetch nothing until it is resumed'],
    ['resume', false, 'take and fetch again'],
  ] as const)
    command.addCommand(
      sub(name, description)
        .argument('<source>', NAMED)
        .action((named: string, options: AnswerOptions) => setPaused(named, paused, options)),
    );
  command.addCommand(sub('remove', 'remove a source; its records stay').argument('<source>', NAMED).action(remove));
  command.addCommand(sub('test', 'try the connection of an s3 or ec2 source step by step').argument('<source>', NAMED).action(test));
  command.addCommand(
    sub('rotate-token', 'make a new token, and print it this once')
      .argument('<source>', NAMED)
      .option('--grace-hours <n>', 'how long the token before is still taken', '24')
      .action(rotate),
  );
  return command;
}

export function collectorsCommand(): Command {
  const command = new Command('collectors').description('groups of sources that can be paused as one');
  command.addCommand(sub('list', 'the collectors with their sources').action(listCollectors));
  command.addCommand(
    sub('add', 'make a collector')
      .argument('<name>')
      .option('--description <text>', 'for people', '')
      .action((name: string, options: AnswerOptions & { readonly description: string }) =>
        withCollector(options, (request) => request<Collector>('POST', COLLECTORS, { name, description: options.description })),
      ),
  );
  for (const paused of [true, false])
    command.addCommand(
      sub(paused ? 'pause' : 'resume', paused ? 'pause all its sources' : 'let its sources go on')
        .argument('<name>')
        .action((name: string, options: AnswerOptions) =>
          withCollector(options, async (request) => request<Collector>('PUT', `${COLLECTORS}/${(await collectorOf(request, name)).id}`, { paused })),
        ),
    );
  command.addCommand(
    sub('rename', 'give it another name')
      .argument('<name>')
      .argument('<new-name>')
      .action((name: string, to: string, options: AnswerOptions) =>
        withCollector(options, async (request) => request<Collector>('PUT', `${COLLECTORS}/${(await collectorOf(request, name)).id}`, { name: to })),
      ),
  );
  command.addCommand(
    sub('remove', 'remove a collector without sources')
      .argument('<name>')
      .action(async (name: string, options: AnswerOptions) => {
        const { request } = await server(options);
        await request('DELETE', `${COLLECTORS}/${(await collectorOf(request, name)).id}`);
        await print(options.json ? JSON.stringify({ removed: name }) : `removed ${visible(name)}`);
      }),
  );
  return command;
}

/** Sources live in a server. Throws CliError where none runs. */
async function server(options: AnswerOptions): Promise<Remote> {
  const { data } = configOf(options);
  const remote = await remoteFor(data, options);
  if (!remote)
    throw new CliError(
      `No server holds ${data}, and sources collect only while one does. Start it with "bartizan serve", or name one with --server and --token.`,
    );
  return remote;
}

async function sourceOf(request: Request, named: string): Promise<{ source: Source; list: SourceList }> {
  const list = await request<SourceList>('GET', SOURCES);
  const collectorOf = new Map(list.collectors.map(({ id, name }) => [id, name]));
  const wanted = named.toLowerCase();
  const found = list.sources.filter(
    ({ id, name, collector }) => id === named || name.toLowerCase() === wanted || `${collectorOf.get(collector)}/${name}`.toLowerCase() === wanted,
  );
  if (found.length > 1) {
    const names = found.map(({ name, collector }) => `${collectorOf.get(collector)}/${name}`).sort();
    throw new CliError(`${found.length} sources are called “${named}”. Say which: ${listed(names)}`, EXIT.wrongUse);
  }
  const [source] = found;
  if (!source)
    throw new CliError(`There is no source “${named}”.${list.sources.length > 0 ? ` There are: ${listed(list.sources.map(({ name }) => name))}.` : ''}`);
  return { source, list };
}

async function collectorOf(request: Request, name: string): Promise<Collector> {
  const { collectors } = await request<SourceList>('GET', SOURCES);
  const found = collectors.find((c) => c.id === name || c.name.toLowerCase() === name.toLowerCase());
  if (!found) throw new CliError(`There is no collector “${name}”.${collectors.length > 0 ? ` There are: ${listed(collectors.map((c) => c.name))}.` : ''}`);
  return found;
}

async function withCollector(options: AnswerOptions, work: (request: Request) => Promise<Collector>): Promise<void> {
  const collector = await work((await server(options)).request);
  await print(options.json ? JSON.stringify(collector) : `${visible(collector.name)}${collector.paused ? ', paused' : ''}`);
}

async function list(options: AnswerOptions): Promise<void> {
  const found = await (await server(options)).request<SourceList>('GET', SOURCES);
  if (options.json) return print(JSON.stringify(found));
  if (found.sources.length === 0) return print('Nothing collects yet: bartizan sources add http NAME');
  for (const collector of found.collectors) {
    await print(`${visible(collector.name)}${collector.paused ? ' (paused)' : ''}`);
    for (const source of found.sources.filter((s) => s.collector === collector.id)) await print(`  ${line(source)}`);
  }
  const { spool } = found;
  await print(`spool: ${bytes(spool.bytes)} of ${bytes(spool.maxBytes)}${spool.trouble === undefined ? '' : `; ${spool.trouble}`}`);
  if (spool.damaged.pieces > 0) await print(`spool: the disk damaged ${bytes(spool.damaged.bytes)}, set aside in .damaged files`);
}

function line({ name, kind, sourceCategory, status }: Source): string {
  const errors = status.errors.reduce((sum, e) => sum + e.count, 0);
  return [
    visible(name),
    kind,
    status.state,
    visible(sourceCategory) || '-',
    status.lastDelivery === null ? 'never' : new Date(status.lastDelivery).toISOString(),
    `${count(stored(status))} stored`,
    `${count(status.counts.quarantined)} quarantined`,
    `${count(errors)} errors`,
  ].join('  ');
}

const stored = ({ counts }: Source['status']): number => counts.stored + counts.nodata + counts.skipdata;

async function show(named: string, options: AnswerOptions): Promise<void> {
  const { source, list: all } = await sourceOf((await server(options)).request, named);
  if (options.json) return print(JSON.stringify(source));
  const { status, tokens } = source;
  const at = (ms: number | null) => (ms === null ? 'never' : new Date(ms).toISOString());
  const lines: [string, string][] = [
    ['id', source.id],
    ['kind', source.kind],
    ['collector', all.collectors.find((c) => c.id === source.collector)?.name ?? ''],
    ['category', source.sourceCategory],
    ['state', status.trouble === undefined ? status.state : `${status.state}: ${status.trouble}`],
    ['last delivery', at(status.lastDelivery)],
    ['last stored', at(status.lastStored)],
    ['deliveries', `${count(status.deliveries)}, ${bytes(status.bytes)}`],
    [
      'records',
      Object.entries(status.counts)
        .map(([name, n]) => `${name} ${count(n)}`)
        .join(', '),
    ],
    ['lag', status.lag ? `p50 ${status.lag.p50} ms, p95 ${status.lag.p95} ms, p99 ${status.lag.p99} ms` : '-'],
    ['spool', bytes(status.spooled)],
    ...status.details.map(({ name, value }): [string, string] => [name, value]),
    ...tokens.map(({ hint, expires }): [string, string] => ['token', `${hint}…${expires === null ? '' : `, until ${at(expires)}`}`]),
    ['settings', JSON.stringify({ ...source.connection, records: source.records })],
  ];
  await print(`${visible(source.name)}\n`);
  for (const [name, value] of lines) await print(`${`${name}:`.padEnd(15)} ${visible(value)}`);
  for (const error of status.errors) {
    await print(`\n${error.code} ${count(error.count)}×, last ${at(error.last)}\n  ${visible(error.message)}${error.hint ? `\n  ${error.hint}` : ''}`);
    for (const object of error.objects ?? []) await print(`    ${visible(object)}`);
  }
}

interface AddOptions extends AnswerOptions, ConnectionOptions {
  readonly collector: string;
  readonly category?: string;
  readonly sourceName?: string;
  readonly sourceHost?: string;
  readonly records?: string;
}

async function add(kindText: string, name: string, options: AddOptions): Promise<void> {
  const kind = SOURCE_KINDS.find((k) => k === kindText);
  if (!kind) throw new CliError(`There is no kind “${kindText}”: choose one of ${SOURCE_KINDS.join(', ')}`, EXIT.wrongUse);
  const connection = (await connectionOf(kind, options)) ?? {};
  const records = options.records === undefined ? {} : { records: readSettings(options.records) };
  const { request } = await server(options);
  if (options.test) await tried(request, { kind, connection }, options);
  const { collectors } = await request<SourceList>('GET', SOURCES);
  const owner = collectors.find((c) => c.name.toLowerCase() === options.collector.toLowerCase());
  const collector = owner ?? (await request<Collector>('POST', COLLECTORS, { name: options.collector }));
  const body: Partial<SourceNew> = {
    collector: collector.id,
    kind,
    name,
    connection,
    ...(options.category === undefined ? {} : { sourceCategory: options.category }),
    ...(options.sourceName === undefined ? {} : { sourceName: options.sourceName }),
    ...(options.sourceHost === undefined ? {} : { sourceHost: options.sourceHost }),
    ...records,
  };
  const made = await request<SourceMade>('POST', SOURCES, body);
  if (options.json) return print(JSON.stringify(made));
  const place = `made ${visible(made.source.name)} in ${visible(collector.name)}`;
  if (!made.address) return print(place);
  await printAddress(`${place}; its`, made.address, kind);
}

/** YAML or JSON; what is wrong in it the server says. Throws CliError. */
function readSettings(path: string): RecordSettings {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw unreadable(path, whyOfFile(error));
  }
  try {
    return parse(text) as RecordSettings;
  } catch (error) {
    throw new CliError(`“${path}” is not valid YAML or JSON: ${error instanceof Error ? error.message.trim() : String(error)}`, EXIT.wrongUse);
  }
}

/** In one stream: what is said of an address never stands after it. */
async function printAddress(whose: string, { url, token }: Address, kind: SourceKind): Promise<void> {
  if (kind === 'firehose') await print(`${whose} endpoint, and its access key, which is shown this once:\nendpoint: ${url}\naccess key: ${token}`);
  else await print(`${whose} address, which is shown this once:\n${url}`);
}

async function setPaused(named: string, paused: boolean, options: AnswerOptions): Promise<void> {
  const { request } = await server(options);
  const { source } = await sourceOf(request, named);
  const changed = await request<Source>('PUT', `${SOURCES}/${source.id}`, { paused });
  await print(options.json ? JSON.stringify(changed) : `${visible(changed.name)}: ${changed.status.state}`);
}

async function remove(named: string, options: AnswerOptions): Promise<void> {
  const { request } = await server(options);
  const { source } = await sourceOf(request, named);
  await request('DELETE', `${SOURCES}/${source.id}`);
  await print(options.json ? JSON.stringify({ removed: source.id }) : `removed ${visible(source.name)}; its records stay`);
}

async function test(named: string, options: AnswerOptions): Promise<void> {
  const { request } = await server(options);
  const { source } = await sourceOf(request, named);
  const answer = await tried(request, { kind: source.kind, connection: source.connection, source: source.id }, options);
  if (options.json) await print(JSON.stringify(answer));
}

/** Prints each step; throws CliError where one failed. */
async function tried(request: Request, body: object, options: AnswerOptions): Promise<TestResponse> {
  const answer = await request<TestResponse>('POST', `${SOURCES}/test`, body);
  if (!options.json)
    for (const { name, result, message, hint, code } of answer.checks)
      await print(`${result.padEnd(8)} ${name.padEnd(14)} ${code ? `${code}: ` : ''}${visible(message)}${hint ? `\n${' '.repeat(24)}${hint}` : ''}`);
  else if (!answer.ok) await print(JSON.stringify(answer));
  const failed = answer.checks.filter((check) => check.result === 'failed').length;
  if (failed > 0) throw new CliError(`${failed} of ${answer.checks.length} steps failed.`);
  return answer;
}

async function rotate(named: string, options: AnswerOptions & { readonly graceHours: string }): Promise<void> {
  const graceHours = Number(options.graceHours);
  if (!(graceHours >= 0 && graceHours <= 720)) throw new CliError('--grace-hours takes a number from 0 to 720', EXIT.wrongUse);
  const { request } = await server(options);
  const { source } = await sourceOf(request, named);
  const address = await request<Address>('POST', `${SOURCES}/${source.id}/token`, { graceHours });
  if (options.json) return print(JSON.stringify(address));
  await printAddress(`${visible(source.name)} has a new token. Its`, address, source.kind);
}

async function listCollectors(options: AnswerOptions): Promise<void> {
  const { collectors, sources } = await (await server(options)).request<SourceList>('GET', SOURCES);
  if (options.json) return print(JSON.stringify(collectors));
  if (collectors.length === 0) return print('There are no collectors: bartizan collectors add NAME');
  for (const { id, name, paused, description } of collectors) {
    const own = sources.filter((s) => s.collector === id).map((s) => visible(s.name));
    await print(`${visible(name)}${paused ? ' (paused)' : ''}: ${own.join(', ') || 'no sources'}${description ? `  ${visible(description)}` : ''}`);
  }
}
