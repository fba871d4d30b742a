/** What a thread remembers of streams whose layout is open: small segments search once, and what could tell more is looked at. */
import { expect, it } from 'vitest';
import { inferLayout } from '../../src/formats/flow/infer.ts';
import { chooseLayout, searchLayout } from '../../src/ingest/layout-choice.ts';
import { StreamChoices } from '../../src/ingest/stream-choices.ts';
import { FLOW_FORMATS, VPC_FLOW } from '../../src/model/log-formats.ts';
import { estateRows, fieldsUpTo, linesOf, randomOf, shuffled } from '../formats/estate.ts';

/** Remembers, and counts its searches. */
function opened() {
  let searches = 0;
  const choices = new StreamChoices((...lines) => {
    searches++;
    return searchLayout(...lines);
  });
  return {
    searches: () => searches,
    choose: (stream: string, lines: readonly string[], formats = FLOW_FORMATS) => choices.choose(stream, bytesOf(lines), formats),
  };
}
const bytesOf = (lines: readonly string[]) => Buffer.from(`${lines.join('\n')}\n`);

const ROWS = estateRows(4, 1200);
const FLOWS = ROWS.filter((row) => row['log-status'] === 'OK');
const provable = Array.from({ length: 60 }, (_, i) => shuffled(fieldsUpTo(2), randomOf(i))).find(
  (order) => inferLayout(linesOf(ROWS, order)).certain && inferLayout(linesOf(ROWS.slice(0, 400), order)).certain,
) as string[];
const open = Array.from({ length: 60 }, (_, i) => shuffled(fieldsUpTo(3), randomOf(i))).find((order) => {
  const { certain, sufficient } = inferLayout(linesOf(ROWS, order));
  return !certain && !sufficient;
}) as string[];

it('searches once for many small segments of a stream that is held', () => {
  const { choose, searches } = opened();
  const lines = linesOf(FLOWS, open);
  for (let i = 0; i < 300; i += 3) {
    const part = lines.slice(i, i + 3);
    expect(choose('s1|', part)).toEqual(chooseLayout(bytesOf(part)));
    expect(choose('s1|', part).kind).toBe('hold');
  }
  expect(searches()).toBe(1);
  // Another stream, other formats and other values are other questions.
  choose('s2|', lines.slice(0, 3));
  choose('s1|', lines.slice(0, 3), [VPC_FLOW]);
  choose('s1|', linesOf(FLOWS.slice(0, 3), open.slice(1)));
  expect(searches()).toBe(4);
});

it('searches once for numbers that are no flow log, and still holds a flow log of as many values', () => {
  const { choose, searches } = opened();
  for (let i = 0; i < 100; i++) expect(choose('s1|', Array(3).fill(Array(open.length).fill('0').join(' '))).kind).toBe('detect');
  expect(searches()).toBe(1);
  expect(choose('s1|', linesOf(FLOWS.slice(0, 3), open)).kind).toBe('hold');
});

it('learns from the first segment that proves it, however many did not', () => {
  const { choose, searches } = opened();
  const lines = linesOf(ROWS, provable);
  for (let i = 0; i < 30; i++) expect(choose('s1|', lines.slice(i, i + 5)).kind).toBe('hold');
  expect(choose('s1|', lines)).toEqual({ kind: 'layout', layout: provable.join(' '), learned: true });
  expect(searches()).toBeLessThan(6);
});

it('looks again after as many lines as it looks at', () => {
  const { choose, searches } = opened();
  const part = linesOf(FLOWS.slice(0, 300), open);
  for (let i = 0; i < 30; i++) choose('s1|', part);
  expect(searches()).toBeGreaterThan(2);
  expect(searches()).toBeLessThan(8);
});

it('does not hold lines with a header or in a usual order for the sake of others that are held', () => {
  const { choose } = opened();
  expect(choose('s1|', linesOf(FLOWS.slice(0, 5), provable)).kind).toBe('hold');
  expect(choose('s1|', [provable.join(' '), ...linesOf(FLOWS.slice(0, 5), provable)]).kind).toBe('detect');
  expect(choose('s1|', linesOf(FLOWS.slice(0, 5), fieldsUpTo(2)))).toEqual({ kind: 'detect', settled: false });
  expect(choose('s1|', linesOf(FLOWS.slice(0, 5), provable)).kind).toBe('hold');
});
