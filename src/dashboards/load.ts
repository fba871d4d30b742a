/**
 * Reads dashboard files. A file is wrong as a whole or right as a whole: every problem found in it is
 * reported at once, each with its file, line, path and what is wrong there.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { findField } from '../model/fields.ts';
import { Dashboard, type Panel } from './schema.ts';

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

/** Which result columns a panel of each kind must name. */
const NEEDED: Record<Panel['kind'], readonly ('x' | 'y' | 'series' | 'size')[]> = {
  value: ['y'],
  line: ['x', 'y'],
  step: ['x', 'y'],
  comparison: ['x', 'y'],
  bar: ['x', 'y'],
  donut: ['x', 'y'],
  bubble: ['x', 'y', 'size'],
  map: ['size'],
  table: [],
};

interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Text of a dashboard file → dashboard. `file` is for messages. Throws DashboardFileError. */
export function parseDashboard(text: string, file: string): Dashboard {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length) {
    throw new DashboardFileError(
      document.errors.map((e) => ({ file, line: lines.linePos(e.pos[0]).line, path: '', message: `not valid YAML: ${e.message.split('\n')[0]}` })),
    );
  }
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = Dashboard.safeParse(document.toJS());
  const findings: Finding[] = parsed.success
    ? crossCheck(parsed.data)
    : parsed.error.issues.map((issue) => ({ path: issue.path.map((p) => (typeof p === 'symbol' ? String(p) : p)), message: issue.message }));
  if (findings.length) throw new DashboardFileError(findings.map((f) => ({ file, line: lineOf(f.path), path: f.path.join('.'), message: f.message })));
  if (!parsed.success) throw new DashboardFileError([{ file, line: 1, path: '', message: parsed.error.message }]);
  return parsed.data;
}

/** Every dashboard of a folder, by file name. Throws DashboardFileError with the problems of all files. */
export async function loadDashboards(folder: string): Promise<Dashboard[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  const dashboards: Dashboard[] = [];
  const problems: DashboardProblem[] = [];
  for (const name of files) {
    const file = join(folder, name);
    try {
      const dashboard = parseDashboard(await readFile(file, 'utf8'), file);
      if (dashboard.id !== basename(name, '.yaml')) {
        problems.push({ file, line: 1, path: 'id', message: `the id "${dashboard.id}" must be the file's name, "${basename(name, '.yaml')}"` });
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

/** What the schema alone can't say: unique ids, fields that exist, the columns that a kind needs. */
function crossCheck(dashboard: Dashboard): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const unique = (id: string, path: readonly (string | number)[]): void => {
    if (seen.has(id)) findings.push({ path: [...path, 'id'], message: `the id "${id}" is used twice` });
    seen.add(id);
  };
  dashboard.variables.forEach((variable, i) => {
    unique(`variable ${variable.id}`, ['variables', i]);
    if (!findField(variable.field)) findings.push({ path: ['variables', i, 'field'], message: `no field is called "${variable.field}"` });
  });
  dashboard.sections.forEach((section, s) => {
    unique(`section ${section.id}`, ['sections', s]);
    section.panels.forEach((panel, p) => {
      const path = ['sections', s, 'panels', p];
      unique(`panel ${panel.id}`, path);
      for (const key of NEEDED[panel.kind]) {
        if (!panel[key]) findings.push({ path, message: `a ${panel.kind} panel must name the column of its ${key}` });
      }
      if (panel.bucket && panel.kind !== 'value') findings.push({ path: [...path, 'bucket'], message: 'only a value panel has a bucket' });
    });
  });
  return findings;
}
