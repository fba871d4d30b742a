/**
 * What one compilation knows and collects: options, which stored columns the statement reads, which
 * datasets, and fresh names. Mutable, made per statement, never shared.
 */
import { type Field, fieldsNamed } from '../model/fields.ts';
import { COLUMN_TYPES, type Dataset, datasetsOf, formatOf, hasField, type LogFormat, VPC_FLOW } from '../model/log-formats.ts';
import { quoted } from '../model/wording.ts';
import { type CompileOptions, type Diagnostic, type ExtractionRule, isFor, type Save } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { ident, join, late, num, param, type Sql, sql } from './sql.ts';
import type { Span, Subquery } from './tree.ts';
import type { Typed } from './typed.ts';

const TEMPLATE = /\{\{\{\s*([\w.-]+(?: +[\w.-]+)*)\s*\}\}\}|\{\{\s*([\w.-]+(?: +[\w.-]+)*)\s*\}\}/g;

/** Pieces that one call may make of the statement, and all calls of a query; isPublicIP makes about a hundred. */
const MOST_OF_CALL = 20_000;
const MOST_OF_CALLS = 500_000;

/** Thrown where a name is asked for that rules make: the compilation begins again with it among the names to make. */
export class NeedsField extends Error {
  readonly field: string;
  constructor(field: string) {
    super(`a rule makes ${field}`);
    this.field = field;
  }
}

