/** The long fuzz run: `node test/formats/fuzz.ts [cases] [seed] [flow|events]`. The unit run has a few thousand cases. */
import fc from 'fast-check';
import { eventFuzzCase, fuzzCase } from './fuzz-case.ts';
import { deliveries, eventDeliveries } from './mutate.ts';

const cases = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 20261120);
const of = process.argv[4] ?? 'both';
const started = performance.now();
const STEP = 10_000;
const cut = fc.integer({ min: 1, max: 64 });
const kinds = { flow: fc.property(deliveries, cut, fuzzCase), events: fc.property(eventDeliveries, cut, eventFuzzCase) };
for (const [kind, property] of Object.entries(kinds)) {
  if (of !== 'both' && of !== kind) continue;
  for (let done = 0; done < cases; done += STEP) {
    fc.assert(property, { numRuns: Math.min(STEP, cases - done), seed: seed + done });
    process.stdout.write(`${kind}: ${Math.min(cases, done + STEP)} cases, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  }
}
