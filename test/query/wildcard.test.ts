import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsWildcard } from '../../src/query/match.ts';

describe('a wildcard of names', () => {
  it('fits whole names, in any case', () => {
    for (const [name, wildcard, fits] of [
      ['vpc_flow', 'VPC_flow', true],
      ['vpc_flow', 'vpc*', true],
      ['vpc_flow', '*', true],
      ['vpc_flow', '*flow', true],
      ['vpc_flow_status', '*flow', false],
      ['vpc_flow', 'vpc', false],
      ['vpc_flow', 'v*c*f*w', true],
      ['aba', 'ab*ba', false],
      ['vpc_flow', 'vpc.flow', false],
      ['vpc_flow', '', false],
      ['', '**', true],
    ] as const)
      expect(fitsWildcard(name, wildcard), `${wildcard} of ${name}`).toBe(fits);
  });

  it('fits what it was made of by leaving pieces out', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.record({ kept: letters, left: letters }), { maxLength: 5 }), letters, (pieces, end) => {
        const name = pieces.map(({ kept, left }) => kept + left).join('') + end;
        expect(fitsWildcard(name, pieces.map(({ kept }) => `${kept}*`).join('') + end)).toBe(true);
        expect(fitsWildcard(`${name}c`, pieces.map(({ kept }) => `${kept}*`).join('') + end)).toBe(pieces.length > 0 && end === '');
      }),
    );
  });
});