/** Thrown where a field is asked for that only records of another dataset have: the compilation begins again with that one. */
export class NeedsDataset extends Error {
  readonly dataset: Dataset;
  readonly failure: QueryError;
  constructor(dataset: Dataset, failure: QueryError) {
    super(failure.message);
    this.dataset = dataset;
    this.failure = failure;
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

/**
 * What compiling one query knows (its options, the datasets that it reads, how names are found) and collects on the way: warnings, and what it asks of
 * rules and tables.
 */
export class Context {
  /** Set by `save`. */
  save?: Save;
  /** Records are read as sums of many (sums.ts). */
  sums = false;
  /** Compiles a query inside the query; compile.ts gives it. Throws QueryError. */
  nested: (subquery: Subquery) => Nested = ({ span }) => {
    throw new QueryError('not-supported', span, 'A subquery cannot stand here.', 'Write it into the search, or after “in”: “where srcaddr in [subquery: …]”.');
  };
  /** Stored columns that queries inside the query ask for. */
  readonly innerReads = new Set<string>();
  readonly options: CompileOptions;
  readonly datasets: readonly Dataset[];
  /** Formats of the datasets. */
  readonly formats: readonly LogFormat[];
  /** What records of those that are flow logs can hold, each column once. */
  readonly flowFields: readonly Field[];
  readonly warnings: Diagnostic[] = [];
  /** What the compiler chose for a step, by the step's start in the text. */
  readonly notes = new Map<number, string>();
  /** Stored columns that were asked for. */
  readonly reads = new Set<string>();
  /** Names that rules make for this query, before its scope and steps. */
  readonly made: readonly string[];
  #names = 0;
  #spent = 0;

  constructor(options: CompileOptions, datasets: readonly Dataset[], made: readonly string[] = []) {
    this.options = options;
    this.made = made;
    this.datasets = datasets;
    this.formats = [...new Set(datasets.map(formatOf))];
    this.flowFields = [
      ...new Map(this.formats.filter(({ kind }) => kind === 'flow').flatMap(({ fields }) => fields.map((f) => [f.column, f] as const))).values(),
    ];
  }

  /** Stored columns in the list of an inner select: all that the statement asks for in the end. */
  passed(): Sql {
    return late(() => join([...this.reads].sort().map(ident), ', '));
  }

  /** The same of one of several datasets: a column that its table lacks has no value there. */
  passedOf(dataset: Dataset): Sql {
    const { columns } = formatOf(dataset);
    const given = (name: string): Sql =>
      columns.has(name) ? ident(name) : sql`defaultValueOfTypeName(${param('String', COLUMN_TYPES.get(name) ?? 'String')}) AS ${ident(name)}`;
    return late(() => join([...this.reads].sort().map(given), ', '));
  }

  /** The field of a name; of those that flows and events share the one that all datasets have, else the first that one has; undefined where none has it. */
  field(name: string): Field | undefined {
    const named = fieldsNamed(name);
    return named.findLast((field) => this.formats.every((format) => hasField(format, field))) ?? named.find((field) => this.has(field));
  }

  /** Whether records of one of the datasets can have the field. */
  has(field: Field): boolean {
    return this.formats.some((format) => hasField(format, field));
  }

  /** Asks for stored columns that something around the inner selects reads by their names. */
  handOn(columns: Iterable<string>): this {
    for (const column of columns) this.reads.add(column);
    return this;
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

  /** The masks that the store keeps are those of these flows: records of other datasets may lack any field. */
  get #masked(): boolean {
    return this.datasets.every((dataset) => dataset === VPC_FLOW.flows);
  }

  /** Whether some record may lack the field. */
  maybeAbsent(field: Field): boolean {
    const bit = VPC_FLOW.bits.get(field.aws ?? '');
    return bit === undefined || !this.#masked || ((this.options.relations.absentMask >> BigInt(bit)) & 1n) === 1n;
  }

  /** Whether no record has the field. */
  neverGiven(field: Field): boolean {
    const bit = VPC_FLOW.bits.get(field.aws ?? '');
    if (bit === undefined || !this.#masked) return false;
    return (((this.options.relations.missingMask ?? 0n) >> BigInt(bit)) & 1n) === 1n;
  }

  /** Whether every record that is read is in the default layout and its text the values joined by spaces. */
  get defaultOnly(): boolean {
    return this.options.relations.defaultOnly === true && this.#masked;
  }

  /** SQL that says whether this record lacks the field. */
  absent(field: Field): Sql {
    const mask = this.column('absent');
    return this.byFormat((format) => {
      const bit = format.bits.get(field.aws ?? '');
      return bit === undefined && this.formats.length > 1 ? sql`true` : sql`bitTest(${mask}, ${num(bit ?? 63)})`;
    });
  }

  /** What `make` gives for the format of the record at hand. */
  byFormat(make: (format: LogFormat) => Sql): Sql {
    const [first, ...others] = this.formats.map((format) => ({ format, value: make(format) }));
    if (!first || others.length === 0) return first?.value ?? sql`NULL`;
    const cases = others.map(
      ({ format, value }) =>
        sql`_index IN (${join(
          datasetsOf(format).map((name) => param('String', name)),
          ', ',
        )}), ${value}`,
    );
    return sql`multiIf(${join(cases, ', ')}, ${first.value})`;
  }

  /** Rules that make a field when a query asks for it. */
  rulesFor(name: string): readonly ExtractionRule[] {
    const key = name.toLowerCase();
    const mine = (rule: ExtractionRule): boolean => this.formats.some((format) => isFor(rule, format));
    return (this.options.catalog?.rules ?? []).filter((rule) => mine(rule) && rule.fields.some((field) => field.toLowerCase() === key));
  }

  /** Throws NeedsField when rules make the field and have not been run. */
  askRules(name: string): void {
    const asked = this.made.some((made) => made.toLowerCase() === name.toLowerCase());
    if (!asked && this.rulesFor(name).length) throw new NeedsField(name);
  }

  /** Many functions read a value more than once: a call inside a call doubles the statement, and that has an end. Throws QueryError. */
  spend(size: number, span: Span): void {
    this.#spent += size;
    if (size > MOST_OF_CALL || this.#spent > MOST_OF_CALLS)
      throw new QueryError(
        'too-deep',
        span,
        'Calls inside calls make the statement too long.',
        'Give an inner value a name in a step of its own: “… as x | … x …”.',
      );
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

/** The text with each `{{name}}` replaced by its variable’s value. Throws QueryError when one has none. */
export function fillTemplates(text: string, variables: Variables, span: Span): string {
  return text.replace(TEMPLATE, (_, triple: string | undefined, double: string | undefined) => valueOfVariable(triple ?? double ?? '', variables, span));
}

/** Throws QueryError when the variable has no value. */
export function valueOfVariable(name: string, variables: Variables, span: Span): string {
  const value = Object.entries(variables ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  if (value === undefined)
    throw new QueryError(
      'unknown-variable',
      span,
      `${quoted(`{{${name}}}`)} has no value.`,
      'Give it one in the variables of the request or of the dashboard.',
    );
  return value;
}
