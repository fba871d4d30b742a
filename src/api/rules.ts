/** Field extraction rules: kept in the library once they compile and the engine takes them, tried on samples. */
import { DATASETS, formatOf, VPC_FLOW } from '../model/log-formats.ts';
import { checkRule, MAX_FIELDS, type RuleCheck, stagedTrial } from '../query/extraction.ts';
import { type Catalog, EMPTY_CATALOG } from '../query/index.ts';
import type { RuleBody } from '../store/catalog.ts';
import type { Item } from '../store/library.ts';
import { StoreError } from '../store/store.ts';
import type { Rule, RuleChange, RuleList, RuleNew, RuleTest, RuleTestResponse } from './contract/rules.ts';
import type { ServerDeps, Trials } from './deps.ts';
import { DiagnosticError, Problem } from './errors.ts';

const MOST_RULES = 100;
/** What a rule is tried on when it is saved: a record, and text that is none. */
const ANY_RECORDS = ['2 123456789012 eni-0a1b2c3d 10.0.0.5 198.51.100.7 51000 443 6 10 840 1700000000 1700000060 ACCEPT OK', '{"message":"text"}'];

type Sample = RuleTestResponse['samples'][number];
type Text = Pick<RuleTest, 'scope' | 'expression'>;

/** By name. */
export async function listRules(deps: ServerDeps): Promise<RuleList> {
  const rules = (await deps.library.list('rule')).map((item) => toRule(deps, item));
  return { rules, fields: { names: takenNames(deps, rules), most: MAX_FIELDS } };
}

/** Throws Problem `not-found`. */
export async function getRule(deps: ServerDeps, id: string): Promise<Rule> {
  const item = await deps.library.get(id);
  if (item?.kind !== 'rule') throw new Problem('not-found', 'There is no such field extraction rule any more.', { hint: 'The list shows which there are.' });
  return toRule(deps, item);
}

/** Throws DiagnosticError, LibraryError and Problem. */
export async function createRule(deps: ServerDeps, { name, ...rule }: RuleNew): Promise<Rule> {
  const body = await checkedBody(deps, rule);
  if ((await deps.library.list('rule')).length >= MOST_RULES)
    throw new Problem('too-many-rules', `There are ${MOST_RULES} field extraction rules already.`, { hint: 'Remove some, or write several steps into one.' });
  const item = await deps.library.create({ kind: 'rule', name, body });
  await deps.catalogs.reload();
  return toRule(deps, item);
}

/** Throws DiagnosticError, LibraryError and Problem. */
export async function changeRule(deps: ServerDeps, id: string, { name, revision, ...change }: RuleChange): Promise<Rule> {
  const { scope, expression, at, enabled, samples } = await getRule(deps, id);
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<Omit<RuleNew, 'name'>>;
  const rule = { scope, expression, at, enabled, samples, ...given };
  // What does not compile any more can still be switched off.
  const body = Object.keys(given).every((key) => key === 'enabled') && !rule.enabled ? await bodyOf(deps, id, rule) : await checkedBody(deps, rule, id);
  const item = await deps.library.update(id, { body, ...(name === undefined ? {} : { name }), ...(revision === undefined ? {} : { revision }) });
  await deps.catalogs.reload();
  return toRule(deps, item);
}

/** Records keep the fields that the rule stored. Throws Problem `not-found`. */
export async function removeRule(deps: ServerDeps, id: string): Promise<void> {
  await getRule(deps, id);
  await deps.library.remove(id);
  await deps.catalogs.reload();
}

/** Tries a rule on samples, until the signal aborts; nothing is stored. Throws Problem and StoreError. */
export async function testRule(deps: ServerDeps, { samples, scope, expression, at, ...origin }: RuleTest, signal: AbortSignal): Promise<RuleTestResponse> {
  const catalog = catalogAt(deps, at);
  const check = checkRule({ scope, expression }, catalog);
  if (!check.ok) return { diagnostics: check.diagnostics.map((d) => ({ ...d })), fields: [], stored: [], samples: [] };
  const tried: Sample[] = [];
  for (const sample of samples) {
    if (signal.aborted) throw new StoreError('query-cancelled', 'The test was cancelled.');
    tried.push(await trySample(deps, { scope, expression }, check, catalog, sample, origin));
  }
  return { diagnostics: [], fields: [...check.fields], stored: [...check.stored], samples: tried };
}

type Checked = RuleCheck & { readonly ok: true };
type From = Omit<RuleTest, 'scope' | 'expression' | 'at' | 'samples'>;

