/**
 * Keyword search. A term without spaces lies within one field, so it compiles to columns: addresses,
 * numbers, ids and the words of action and status to equality, everything else to a substring in any
 * letter case of each text column (and of the kept original, where the record was not in canonical
 * form). Only a phrase with spaces needs the rebuilt text. Fields that no record has are left out, so that
 * an address is looked for in the columns of its index and nowhere else.
 */

import { FRAME_PARTS } from '../model/cloudtrail-fields.ts';
import { EXTRACTED, type Field, type FieldType } from '../model/fields.ts';
import { CLOUDTRAIL } from '../model/log-formats.ts';
import type { Context } from './context.ts';
import { all, any, compare, inRange, likePattern } from './match.ts';
import { addressValue, parseNetwork, parseOctetWildcard } from './network.ts';
import { percentEncode, rawText } from './raw.ts';
import { join, param, type Sql, sql } from './sql.ts';
import { storedField } from './stored.ts';
import type { Span } from './tree.ts';
import { addressToText, asNumber, asText, literal } from './typed.ts';

/** Words that only one column holds, by that column's name. */
const WORDS: Readonly<Record<string, string>> = { ACCEPT: 'action', REJECT: 'action', OK: 'log-status', NODATA: 'log-status', SKIPDATA: 'log-status' };

/** Ids that AWS makes: their prefix names the columns that can hold them. */
const IDS: Readonly<Record<string, readonly string[]>> = {
  eni: ['interface-id', 'next-hop-interface-id', 'resource-id', 'tgw-src-eni', 'tgw-dst-eni'],
  vpc: ['vpc-id', 'next-hop-vpc-id', 'tgw-src-vpc-id', 'tgw-dst-vpc-id'],
  subnet: ['subnet-id', 'next-hop-subnet-id', 'tgw-src-subnet-id', 'tgw-dst-subnet-id'],
  i: ['instance-id'],
  tgw: ['tgw-id'],
  'tgw-attach': ['tgw-attachment-id', 'tgw-pair-attachment-id'],
};

/** Whether a term is a word of a flow's action or status, or an id that only flows have a field for. */
export function isFlowWord(term: string): boolean {
  return term.toUpperCase() in WORDS || /^eni-/.test(term);
}

/** Terms that name the status dataset. */
export function namesStatus(term: string): boolean {
  return term.toUpperCase() === 'NODATA' || term.toUpperCase() === 'SKIPDATA';
}

/** Condition of one keyword or phrase, in the record or in what rules took out of it. `term` may hold `*`. */
export function keyword(ctx: Context, term: string, span: Span): Sql {
  const inRecord = inFields(ctx, term, span);
  if (!ctx.options.catalog?.extractedNames.length) return inRecord;
  const values = sql`mapValues(${ctx.column(EXTRACTED)})`;
  // What is compared as a whole in a record's fields is so here.
  const whole = term.toUpperCase() in WORDS || addressValue(term) !== undefined || /^\d{1,15}$/.test(term) || ID.test(term);
  const inValues = whole ? sql`has(${values}, ${param('String', term)})` : sql`arrayExists(value -> ${holding(term)(sql`value`)}, ${values})`;
  return any([inRecord, inValues]);
}

/** An id of AWS, its kind as the first group. */
const ID = /^(eni|vpc|subnet|i|tgw|tgw-attach)-[0-9a-f]+$/;

function inFields(ctx: Context, term: string, span: Span): Sql {
  const [format, ...others] = ctx.formats;
  if (format?.kind === 'event' && others.length === 0) return inEvent(ctx, term);
  if (ctx.formats.every(({ kind }) => kind === 'flow')) return inFlow(ctx, term, span);
  return ctx.byFormat(({ kind }) => (kind === 'event' ? inEvent(ctx, term) : inFlow(ctx, term, span)));
}

