/** The long fuzz run: `npx node test/formats/fuzz.ts [cases] [seed]`. The unit run has a few thousand cases. */
import fc from 'fast-check';
import { fuzzCase } from './fuzz-case.ts';
import { deliveries } from './mutate.ts';

const cases = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 20261120);
const started = performance.now();
const STEP = 10_000;
for (let done = 0; done < cases; done += STEP) {
  fc.assert(fc.property(deliveries, fc.integer({ min: 1, max: 64 }), fuzzCase), { numRuns: Math.min(STEP, cases - done), seed: seed + done });
  process.stdout.write(`${Math.min(cases, done + STEP)} cases, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}
