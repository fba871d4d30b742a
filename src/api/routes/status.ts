/** What the page's frame shows: how much data there is and from when to when. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { StatusResponse } from '../contract.ts';
import { datasetExtents, together } from '../data.ts';
import type { ServerDeps } from '../deps.ts';

export function statusRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      '/api/v1/status',
      { schema: { tags: ['status'], summary: 'What is stored, and what the server knows.', response: { 200: StatusResponse } } },
      async () => {
        const [facts, datasets] = await Promise.all([deps.facts(), datasetExtents(deps.store)]);
        return { version: deps.settings.version, demo: deps.settings.demo, now: Math.floor(deps.clock() / 1000), ...together(datasets), datasets, ...facts };
      },
    );
}
