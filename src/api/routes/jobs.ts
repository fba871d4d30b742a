/** Query jobs: started, looked at, read by page, cancelled. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { JobList, JobRequest, JobResponse, JobRowsRequest, JobRowsResponse } from '../contract/jobs.ts';
import type { ServerDeps } from '../deps.ts';
import { Jobs } from '../jobs.ts';

const tags = ['jobs'];
const params = z.object({ id: z.string() });

export function jobRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const jobs = new Jobs(deps);
  app.addHook('onReady', () => jobs.open());
  app.addHook('preClose', () => jobs.close());
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/api/v1/jobs',
    {
      schema: {
        tags,
        summary: 'Starts a query behind the scenes. Its rows are kept on the server for a while.',
        body: JobRequest,
        response: { 202: JobResponse },
      },
    },
    async (request, reply) => reply.status(202).send(await jobs.create(request.body)),
  );
  typed.get('/api/v1/jobs', { schema: { tags, summary: 'All jobs, newest first.', response: { 200: JobList } } }, async () => ({ jobs: await jobs.list() }));
  typed.get('/api/v1/jobs/:id', { schema: { tags, summary: 'How far a job is.', params, response: { 200: JobResponse } } }, async (request) =>
    jobs.get(request.params.id),
  );
  typed.get(
    '/api/v1/jobs/:id/rows',
    { schema: { tags, summary: 'A page of its rows; those so far while it runs.', params, querystring: JobRowsRequest, response: { 200: JobRowsResponse } } },
    async (request) => jobs.rows(request.params.id, request.query),
  );
  typed.post(
    '/api/v1/jobs/:id/cancel',
    { schema: { tags, summary: 'Stops a job; the rows so far stay.', params, response: { 200: JobResponse } } },
    async (request) => jobs.cancel(request.params.id),
  );
  typed.delete(
    '/api/v1/jobs/:id',
    { schema: { tags, summary: 'Stops a job and removes its rows.', params, response: { 204: z.null() } } },
    async (request, reply) => {
      await jobs.remove(request.params.id);
      return reply.status(204).send(null);
    },
  );
}
