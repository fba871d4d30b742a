/** `bartizan ioc import | list | stats | feeds | retro`: threat indicators and their feeds, here or at a running server. Secrets come by the environment or standard input, never as arguments. */

import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { Feed, FeedList, FeedTested, Imported, IndicatorList, IndicatorStats, StoredIndicator } from '../api/contract/feeds.ts';
import { FEED_KINDS, INDICATOR_FORMATS } from '../model/feed.ts';
import { CONFIDENCE_BANDS, INDICATOR_TYPES } from '../model/indicator.ts';
import { whyOfFile } from '../model/wording.ts';
import { withApi } from './api.ts';
import { type FeedOptions, type MapOption, mappingOf, settingsOf } from './ioc-options.ts';
import { retroCommand } from './ioc-retro.ts';
import { type AnswerOptions, withAnswer } from './options.ts';
import { CliError, count, EXIT, note, print, unreadable, visible } from './output.ts';
import type { Api } from './remote.ts';

const FEEDS = '/api/v1/feeds';
const INDICATORS = '/api/v1/indicators';
/** Problems that are told of a file. */
const TOLD = 20;

export function iocCommand(): Command {
  const command = new Command('ioc').description('threat indicators: addresses, networks, domains, URLs and hashes, and the feeds that name them');
  const sub = (name: string, description: string) => withAnswer(new Command(name)).description(description);
  const format = () => new Option('--format <format>', 'format of what is read; told by its content when absent').choices(['auto', ...INDICATOR_FORMATS]);
  const mapping = () => ['--map <part=column...>', 'of CSV: which column gives which part, such as value=ip confidence=score'] as const;
  command.addCommand(
    sub('import', 'store the indicators of files; what cannot be read is named and left out')
      .argument('<file...>', 'files in any format that feeds have; gzip is told by content; - for standard input')
      .option('--feed <name>', 'feed that they belong to; made when there is none', 'imported')
      .addOption(format())
      .option(...mapping())
      .option('--confidence <n>', '0 to 100, where a file says nothing')
      .option('--valid-days <n>', 'days that an indicator without an end holds')
      .option('--threat-type <word>', 'what it is a sign of, where a file says nothing')
      .option('--replace', 'what the feed had and the file has not is dropped; of one file')
      .action(importFiles),
  );
  command.addCommand(
    sub('list', 'indicators by value')
      .argument('[search]', 'an address (what holds it), or a part of a value, an actor, a family or a label')
      .option('--feed <name>', 'of this feed')
      .addOption(new Option('--type <type>', 'of this type').choices(INDICATOR_TYPES))
      .addOption(new Option('--band <band>', 'of this confidence').choices(CONFIDENCE_BANDS))
      .option('--removed', 'with what feeds have dropped')
      .option('--limit <n>', 'at most so many; 0: all', '100')
      .action(list),
  );
  command.addCommand(sub('stats', 'how many there are, by feed, type and confidence').action(stats));
  const feeds = new Command('feeds').description('where indicators come from');
  feeds.addCommand(sub('list', 'feeds, how their runs went, and what they matched').action(listFeeds));
  const add = sub('add', 'set up a feed')
    .argument('<kind>', FEED_KINDS.filter((kind) => kind !== 'import').join(', '))
    .argument('<name>', 'name of the feed; it stays')
    .option('--url <url>', 'its address')
    .option('--path <file>', 'file: the file on the server’s machine')
    .addOption(format())
    .option(...mapping())
    .option('--every <minutes>', 'minutes between two looks; 0: only when it is asked', '60')
    .addOption(
      new Option('--auth <kind>', 'how it is asked; its secret is read from BARTIZAN_FEED_SECRET, or with --secret-stdin').choices([
        'none',
        'basic',
        'bearer',
        'key',
        'header',
        'oauth2',
      ]),
    )
    .option('--cloud <name>', 'crowdstrike: the cloud in place of --url, such as eu-1')
    .option('--filter <fql>', 'crowdstrike: which indicators, in Falcon Query Language')
    .option('--user <name>', 'of --auth basic; of crowdstrike the id of the API client')
    .option('--header <name>', 'of --auth header')
    .option('--secret-stdin', 'read the secret from standard input')
    .option('--confidence <n>', '0 to 100, where it says nothing')
    .option('--valid-days <n>', 'days that an indicator without an end holds')
    .option('--threat-type <word>', 'what its indicators are a sign of, where it says nothing')
    .option('--label <label...>', 'labels of all its indicators')
    .option('--max-mib <n>', 'the largest document that is taken')
    .option('--test', 'try it first, and set up nothing where it fails');
  feeds.addCommand(add.action(addFeed));
  feeds.addCommand(sub('run', 'run a feed now, and wait for it').argument('<name>').action(runFeed));
  feeds.addCommand(sub('remove', 'remove a feed with its indicators').argument('<name>').action(removeFeed));
  command.addCommand(feeds);
  command.addCommand(retroCommand());
  return command;
}

