/**
 * How much of real queries this language reads: `npm run conformance -- FILE…`.
 *
 * A file is one query, JSON lines or a JSON array of objects with a `query` key (an array may hold texts
 * as well); folders are read with all that they hold. Queries are parsed and compiled, never run.
 *
 * Real queries speak of an installation that is not here: fields that its extraction rules make, its
 * lookup tables and indexes, the values of its dashboards' variables. Those are assumed, and what
 * compiles without any assumption is counted beside it; `--strict` assumes nothing.
 */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type CompileOptions, compile, type Diagnostic, parse } from '../src/query/index.ts';
import { ident } from '../src/query/sql.ts';

interface Text {
  readonly query: string;
  /** `file:line`, or the file alone. */
  readonly place: string;
}

/** Entries that are no queries, and files that cannot be read. */
interface Unreadable {
  readonly place: string;
  readonly reason: string;
}

interface Reason {
  readonly code: string;
  readonly message: string;
  count: number;
  readonly example: string;
  readonly place: string;
}

const USAGE = `Usage: npm run conformance -- [options] FILE…

  FILE          one query; JSON lines or a JSON array with a "query" key; or a folder of such files
  --strict      assume nothing: no extracted fields, tables, indexes or values of variables
  --json        the report as JSON
  --show CODE   list every query that fails with this code (or with internal-error)
  --limit N     reasons and queries to show (default 25)
`;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { strict: { type: 'boolean' }, json: { type: 'boolean' }, show: { type: 'string' }, limit: { type: 'string' }, help: { type: 'boolean' } },
});
if (flags.help || positionals.length === 0) {
  process.stdout.write(USAGE);
  process.exit(flags.help ? 0 : 2);
}
const limit = Math.max(1, Number(flags.limit ?? 25) || 25);

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────

async function* filesOf(path: string): AsyncGenerator<string> {
  const about = await stat(path);
  if (!about.isDirectory()) yield path;
  else for (const entry of (await readdir(path)).sort()) yield* filesOf(join(path, entry));
}

async function* textsOf(file: string): AsyncGenerator<Text | Unreadable> {
  if (file.endsWith('.json')) {
    const whole = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
    const value = parsed(whole);
    if (Array.isArray(value)) for (const [i, entry] of value.entries()) yield entryOf(entry, `${file}[${i}]`);
    else if (value !== undefined) yield entryOf(value, file);
    else yield* linesOf(file);
  } else if (/\.(jsonl|ndjson)$/.test(file) || (await beginsAsJson(file))) yield* linesOf(file);
  else yield { query: await readFile(file, 'utf8'), place: file };
}

