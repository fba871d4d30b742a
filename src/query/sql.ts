/**
 * SQL as a type. A statement is built from fragments; text from people can only enter it as a typed
 * parameter ({p0:String}), never as SQL. `raw` takes a literal written in this project's source: it
 * is a template tag, so a computed string does not compile.
 */

/** ClickHouse parameter types that values are bound as. */
export type ParamType =
  | 'String'
  | 'UInt8'
  | 'UInt16'
  | 'UInt32'
  | 'UInt64'
  | 'Int64'
  | 'Float64'
  | 'IPv6'
  | "DateTime('UTC')"
  | 'Array(String)'
  | 'Array(UInt16)'
  | 'Array(UInt32)'
  | 'Array(Float64)'
  | 'Array(IPv6)'
  | 'Identifier';
export type ParamValue = string | number | readonly string[] | readonly number[];

interface Param {
  readonly type: ParamType;
  readonly value: ParamValue;
  readonly parts?: undefined;
  readonly late?: undefined;
  readonly rows?: undefined;
}

/** A piece that is made when the statement is laid out. */
interface Late {
  readonly late: () => Sql;
  readonly parts?: undefined;
  readonly rows?: undefined;
}

/** Rows that stand between brackets, or that are asked for first. */
interface Rows {
  readonly rows: Sql;
  readonly parts?: undefined;
  readonly late?: undefined;
}

type Part = string | Param | Late | Rows | Sql;

const SQL = Symbol('sql');

/**
 * A piece of SQL with its parameters. Only this module makes one. Pieces nest and are laid out once, by
 * statement(); text without parameters is laid out where it is put in, so that little is left to do then.
 */
export interface Sql {
  readonly [SQL]: true;
  readonly parts: readonly Part[];
  /** Texts and parameters that it was made of. */
  readonly size: number;
}

/** What the store executes: text with {pN:Type} placeholders, and their values. */
export interface Statement {
  readonly text: string;
  readonly params: Readonly<Record<string, ParamValue>>;
  /** Tables that the text reads and that are made before it, in their order; only of what is streamed. */
  readonly first?: readonly { readonly name: string; readonly text: string }[];
}

function make(pieces: readonly Part[]): Sql {
  const parts: Part[] = [];
  let size = 0;
  let text = '';
  for (const piece of pieces) {
    const inner = typeof piece === 'string' ? undefined : piece.parts;
    size += inner ? (piece as Sql).size : 1;
    if (typeof piece === 'string') text += piece;
    else if (inner && inner.length <= 1 && typeof (inner[0] ?? '') === 'string') text += inner[0] ?? '';
    else {
      if (text) parts.push(text);
      text = '';
      parts.push(piece);
    }
  }
  if (text) parts.push(text);
  return { [SQL]: true, parts, size };
}

/** SQL literal of this project's source, with fragments in its holes. */
export function sql(strings: TemplateStringsArray, ...holes: Sql[]): Sql {
  const parts: (string | Sql)[] = [];
  for (let i = 0; i < strings.length; i++) {
    if (strings[i]) parts.push(strings[i] as string);
    const hole = holes[i];
    if (hole) parts.push(hole);
  }
  return make(parts);
}

/** A value of a person or of data, bound as a parameter. */
export function param(type: ParamType, value: ParamValue): Sql {
  return make([{ type, value }]);
}

/** An identifier, quoted; any character is safe in it. */
export function ident(name: string): Sql {
  return make([`\`${name.replace(/[\\`]/g, (c) => `\\${c}`)}\``]);
}

/** A finite number literal. */
export function num(value: number): Sql {
  if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
  return make([Object.is(value, -0) ? '0' : String(value)]);
}

/** Fragments with a separator between; no items give an empty fragment. */
export function join(items: readonly Sql[], separator: ', ' | ' AND ' | ' OR ' | ' ' | ' + ' | ' UNION ALL '): Sql {
  const parts: (string | Sql)[] = [];
  for (const item of items) {
    if (parts.length) parts.push(separator);
    parts.push(item);
  }
  return make(parts);
}

/** What is known only when all else is made: it is asked for as the statement is laid out. */
export function late(what: () => Sql): Sql {
  return make([{ late: what }]);
}

/** Rows that the rest of a statement reads as a subquery, `(SELECT …)`: in a stream they are asked for first. */
export function subquery(rows: Sql): Sql {
  return make([{ rows }]);
}

export const EMPTY: Sql = make([]);

/** Text and parameters of a whole statement. Equal parameters share one name. */
export function statement(fragment: Sql): Statement {
  return laidOut(fragment);
}

/**
 * The same for a stream. The engine computes subqueries as it analyses, and of a stream it analyses while
 * the whole process waits: they are statements of their own, in `first`.
 */
export function streamedStatement(fragment: Sql): Statement {
  const first: { readonly name: string; readonly text: string }[] = [];
  return { ...laidOut(fragment, first), first };
}

function laidOut(fragment: Sql, first?: { readonly name: string; readonly text: string }[]): Statement {
  const params: Record<string, ParamValue> = {};
  const placeholders = new Map<string, string>();
  const byPart = new Map<Param, string>();
  const placeholder = (part: Param): string => {
    const { type, value } = part;
    const key = `${type} ${typeof value === 'object' ? JSON.stringify(value) : value}`;
    let found = placeholders.get(key);
    if (found === undefined) {
      const name = `p${placeholders.size}`;
      params[name] = value;
      found = `{${name}:${type}}`;
      placeholders.set(key, found);
    }
    byPart.set(part, found);
    return found;
  };
  const names = new Map<Sql, string>();
  const rowsOf = (rows: Sql): string => {
    if (!first) return `(${written(rows.parts)})`;
    let name = names.get(rows);
    if (name === undefined) {
      const text = written(rows.parts);
      name = `first_${first.length}`;
      first.push({ name, text });
      names.set(rows, name);
    }
    return `(SELECT * FROM ${name})`;
  };
  const written = (parts: readonly Part[]): string => {
    let text = '';
    for (const part of parts) {
      if (typeof part === 'string') text += part;
      else if (part.parts) text += written(part.parts);
      else if (part.late) text += written(part.late().parts);
      else if (part.rows) text += rowsOf(part.rows);
      else text += byPart.get(part) ?? placeholder(part);
    }
    return text;
  };
  return { text: written(fragment.parts), params };
}