interface ImportOptions extends AnswerOptions, MapOption {
  readonly feed: string;
  readonly format?: string;
  readonly confidence?: string;
  readonly validDays?: string;
  readonly threatType?: string;
  readonly replace?: boolean;
}

async function importFiles(files: readonly string[], options: ImportOptions): Promise<void> {
  if (options.replace && files.length > 1) throw new CliError('--replace takes one file: the next would take the place of the one before.', EXIT.wrongUse);
  const mapping = mappingOf(options.map);
  const given = {
    feed: options.feed,
    format: options.format,
    mapping: mapping && JSON.stringify(mapping),
    confidence: options.confidence,
    validDays: options.validDays,
    threatType: options.threatType,
    replace: options.replace ? 'true' : undefined,
  };
  const query = new URLSearchParams(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const bodies = await Promise.all(files.map(fileOf));
  let unread = 0;
  await withApi(options, async (api) => {
    for (const [i, file] of files.entries()) {
      const done = await api<Imported>('POST', `${INDICATORS}/import?${query}`, bodies[i] as Blob);
      unread += done.problemCount;
      await print(options.json ? JSON.stringify({ file, ...done }) : imported(file, done));
      if (!options.json) tellProblems(done);
    }
  });
  if (unread > 0) process.exitCode = EXIT.quarantined;
}

async function fileOf(path: string): Promise<Blob> {
  const type = 'application/octet-stream';
  try {
    if (path !== '-') {
      if (!(await stat(path)).isFile()) throw unreadable(path, 'is no file');
      return await openAsBlob(resolve(path), { type });
    }
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const part of process.stdin) parts.push(part as Uint8Array<ArrayBuffer>);
    return new Blob(parts, { type });
  } catch (error) {
    throw error instanceof CliError ? error : unreadable(path, whyOfFile(error));
  }
}

function imported(file: string, { feed, format, added, changed, expired, unchanged, problemCount }: Imported): string {
  const dropped = expired > 0 ? `, ${count(expired)} dropped` : '';
  const problems = problemCount > 0 ? `, ${count(problemCount)} could not be read` : '';
  return `${visible(file)} (${format ?? 'unknown'}) into ${visible(feed)}: ${count(added)} added, ${count(changed)} changed, ${count(unchanged)} unchanged${dropped}${problems}`;
}

function tellProblems({ problems, problemCount, skipped }: Pick<Imported, 'problems' | 'problemCount' | 'skipped'>): void {
  for (const { line, index, reason, excerpt } of problems.slice(0, TOLD)) {
    note(
      `  ${line === undefined ? (index === undefined ? '' : `entry ${index}: `) : `line ${line}: `}${visible(reason)}${excerpt === '' ? '' : `: ${visible(excerpt)}`}`,
    );
  }
  if (problemCount > TOLD) note(`  … ${count(problemCount - TOLD)} more`);
  for (const { reason, count: number } of skipped) note(`  left out: ${count(number)} ${visible(reason)}`);
}

interface ListOptions extends AnswerOptions {
  readonly feed?: string;
  readonly type?: string;
  readonly band?: string;
  readonly removed?: boolean;
  readonly limit: string;
}

async function list(search: string | undefined, options: ListOptions): Promise<void> {
  const most = Number(options.limit);
  if (!Number.isInteger(most) || most < 0) throw new CliError(`--limit takes a number, not “${options.limit}”`, EXIT.wrongUse);
  const asked = { search, feed: options.feed, type: options.type, band: options.band, removed: options.removed ? 'true' : undefined };
  const fixed = Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  await withApi(options, async (api) => {
    let left = most === 0 ? Number.POSITIVE_INFINITY : most;
    let cursor: string | null = null;
    let shown = 0;
    do {
      const query = new URLSearchParams([...fixed, ['limit', String(Math.min(left, 1000))], ...(cursor === null ? [] : [['cursor', cursor]])]);
      const page: IndicatorList = await api<IndicatorList>('GET', `${INDICATORS}?${query}`);
      for (const indicator of page.indicators) await print(options.json ? JSON.stringify(indicator) : line(indicator));
      shown += page.indicators.length;
      left -= page.indicators.length;
      cursor = page.next;
      if (!options.json && (cursor === null || left <= 0) && page.total > shown) note(`… ${count(page.total - shown)} more: --limit 0 prints all`);
      if (!options.json && page.total === 0) note('There are no such indicators: bartizan ioc import FILE, or bartizan ioc feeds add');
    } while (cursor !== null && left > 0);
  });
}

