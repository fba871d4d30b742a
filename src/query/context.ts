/**
 * What one compilation knows and collects: options, which stored columns the statement reads, which
 * datasets, and fresh names. Mutable, made per statement, never shared.
 */
import { ABSENT_BIT, type Dataset, type Field } from '../model/fields.ts';
import type { CompileOptions, Diagnostic, ExtractionRule, Save } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { ident, join, num, type Sql, sql } from './sql.ts';
import type { Span, Subquery } from './tree.ts';
import type { Typed } from './typed.ts';

const TEMPLATE = /\{\{\{\s*([\w.-]+(?: +[\w.-]+)*)\s*\}\}\}|\{\{\s*([\w.-]+(?: +[\w.-]+)*)\s*\}\}/g;

/** Thrown where a name is asked for that rules make: the compilation begins again with it among the names to make. */
export class NeedsField extends Error {
  readonly field: string;
  constructor(field: string) {
    super(`a rule makes ${field}`);
    this.field = field;
  }
}

/** The rows of a query inside the query. */
export interface Nested {
  /** What it composes. */
  readonly columns: readonly { readonly name: string; readonly value: Typed }[];
  readonly keywords: boolean;
  readonly span: Span;
  /** Its rows as a SELECT of expressions over its columns. */
  readonly rows: (list: readonly Sql[]) => Sql;
}

export class Context {
  /** Set by `save`. */
  save?: Save;
  /** Compiles a query inside the query; compile.ts gives it. Throws QueryError. */
  nested: (subquery: Subquery) => Nested = ({ span }) => {
    throw new QueryError('not-supported', span, 'A subquery cannot stand here.');
  };
  /** Stored columns that queries inside the query ask for. */
  readonly innerReads = new Set<string>();
  readonly options: CompileOptions;
  readonly datasets: readonly Dataset[];
  readonly warnings: Diagnostic[] = [];
  /** What the compiler chose for a step, by the step's start in the text. */
  readonly notes = new Map<number, string>();
  /** Stored columns that were asked for. */
  readonly reads = new Set<string>();
  /** Names that rules make for this query, before its scope and steps. */
  readonly made: readonly string[];
  /** Columns that inner selects hand on: what a first compilation read. */
  readonly #pass: readonly string[] | undefined;
  #handedOn = false;
  #names = 0;

  constructor(options: CompileOptions, datasets: readonly Dataset[], pass?: ReadonlySet<string>, made: readonly string[] = []) {
    this.options = options;
    this.made = made;
    this.datasets = datasets;
    this.#pass = pass && [...pass].sort();
  }

  /** Stored columns in the list of an inner select; `*` while they are not known yet. */
  passed(): Sql {
    this.#handedOn = true;
    return this.#pass ? join(this.#pass.map(ident), ', ') : sql`*`;
  }

  /** Whether an inner select hands on stored columns. */
  get handedOn(): boolean {
    return this.#handedOn;
  }

  /** The columns of inner selects are listed by name. */
  get passes(): boolean {
    return this.#pass !== undefined;
  }

  /** A column name that no stored column and no shown column has. */
  fresh(): Sql {
    return ident(`c${++this.#names}`);
  }

  /** A stored column. */
  column(name: string): Sql {
    this.reads.add(name);
    return ident(name);
  }

  /** Whether some record may lack the field. Status records lack most. */
  maybeAbsent(field: Field): boolean {
    const bit = field.aws === undefined ? undefined : ABSENT_BIT.get(field.aws);
    if (bit === undefined) return !field.aws;
    return this.datasets.includes('vpc_flow_status') || ((this.options.relations.absentMask >> BigInt(bit)) & 1n) === 1n;
  }

  /** Whether no record has the field. Status records lack other fields than flows do. */
  neverGiven(field: Field): boolean {
    const bit = ABSENT_BIT.get(field.aws ?? '');
    if (bit === undefined || this.datasets.includes('vpc_flow_status')) return false;
    return (((this.options.relations.missingMask ?? 0n) >> BigInt(bit)) & 1n) === 1n;
  }

  /** Whether every record that is read is in the default layout and its text the values joined by spaces. */
  get defaultOnly(): boolean {
    return this.options.relations.defaultOnly === true && !this.datasets.includes('vpc_flow_status');
  }

  /** SQL that says whether this record lacks the field. */
  absent(field: Field): Sql {
    return sql`bitTest(${this.column('absent')}, ${num(ABSENT_BIT.get(field.aws ?? '') ?? 63)})`;
  }

  /** Rules that make a field when a query asks for it. */
  rulesFor(name: string): readonly ExtractionRule[] {
    const key = name.toLowerCase();
    return (this.options.catalog?.rules ?? []).filter((rule) => rule.fields.some((field) => field.toLowerCase() === key));
  }

  /** Throws NeedsField when rules make the field and have not been run. */
  askRules(name: string): void {
    const asked = this.made.some((made) => made.toLowerCase() === name.toLowerCase());
    if (!asked && this.rulesFor(name).length) throw new NeedsField(name);
  }

  /** Text with its {{name}} templates filled in: as a value, never as a part of the query. */
  fill(text: string, span: Span): string {
    return fillTemplates(text, this.options.variables, span);
  }

  variable(name: string, span: Span): string {
    return valueOfVariable(name, this.options.variables, span);
  }
}

type Variables = CompileOptions['variables'];

export function fillTemplates(text: string, variables: Variables, span: Span): string {
  return text.replace(TEMPLATE, (_, triple: string | undefined, double: string | undefined) => valueOfVariable(triple ?? double ?? '', variables, span));
}

/** Throws QueryError when the variable has no value. */
export function valueOfVariable(name: string, variables: Variables, span: Span): string {
  const value = Object.entries(variables ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  if (value === undefined)
    throw new QueryError('unknown-variable', span, `{{${name}}} has no value.`, 'Give it one in the variables of the request or of the dashboard.');
  return value;
}
