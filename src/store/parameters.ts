/**
 * Parameters of a statement as settings of its session. chdb runs statements that carry bound
 * parameters one at a time in the whole process, whatever their session (chdb/index.js,
 * `runExclusiveParam`): a long one would hold up every lane, and a kill would miss those that wait.
 * `SET param_p0 = …` binds the same values in the same way, and only in its own session.
 */
import type { ParamValue, Statement } from '../query/sql.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
};

/** Settings of a session; `true` and `false` are written 1 and 0. */
export type Settings = Readonly<Record<string, string | number>>;

/** The statement's text behind one SET that gives the session its settings and the parameters their values. */
export function withSettings(statement: Statement, settings: Settings): string {
  return `${settingsText(settings, statement.params)}; ${statement.text}`;
}

/** One SET that gives a session its settings and parameters. */
export function settingsText(settings: Settings, params: Statement['params']): string {
  const assignments = Object.entries(settings).map(([name, value]) => `${name} = ${typeof value === 'number' ? value : literal(value)}`);
  const parameters = Object.entries(params).map(([name, value]) => `param_${name} = ${literal(written(value))}`);
  return `SET ${[...assignments, ...parameters].join(', ')}`;
}

/** A value in the engine's escaped text form, which parameters are read as. */
function written(value: ParamValue): string {
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  return `[${value.map((item) => (typeof item === 'string' ? `'${escaped(item)}'` : String(item))).join(',')}]`;
}

function escaped(text: string): string {
  return text.replace(/[\\'\n\t\r\0\b\f]/g, (character) => ESCAPES[character] ?? character);
}

/** A string literal of SQL. */
function literal(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
