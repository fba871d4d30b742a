/**
 * What an entry of the function table is: one signature, one SQL template, its documentation and an
 * example that the tests run.
 */
import type { Context } from '../context.ts';
import type { ValueKind } from '../contract.ts';
import type { Sql } from '../sql.ts';
import type { Expr, Name } from '../tree.ts';
import type { Typed } from '../typed.ts';

/** `pattern` is a constant text or /regex/; `any` is passed as it is; the others are converted. */
export type ArgumentKind = 'text' | 'number' | 'address' | 'condition' | 'time' | 'any' | 'pattern';

export interface Argument {
  readonly name: string;
  readonly kind: ArgumentKind;
  readonly optional?: true;
  /** The last argument may repeat. */
  readonly many?: true;
}

/** What a template may ask for beside its values. */
export interface CallSite {
  readonly ctx: Context;
  readonly call: Expr & { node: 'call' };
}

export interface QueryFunction {
  readonly name: string;
  /** Other names of the same function. */
  readonly aliases?: readonly string[];
  readonly args: readonly Argument[];
  readonly returns: ValueKind;
  /** In the place of `sql`, where arguments are no values. Throws QueryError. */
  readonly compile?: (call: Expr & { node: 'call' }, names: { readonly ctx: Context; resolve(name: Name): Typed }) => Typed;
  /** SQL of the result, from the converted values (text as String, numbers, IPv6, DateTime). */
  readonly sql: (values: readonly Sql[], site: CallSite, typed: readonly Typed[]) => Sql | Typed;
  readonly doc: string;
  /** A step that uses it. */
  readonly example: string;
  /** Where it differs from the public language on purpose. */
  readonly differs?: string;
}

/** `substring(text, start, end?)` */
export function signature(fn: { readonly name: string; readonly args: readonly Argument[] }): string {
  return `${fn.name}(${fn.args.map((a) => a.name + (a.many ? ', …' : '') + (a.optional ? '?' : '')).join(', ')})`;
}
