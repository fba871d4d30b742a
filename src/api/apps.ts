/**
 * The apps that dashboards ship in, and the scope of each: a field and its values, `_sourceCategory` unless a
 * person chooses another one. The page shows the scope of a dashboard's app and asks with it.
 */
import { BoundFilter } from '../dashboards/schema.ts';
import { findField } from '../model/fields.ts';
import type { Item } from '../store/library.ts';
import type { AppList, ScopeChange } from './contract/apps.ts';
import type { ServerDeps } from './deps.ts';
import { Problem } from './errors.ts';

export async function listApps(deps: ServerDeps): Promise<AppList> {
  const scopes = new Map((await deps.library.list('scope')).map((item) => [item.name, item]));
  return { apps: appsOf(deps).map((app) => ({ app, scope: scopeOf(scopes.get(app)) })) };
}

/** Throws Problem. */
export async function changeScope(deps: ServerDeps, { app, scope }: ScopeChange): Promise<AppList> {
  const apps = appsOf(deps);
  if (!apps.includes(app)) throw new Problem('not-found', `There is no app “${app}”.`, { hint: `There are: ${apps.join('; ')}.` });
  const field = scope && findField(scope.field);
  if (scope && !field) throw new Problem('invalid-request', `No field is called “${scope.field}”.`);
  const before = (await deps.library.list('scope')).find((item) => item.name === app);
  const body = scope && { ...scope, field: field?.name };
  if (before && body) await deps.library.update(before.id, { body });
  else if (before) await deps.library.remove(before.id);
  else if (body) await deps.library.create({ kind: 'scope', name: app, body });
  return listApps(deps);
}

function appsOf(deps: ServerDeps): string[] {
  return [...new Set(deps.dashboards.map((d) => d.app))].sort();
}

function scopeOf(item: Item | undefined): AppList['apps'][number]['scope'] {
  return item ? BoundFilter.parse(item.body) : null;
}