async function* linesOf(file: string): AsyncGenerator<Text | Unreadable> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() !== '') yield entryOf(parsed(line.replace(/^\uFEFF/, '')), `${file}:${number}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function entryOf(value: unknown, place: string): Text | Unreadable {
  if (typeof value === 'string') return { query: value, place };
  const query = typeof value === 'object' && value !== null && 'query' in value ? value.query : undefined;
  return typeof query === 'string' ? { query, place } : { place, reason: value === undefined ? 'no JSON' : 'no text under the key query' };
}

/** Whether the first line is a JSON object with a `query` key. */
async function beginsAsJson(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0);
    return /^\s*\{\s*"/.test(buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, ''));
  } finally {
    await handle.close();
  }
}

// ── The environment ──────────────────────────────────────────────────────────────────────────────

const bare: CompileOptions = {
  from: 1_700_000_000,
  to: 1_700_086_400,
  now: 1_700_086_400,
  timeZone: 'UTC',
  maxRows: 1000,
  relations: { table: ident, absentMask: (1n << 62n) - 1n },
  maySave: true,
};

/** What was assumed so that a query compiles. */
interface Assumed {
  readonly fields: Set<string>;
}

function environment(query: string, variables: Readonly<Record<string, string>>, assumed: Assumed): CompileOptions {
  return {
    ...bare,
    variables,
    catalog: {
      extracted: (name) => {
        assumed.fields.add(name);
        return name;
      },
      extractedNames: [],
      rules: [],
      // A table has every column that the query could mean.
      lookup: (name) => ({ name, columns: namesIn(parse(query, variables).query), relation: ident('table') }),
      lookupNames: [],
      index: () => true,
    },
  };
}

/** Names in a tree. */
function namesIn(tree: unknown): string[] {
  const found = new Set<string>();
  JSON.stringify(tree, (key, value: unknown) => {
    if (typeof value === 'string' && (key === 'name' || key === 'as' || key === 'key')) found.add(value);
    return value;
  });
  return [...found];
}

/** Values that a variable may have, in the order in which they are tried: a wildcard, a number, a duration, a name, a text, a comparison. */
const VALUES = ['*', '1', '5m', 'srcaddr', 'x', '> 0'];
const VARIABLE = /\{\{\{?\s*([\w.-]+(?: +[\w.-]+)*)\s*\}\}\}?/g;

interface Outcome {
  readonly parses: boolean;
  readonly compiles: boolean;
  /** What is wrong first. */
  readonly problem?: Pick<Diagnostic, 'code' | 'message'> & { readonly span?: Diagnostic['span'] };
  readonly fields: ReadonlySet<string>;
}

/** Reads one query with every variable at a value that lets it compile, where there is one. */
function assuming(query: string): Outcome {
  const places = [...query.matchAll(VARIABLE)].map((m) => ({ name: (m[1] as string).toLowerCase(), start: m.index, end: m.index + m[0].length }));
  const chosen: Record<string, number> = Object.fromEntries(places.map((p) => [p.name, 0]));
  let outcome: Outcome;
  for (;;) {
    const assumed: Assumed = { fields: new Set() };
    outcome = read(query, environment(query, Object.fromEntries(Object.entries(chosen).map(([name, i]) => [name, VALUES[i] as string])), assumed), assumed);
    const span = outcome.problem?.span;
    const culprit = span && places.find((p) => p.start < span.end && span.start < p.end && (chosen[p.name] as number) < VALUES.length - 1);
    if (outcome.compiles || !culprit) return outcome;
    chosen[culprit.name] = (chosen[culprit.name] as number) + 1;
  }
}

/** Never throws: an exception of the query layer is an outcome of its own. */
function read(query: string, options: CompileOptions, assumed: Assumed): Outcome {
  const { fields } = assumed;
  let parses = false;
  try {
    const wrong = parse(query, options.variables).diagnostics[0];
    if (wrong) return { parses: false, compiles: false, problem: wrong, fields };
    parses = true;
    const result = compile(query, options);
    if (result.ok) return { parses, compiles: true, fields };
    return { parses, compiles: false, ...(result.diagnostics[0] ? { problem: result.diagnostics[0] } : {}), fields };
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { parses, compiles: false, problem: { code: 'internal-error', message: what }, fields };
  }
}

// ── The report ───────────────────────────────────────────────────────────────────────────────────

const counts = { queries: 0, parse: 0, compile: 0, plain: 0 };
const reasons = new Map<string, Reason>();
const fieldCounts = new Map<string, number>();
const shown: { place: string; message: string; query: string }[] = [];
const unreadable: Unreadable[] = [];

/** Codes whose message is worth reading as it is: the name is the news. */
const NAMED = new Set(['unknown-operator', 'unknown-function', 'unknown-source', 'bad-regex', 'internal-error']);

/** One message for the same mistake with other names and numbers. */
function normalized(code: string, message: string): string {
  if (NAMED.has(code)) return message.slice(0, 160);
  return message
    .replace(/“[^”]*”|"[^"]*"/g, '…')
    .replace(/(There is no (?:field|column|index)|has no column) .*$/, '$1 ….')
    .replace(/found [\p{L}\p{N}_.@$-]{2,}\.$/u, (found) =>
      /found (by|as|in|and|or|not|matches|nodrop|from|on|with|where|field|if)\.$/i.test(found) ? found : 'found ….',
    )
    .replace(/^\S+ is a field of records/, '… is a field of records')
    .replace(/\d+/g, 'N')
    .slice(0, 160);
}

function count(text: Text): void {
  counts.queries++;
  const plain = read(text.query, bare, { fields: new Set() });
  const outcome = plain.compiles || flags.strict ? plain : assuming(text.query);
  if (outcome.parses) counts.parse++;
  if (outcome.compiles) counts.compile++;
  if (plain.compiles) counts.plain++;
  if (outcome.compiles) for (const field of outcome.fields) fieldCounts.set(field, (fieldCounts.get(field) ?? 0) + 1);
  const { problem } = outcome;
  if (!problem) return;
  const message = normalized(problem.code, problem.message);
  const key = `${problem.code}\0${message}`;
  const known = reasons.get(key);
  if (known) known.count++;
  else reasons.set(key, { code: problem.code, message, count: 1, example: around(text.query, problem.span), place: text.place });
  if (problem.code === flags.show && shown.length < limit) shown.push({ place: text.place, message: problem.message, query: text.query });
}

/** The line in which the mistake is. */
function around(query: string, span: Diagnostic['span'] | undefined): string {
  const at = span?.start ?? 0;
  const from = query.lastIndexOf('\n', Math.max(0, at - 1)) + 1;
  const end = query.indexOf('\n', at);
  const line = query.slice(from, end < 0 ? undefined : end).trim();
  return line.length <= 160 ? line : `…${query.slice(Math.max(from, at - 60), at + 100).trim()}…`;
}

function percent(part: number): string {
  return counts.queries === 0 ? '–' : `${((100 * part) / counts.queries).toFixed(2)} %`;
}

const started = performance.now();
for (const path of positionals) {
  try {
    for await (const file of filesOf(path)) for await (const text of textsOf(file)) 'query' in text ? count(text) : unreadable.push(text);
  } catch (error) {
    unreadable.push({ place: path, reason: error instanceof Error ? error.message : String(error) });
  }
}
const seconds = (performance.now() - started) / 1000;

const sorted = [...reasons.values()].sort((a, b) => b.count - a.count);
const fields = [...fieldCounts].sort((a, b) => b[1] - a[1]);

if (flags.json) {
  const report = {
    ...counts,
    strict: flags.strict === true,
    seconds: Number(seconds.toFixed(3)),
    reasons: sorted,
    assumedFields: Object.fromEntries(fields.slice(0, limit)),
    unreadable,
    ...(flags.show ? { shown } : {}),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else process.stdout.write(`${lines().join('\n')}\n`);
if (counts.queries === 0) process.exitCode = 1;

function lines(): string[] {
  const environmentText = flags.strict
    ? 'Strict: no extracted fields, tables, indexes or variables exist beside what this project stores.'
    : 'Assumed: names that nothing makes are fields of extraction rules; lookup tables and indexes that are named exist; variables have a value that fits.';
  return [
    `${counts.queries} queries, ${seconds.toFixed(1)} s`,
    `parse    ${counts.parse}  ${percent(counts.parse)}`,
    `compile  ${counts.compile}  ${percent(counts.compile)}`,
    ...(flags.strict ? [] : [`compile without any assumption  ${counts.plain}  ${percent(counts.plain)}`]),
    environmentText,
    ...(sorted.length ? ['', 'Reasons of the rest:'] : []),
    ...sorted.slice(0, limit).flatMap((r) => [`${String(r.count).padStart(6)}  ${r.code}: ${r.message}`, `        ${r.place}: ${r.example}`]),
    ...(sorted.length > limit ? [`        and ${sorted.length - limit} more reasons (--limit)`] : []),
    ...(fields.length && !flags.strict
      ? [
          '',
          `Assumed fields: ${fields
            .slice(0, limit)
            .map(([name, n]) => `${name} (${n})`)
            .join(', ')}`,
        ]
      : []),
    ...(unreadable.length ? ['', `Not read: ${unreadable.length}`, ...unreadable.slice(0, limit).map((u) => `        ${u.place}: ${u.reason}`)] : []),
    ...shown.flatMap((s) => ['', `── ${s.place}: ${s.message}`, s.query]),
  ];
}
