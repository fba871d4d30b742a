/** Records that could not be read: seen, explained, and read again after a fix. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { QuarantinedRecord, QuarantineRequest, QuarantineResponse, RetryRequest, RetryResponse } from '../contract.ts';
import type { Quarantine, ServerDeps } from '../deps.ts';
import { Problem } from '../errors.ts';

const tags = ['quarantine'];

export function quarantineRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/api/v1/quarantine',
    { schema: { tags, summary: 'Records that could not be read, newest first.', querystring: QuarantineRequest, response: { 200: QuarantineResponse } } },
    async (request) => quarantineOf(deps).list(request.query),
  );
  typed.get(
    '/api/v1/quarantine/:id',
    { schema: { tags, summary: 'One such record.', params: z.object({ id: z.string() }), response: { 200: QuarantinedRecord } } },
    async (request) => {
      const record = await quarantineOf(deps).get(request.params.id);
      if (!record) throw new Problem('not-found', `No record “${request.params.id}” is in quarantine.`);
      return record;
    },
  );
  typed.post(
    '/api/v1/quarantine/retry',
    { schema: { tags, summary: 'Reads records again with today’s code.', body: RetryRequest, response: { 200: RetryResponse } } },
    async (request) => quarantineOf(deps).retry(request.body.ids),
  );
}

function quarantineOf(deps: ServerDeps): Quarantine {
  if (!deps.quarantine) throw new Problem('not-available', 'This server keeps no quarantine.');
  return deps.quarantine;
}
