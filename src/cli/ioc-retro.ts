/** `bartizan ioc retro`: flows and events of the past that indicators speak of which were not known then. */
import { setTimeout } from 'node:timers/promises';
import { Command } from 'commander';
import type { HuntStatus, RetroFinding, RetroResponse } from '../api/contract/findings.ts';
import { withApi } from './api.ts';
import { type AnswerOptions, withAnswer } from './options.ts';
import { bytes, CliError, count, EXIT, note, print, visible } from './output.ts';
import type { Api } from './remote.ts';

interface Options extends AnswerOptions {
  readonly feed?: string;
  readonly again?: boolean;
  readonly limit: string;
}

const FINDINGS = '/api/v1/findings/retro';
const POLL_MS = 200;

export function retroCommand(): Command {
  return withAnswer(new Command('retro'))
    .description('flows and events that were stored before an indicator was known which speaks of them, newest finding first')
    .option('--feed <name>', 'only what indicators of this feed found')
    .option('--again', 'first hunt once more for all indicators of --feed, over all days')
    .option('--limit <n>', 'findings to show', '20')
    .action(retro);
}

async function retro(options: Options): Promise<void> {
  const { feed, again = false } = options;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new CliError('--limit takes a whole number from 1 to 1000', EXIT.wrongUse);
  if (again && feed === undefined) throw new CliError('--again needs --feed: the feed whose indicators are hunted', EXIT.wrongUse);
  await withApi(options, async (api) => {
    if (again && feed !== undefined) await huntAgain(api, feed);
    const asked = new URLSearchParams({ limit: String(limit), ...(feed === undefined ? {} : { feed }) });
    const found = await api<RetroResponse>('GET', `${FINDINGS}?${asked}`);
    if (options.json) return print(JSON.stringify(found));
    const { totals, findings, hunt } = found;
    const { waiting } = hunt;
    if (hunt.state === 'idle' && waiting > 0)
      note(`${count(waiting)} ${waiting === 1 ? 'hunt waits' : 'hunts wait'}: history is searched while a server runs, or with --again.`);
    if (totals.findings === 0) return print('Nothing was found later.');
    await print(`${count(totals.findings)} findings: ${count(totals.addresses)} addresses, ${count(totals.indicators)} indicators`);
    for (const finding of findings) await print(lines(finding));
    if (findings.length < totals.findings) await print(`… ${count(totals.findings - findings.length)} more`);
  });
}

/** Waits until it is done. */
async function huntAgain(api: Api, feed: string): Promise<void> {
  let hunt = await api<HuntStatus>('POST', `${FINDINGS}/hunt`, { feed });
  while (hunt.state === 'filling' || hunt.state === 'running') {
    await setTimeout(POLL_MS);
    hunt = (await api<RetroResponse>('GET', `${FINDINGS}?limit=1`)).hunt;
  }
  const { last } = hunt;
  if (hunt.state === 'trouble' || last === null) throw new CliError(`The hunt failed: ${last?.message ?? 'its state is not known'}`);
  note(`hunted for ${count(last.indicators)} indicators of ${visible(last.feed)}: ${count(last.found)} findings, each of an address and a day`);
}

function lines(finding: RetroFinding): string {
  const { address, dataset, indicator, feed, accepted, refused, bytes: size, days, threatType, actors, malware, text } = finding;
  const told = [threatType, ...actors, ...malware].filter(Boolean).map(visible).join(', ');
  const who = indicator === '' ? 'an indicator that is known no more' : `${visible(indicator)} of ${visible(feed)}, ${finding.band}${told ? `: ${told}` : ''}`;
  const on = `on ${count(days)} ${days === 1 ? 'day' : 'days'}`;
  const records =
    dataset === 'cloudtrail'
      ? `${count(accepted + refused)} events, ${count(refused)} of them failed, ${on}`
      : `${count(accepted)} accepted and ${count(refused)} refused flows, ${bytes(size)}, ${on}`;
  return `${address}  ${who}\n    ${text}\n    ${records}${dataset === 'tgw_flow' ? ', at transit gateways' : ''}`;
}
