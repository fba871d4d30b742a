/** The completeness board. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { completeness } from '../completeness.ts';
import { CompletenessRequest, CompletenessResponse } from '../contract/completeness.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import { windowOf } from '../queries.ts';
import { parseRange } from '../time-range.ts';

export function completenessRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/api/v1/completeness',
    {
      schema: {
        tags: ['status'],
        summary: 'What has come of each account, region and source in a window, how late, and what is missing.',
        querystring: CompletenessRequest,
        response: { 200: CompletenessResponse },
      },
    },
    async (request, reply) => {
      const { from, to } = request.query;
      const range = parseRange(from, to, Math.floor(deps.clock() / 1000));
      return completeness(deps, await windowOf(deps, range), { signal: abortOnClose(reply) });
    },
  );
}
