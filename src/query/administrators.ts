/**
 * Who is an administrator: actors of events by the list that people keep, decided when a query runs, so that a change of
 * the list holds for all events. An entry stands for the actor’s name, the ARN of the identity, the ARN of the role that the
 * session is of, or the role’s name, in any letter case (IAM tells no names apart by case); `*` is any text.
 */
import type { Context } from './context.ts';
import { param, type Sql, sql } from './sql.ts';
import { type Typed, text } from './typed.ts';

const RESERVED = /[\\^$.|?*+()[\]{}]/g;

/** RE2 pattern of all entries at once; one pass over a value answers for the whole list. */
function patternOf(entries: readonly string[]): string {
  const alternatives = entries.map((entry) =>
    entry
      .split(/\*+/)
      .map((part) => part.replace(RESERVED, '\\$&'))
      .join('.*'),
  );
  return `(?is)^(?:${alternatives.join('|')})$`;
}

/** `true` or `false`. */
export function isAdministrator(ctx: Context): Typed {
  const entries = ctx.options.catalog?.administrators ?? [];
  if (entries.length === 0) {
    ctx.warnings.push({
      code: 'no-administrators',
      span: { start: 0, end: 0 },
      message: 'The list of administrators is empty: “is_admin” is false for everybody.',
      hint: 'List them on the page “Administrators”, or with “bartizan admins add NAME”.',
    });
  }
  const listed = entries.length ? matches(ctx, param('String', patternOf(entries))) : sql`false`;
  const equals = (value: string): Sql => (value === 'true' ? listed : value === 'false' ? sql`(NOT ${listed})` : sql`false`);
  return { ...text(sql`if(${listed}, 'true', 'false')`), equals };
}

function matches(ctx: Context, pattern: Sql): Sql {
  const [name, arn, role] = [ctx.column('user_name'), ctx.column('user_arn'), ctx.column('session_issuer')];
  // Old records name no issuer: their ARN has the role’s name.
  const roleName = sql`if(${role} = '', extract(${arn}, ':assumed-role/([^/]+)/'), extract(${role}, ':role/(?:.*/)?([^/]+)$'))`;
  return sql`(match(${name}, ${pattern}) OR match(${arn}, ${pattern}) OR match(${role}, ${pattern}) OR match(${roleName}, ${pattern}))`;
}
