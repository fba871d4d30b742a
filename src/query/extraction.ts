/**
 * Field extraction rules: a scope, and steps that make fields of the records in it. A rule never drops a
 * record: where its scope does not hold or a step of it finds nothing, it makes no field of that record.
 *
 * The steps are the query's own operators, compiled to the same SQL. The conditions that would drop rows in
 * a query are gathered (State `kept`) and decide whether the fields have values. Rules run as a query asks
 * for a field of theirs, or over a block that is about to be stored, as one SELECT.
 */
import { EXTRACTED, type Field, fieldsNamed, findField } from '../model/fields.ts';
import { COLUMN_TYPES, type Dataset, formatOf, hasField, type LogFormat, VPC_FLOW } from '../model/log-formats.ts';
import { quoted } from '../model/wording.ts';
import { Context } from './context.ts';
import { type Catalog, EMPTY_CATALOG, type ExtractionRule } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { compileScope, datasetsOf } from './filter.ts';
import { any } from './match.ts';
import { applyOperation } from './operators/index.ts';
import { diagnosticOf, inScope, moved, type RuleDiagnostic, type RuleText, readRule } from './rule-text.ts';
import { ident, join, num, param, type Sql, type Statement, sql, statement } from './sql.ts';
import { type Column, RAW, State } from './state.ts';
import { extractedField, storedField } from './stored.ts';
import type { Operation, OperationName, Query, Scope, Span } from './tree.ts';
import { asText, boolean, isNull, nullable, type Typed, text } from './typed.ts';
import { isIndexName } from './words.ts';

/** Steps that a rule may have: they look at one record at a time and give one for each. */
const RULE_OPERATORS: ReadonlySet<OperationName> = new Set<OperationName>([
  'parse',
  'parse-regex',
  'json',
  'xml',
  'split',
  'keyvalue',
  'assign',
  'where',
  'fields',
]);

/** Fields that all rules together may have stored or make. */
export const MAX_FIELDS = 200;
/** UTF-16 code units of an expression, and of a scope. */
export const MAX_EXPRESSION = 16_384;
/** Bytes of a value that is stored; what is longer is cut and says so at its end. */
const MAX_VALUE = 65_536;
const CUT = '… [cut]';

/** Begins with a letter: what begins with _ belongs to Bartizan. */
const FIELD_NAME = /^\p{L}[\p{L}\p{M}\p{N}_.@$ -]{0,127}$/u;

/** Name of the relation that a block about to be stored has in the statements here. */
const STAGED = sql`staged`;

export type RuleCheck =
  | {
      readonly ok: true;
      /** Names that the rule makes, as it spells them. */
      readonly fields: readonly string[];
      /** Names that it makes too and that are stored fields already: theirs are not stored again. */
      readonly stored: readonly string[];
      /** Of its steps, in the expression. */
      readonly steps: readonly Span[];
      /** Of the records that it is for: of the datasets that its scope names, or VPC flow logs. */
      readonly formats: readonly LogFormat[];
    }
  | { readonly ok: false; readonly diagnostics: readonly RuleDiagnostic[] };

/** A column that a statement reads and a block may lack. */
interface StagedColumn {
  readonly name: string;
  readonly type: string;
}

/** A SELECT from the relation `staged`, which has the columns of a block. */
export interface StagedSelect {
  readonly statement: Statement;
  /** Columns that the block lacks and the SELECT reads: they take their types' defaults. */
  readonly lacks: readonly StagedColumn[];
}

/** A block that is about to be stored. */
export interface StagedRecords {
  readonly dataset: Dataset;
  /** Names of its columns. */
  readonly columns: readonly string[];
  /** Layouts of its records, where they are few. */
  readonly layouts?: readonly string[] | undefined;
  /** OR of the `absent` masks of its flows; every field may be missing when it is absent. */
  readonly absentMask?: bigint | undefined;
}

/** Reads and compiles a rule. Never throws for what a person wrote. `catalog`: fields of other rules that it may read. */
export function checkRule(rule: RuleText, catalog: Catalog = EMPTY_CATALOG): RuleCheck {
  const found = readRule(rule);
  if (!found.ok) return found;
  try {
    const formats = [...new Set(inScope(() => datasetsOf(found.rule.scope, { catalog })).map(formatOf))];
    const made = formats.flatMap(({ main }) => runRule(found.rule, stagedState(stagedContext({ dataset: main, columns: [] }, 0, catalog)), 0).columns);
    const columns = [...new Set(made)];
    const isStored = (name: string): boolean => isStoredIn(formats, name);
    const fields = columns.filter((name) => !isStored(name));
    if (fields.length === 0) {
      const message = columns.length ? 'All fields that the rule makes are stored fields already.' : 'The rule makes no field.';
      throw new QueryError('no-fields', { start: 1, end: rule.expression.length + 1 }, message, 'Name what it takes: “parse "user=*" as user”.');
    }
    const wrong = fields.find((name) => !FIELD_NAME.test(name));
    if (wrong !== undefined) {
      const hint = 'A name begins with a letter and has letters, digits, spaces and “_ . @ $ -”. Give it one with “as”.';
      throw new QueryError('bad-name', spanOfName(found.rule.operations, wrong), `${quoted(wrong)} cannot be the name of a field.`, hint);
    }
    return { ok: true, fields, stored: columns.filter(isStored), steps: found.rule.operations.map((o) => moved(o.span)), formats };
  } catch (error) {
    return { ok: false, diagnostics: [diagnosticOf(error, found.scopeBefore)] };
  }
}

