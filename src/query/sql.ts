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
}

const SQL = Symbol('sql');

/** A piece of SQL with its parameters. Only this module makes one. Pieces nest and are laid out once, by statement(). */
export interface Sql {
  readonly [SQL]: true;
  readonly parts: readonly (string | Param | Sql)[];
  /** Texts and parameters in it. */
  readonly size: number;
}

/** What the store executes: text with {pN:Type} placeholders, and their values. */
export interface Statement {
  readonly text: string;
  readonly params: Readonly<Record<string, ParamValue>>;
}

function make(parts: readonly (string | Param | Sql)[]): Sql {
  let size = 0;
  for (const part of parts) size += typeof part === 'object' && 'parts' in part ? part.size : 1;
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

export function join(items: readonly Sql[], separator: ', ' | ' AND ' | ' OR ' | ' ' | ' + ' | ' UNION ALL '): Sql {
  const parts: (string | Sql)[] = [];
  for (const item of items) {
    if (parts.length) parts.push(separator);
    parts.push(item);
  }
  return make(parts);
}

export const EMPTY: Sql = make([]);

/** Text and parameters of a whole statement. Equal parameters share one name. */
export function statement(fragment: Sql): Statement {
  const params: Record<string, ParamValue> = {};
  const byValue = new Map<string, string>();
  const byPart = new Map<Param, string>();
  const texts: string[] = [];
  const placeholder = (part: Param): string => {
    const key = `${part.type} ${JSON.stringify(part.value)}`;
    let name = byValue.get(key);
    if (name === undefined) {
      name = `p${byValue.size}`;
      byValue.set(key, name);
      params[name] = part.value;
    }
    return `{${name}:${part.type}}`;
  };
  const write = ({ parts }: Sql): void => {
    for (const part of parts) {
      if (typeof part === 'string') texts.push(part);
      else if ('parts' in part) write(part);
      else {
        const text = byPart.get(part) ?? placeholder(part);
        byPart.set(part, text);
        texts.push(text);
      }
    }
  };
  write(fragment);
  return { text: texts.join(''), params };
}