async function trySample(deps: ServerDeps, rule: Text, check: Checked, catalog: Catalog, sample: string, origin: From): Promise<Sample> {
  const now = Math.floor(deps.clock() / 1000);
  let names: readonly string[] = [];
  let own = true;
  const { row, problem } = await trialsOf(deps).run(sample, origin, ({ table, columns, layouts }) => {
    const found = DATASETS.find((d) => d === table) ?? VPC_FLOW.flows;
    // What is no record of its formats is out of its scope; the engine is asked all the same whether it takes the rule.
    own = check.formats.includes(formatOf(found));
    const dataset = own ? found : (check.formats[0] ?? VPC_FLOW).main;
    const { fields, ...select } = stagedTrial(rule, { dataset, columns: columns.map((c) => c.name), layouts }, now, catalog);
    names = fields;
    return select;
  });
  const hits = row.slice(0, check.steps.length + 1).map((hit) => own && Boolean(hit));
  const step = hits.indexOf(false) - 1;
  const span = check.steps[step];
  return {
    inScope: hits[0] ?? false,
    matched: hits.every(Boolean),
    values: Object.fromEntries(names.map((name, i) => [name, own ? textOf(row[hits.length + i]) : null])),
    missed: step >= 0 && span ? { step: step + 1, text: rule.expression.slice(span.start, span.end), span: { ...span } } : null,
    problem: problem ? { code: problem.code, message: problem.message } : null,
  };
}

/** What a rule may read: one at ingest runs before there are fields of others. */
function catalogAt(deps: ServerDeps, at: Rule['at']): Catalog {
  return at === 'ingest' ? EMPTY_CATALOG : deps.catalogs.current();
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function trialsOf(deps: ServerDeps): Trials {
  if (!deps.trials) throw new Problem('not-available', 'This server cannot try rules.');
  return deps.trials;
}

/** The rule as it is kept. `id`: of the rule that it replaces. Throws DiagnosticError and Problem. */
async function checkedBody(deps: ServerDeps, rule: Omit<RuleNew, 'name'>, id?: string): Promise<RuleBody> {
  const check = checkRule(rule, catalogAt(deps, rule.at));
  if (!check.ok) throw new DiagnosticError(check.diagnostics);
  const others = (await deps.library.list('rule')).filter((item) => item.id !== id).map((item) => toRule(deps, item));
  const names = takenNames(deps, [...others, { fields: check.fields }]);
  if (names.length > MAX_FIELDS) {
    const hint = 'Fields that records have stay theirs when a rule goes; leave some out with “fields - name”.';
    throw new Problem('too-many-fields', `Rules may make ${MAX_FIELDS} fields in all; with this one they would make ${names.length}.`, { hint });
  }
  await tryOnEngine(deps, rule, check);
  return { ...rule, fields: check.fields };
}

/** What the compiler lets through the engine may refuse, such as a regular expression that grows too large. */
async function tryOnEngine(deps: ServerDeps, rule: Omit<RuleNew, 'name'>, check: Checked): Promise<void> {
  const origin = { sourceName: '', sourceCategory: '', sourceHost: '', collector: '' };
  try {
    for (const sample of [...ANY_RECORDS, ...rule.samples]) await trySample(deps, { ...rule, scope: '' }, check, catalogAt(deps, rule.at), sample, origin);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new Problem('rule-refused', 'The engine cannot run this rule.', { hint: 'Make its patterns simpler, or its steps fewer.', cause: error });
  }
}

async function bodyOf(deps: ServerDeps, id: string, rule: Omit<RuleNew, 'name'>): Promise<RuleBody> {
  return { ...rule, fields: (await getRule(deps, id)).fields };
}

/** Names that records have from rules, or rules make. */
function takenNames(deps: ServerDeps, rules: readonly { readonly fields: readonly string[] }[]): string[] {
  const names = [...deps.catalogs.current().extractedNames, ...rules.flatMap((rule) => rule.fields)];
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()].sort();
}

function toRule(deps: ServerDeps, { id, name, body, created, updated, revision }: Item): Rule {
  const rule = body as RuleBody;
  const check = checkRule(rule, catalogAt(deps, rule.at));
  const diagnostics = check.ok ? [] : check.diagnostics.map((d) => ({ ...d }));
  return { id, name, ...rule, fields: [...rule.fields], samples: [...rule.samples], diagnostics, created, updated, revision };
}