/**
 * What rules make of a block of a dataset as it is stored: its columns, then `extracted`. Undefined when
 * there is no rule. Throws QueryError where a rule is wrong (checkRule). `spelling`: how a name is spelled
 * in records that are stored already.
 */
export function stagedExtraction(
  rules: readonly ExtractionRule[],
  block: StagedRecords,
  now: number,
  spelling: (name: string) => string,
): StagedSelect | undefined {
  if (rules.length === 0) return undefined;
  return onStaged(block, now, EMPTY_CATALOG, (ctx) => {
    const names = namesOfRules(rules);
    const state = runRules(stagedState(ctx), rules, names, false);
    const pairs = names.map((name) => sql`(${param('String', spelling(name))}, ${cut(asText(state.column(made(name))?.value as Typed))})`);
    const map = sql`CAST(arrayFilter(f -> f.2 != '', [${join(pairs, ', ')}]), 'Map(String, String)')`;
    return state.select([...block.columns.map(ident), sql`${map} AS ${ident(EXTRACTED)}`]);
  });
}

/** What became of a sample: columns `in scope`, one a step (whether nothing was missed up to it), one a field. */
export function stagedTrial(rule: RuleText, block: StagedRecords, now: number, catalog: Catalog): StagedSelect & { readonly fields: readonly string[] } {
  const found = readRule(rule);
  if (!found.ok) throw new QueryError('unexpected-token', { start: 0, end: 0 }, 'The rule is wrong.');
  let fields: readonly string[] = [];
  const select = onStaged(block, now, catalog, (ctx) => {
    const ran = runRule(found.rule, stagedState(ctx), 0, { trace: true });
    fields = ran.columns;
    const value = (name: string): Sql => ran.state.column(name)?.value.sql as Sql;
    return ran.state.select([...ran.hits.map(value), ...fields.map((name) => sql`nullIf(${cut(value(madeBy(0, name)))}, '')`)]);
  });
  return { ...select, fields };
}

/** The records of a state with the fields that were asked for, as columns. */
export function withMadeFields(state: State): State {
  const { made: names } = state.ctx;
  if (names.length === 0) return state;
  const rules = [...new Set(names.flatMap((name) => state.ctx.rulesFor(name)))];
  const ran = runRules(state, rules, names, true);
  const columns = ran.parts.columns.map((c): Column => {
    const name = names.find((n) => made(n) === c.name);
    return name === undefined ? c : { name, value: c.value };
  });
  return ran.with({ columns });
}

/** Whether a scope, or a part of it, names a field that rules make for the query. */
export function namesMade(scope: Scope, names: readonly string[]): boolean {
  if (scope.node === 'and' || scope.node === 'or') return scope.items.some((item) => namesMade(item, names));
  if (scope.node === 'not') return namesMade(scope.item, names);
  return scope.node === 'condition' && names.some((name) => name.toLowerCase() === scope.field.toLowerCase());
}

/** Hidden column of a field that rules make; nobody can write its name. */
function made(name: string): string {
  return `\0${name.toLowerCase()}`;
}

/** The same of one rule, by its place. */
function madeBy(rule: number, name: string): string {
  return `\0${rule}\0${name.toLowerCase()}`;
}

/** Names that rules make, each once. */
function namesOfRules(rules: readonly ExtractionRule[]): string[] {
  return [...new Map(rules.flatMap((rule) => rule.fields).map((name) => [name.toLowerCase(), name])).values()];
}

function isStoredIn(formats: readonly LogFormat[], name: string): boolean {
  return fieldsNamed(name).some((field) => formats.some((format) => hasField(format, field))) || isIndexName(name);
}

/** Text without nulls, of bounded length. */
function cut(value: Sql): Sql {
  const text = sql`ifNull(CAST(${value}, 'Nullable(String)'), '')`;
  return sql`if(length(${text}) > ${num(MAX_VALUE)}, concat(toValidUTF8(substring(${text}, 1, ${num(MAX_VALUE - 16)})), ${param('String', CUT)}), ${text})`;
}

