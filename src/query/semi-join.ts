/** Rows whose values are among those of other rows: subqueries, filter. */
import type { Nested } from './context.ts';
import { QueryError } from './diagnostics.ts';
import { keyPair } from './keys.ts';
import { all, any } from './match.ts';
import { rawText } from './raw.ts';
import { join, num, param, type Sql, sql, subquery } from './sql.ts';
import type { State } from './state.ts';
import { storedField } from './stored.ts';
import { MAX_KEYWORDS, MAX_ROWS } from './subqueries.ts';
import type { Name } from './tree.ts';
import { asText, nullable, type Typed } from './typed.ts';

interface Pair {
  /** Of the row that is asked about. */
  readonly own: Typed;
  /** Of the other rows. */
  readonly other: Typed;
}

/**
 * Whether a row's values are together those of one of the rows of `rows`. True or false; what has no value is
 * in no list. A stored address or text is compared as the bare column, so that indexes are used.
 */
export function among(pairs: readonly Pair[], rows: (list: readonly Sql[]) => Sql): Sql {
  const keys = pairs.map(({ own, other }) => {
    const both = keyPair(own, other);
    if (own.field && own.kind === 'address') return { ...both, left: own.sql };
    if (own.field && own.kind === 'text' && other.kind === 'text' && !own.field.foldCase && !own.of)
      return { left: own.sql, right: own.emptyIsNull ? sql`nullIf(${nullable(other)}, '')` : nullable(other) };
    return own.field?.foldCase ? { left: sql`lower(${both.left})`, right: sql`lower(${both.right})` } : both;
  });
  const ids = keys.map((_, i) => (i === 0 ? sql`k0` : sql`k${num(i)}`));
  const list = keys.map(({ right }, i) => sql`${right} AS ${ids[i] as Sql}`);
  const given = all(ids.map((id) => sql`isNotNull(${id})`));
  const found = sql`SELECT DISTINCT ${join(
    ids.map((id) => sql`assumeNotNull(${id})`),
    ', ',
  )} FROM (${rows(list)}) WHERE ${given}`;
  const left =
    keys.length === 1
      ? (keys[0]?.left as Sql)
      : sql`(${join(
          keys.map((key) => key.left),
          ', ',
        )})`;
  return sql`ifNull(${left} IN ${subquery(limited(found, MAX_ROWS))}, false)`;
}

/** At most so many rows; with more the statement fails, and the store says which limit it was (store/errors.ts). */
export function limited(rows: Sql, most: number): Sql {
  return sql`SELECT * FROM (${rows}) WHERE throwIf(rowNumberInAllBlocks() >= ${num(most)}, ${param('String', `bartizan-limit:${most}`)}) = 0`;
}

/** The condition of `[subquery: … | compose a, b]`: each name's value, in one of the subquery's rows. Throws QueryError. */
export function composed(nested: Nested, resolve: (name: Name) => Typed): Sql {
  const pairs = nested.columns.map(({ name, value }) => ({ own: resolve({ name, span: nested.span }), other: value }));
  return among(pairs, nested.rows);
}

/** `left in ([subquery: … | compose a])`: whatever the name is. */
export function composedValue(nested: Nested, own: Typed): Sql {
  const [column] = nested.columns;
  if (!column || nested.columns.length > 1)
    throw new QueryError('names-do-not-match', nested.span, 'After “in”, a subquery composes one field.', 'Name one field after “compose”.');
  return among([{ own, other: column.value }], nested.rows);
}

/** Words that a record has as a whole; others may be a part of one, as in a search that is typed. */
const WHOLE = sql`'^[0-9a-fA-F.:]+$'`;

/** The condition of `… | compose a, b keywords`: records that have all values of one of the rows, wherever. */
export function composedKeywords(nested: Nested, state: State): Sql {
  const { ctx } = state;
  const [only, ...more] = nested.columns;
  // An address is looked for in the columns that have addresses, as a keyword is.
  if (only?.value.kind === 'address' && more.length === 0)
    return any(
      ctx.flowFields
        .filter((field) => field.type === 'address' && !ctx.neverGiven(field))
        .map((field) => among([{ own: storedField(ctx, field), other: only.value }], nested.rows)),
    );
  const ids = nested.columns.map((_, i) => sql`w${num(i)}`);
  const list = nested.columns.map(({ value }, i) => sql`${asText({ ...value, sql: nullable(value) })} AS ${ids[i] as Sql}`);
  const given = all(ids.map((id) => sql`ifNull(${id}, '') != ''`));
  const words = sql`[${join(
    ids.map((id) => sql`assumeNotNull(toString(${id}))`),
    ', ',
  )}]`;
  const distinct = sql`SELECT DISTINCT ${words} AS words FROM (${nested.rows(list)}) WHERE ${given}`;
  const text = rawText(ctx);
  const whole = sql`splitByRegexp('[^0-9a-fA-F.:]+', ${text})`;
  if (more.length === 0) {
    const wanted = subquery(sql`SELECT groupArray(words[1]) FROM (${limited(distinct, MAX_KEYWORDS)})`);
    const parts = sql`arrayFilter(word -> NOT match(word, ${WHOLE}), ${wanted})`;
    return any([sql`hasAny(${whole}, ${wanted})`, sql`(multiSearchAnyCaseInsensitiveUTF8(${text}, ${parts}) = 1)`]);
  }
  const has = sql`if(match(word, ${WHOLE}), has(${whole}, word), positionCaseInsensitiveUTF8(${text}, word) > 0)`;
  return sql`arrayExists(words -> arrayAll(word -> ${has}, words), ${subquery(sql`SELECT groupArray(words) FROM (${limited(distinct, MAX_KEYWORDS)})`)})`;
}

/** Where something stands that only a subquery of conditions can. Throws QueryError. */
export function withoutKeywords(nested: Nested): Nested {
  if (nested.keywords)
    throw new QueryError('not-supported', nested.span, '“compose … keywords” belongs into the search, before the first “|”.', 'Leave “keywords” out.');
  return nested;
}
