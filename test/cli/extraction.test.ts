/** `bartizan extraction`: rules at the command line, and what they make of what is ingested behind them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HEADER, lines } from '../ingest/helpers.ts';
import { newData } from '../store/new-store.ts';
import { bartizan } from './helpers.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-cli-'));
  newData(join(root, 'data'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const run = (...args: string[]) => bartizan([...args, '--data', join(root, 'data')]);
const EXPRESSION = 'parse regex "eni-(?<head>\\d)" | where action = "REJECT"';

it('tries, adds, lists and removes a rule; what it stored is still found', async () => {
  const samples = join(root, 'samples.txt');
  await writeFile(samples, lines(2, 7));
  const tried = await run('extraction', 'test', EXPRESSION, '--samples', samples);
  expect(tried).toMatchObject({ code: 0, err: '' });
  expect(tried.out).toMatch(/makes {3}head[\s\S]*eni-70[\s\S]*matched\n {4}head = 7[\s\S]*eni-71[\s\S]*step 2 found nothing: where action = "REJECT"/);

  const wrong = await run('extraction', 'add', 'heads', 'parse "a*" as a | count', '--scope', 'x');
  expect(wrong.code).toBe(2);
  expect(wrong.err).toMatch(/rule-operator: .*\nparse "a\*" as a \| count\n {18}\^{5}\n/);

  expect(await run('extraction', 'add', 'heads', EXPRESSION)).toMatchObject({ code: 0, out: '“heads” makes head at ingest, from now on.\n' });
  expect((await run('extraction', 'list')).out).toMatch(
    /heads {2}at ingest\n {4}scope {3}all records\n {4}steps {3}parse regex .*\n {4}fields {2}head\n\n1 of 200 fields\./,
  );
  const logs = join(root, 'a.log');
  await writeFile(logs, `${HEADER}\n${lines(50, 7)}`);
  expect((await run('ingest', logs)).code).toBe(0);
  expect((await run('extraction', 'remove', 'nothing')).err).toMatch(/There is no rule “nothing”. There are: “heads”\./);
  expect((await run('extraction', 'remove', 'HEADS')).code).toBe(0);
  const answer = await run('query', '| count by head | sort _count asc', '--from', 'all', '--format', 'csv');
  expect(answer.out).toBe('head,_count\n7,10\n,40\n');
});
