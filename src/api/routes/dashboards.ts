/** Dashboards: the list, one with its panels, and a run of its panels. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Dashboard } from '../../dashboards/schema.ts';
import { DashboardList, RunEvent, RunRequest } from '../contract.ts';
import { prepareRun, runDashboard } from '../dashboard-run.ts';
import type { ServerDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { NDJSON, sendLines } from '../lines.ts';
import { WindowCopies } from '../window-copy.ts';

const tags = ['dashboards'];
const Id = z.object({ id: z.string() });

export function dashboardRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const copies = new WindowCopies(deps);
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get('/api/v1/dashboards', { schema: { tags, summary: 'All dashboards.', response: { 200: DashboardList } } }, async () => ({
    dashboards: deps.dashboards.map(({ id, title, description, app }) => ({ id, title, description, app })),
  }));
  typed.get(
    '/api/v1/dashboards/:id',
    { schema: { tags, summary: 'One dashboard with its panels.', params: Id, response: { 200: Dashboard } } },
    async (request) => find(deps, request.params.id),
  );
  typed.post(
    '/api/v1/dashboards/:id/run',
    {
      schema: {
        tags,
        summary: 'Computes the panels at one instant. Answers each as it is done, one JSON object a line.',
        params: Id,
        body: RunRequest,
        response: { 200: { content: { [NDJSON]: { schema: RunEvent } } } },
      },
    },
    async (request, reply) => {
      const run = await prepareRun(deps, find(deps, request.params.id), request.body);
      return sendLines<RunEvent>(reply, (emit, signal) => runDashboard(deps, copies, run, emit, signal));
    },
  );
}

function find(deps: ServerDeps, id: string): Dashboard {
  const dashboard = deps.dashboards.find((d) => d.id === id);
  if (!dashboard) throw new Problem('not-found', `There is no dashboard “${id}”.`, { hint: `There are: ${deps.dashboards.map((d) => d.id).join(', ')}.` });
  return dashboard;
}
