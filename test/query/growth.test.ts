/** Work that grows with the text alone: each of these would take minutes where a text is looked through again from every place. */
import { expect, it } from 'vitest';
import { lex } from '../../src/query/lexer.ts';

it.each([
  ['comments that do not end', 'a ', '/* ', 'word'],
  ['comments that do not end, in a step', '| where ', '/* ', 'symbol'],
  ['classes that do not end', '| where ', '/[ ', 'regex'],
])('%s', (_, start, text, kind) => {
  const tokens = lex(start + text.repeat(500_000));
  expect(tokens.filter((token) => token.kind === kind).length).toBeGreaterThan(200_000);
});

it('what ends is read as it was', () => {
  const kinds = (text: string) => lex(text).map(({ kind, value }) => (value === '' ? kind : value));
  expect(kinds('| where a /* b */ = 1 /* c')).toEqual(['|', 'where', 'a', '=', '1', '/', '*', 'c', 'end']);
  expect(kinds('| where a matches /[/]b/ or b matches /[c/')).toEqual(['|', 'where', 'a', 'matches', '[/]b', 'or', 'b', 'matches', '[c', 'end']);
  expect(kinds('| where b matches /[c/ or\n a matches /[/]b/')).toEqual(['|', 'where', 'b', 'matches', '[c', 'or', 'a', 'matches', '[/]b', 'end']);
});
