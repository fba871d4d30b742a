/**
 * Reads dashboard files. A file is wrong as a whole or right as a whole: every problem found in it is
 * reported at once, each with its file, line, path and what is wrong there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Document, isNode, isScalar, Lexer, LineCounter, parseDocument, visit } from 'yaml';
import { quoted } from '../model/wording.ts';
import { inPlaceOf, placeOf } from '../model/wrong-value.ts';
import { checkDashboard, type Finding } from './check.ts';
import { Dashboard } from './schema.ts';

export interface DashboardProblem {
  readonly file: string;
  /** 1-based; 1 when the place is not known. */
  readonly line: number;
  /** Dotted path in the file, `sections.0.panels.2.kind`; empty for the file itself. */
  readonly path: string;
  readonly message: string;
}

/** A dashboard file is not usable. `message` lists every problem, one a line. */
export class DashboardFileError extends Error {
  readonly problems: readonly DashboardProblem[];
  constructor(problems: readonly DashboardProblem[]) {
    super(problems.map((p) => `${p.file}:${p.line}: ${p.path ? `${p.path}: ` : ''}${p.message}`).join('\n'));
    this.name = 'DashboardFileError';
    this.problems = problems;
  }
}

/** Of YAML; the largest dashboard that ships has 2,500. The reader's time grows faster than its text. */
const MOST_TOKENS = 60_000;
/** What the lexer puts before the text of a scalar. */
const SCALAR = '\u001f';

/** Problems that are named at once: a file that is none of ours may have one on every line. */
const MOST_PROBLEMS = 50;

/** A dashboard, and where its parts stand in its file. */
export interface ReadDashboard {
  readonly dashboard: Dashboard;
  /** 1-based line of a path, or of the nearest part around it. */
  lineOf(path: Finding['path']): number;
}

/** Text of a dashboard file → dashboard. `file` is for messages. Throws DashboardFileError. */
export function parseDashboard(text: string, file: string): Dashboard {
  return readDashboard(text, file).dashboard;
}

/** The same, with the lines of its parts. */
export function readDashboard(text: string, file: string): ReadDashboard {
  const lines = new LineCounter();
  const { document, content } = readYaml(text, file, lines);
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = Dashboard.safeParse(content, { error: inPlaceOf });
  const findings: Finding[] = parsed.success
    ? [...emptiness(parsed.data), ...checkDashboard(parsed.data)]
    : parsed.error.issues.map((issue) => ({ path: issue.path.map((p) => (typeof p === 'symbol' ? String(p) : p)), message: issue.message }));
  if (findings.length)
    throw new DashboardFileError(findings.slice(0, MOST_PROBLEMS).map((f) => ({ file, line: lineOf(f.path), path: placeOf(f.path), message: f.message })));
  if (!parsed.success) throw new DashboardFileError([{ file, line: 1, path: '', message: parsed.error.message }]);
  return { dashboard: parsed.data, lineOf };
}

/** What the reader throws, too, for a file that is nested too deep or whose aliases grow too large, is a problem of the file. */
function readYaml(text: string, file: string, lines: LineCounter): { readonly document: Document.Parsed; readonly content: unknown } {
  const wrong = (line: number, message: string) => ({ file, line, path: '', message: `not valid YAML: ${message.split('\n')[0]}` });
  const refused = refusal(text);
  if (refused) throw new DashboardFileError([wrong(1, refused)]);
  let found: DashboardProblem[];
  try {
    // The reader compares each key of a map with all others of it, and copies a line for each mistake in it.
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
    const twice = document.errors.length === 0 ? keyTwice(document) : undefined;
    if (twice) throw new DashboardFileError([wrong(lines.linePos(twice.at).line, `the key ${quoted(twice.key)} is there twice`)]);
    if (document.errors.length === 0) return { document, content: document.toJS() as unknown };
    found = document.errors.slice(0, MOST_PROBLEMS).map((e) => wrong(lines.linePos(e.pos[0]).line, e.message));
  } catch (error) {
    if (error instanceof DashboardFileError) throw error;
    found = [wrong(1, error instanceof RangeError ? 'it is nested too deep' : error instanceof Error ? error.message : String(error))];
  }
  throw new DashboardFileError(found);
}

/** Why a text is not read at all. Dashboards have no anchors, which a file can be made to grow by without measure. */
function refusal(text: string): string | undefined {
  let tokens = 0;
  let before = '';
  for (const token of new Lexer().lex(text)) {
    if (++tokens > MOST_TOKENS) return 'it is far larger than any dashboard';
    if (before !== SCALAR && /^[&*]/.test(token)) return `it has an anchor or alias, ${quoted(token.slice(0, 40))}: a dashboard file has none`;
    before = token;
  }
  return undefined;
}

/** The first key that a map has twice, and its offset. */
function keyTwice(document: Document.Parsed): { readonly key: string; readonly at: number } | undefined {
  let found: { key: string; at: number } | undefined;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const value = isScalar(key) ? key.value : key;
        if (seen.has(value) && isNode(key)) {
          found = { key: String(value).slice(0, 60), at: key.range?.[0] ?? 0 };
          return visit.BREAK;
        }
        seen.add(value);
      }
      return undefined;
    },
  });
  return found;
}

/** Every dashboard of a folder, by file name. Throws DashboardFileError with the problems of all files. */
export function loadDashboards(folder: string): Dashboard[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  const dashboards: Dashboard[] = [];
  const problems: DashboardProblem[] = [];
  for (const name of files) {
    const file = join(folder, name);
    try {
      const dashboard = parseDashboard(readFileSync(file, 'utf8'), file);
      if (dashboard.id !== basename(name, '.yaml')) {
        problems.push({ file, line: 1, path: 'id', message: `the id ${quoted(dashboard.id)} must be the file’s name, ${quoted(basename(name, '.yaml'))}` });
      }
      dashboards.push(dashboard);
    } catch (error) {
      if (!(error instanceof DashboardFileError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length) throw new DashboardFileError(problems);
  return dashboards;
}

/** A file without a panel would be an empty page. */
function emptiness(dashboard: Dashboard): Finding[] {
  if (dashboard.sections.length === 0) return [{ path: ['sections'], message: 'a dashboard file has a section at least' }];
  return dashboard.sections.flatMap(({ panels }, i) => (panels.length ? [] : [{ path: ['sections', i, 'panels'], message: 'a section has a panel at least' }]));
}
