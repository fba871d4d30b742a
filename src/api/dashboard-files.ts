/** Dashboards as files, out and in, and panels that are looked at before anything is saved. */
import { slug } from '../dashboards/ids.ts';
import { DashboardFileError, type ReadDashboard, readDashboard } from '../dashboards/load.ts';
import type { Dashboard } from '../dashboards/schema.ts';
import { writeDashboard } from '../dashboards/write.ts';
import type { DashboardAnswer, DashboardFile, DashboardImport, PreviewRequest } from './contract/dashboards.ts';
import type { ApiError, RunRequest } from './contract.ts';
import { changeDashboard, checkPanel, createDashboard, findDashboard } from './dashboards.ts';
import type { ServerDeps } from './deps.ts';
import { DiagnosticError, Problem } from './errors.ts';

type Problems = NonNullable<ApiError['error']['problems']>;

/** A file has an id of words where an own dashboard has one of the library, and no section without panels. Throws Problem. */
export async function exportDashboard(deps: ServerDeps, id: string): Promise<DashboardFile> {
  const { own, revision: _, ...dashboard } = await findDashboard(deps, id);
  const sections = dashboard.sections.filter(({ panels }) => panels.length > 0);
  if (sections.length === 0) throw new Problem('invalid-dashboard', `“${dashboard.title}” has no panel yet: there is nothing to write to a file.`);
  const fileId = own ? slug(dashboard.title, 'dashboard') : dashboard.id;
  return { name: `${fileId}.yaml`, text: writeDashboard({ ...dashboard, id: fileId, sections }) };
}

/** Throws Problem, for a file with mistakes with the place of each; LibraryError `name-taken`. */
export async function importDashboard(deps: ServerDeps, { text, title, replace }: DashboardImport): Promise<DashboardAnswer> {
  const read = readFile(text);
  const problems = panelProblems(deps, read);
  if (problems.length > 0) throw wrongFile(problems);
  const { id: _, app: __, ...content } = read.dashboard;
  const made = { ...content, title: title ?? (content.title.trim() || 'Imported') };
  return replace === undefined ? createDashboard(deps, made) : changeDashboard(deps, replace, made);
}

function readFile(text: string): ReadDashboard {
  try {
    return readDashboard(text, 'file');
  } catch (error) {
    if (!(error instanceof DashboardFileError)) throw error;
    throw wrongFile(error.problems.map(({ line, path, message }) => ({ line, path, message })));
  }
}

/** Of the queries: whether they compile, and make what their panels draw. */
function panelProblems(deps: ServerDeps, { dashboard, lineOf }: ReadDashboard): Problems {
  return dashboard.sections.flatMap(({ panels }, s) =>
    panels.flatMap((panel, p) => {
      const path = ['sections', s, 'panels', p, 'query'];
      try {
        checkPanel(deps, panel);
        return [];
      } catch (error) {
        if (!(error instanceof DiagnosticError || error instanceof Problem)) throw error;
        const hint = error instanceof Problem && error.hint ? ` ${error.hint}` : '';
        return [{ line: lineOf(path), path: path.join('.'), message: `${error.message}${hint}` }];
      }
    }),
  );
}

function wrongFile(problems: Problems): Problem {
  const lines = problems.map(({ line, path, message }) => `line ${line}: ${path && `${path}: `}${message}`);
  return new Problem('invalid-dashboard', lines.join('\n'), { problems, hint: 'Nothing was imported.' });
}

/** A dashboard of nothing but the given panels, and the run that is asked for. Throws Problem. */
export function previewOf({ content, ...request }: PreviewRequest): [Dashboard, RunRequest] {
  if (new Set(content.map(({ id }) => id)).size < content.length) throw new Problem('invalid-dashboard', 'Two panels have the same id.');
  const sections = [{ id: 'preview', title: '', panels: content }];
  return [{ id: 'preview', title: '', description: '', useCase: '', app: '', window: 3600, variables: [], sections }, request];
}
