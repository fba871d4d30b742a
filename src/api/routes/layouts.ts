/** Layouts of streams whose lines have no header: what was learned, and what is asked. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LayoutAnswer, LayoutAnswered, LayoutForget, LayoutList } from '../contract/sources.ts';
import type { ServerDeps } from '../deps.ts';
import { answerLayout, forgetLayout, listLayouts } from '../layouts.ts';

const tags = ['sources'];
const PATH = '/api/v1/layouts';

export function layoutRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    PATH,
    { schema: { tags, summary: 'Streams whose records wait for a layout, and layouts that are known.', response: { 200: LayoutList } } },
    async () => listLayouts(deps),
  );
  typed.put(
    PATH,
    { schema: { tags, summary: 'Says in which layout a stream is; what waits of it is read again.', body: LayoutAnswer, response: { 200: LayoutAnswered } } },
    async (request) => answerLayout(deps, request.body.stream, request.body.layout),
  );
  typed.delete(
    PATH,
    { schema: { tags, summary: 'Forgets the layout of a stream, which is learned anew.', body: LayoutForget, response: { 204: z.null() } } },
    async (request, reply) => {
      await forgetLayout(deps, request.body.stream);
      return reply.status(204).send(null);
    },
  );
}
