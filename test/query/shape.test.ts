/** Columns that data makes: which are kept when there are too many, and that the rest is counted. */
import { expect, it } from 'vitest';
import { compile, shape } from '../../src/query/index.ts';
import { ident } from '../../src/query/sql.ts';

const options = { from: 0, to: 3600, now: 3600, timeZone: 'UTC', maxRows: 1000, relations: { table: ident, absentMask: 0n } };

it('keeps the columns that hold the most, in alphabetical order', () => {
  const result = compile('| count by action, dstport | transpose row action column dstport', options);
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  const cells = Array.from({ length: 400 }, (_, port) => [String(port), port === 7 ? 1_000_000 : port]);
  const { columns, rows, cut } = shape(result.compiled, [['ACCEPT', cells]]);
  const names = columns.map((c) => c.name);
  expect(cut).toBe(100);
  expect(names).toHaveLength(301);
  // 101 to 399 are the largest, and 7.
  expect(names.slice(1)).toEqual(['7', ...Array.from({ length: 299 }, (_, i) => String(i + 101))].sort());
  expect(rows[0]?.[names.indexOf('7')]).toBe(1_000_000);
});