function stagedContext(block: StagedRecords, now: number, catalog: Catalog): Context {
  const { dataset, columns, layouts, absentMask = (1n << 64n) - 1n } = block;
  const defaultOnly =
    layouts?.length === 1 && layouts[0] === VPC_FLOW.defaultLayout && !columns.includes('raw_exact') && (absentMask & VPC_FLOW.defaultMask) === 0n;
  const relations = { table: () => STAGED, absentMask, defaultOnly, ...(layouts ? { layouts } : {}) };
  return new Context({ catalog: { ...catalog, rules: [] }, from: null, to: null, now, timeZone: 'UTC', relations, maxRows: 1 }, [dataset]);
}

function stagedState(ctx: Context): State {
  return new State(ctx, 0, { from: STAGED, stored: true, where: [], columns: [], order: [], grouped: false });
}

function onStaged(block: StagedRecords, now: number, catalog: Catalog, make: (ctx: Context) => Sql): StagedSelect {
  const ctx = stagedContext(block, now, catalog);
  const select = make(ctx);
  const lacks = [...ctx.reads].filter((column) => !block.columns.includes(column)).sort();
  ctx.handOn(block.columns);
  return { statement: statement(select), lacks: lacks.map((name) => ({ name, type: COLUMN_TYPES.get(name) ?? 'String' })) };
}

/**
 * Runs rules over the records of a state; each of `names` becomes a hidden column `made(name)`. Where
 * several rules make a field of one record, the first of them in the order given does.
 */
function runRules(before: State, rules: readonly ExtractionRule[], names: readonly string[], withStored: boolean): State {
  const wanted = new Map(names.map((name) => [name.toLowerCase(), [] as string[]]));
  const read = rules.map((rule): Query => {
    const found = readRule(rule);
    if (found.ok) return found.rule;
    throw new QueryError(
      'broken-rule',
      { start: 0, end: 0 },
      `The field extraction rule ${quoted(rule.name)} is wrong: ${found.diagnostics[0]?.message}`,
      'Mend it on the page “Fields”, or turn it off.',
    );
  });
  const runAll = (from: State): Ran[] => read.map((rule, i) => runRule(rule, from, i, { wanted }));
  let ran = runAll(before);
  const readers = ran.filter((r) => r.readsText);
  const scopes = readers.flatMap((r) => r.scope ?? []);
  const scoped = scopes.length === readers.length;
  // The text of a record is made once for all of them, and only for the scopes of those that read it.
  if (readers.length && (ran.length > 1 || scoped)) ran = runAll(before.assign(RAW, rawField(before, scoped ? any(scopes) : undefined), true).finished());
  ran.forEach(({ columns }, i) => {
    for (const name of columns) wanted.get(name.toLowerCase())?.push(madeBy(i, name));
  });
  let state = together(before, ran);
  for (const name of names) {
    const own = wanted.get(name.toLowerCase()) ?? [];
    const stored = withStored ? extractedField(state.ctx, name) : undefined;
    const values = [...(stored ? [nullable(stored)] : []), ...own.map((column) => state.column(column)?.value.sql as Sql)];
    const value = values.length === 1 ? (values[0] as Sql) : sql`coalesce(${join([...values, sql`NULL`], ', ')})`;
    state = state.assign(made(name), text(value), true);
    state = state.with({ columns: state.parts.columns.filter((c) => !own.includes(c.name)) });
  }
  return state;
}

/**
 * Rules look at the same records and not at each other, so that the SELECT that each puts around the one
 * before is made at once for all: as deep as the deepest rule, not as all of them.
 */
function together(before: State, ran: readonly Ran[]): State {
  const depth = Math.max(0, ...ran.map(({ state }) => levelsOf(state).length));
  const states = ran.map(({ state }) => (depth > 0 && levelsOf(state).length === 0 ? state.finished() : state));
  const [first] = states;
  if (!first) return before;
  let at = ran[0]?.from ?? before;
  for (let k = 0; k < depth; k++) {
    at = at.around(states.flatMap((state) => levelsOf(state)[k] ?? (levelsOf(state).at(-1) ?? []).map(({ name }) => ({ value: name, name }))));
  }
  const columns = [...first.parts.columns, ...states.slice(1).flatMap((state) => state.parts.columns.slice(before.parts.columns.length))];
  return at.with({ columns, order: first.parts.order });
}

function levelsOf(state: State): NonNullable<State['parts']['levels']> {
  return state.parts.levels ?? [];
}

