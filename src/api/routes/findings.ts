/** What was found later, and the hunts that find it. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { HuntRequest, HuntStatus, RetroRequest, RetroResponse } from '../contract/findings.ts';
import type { ServerDeps } from '../deps.ts';
import { cancelHunt, huntAgain, retroFindings } from '../findings.ts';
import { abortOnClose } from '../lines.ts';

const tags = ['threats'];

export function findingRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/api/v1/findings/retro',
    {
      schema: {
        tags,
        summary: 'Flows of the past that indicators speak of which were not known when they were stored, newest finding first; and what the hunt is doing.',
        querystring: RetroRequest,
        response: { 200: RetroResponse },
      },
    },
    async (request, reply) => retroFindings(deps, request.query, abortOnClose(reply)),
  );
  typed.post(
    '/api/v1/findings/retro/hunt',
    { schema: { tags, summary: 'Hunts for all indicators of a feed once more, behind everything else.', body: HuntRequest, response: { 202: HuntStatus } } },
    async (request, reply) => reply.status(202).send(await huntAgain(deps, request.body.feed)),
  );
  typed.delete(
    '/api/v1/findings/retro/hunt',
    { schema: { tags, summary: 'Ends the hunt that runs; what it has found stays.', response: { 200: HuntStatus } } },
    async () => cancelHunt(deps),
  );
}
