/** A file with a mistake at every character is read in time that grows with it alone: where each mistake copies its line, this takes minutes. */
import { expect, it } from 'vitest';
import { readDashboard } from '../../src/dashboards/load.ts';

it('a long line of mistakes', () => {
  expect(() => readDashboard(`title: "${'\\q'.repeat(200_000)}"\n`, 'file')).toThrow(/^(file:1: not valid YAML: Invalid escape sequence \\q\n?){50}$/);
});