/** The record's text; none of it where a condition does not hold. */
function rawField({ ctx }: State, condition: Sql | undefined): Typed {
  const field = storedField(ctx, findField('_raw') as Field);
  return condition ? { ...field, sql: sql`if(${condition}, ${field.sql}, '')` } : field;
}

interface Ran {
  /** Where it began. */
  readonly from: State;
  /** It reads the record's text. */
  readonly readsText: boolean;
  /** Condition of its scope. */
  readonly scope: Sql | undefined;
  /** With the columns that were there, and hidden ones: `madeBy(place, name)` of each wanted field, `hits`. */
  readonly state: State;
  /** Names of the wanted fields, stored ones too. */
  readonly columns: readonly string[];
  /** Columns of `trace`: in scope, then one a step. */
  readonly hits: readonly string[];
}

interface RunOptions {
  readonly trace?: boolean;
  /** Lower-case names; all when absent. */
  readonly wanted?: ReadonlyMap<string, unknown>;
}

/** Runs one rule over the records of a state. Throws QueryError with a span in its text. */
function runRule(rule: Query, before: State, place: number, { trace = false, wanted }: RunOptions = {}): Ran {
  // A rule does not see what the query or other rules made.
  const outside = before.parts.columns;
  const hits: string[] = [];
  const hit = (at: State): State => {
    if (!trace) return at;
    hits.push(`\0hit${hits.length}`);
    return at.assign(hits.at(-1) as string, boolean(sql`ifNull(${at.parts.kept as Sql}, false)`), true);
  };
  const nameOf = (column: Column, i: number): string => (column.name === RAW ? RAW : `\0outside${i}`);
  const scoped = before.with({ kept: sql`true`, columns: outside.map((c, i) => ({ name: nameOf(c, i), value: c.value, hidden: true })) });
  const scope = inScope(() => compileScope(rule.scope, scoped));
  let state = hit(scoped.with({ kept: scope ?? sql`true` }));
  for (const [i, operation] of rule.operations.entries()) {
    checkStep(operation);
    const next = applyOperation(operation, state, { steps: rule.operations.slice(0, i), before: () => state, after: rule.operations.slice(i + 1) });
    if (next.parts.grouped || !next.parts.stored || next.parts.limit !== undefined || !next.parts.kept) throw notInRules(operation);
    state = hit(next);
  }
  const columns = state.parts.columns.filter((c) => !c.hidden && (!wanted || wanted.has(c.name.toLowerCase()))).map((c) => c.name);
  for (const name of columns) {
    // Each assignment may put the rows into a SELECT of their own, so that values are asked for anew.
    const value = state.column(name)?.value as Typed;
    const found = sql`if(ifNull(${state.parts.kept as Sql}, false) AND NOT ${isNull(value)}, CAST(${asText(value)}, 'Nullable(String)'), NULL)`;
    state = state.assign(madeBy(place, name), text(found), true);
  }
  const mine = new Set([...hits, ...columns.map((name) => madeBy(place, name))]);
  const restored = outside.filter((c) => c.name !== RAW).map((c) => ({ ...c, value: state.column(nameOf(c, outside.indexOf(c)))?.value as Typed }));
  const { chosen, removed } = before.parts;
  const parts = { columns: [...restored, ...state.parts.columns.filter((c) => mine.has(c.name))], chosen, removed };
  return { from: before, scope, readsText: state.column(RAW) !== undefined, state: state.with(parts), columns, hits };
}

function checkStep(operation: Operation): void {
  if (!RULE_OPERATORS.has(operation.op)) throw notInRules(operation);
  if ((operation.op === 'parse-regex' || operation.op === 'json') && operation.multi)
    throw new QueryError('rule-operator', operation.span, 'A rule makes one record of each record: “multi” would make several.', 'Leave “multi” out.');
  if (operation.op === 'json' && operation.auto)
    throw new QueryError(
      'rule-operator',
      operation.span,
      'A rule names what it takes: “auto” depends on the query that follows.',
      'Write the paths: “json "a.b" as b”.',
    );
}

function notInRules(operation: Operation): QueryError {
  const hint = 'A rule may have “parse”, “parse regex”, “json”, “xml”, “csv”, “split”, “keyvalue”, “where”, “fields”, and expressions with a name.';
  return new QueryError(
    'rule-operator',
    operation.span,
    'This step cannot stand in a field extraction rule: it does not give one record for each record.',
    hint,
  );
}

function spanOfName(operations: readonly Operation[], name: string): Span {
  for (const operation of operations) {
    if ('names' in operation) {
      const found = operation.names.find((n) => n.name === name);
      if (found) return found.span;
    }
  }
  return operations.find((o) => o.op === 'assign' && o.as === name)?.span ?? operations.at(-1)?.span ?? { start: 0, end: 0 };
}
