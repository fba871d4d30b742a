import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseExactly } from '../../src/model/json.ts';

it.each([
  ['{"n":18446744073709551616,"m":9007199254740993,"k":7}', { n: '18446744073709551616', m: '9007199254740993', k: 7 }],
  ['[1e400,-1E999,1e-400,123456789.1234567891]', ['1e400', '-1E999', '1e-400', '123456789.1234567891']],
  // These are what they are.
  ['[9007199254740992,1.50,1e5,0e999,0.1,-0,1.7976931348623157e308]', [9007199254740992, 1.5, 100000, 0, 0.1, -0, 1.7976931348623157e308]],
  ['{"t":"x: 18446744073709551616, \\" 1e400","18446744073709551616":1e400}', { t: 'x: 18446744073709551616, " 1e400', '18446744073709551616': '1e400' }],
  ['18446744073709551616', '18446744073709551616'],
])('%s', (text, value) => {
  expect(parseExactly(text)).toEqual(value);
});

it('what is no JSON throws', () => {
  for (const text of ['', '{"n":18446744073709551616', '[01e400]', '1e400x']) expect(() => parseExactly(text)).toThrow(SyntaxError);
});

it('JSON that JavaScript wrote is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value);
      expect(parseExactly(text)).toEqual(JSON.parse(text));
    }),
  );
});
