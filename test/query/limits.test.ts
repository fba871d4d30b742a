/** What a step may make, and what a text may hold without holding the server. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile } from '../../src/query/index.ts';
import { type Engine, type Line, openEngine, options } from './engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.load(
    Array.from({ length: 300 }, (_, i): Line => ({ line: `2 1 eni-a 10.0.0.1 10.0.0.2 ${1000 + i} 443 6 1 1 $${i * 10} $${i * 10 + 5} ACCEPT OK` })),
  );
});
afterAll(() => engine.close());

/** A failed statement leaves its rest in the pipe (store/embedded.ts). */
const drain = () => engine.rows({ text: 'SELECT 1', params: {} }).catch(() => undefined);

async function rows(text: string) {
  const result = compile(text, options(engine));
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  return engine.rows(result.compiled.statement);
}

it('fillmissing says that it would make too many rows, in place of leaving some out', async () => {
  const text = (slice: string) => `| timeslice ${slice} | count by _timeslice, srcport | fillmissing timeslice, values all in srcport | count by _timeslice`;
  expect(await rows(text('2m'))).toHaveLength(30);
  await expect(rows(text('1m'))).rejects.toThrow('bartizan-limit:10000');
  await drain();
});

it('predict says that there are too many slices', async () => {
  const long = options(engine, { from: 0, maxRows: 100_000 });
  const result = compile('| timeslice 1s | count by _timeslice | predict _count by 1s forecast=2', long);
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  await expect(engine.rows(result.compiled.statement)).resolves.toHaveLength(2993);
  await engine.load([{ line: '2 1 eni-a 10.0.0.1 10.0.0.2 1 443 6 1 1 $-20000 $-19999 ACCEPT OK' }]);
  await expect(engine.rows(result.compiled.statement)).rejects.toThrow('bartizan-limit:10000');
  await drain();
});

it('texts made to be slow are read at once', () => {
  const spaces = ' '.repeat(900);
  for (const text of [
    `| json "[?(@${spaces}=${spaces}x" as a`,
    `| json "[?(@${spaces}=${spaces}x)]" as a`,
    `| json "${'['.repeat(1990)}" as a`,
    `| parse xml "/a${'[1]/b'.repeat(10_000)}" as a`,
    `| parse xml "${'/'.repeat(60_000)}" as a`,
  ])
    expect(typeof compile(text, options(engine)).ok).toBe('boolean');
});

it('calls inside calls end before the statement grows with every one of them', async () => {
  const nested = (call: string, times: number, value: string, rest = '') => `${`${call}(`.repeat(times)}${value}${`${rest})`.repeat(times)}`;
  const answer = (text: string) => compile(text, options(engine));
  for (const value of [
    nested('round', 18, 'bytes'),
    nested('base64Decode', 8, 'action'),
    nested('min', 30, 'bytes', ', 1'),
    nested('hexToAscii', 90, 'action'),
  ]) {
    expect(answer(`| ${value} as x`)).toMatchObject({ ok: false, diagnostics: [{ code: 'too-deep', hint: expect.stringContaining('as x') }] });
    expect(answer(`| where ${value} = "1"`)).toMatchObject({ ok: false, diagnostics: [{ code: 'too-deep' }] });
  }
  // As many calls beside each other as fit into a text.
  const beside = Array(640).fill(`${nested('base64Decode', 4, 'action')} = "a"`);
  expect(answer(`| where ${beside.join(' or ')}`)).toMatchObject({ ok: false, diagnostics: [{ code: 'too-deep' }] });

  const deep = `${nested('round', 6, 'bytes + 0.4')} as a | ${nested('base64Decode', 3, `"${btoa(btoa(btoa('ok')))}"`)} as b | ${nested('floor', 99, 'bytes')} as c`;
  expect(await rows(`| limit 1 | ${deep} | fields a, b, c`)).toEqual([[1, 'ok', 1]]);
  expect(answer(`| where ${Array(900).fill('isPublicIP(srcaddr)').join(' or ')}`)).toMatchObject({ ok: true });
});
