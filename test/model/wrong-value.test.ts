/** What schemas say of wrong values: in our words, whatever kind of schema says it. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { inPlaceOf, wrongPlaces } from '../../src/model/wrong-value.ts';

const Times = z.strictObject({ from: z.union([z.string(), z.number()]), to: z.union([z.string(), z.number()]).optional() });

function said(schema: z.ZodType, value: unknown, root = 'body'): string {
  const read = schema.safeParse(value, { error: inPlaceOf });
  return read.success ? '' : wrongPlaces(read.error, root);
}

it.each<[string, z.ZodType, unknown, string]>([
  ['what is missing', z.object({ a: z.string() }), {}, 'body.a: it is missing: write text'],
  ['no body', z.object({ a: z.string() }), undefined, 'body: it is missing: write fields with their values'],
  ['null', z.object({ a: z.number() }), { a: null }, 'body.a: write a number, not “null”'],
  ['a bare number', z.string(), 4711, 'body: write text in quotation marks, not a bare number'],
  ['a bare switch', z.string(), true, 'body: write text, not a bare “true”'],
  ['a word', z.number(), 'many', 'body: write a number, not “many”'],
  ['a number as text', z.number(), '5', 'body: write a number, not the text “5”'],
  ['a switch as text', z.boolean(), 'true', 'body: write “true” or “false”, not the text “true”'],
  ['a fraction', z.number().int(), 1.5, 'body: write a whole number, not “1.5”'],
  ['a number of a query string', z.coerce.number(), 'x', 'body: write a number'],
  ['a switch of a query string', z.stringbool(), 'maybe', 'body: write “true” or “false”, not “maybe”'],
  ['a list', z.array(z.string()), 'a,b', 'body: write a list, not “a,b”'],
  ['fields', z.object({}), [], 'body: write fields with their values, not a list'],
  ['fields in place of which stands what may be a secret', z.object({}), 'token', 'body: write fields with their values, not text'],
  ['a choice', z.enum(['a', 'b']), 'c', 'body: write one of “a”, “b”, not “c”'],
  ['one value', z.literal('a'), 3, 'body: write “a”, not “3”'],
  ['too many entries', z.array(z.any()).max(1), [1, 2], 'body: write at most 1 entry, not 2'],
  ['no entry', z.array(z.any()).min(1), [], 'body: write at least 1 entry'],
  ['a long text', z.string().max(2), '𝛂𝛃𝛄', 'body: write at most 2 characters, not 3'],
  ['a text of another length', z.string().length(3), 'ab', 'body: write exactly 3 characters, not 2'],
  ['a large number', z.number().max(1000), 5000, 'body: write a number of at most 1,000, not “5000”'],
  ['a number that is no more', z.number().positive(), 0, 'body: write a number above 0, not “0”'],
  ['a number that is no less', z.number().lt(5), 5, 'body: write a number below 5, not “5”'],
  ['no multiple', z.number().multipleOf(5), 7, 'body: write a multiple of 5, not “7”'],
  ['either kind', Times, { from: {} }, 'body.from: write text or a number, not fields with their values'],
  [
    'a union by a field',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]),
    { k: 'c' },
    'body.k: write one of “a”, “b”, not “c”',
  ],
  [
    'a union without its field',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]),
    {},
    'body.k: it is missing: write one of “a”, “b”',
  ],
  ['a union whose choice is clear', z.union([z.string(), z.object({ a: z.number() })]), { a: 'x' }, 'body: a: write a number, not “x”'],
  ['a misspelt name', Times, { from: 'now', form: 1, tp: 2 }, 'body: “form” is not known here, write “from”, “tp” is not known here, write “to”'],
  ['a name that is like none', Times, { from: 'now', colour: 1 }, 'body: “colour” is not known here: what may stand here is “from” and “to”'],
  ['the name of an entry', z.record(z.string().max(3), z.any()), { long1: 1 }, 'body.long1: of its name: write at most 3 characters, not 5'],
  ['a form', z.string().regex(/^a$/), 'b', 'body: what is written here is not taken'],
  ['what has words of its own', z.string().min(1, 'name it'), '', 'body: name it'],
  ['several places', z.object({ a: z.string(), b: z.number() }), { b: 'x' }, 'body.a: it is missing: write text; body.b: write a number, not “x”'],
])('%s', (_, schema, value, words) => expect(said(schema, value)).toBe(words));

it('names some of very many wrong places and names, and the start of long ones', () => {
  const many = said(
    z.array(z.string()),
    Array.from({ length: 50_000 }, (_, i) => i),
  );
  expect(many).toMatch(/^body\.0: write text .*; body\.19: write text [^;]*; 49,980 more are wrong$/);
  const names = said(z.strictObject({ from: z.any() }), Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`name${i}`, i])));
  expect(names).toMatch(/“name4” is not known here, 49,995 more are not: what may stand here is “from”$/);
  expect(said(z.record(z.string(), z.string()), { ['x'.repeat(100_000)]: 1 }).length).toBeLessThan(200);
});
