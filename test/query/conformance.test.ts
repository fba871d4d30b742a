/** The conformance command on files of its own: what it counts, what it assumes, what it survives. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';

const script = join(import.meta.dirname, '../../scripts/conformance.ts');
const Report = z.object({
  queries: z.number(),
  parse: z.number(),
  compile: z.number(),
  plain: z.number(),
  reasons: z.array(z.object({ code: z.string(), message: z.string(), count: z.number(), example: z.string(), place: z.string() })),
  assumedFields: z.record(z.string(), z.number()),
  unreadable: z.array(z.object({ place: z.string(), reason: z.string() })),
  shown: z.array(z.object({ place: z.string(), query: z.string() })).optional(),
});

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  mkdirSync(join(folder, 'texts'));
  writeFileSync(join(folder, 'texts', 'one.sumo'), '\uFEFFsrcport=443\r\n| count by dstport // ports\r\n');
  writeFileSync(join(folder, 'texts', 'two.txt'), '_index=elsewhere | where made_by_a_rule = "x" | limit {{n}}');
  const lines = [
    { query: '* | timeslice {{slice}} | count by _timeslice' },
    { query: '* | wher a = 1' },
    { query: '* | where x = {{Some Name}} and zork > 2 | count by zork' },
    { query: '* | count by a, b, c | where "unclosed' },
    { other: 1 },
  ];
  writeFileSync(join(folder, 'lines.jsonl'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n\nno json\n`);
  writeFileSync(join(folder, 'array.json'), JSON.stringify(['* | count', { query: '| sum by x' }, 7]));
});

afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [script, ...args], (error, stdout) => done({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout }));
  });
}

it('counts what parses and compiles, with and without assumptions', async () => {
  const { out } = await run('--json', folder);
  const report = Report.parse(JSON.parse(out));
  expect(report).toMatchObject({ queries: 8, parse: 6, compile: 5, plain: 2 });
  expect(report.reasons.map((r) => [r.code, r.count])).toEqual([
    ['wrong-arguments', 1],
    ['unknown-operator', 1],
    ['unclosed-quote', 1],
  ]);
  expect(report.reasons[1]).toMatchObject({ example: '* | wher a = 1', place: join(folder, 'lines.jsonl:2') });
  expect(report.assumedFields).toMatchObject({ zork: 1, made_by_a_rule: 1 });
  expect(report.unreadable.map((u) => u.reason)).toEqual(['no text under the key query', 'no text under the key query', 'no JSON']);
});

it('assumes nothing when it is strict, and shows the queries of a code', async () => {
  const { out } = await run('--json', '--strict', '--show', 'unknown-operator', join(folder, 'lines.jsonl'));
  const report = Report.parse(JSON.parse(out));
  expect(report).toMatchObject({ queries: 4, compile: 0 });
  expect(report.shown).toEqual([expect.objectContaining({ query: '* | wher a = 1' })]);
});

it('prints both figures plainly, and says what it cannot read', async () => {
  const { out } = await run(folder, join(folder, 'nowhere'));
  expect(out).toMatch(/^8 queries, .*\nparse +6 +75\.00 %\ncompile +5 +62\.50 %\ncompile without any assumption +2 +25\.00 %\nAssumed: /);
  expect(out).toContain('ENOENT');
});

it('without a file it says how it is used', async () => {
  expect(await run()).toMatchObject({ code: 2, out: expect.stringContaining('Usage') });
  expect((await run(join(folder, 'nowhere'))).code).toBe(1);
});
