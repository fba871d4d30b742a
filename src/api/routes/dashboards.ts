/** Dashboards: the list, one with its panels, and a run of its panels. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Dashboard } from '../../dashboards/schema.ts';
import { DashboardList } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { Problem } from '../errors.ts';

const tags = ['dashboards'];
const Id = z.object({ id: z.string() });

export function dashboardRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get('/api/v1/dashboards', { schema: { tags, summary: 'All dashboards.', response: { 200: DashboardList } } }, async () => ({
    dashboards: deps.dashboards.map(({ id, title, description, app }) => ({ id, title, description, app })),
  }));
  typed.get(
    '/api/v1/dashboards/:id',
    { schema: { tags, summary: 'One dashboard with its panels.', params: Id, response: { 200: Dashboard } } },
    async (request) => find(deps, request.params.id),
  );
}

function find(deps: ServerDeps, id: string): Dashboard {
  const dashboard = deps.dashboards.find((d) => d.id === id);
  if (!dashboard) throw new Problem('not-found', `There is no dashboard “${id}”.`, { hint: `There are: ${deps.dashboards.map((d) => d.id).join(', ')}.` });
  return dashboard;
}