/** What a part and the text around it could hold together. */
const ACROSS = /["{}:,[\]]/;

/**
 * The frame of an event and its parts hold all that it says; where the frame was given up, its columns are asked. Only
 * what may stand across the edge of a part needs the whole text.
 */
function inEvent(ctx: Context, term: string): Sql {
  const holds = holding(term);
  const frame = ctx.column('frame');
  const parts = FRAME_PARTS.map(({ column }) => ctx.column(column));
  const columns = CLOUDTRAIL.stored.filter((f) => f.type === 'text' && f.columnType !== 'Array(String)').map((f) => ctx.column(f.column));
  const framed = ACROSS.test(term) || term.includes('*') ? holds(rawText(ctx)) : any([frame, ...parts].map(holds));
  return sql`if(${frame} != '', ${framed}, ${holds(sql`concatWithSeparator(' ', ${join(columns, ', ')})`)})`;
}

function inFlow(ctx: Context, term: string, span: Span): Sql {
  const equal = (field: Field, value: string): Sql => compare('=', storedField(ctx, field), literal(value), span);
  const byNames = (names: readonly string[]): Field[] => given(ctx).filter((f) => names.includes(f.aws as string));
  const word = WORDS[term.toUpperCase()];
  if (word) return any(byNames([word]).map((f) => equal(f, term)));
  if (addressValue(term) !== undefined) return any(given(ctx, 'address').map((f) => equal(f, term)));
  const range = parseNetwork(term) ?? parseOctetWildcard(term);
  if (range) return any(given(ctx, 'address').map((f) => inRange(storedField(ctx, f), range)));
  if (/^\d{1,15}$/.test(term)) return digits(ctx, term, span);
  const id = ID.exec(term)?.[1];
  if (id) return any(byNames(IDS[id] ?? []).map((f) => equal(f, term)));
  return /\s/.test(term) ? phrase(ctx, term) : withinFields(ctx, term);
}

/** Fields, of these types or of all, that some record may have. */
function given(ctx: Context, ...types: readonly FieldType[]): readonly Field[] {
  return ctx.flowFields.filter((field) => (types.length === 0 || types.includes(field.type)) && !ctx.neverGiven(field));
}

/** The rebuilt text is made only of records that have each of the words somewhere. */
function phrase(ctx: Context, term: string): Sql {
  const words = [...new Set(term.split(/[\s*]+/).filter((word) => word !== '' && word !== '-'))].slice(0, 5);
  return all([...words.map((word) => withinFields(ctx, word)), holding(term)(rawText(ctx))]);
}

function digits(ctx: Context, term: string, span: Span): Sql {
  const numbers = given(ctx, 'number', 'time').map((field) => {
    const value = storedField(ctx, field);
    if (value.kind === 'time') return sql`(${asNumber(value)} = ${literal(Number(term)).sql})`;
    return compare('=', value, literal(Number(term)), span);
  });
  const texts = given(ctx, 'text').map((field) => compare('=', storedField(ctx, field), literal(term), span));
  return any([...numbers, ...texts]);
}

function withinFields(ctx: Context, term: string): Sql {
  const holds = holding(term);
  const texts = given(ctx, 'text').map((f) => holds(ctx.column(f.column)));
  // Tags are decoded in their columns; a term with % is looked for in the record's spelling as well.
  const encoded = term.includes('%')
    ? given(ctx, 'text')
        .filter((f) => f.percentEncoded)
        .map((f) => holds(percentEncode(ctx.column(f.column))))
    : [];
  const addresses = /^[0-9a-f.:*]+$/i.test(term) ? given(ctx, 'address').map((f) => holds(addressToText(ctx.column(f.column)))) : [];
  const numbers = /^[0-9*]+$/.test(term) ? given(ctx, 'number', 'time').map((f) => holds(asText(storedField(ctx, f)))) : [];
  return any([...texts, ...encoded, ...addresses, ...numbers, holds(ctx.column('raw_exact'))]);
}

/** Whether a text holds a term, in any letter case. The pattern is made once for all the columns that are asked. */
function holding(term: string): (subject: Sql) => Sql {
  if (term.includes('*')) {
    const pattern = param('String', `%${likePattern(term)}%`);
    return (subject) => sql`(${subject} ILIKE ${pattern})`;
  }
  const part = param('String', term);
  return (subject) => sql`(positionCaseInsensitiveUTF8(${subject}, ${part}) > 0)`;
}
