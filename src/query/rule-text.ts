/** The two texts of a field extraction rule: how they are read, and where in them a mistake is. */
import type { Diagnostic } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { isExtractionRule } from './lexer.ts';
import { parse } from './parser.ts';
import type { Query, Span } from './tree.ts';

export interface RuleText {
  readonly scope: string;
  readonly expression: string;
}

/** A wrong thing in a rule. */
export interface RuleDiagnostic extends Diagnostic {
  /** The text that the span is in. */
  readonly in: keyof RuleText;
}

type Read = { readonly ok: true; readonly rule: Query; readonly scopeBefore: number } | { readonly ok: false; readonly diagnostics: readonly RuleDiagnostic[] };

/**
 * The steps stand behind a pipe, so that places in them are one too far. A scope that begins like a step
 * stands in parentheses: those in it are then as well (`scopeBefore`).
 */
export function readRule({ scope, expression }: RuleText): Read {
  const wrong: RuleDiagnostic[] = [];
  const scopeBefore = isExtractionRule(scope) ? 1 : 0;
  const parsedScope = scope.trim() === '' ? undefined : parse(scopeBefore ? `(${scope}\n)` : scope);
  const pipe = parsedScope?.tokens.find((t) => t.kind === 'pipe');
  if (pipe) {
    const message = 'A scope is a search: it has no steps.';
    wrong.push({ code: 'unexpected-token', span: moved(pipe, scopeBefore), message, hint: 'Write the steps into the expression.', in: 'scope' });
  } else for (const d of parsedScope?.diagnostics ?? []) wrong.push({ ...placed(d, scopeBefore, scope.length), in: 'scope' });
  const steps = parse(`|${expression}`);
  for (const d of steps.diagnostics) wrong.push({ ...placed(d, 1, expression.length), in: 'expression' });
  if (wrong.length) return { ok: false, diagnostics: wrong };
  return { ok: true, rule: { scope: parsedScope?.query.scope ?? { node: 'all' }, operations: steps.query.operations }, scopeBefore };
}

/** A place in what was read as a place in the text. */
export function moved({ start, end }: Span, by = 1, length = Number.MAX_SAFE_INTEGER): Span {
  const at = (place: number): number => Math.min(Math.max(place - by, 0), length);
  return { start: at(start), end: at(end) };
}

function placed(d: Diagnostic, by: number, length?: number): Diagnostic {
  return { code: d.code, span: moved(d.span, by, length), message: d.message, ...(d.hint ? { hint: d.hint } : {}) };
}

/** Marks a mistake as one of the scope. */
class ScopeError extends Error {
  readonly inner: QueryError;
  constructor(inner: QueryError) {
    super(inner.message);
    this.inner = inner;
  }
}

/** Compiles a scope; its mistakes are marked as such. */
export function inScope<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof QueryError ? new ScopeError(error) : error;
  }
}

/** A mistake that was thrown, in its place. Throws what is none. */
export function diagnosticOf(error: unknown, scopeBefore: number): RuleDiagnostic {
  if (error instanceof ScopeError) return { ...placed(error.inner.diagnostic, scopeBefore), in: 'scope' };
  if (error instanceof QueryError) return { ...placed(error.diagnostic, 1), in: 'expression' };
  throw error;
}
