/** Questions about one flow. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { ExplainRequest, ExplainResponse } from '../contract/refusal.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import { explainFlow } from '../refusal.ts';

export function flowRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/api/v1/flows/explain',
    {
      schema: {
        tags: ['records'],
        summary: 'Why a flow was refused: both directions around it, the interface, a verdict, and what would have to be allowed.',
        body: ExplainRequest,
        response: { 200: ExplainResponse },
      },
    },
    async (request, reply) => explainFlow(deps, request.body, abortOnClose(reply)),
  );
}
