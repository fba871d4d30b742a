import fc from 'fast-check';
import { it } from 'vitest';
import { fuzzCase } from './fuzz-case.ts';
import { deliveries } from './mutate.ts';

it('survives random bytes and mutated records without losing one', () => {
  fc.assert(fc.property(deliveries, fc.integer({ min: 1, max: 64 }), fuzzCase), { numRuns: 4000 });
});