function line({ value, type, feed, band, confidence, actors, malware, threatType, removed, validUntil, active }: StoredIndicator): string {
  const about = [threatType, ...malware, ...actors].filter(Boolean).map(visible).join(', ');
  const until = removed > 0 ? `dropped ${day(removed)}` : active ? '' : `ended ${day(validUntil)}`;
  return [visible(value), type, `${band} ${confidence}`, visible(feed), about, until].filter(Boolean).join('  ');
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

async function stats(options: AnswerOptions): Promise<void> {
  const found = await withApi(options, (api) => api<IndicatorStats>('GET', `${INDICATORS}/stats`));
  if (options.json) return print(JSON.stringify(found));
  await print(`${count(found.total)} indicators: ${found.byType.map(({ type, count: number }) => `${count(number)} ${type}`).join(', ') || 'none'}`);
  await print(`confidence: ${found.byBand.map(({ band, count: number }) => `${count(number)} ${band}`).join(', ')}`);
  for (const { feed, active, outdated, removed } of found.feeds)
    await print(
      `${visible(feed)}  ${count(active)}${outdated > 0 ? `, ${count(outdated)} of them past their end` : ''}${removed > 0 ? `, ${count(removed)} dropped` : ''}`,
    );
}

async function listFeeds(options: AnswerOptions): Promise<void> {
  const found = await withApi(options, (api) => api<FeedList>('GET', FEEDS));
  if (options.json) return print(JSON.stringify(found));
  if (found.feeds.length === 0) return print('There are no feeds: bartizan ioc feeds add KIND NAME, or bartizan ioc import FILE');
  for (const feed of found.feeds) await print(feedLine(feed));
}

function feedLine({ name, kind, indicators, state, precision }: Feed): string {
  const { counts, error, lastSuccess, problemCount } = state;
  const last = counts ? ` (+${count(counts.added)} ~${count(counts.changed)} −${count(counts.expired)})` : '';
  const flows = ({ accepted, refused }: typeof precision.later) => `${count(accepted)} accepted and ${count(refused)} refused flows`;
  const { accepted, refused, later } = precision;
  return [
    `${visible(name)}  ${kind}  ${state.state}  ${count(indicators)} indicators${last}`,
    lastSuccess === null ? '' : `read ${new Date(lastSuccess * 1000).toISOString()}`,
    problemCount > 0 ? `${count(problemCount)} entries could not be read` : '',
    accepted + refused > 0 ? `matched ${flows(precision)}` : '',
    later.accepted + later.refused > 0 ? `found ${flows(later)} later` : '',
    error ? `${visible(error.message)}${error.hint ? ` ${visible(error.hint)}` : ''}` : '',
  ]
    .filter(Boolean)
    .join('; ');
}

async function addFeed(kind: string, name: string, options: AnswerOptions & FeedOptions): Promise<void> {
  const settings = settingsOf(kind, options);
  await withApi(options, async (api) => {
    if (options.test) await tryFeed(api, { kind, settings });
    const made = await api<Feed>('POST', FEEDS, { name, kind, settings });
    await print(options.json ? JSON.stringify(made) : `${feedLine(made)}\nrun it now: bartizan ioc feeds run ${JSON.stringify(made.name)}`);
  });
}

async function tryFeed(api: Api, feed: object): Promise<void> {
  const tested = await api<FeedTested>('POST', `${FEEDS}/test`, feed);
  note(`${tested.format ?? 'nothing'}: ${count(tested.entries)} entries, ${count(tested.problemCount)} could not be read`);
  tellProblems(tested);
  if (!tested.ok)
    throw new CliError(tested.error ? `${tested.error.message}${tested.error.hint ? ` ${tested.error.hint}` : ''}` : 'Most of the feed cannot be read.');
}

async function runFeed(name: string, options: AnswerOptions): Promise<void> {
  const path = `${FEEDS}/${encodeURIComponent(name)}`;
  const feed = await withApi(options, async (api) => {
    await api('POST', `${path}/run?wait=true`);
    return api<Feed>('GET', path);
  });
  await print(options.json ? JSON.stringify(feed) : feedLine(feed));
  if (!options.json) tellProblems(feed.state);
  if (feed.state.error) process.exitCode = EXIT.failure;
}

async function removeFeed(name: string, options: AnswerOptions): Promise<void> {
  await withApi(options, (api) => api('DELETE', `${FEEDS}/${encodeURIComponent(name)}`));
  await print(options.json ? JSON.stringify({ removed: name }) : `removed ${visible(name)}`);
}
