/** Of objects that will not be read, what goes to the log: by name, bounded by the hour, none of it kept secret. */
import { expect, it } from 'vitest';
import type { S3Problem } from '../../../src/collect/s3/problems.ts';
import { isLasting, LOGGED_AN_HOUR, Unreadable } from '../../../src/collect/s3/unreadable.ts';

const problem = (code: S3Problem['code'], retryable = false): S3Problem => ({ code, message: `It is ${code}.`, hint: 'Do something.', retryable });

it('names so many of an hour, then says how many more there were', () => {
  const lines: [object, string][] = [];
  let now = 0;
  const unreadable = new Unreadable(
    (facts, message) => lines.push([facts, message]),
    () => now,
  );
  for (let i = 0; i < LOGGED_AN_HOUR + 30; i++) {
    unreadable.report(problem('kms-denied'), `s3://b/${i}`);
    // The same one with each pass of a listing is no other one.
    unreadable.report(problem('kms-denied'), 's3://b/0');
  }
  expect(lines).toHaveLength(LOGGED_AN_HOUR);
  expect(lines[7]).toEqual([{ code: 'kms-denied', object: 's3://b/7' }, 'It is kms-denied. Do something.']);
  expect(unreadable.names('kms-denied').slice(0, 3)).toEqual(['s3://b/0', 's3://b/129', 's3://b/128']);
  expect(unreadable.names('access-denied')).toEqual([]);
  now = 3_600_000;
  unreadable.report(problem('access-denied'), 's3://b/0');
  expect(lines.slice(LOGGED_AN_HOUR)).toEqual([
    [{ objects: 30 }, expect.stringContaining('30 more objects')],
    [{ code: 'access-denied', object: 's3://b/0' }, 'It is access-denied. Do something.'],
  ]);
  unreadable.flush();
  expect(lines).toHaveLength(LOGGED_AN_HOUR + 2);
});

it('is of one object, and does not pass by waiting', () => {
  expect([problem('object-gone'), problem('access-denied'), problem('not-taken'), problem('object-archived', true)].map(isLasting)).toEqual(
    Array(4).fill(true),
  );
  expect([problem('bad-signature'), problem('no-such-bucket'), problem('not-taken', true), problem('object-damaged', true)].map(isLasting)).toEqual(
    Array(4).fill(false),
  );
});
