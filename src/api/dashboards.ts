/**
 * Dashboards that people made, beside those that ship: the same schema, the same checks, the same run. What
 * ships cannot be changed, but copied.
 */
import { checkDashboard } from '../dashboards/check.ts';
import { freeId } from '../dashboards/ids.ts';
import { panelsOf } from '../dashboards/plan.ts';
import { Dashboard, type Panel } from '../dashboards/schema.ts';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import { compile } from '../query/index.ts';
import type { Item } from '../store/library.ts';
import type { DashboardAnswer, DashboardChange, DashboardList, DashboardNew, PanelNew } from './contract/dashboards.ts';
import type { ServerDeps } from './deps.ts';
import { DiagnosticError, Problem } from './errors.ts';
import { compileOptions } from './queries.ts';

const OWN_APP = 'Own dashboards';
const FIRST_SECTION = { id: 'panels', title: 'Panels' } as const;
const MOST_DASHBOARDS = 1000;

/** What is stored of an own dashboard; its id and title are the item's. */
type Body = Omit<Dashboard, 'id' | 'title'>;

/** Own ones first, each by title. One that cannot be opened is there, too: it can be removed. */
export async function listDashboards(deps: ServerDeps): Promise<DashboardList['dashboards']> {
  const own = (await deps.library.list('dashboard')).map(({ id, name, body }) => {
    const { description, app } = body as Partial<Body>;
    return { id, title: name, description: String(description ?? ''), app: String(app ?? OWN_APP), own: true };
  });
  return [...own, ...deps.dashboards.map(({ id, title, description, app }) => ({ id, title, description, app, own: false }))];
}

/** Throws Problem `not-found`. */
export async function findDashboard(deps: ServerDeps, id: string): Promise<DashboardAnswer> {
  const shipped = deps.dashboards.find((d) => d.id === id);
  if (shipped) return { ...shipped, own: false, revision: 0 };
  const item = await deps.library.get(id);
  if (item?.kind === 'dashboard') return answer(item);
  throw new Problem('not-found', `There is no dashboard “${id}”.`, { hint: `There are: ${(await listDashboards(deps)).map((d) => d.title).join('; ')}.` });
}

/** Throws Problem, DiagnosticError, LibraryError. */
export async function createDashboard(deps: ServerDeps, { title, copyOf, ...given }: DashboardNew): Promise<DashboardAnswer> {
  const base = copyOf === undefined ? {} : bodyOf(await findDashboard(deps, copyOf));
  const body: Body = { description: '', useCase: '', window: 3600, variables: [], sections: [], ...base, ...defined(given), app: OWN_APP };
  if ((await deps.library.list('dashboard')).length >= MOST_DASHBOARDS)
    throw new Problem('library-full', `There are ${MOST_DASHBOARDS.toLocaleString('en-US')} dashboards already.`, { hint: 'Remove some that nobody needs.' });
  check(deps, title, body);
  return answer(await deps.library.create({ kind: 'dashboard', name: title, body }));
}

/** Throws Problem, DiagnosticError, LibraryError. */
export async function changeDashboard(deps: ServerDeps, id: string, { title, revision, ...given }: DashboardChange): Promise<DashboardAnswer> {
  const old = await ownOnly(deps, id);
  return save(deps, { ...old, ...defined(given), title: title ?? old.title }, revision);
}

/** Throws Problem, LibraryError. */
export async function removeDashboard(deps: ServerDeps, id: string): Promise<void> {
  if ((await deps.library.get(id))?.kind !== 'dashboard') await ownOnly(deps, id);
  await deps.library.remove(id);
}

/** Throws Problem, DiagnosticError, LibraryError. */
export async function addPanel(deps: ServerDeps, id: string, { section, ...given }: PanelNew): Promise<DashboardAnswer> {
  const old = await ownOnly(deps, id);
  const sections = old.sections.length ? old.sections : [{ ...FIRST_SECTION, panels: [] }];
  const at = section === undefined ? sections.length - 1 : sections.findIndex((s) => s.id === section);
  const target = sections[at];
  if (!target) throw new Problem('not-found', `The dashboard has no section “${section}”.`, { hint: `It has: ${sections.map((s) => s.id).join(', ')}.` });
  const panel: Panel = { ...given, id: freeId(given.title, panelsOf(old)) };
  return save(deps, { ...old, sections: sections.with(at, { ...target, panels: [...target.panels, panel] }) }, old.revision);
}

