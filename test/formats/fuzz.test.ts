import fc from 'fast-check';
import { it } from 'vitest';
import { eventFuzzCase, fuzzCase } from './fuzz-case.ts';
import { deliveries, eventDeliveries } from './mutate.ts';

it('survives random bytes and mutated records without losing one', () => {
  fc.assert(fc.property(deliveries, fc.integer({ min: 1, max: 64 }), fuzzCase), { numRuns: 4000 });
});

it('survives random bytes and mutated events without losing one', () => {
  fc.assert(fc.property(eventDeliveries, fc.integer({ min: 1, max: 64 }), eventFuzzCase), { numRuns: 1000 });
});
