/** Random chains of steps compile and run, or say why not: no chain gives an error of the engine. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AGGREGATES } from '../../src/query/aggregates.ts';
import { FUNCTIONS } from '../../src/query/functions/index.ts';
import { compile, shape } from '../../src/query/index.ts';
import { OPERATORS } from '../../src/query/operators/index.ts';
import { type Engine, openEngine, options } from './engine.ts';

/** Single steps of all examples, and steps on columns that others make. */
const STEPS = [
  ...[...Object.values(OPERATORS), ...FUNCTIONS, ...AGGREGATES].flatMap((entry) => entry.example.split(' | ')),
  'timeslice 10m',
  'timeslice 1d',
  'count by _timeslice',
  'count by _timeslice, action',
  'sum(bytes) as b, values(dstport), first(srcaddr) by srcaddr, action',
  'count, min(bytes), max(_messageTime), pct(bytes, 50, 90) by interface_id',
  'transpose row _timeslice column action',
  'transpose row srcaddr column action as ACCEPT, *',
  'transpose row action column srcaddr',
  'if(isNull(ACCEPT), 0, ACCEPT) as ACCEPT',
  'fields - ACCEPT',
  'fields action, _count',
  'sort _count',
  'sort +action',
  'limit 3',
  'where _count > 1',
  'fillmissing timeslice takeLast',
  'fillmissing values all in action, values("a") in srcaddr',
  'smooth _count, 3 as calm by action',
  'outlier _count by action',
  'predict _count by 10m',
  'compare with timeshift 1h 2',
  'topk(2, _count) by action',
  'dedup consecutive by action',
  'dedup',
  'merge action, srcaddr takeFirst',
  'bytes as x',
  '_count * 2 as _count',
  'parse "* *" as one, two nodrop',
  'geoip srcaddr',
];

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.load([
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1 443 6 1 100 $0 $1 ACCEPT OK', columns: { src_place: 'US|California|Mountain View|37.4|-122.1' } },
    { line: '2 1 eni-a 10.0.0.2 8.8.8.8 2 443 6 1 200 $10 $11 ACCEPT OK' },
    { line: '2 1 eni-b 2001:db8::1 2001:db8::2 3 22 6 1 300 $300 $301 REJECT OK' },
    { line: '2 - eni-b - - - - - - - $910 $911 - OK' },
  ]);
});
afterAll(() => engine.close());

/** The chain without the steps that cannot stand where they are. */
function grown(scope: string, steps: readonly string[]): string {
  return steps.reduce((text, step) => (compile(`${text} | ${step}`, options(engine)).ok ? `${text} | ${step}` : text), scope);
}

it('whatever the steps', async () => {
  const chain = fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(chain, fc.constantFrom('', '', 'dstport=9'), async (steps, scope) => {
      const text = grown(scope, steps);
      const result = compile(text, options(engine));
      if (!result.ok) expect.fail(`${text}: ${JSON.stringify(result.diagnostics)}`);
      const rows = await engine.rows(result.compiled.statement).catch((error: unknown) => expect.fail(`${text}\n${String(error).slice(0, 500)}`));
      const { columns, rows: lines } = shape(result.compiled, rows);
      for (const line of lines) expect(line.length).toBe(columns.length);
    }),
    { numRuns: Number(process.env.BARTIZAN_RUNS ?? 40) },
  );
});
