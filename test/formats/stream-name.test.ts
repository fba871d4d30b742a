import { expect, it } from 'vitest';
import { interfaceOfStream } from '../../src/formats/flow/stream-name.ts';

it('knows the interface by the stream’s name, and nothing by other names', () => {
  for (const traffic of ['all', 'accept', 'reject']) expect(interfaceOfStream(`eni-0123456789abcdef0-${traffic}`)).toBe('eni-0123456789abcdef0');
  expect(interfaceOfStream('eni-12345678-all')).toBe('eni-12345678');
  for (const name of ['', 'eni-12345678', 'eni-12345678-none', 'x-eni-12345678-all', 'eni-12345678-all-2', 'eni-xyz-all', 'i-12345678-all']) {
    expect(interfaceOfStream(name)).toBeUndefined();
  }
});
