/** Dashboards: the list, one with its panels, a run of its panels, and the changes of own ones. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  DashboardAnswer,
  DashboardChange,
  DashboardFile,
  DashboardImport,
  DashboardList,
  DashboardNew,
  PanelNew,
  PreviewRequest,
} from '../contract/dashboards.ts';
import { RunEvent, RunRequest } from '../contract.ts';
import { exportDashboard, importDashboard, previewOf } from '../dashboard-files.ts';
import { prepareRun, runDashboard } from '../dashboard-run.ts';
import { addPanel, changeDashboard, createDashboard, findDashboard, listDashboards, removeDashboard, removePanel } from '../dashboards.ts';
import type { ServerDeps } from '../deps.ts';
import { NDJSON, sendLines } from '../lines.ts';
import { WindowCopies } from '../window-copy.ts';

const tags = ['dashboards'];
const Id = z.object({ id: z.string() });

export function dashboardRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const copies = new WindowCopies(deps);
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get('/api/v1/dashboards', { schema: { tags, summary: 'All dashboards, own ones first.', response: { 200: DashboardList } } }, async () => ({
    dashboards: await listDashboards(deps),
  }));
  typed.get(
    '/api/v1/dashboards/:id',
    { schema: { tags, summary: 'One dashboard with its panels.', params: Id, response: { 200: DashboardAnswer } } },
    async (request) => findDashboard(deps, request.params.id),
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
      const run = await prepareRun(deps, await findDashboard(deps, request.params.id), request.body);
      return sendLines<RunEvent>(reply, (emit, signal) => runDashboard(deps, copies, run, emit, signal));
    },
  );
  typed.post(
    '/api/v1/dashboards/preview',
    {
      schema: {
        tags,
        summary: 'Computes panels that are given with the request, saved or not. Answers as a run does; stores nothing.',
        body: PreviewRequest,
        response: { 200: { content: { [NDJSON]: { schema: RunEvent } } } },
      },
    },
    async (request, reply) => {
      const run = await prepareRun(deps, ...previewOf(request.body));
      return sendLines<RunEvent>(reply, (emit, signal) => runDashboard(deps, copies, run, emit, signal));
    },
  );
  typed.get(
    '/api/v1/dashboards/:id/file',
    { schema: { tags, summary: 'The dashboard as a file, which can be imported anywhere.', params: Id, response: { 200: DashboardFile } } },
    async (request) => exportDashboard(deps, request.params.id),
  );
  typed.post(
    '/api/v1/dashboards/import',
    {
      schema: {
        tags,
        summary: 'Makes a dashboard of a file, or replaces an own one. What is wrong in the file is answered with lines and paths.',
        body: DashboardImport,
        response: { 201: DashboardAnswer },
      },
    },
    async (request, reply) => reply.status(201).send(await importDashboard(deps, request.body)),
  );
  typed.post(
    '/api/v1/dashboards',
    { schema: { tags, summary: 'Makes a dashboard: empty, of the given content, or a copy.', body: DashboardNew, response: { 201: DashboardAnswer } } },
    async (request, reply) => reply.status(201).send(await createDashboard(deps, request.body)),
  );
  typed.put(
    '/api/v1/dashboards/:id',
    { schema: { tags, summary: 'Changes what is given of an own dashboard.', params: Id, body: DashboardChange, response: { 200: DashboardAnswer } } },
    async (request) => changeDashboard(deps, request.params.id, request.body),
  );
  typed.delete(
    '/api/v1/dashboards/:id',
    { schema: { tags, summary: 'Removes an own dashboard.', params: Id, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeDashboard(deps, request.params.id);
      return reply.status(204).send(null);
    },
  );
  typed.post(
    '/api/v1/dashboards/:id/panels',
    {
      schema: {
        tags,
        summary: 'Adds a panel to an own dashboard. Its query must make the columns that it names.',
        params: Id,
        body: PanelNew,
        response: { 201: DashboardAnswer },
      },
    },
    async (request, reply) => reply.status(201).send(await addPanel(deps, request.params.id, request.body)),
  );
  typed.delete(
    '/api/v1/dashboards/:id/panels/:panel',
    { schema: { tags, summary: 'Removes a panel of an own dashboard.', params: Id.extend({ panel: z.string() }), response: { 200: DashboardAnswer } } },
    async (request) => removePanel(deps, request.params.id, request.params.panel),
  );
}