/** Throws Problem, LibraryError. */
export async function removePanel(deps: ServerDeps, id: string, panel: string): Promise<DashboardAnswer> {
  const old = await ownOnly(deps, id);
  if (!panelsOf(old).some((p) => p.id === panel)) throw new Problem('not-found', `The dashboard has no panel “${panel}” any more.`);
  return save(deps, { ...old, sections: old.sections.map((s) => ({ ...s, panels: s.panels.filter((p) => p.id !== panel) })) }, old.revision);
}

async function save(deps: ServerDeps, dashboard: DashboardAnswer, revision: number | undefined): Promise<DashboardAnswer> {
  const body = bodyOf(dashboard);
  check(deps, dashboard.title, body);
  return answer(await deps.library.update(dashboard.id, { name: dashboard.title, body, ...(revision !== undefined && { revision }) }));
}

async function ownOnly(deps: ServerDeps, id: string): Promise<DashboardAnswer> {
  const dashboard = await findDashboard(deps, id);
  if (dashboard.own) return dashboard;
  throw new Problem('read-only', 'A dashboard that ships with Bartizan cannot be changed.', { hint: 'Duplicate it, and change the copy.' });
}

/** What the loader of files checks, and that every query compiles and makes the columns that its panel names. */
function check(deps: ServerDeps, title: string, body: Body): void {
  const dashboard = { ...body, id: 'own', title };
  const [finding] = checkDashboard(dashboard);
  if (finding) throw new Problem('invalid-dashboard', `${finding.path.join('.')}: ${finding.message}`);
  for (const panel of panelsOf(dashboard)) checkPanel(deps, panel);
}

/** Its queries compile and make the columns that it names. Throws Problem, DiagnosticError. */
export function checkPanel(deps: ServerDeps, panel: Panel): void {
  const { range: _, ...options } = compileOptions(deps, { from: '-1h', to: 'now', filters: panel.filters ?? [] }, 1);
  const { x, y, series, size, label, totals, heat, details } = panel;
  const wanted = { x, y, series, size, label };
  for (const { query, ...own } of [{ query: panel.query, ...wanted }, ...panel.measures.map((m) => ({ ...wanted, y: m.y, query: m.query }))]) {
    const result = compile(query, options);
    if (!result.ok) throw new DiagnosticError(result.diagnostics.map((d) => ({ ...d, message: `Panel “${panel.title}”: ${d.message}` })));
    if (result.compiled.pivot) continue;
    const names = result.compiled.columns.map((c) => c.name);
    const lists = { totals, heat, details };
    const roles = [...Object.entries(own), ...Object.entries(lists).flatMap(([role, list]) => list.map((name) => [role, name] as const))];
    for (const [role, name] of roles) {
      if (name !== undefined && !names.some((n) => n.toLowerCase() === name.toLowerCase()))
        throw new Problem('invalid-dashboard', `Panel “${panel.title}”: its ${role} is “${name}”, which its query does not make.`, {
          hint: `It makes: ${names.join(', ')}.`,
        });
    }
  }
}

function ownDashboard(item: Item): Dashboard {
  const read = Dashboard.safeParse({ ...(item.body as Body), id: item.id, title: item.name }, { error: inPlaceOf });
  if (read.success) return read.data;
  throw new Problem('invalid-dashboard', `“${item.name}” cannot be opened: ${wrongPlaces(read.error)}.`, {
    hint: 'It was stored by a release with other rules. Remove it, or import it anew.',
  });
}

function answer(item: Item): DashboardAnswer {
  return { ...ownDashboard(item), own: true, revision: item.revision };
}

function bodyOf({ id: _, title: __, own: ___, revision: ____, ...body }: DashboardAnswer): Body {
  return body;
}

/** Without what is undefined, which would hide what it is laid over. */
function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
