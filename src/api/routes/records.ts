/** Records behind a value on a dashboard or in a search. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { RecordsRequest, RecordsResponse } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import { findRecords } from '../records.ts';

export function recordRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/api/v1/records',
    {
      schema: {
        tags: ['records'],
        summary: 'Matching records, newest first, raw and as ECS documents.',
        body: RecordsRequest,
        response: { 200: RecordsResponse },
      },
    },
    async (request, reply) => findRecords(deps, request.body, abortOnClose(reply)),
  );
}
