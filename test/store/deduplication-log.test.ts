import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forgetTokensWithoutParts } from '../../src/store/deduplication-log.ts';

let path: string;
let log: string;
const RECORDS = ['1\t20260101_1_1_0\ta_1', '1\t20260101_2_2_0\ta_2', '1\t20260101_7_7_0\ta_7', '2\t20260101_3_3_0\ta_3'];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'bartizan-tokens-'));
  const table = join(path, 'store', 'abc', 'abc-1');
  for (const name of ['deduplication_logs', '20260101_1_4_1', 'tmp_insert_20260101_7_7_0', '20260102_7_7_0']) mkdirSync(join(table, name), { recursive: true });
  mkdirSync(join(path, 'store', 'abd', 'abd-1'), { recursive: true });
  log = join(table, 'deduplication_logs', 'deduplication_log_1.txt');
  writeFileSync(log, `${RECORDS.join('\n')}\n`);
  // No process has this number: it is over the largest there can be.
  writeFileSync(join(path, 'status'), 'PID: 999999999\n');
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

it('forgets the token of a part that is not there, and keeps those of parts that are or were merged', () => {
  expect(forgetTokensWithoutParts(path)).toBe(1);
  expect(readFileSync(log, 'utf8')).toBe(`${[RECORDS[0], RECORDS[1], RECORDS[3]].join('\n')}\n`);
  expect(forgetTokensWithoutParts(path)).toBe(0);
});

it('leaves alone a store that was closed, one that a process has, and a log that it does not know', () => {
  writeFileSync(join(path, 'status'), 'PID: 1\n');
  expect(forgetTokensWithoutParts(path)).toBe(0);
  rmSync(join(path, 'status'));
  expect(forgetTokensWithoutParts(path)).toBe(0);
  writeFileSync(join(path, 'status'), 'PID: 999999999\n');
  writeFileSync(log, `${RECORDS[2]}\nsomething else\n`);
  expect(forgetTokensWithoutParts(path)).toBe(0);
  expect(forgetTokensWithoutParts(join(path, 'nowhere'))).toBe(0);
});

it('knows a killed store of a container, where each start has the same number, and one that this process has itself', () => {
  writeFileSync(join(path, 'status'), `PID: ${process.pid}\n`);
  expect(forgetTokensWithoutParts(path)).toBe(1);
  writeFileSync(log, `${RECORDS[2]}\n`);
  expect(forgetTokensWithoutParts(path)).toBe(0);
});
