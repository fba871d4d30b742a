/** Apps and their scopes. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { changeScope, listApps } from '../apps.ts';
import { AppList, ScopeChange } from '../contract/apps.ts';
import type { ServerDeps } from '../deps.ts';

const tags = ['dashboards'];

export function appRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get('/api/v1/apps', { schema: { tags, summary: 'The apps of the dashboards that ship, and the scope of each.', response: { 200: AppList } } }, () =>
    listApps(deps),
  );
  typed.put(
    '/api/v1/apps/scope',
    { schema: { tags, summary: 'Binds an app to records by a field and its values, or frees it.', body: ScopeChange, response: { 200: AppList } } },
    (request) => changeScope(deps, request.body),
  );
}
