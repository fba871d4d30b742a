/** The search page's questions beside the query itself. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { FieldRequest, FieldResponse, HistogramRequest, HistogramResponse } from '../contract/search.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import { searchField, searchHistogram } from '../search.ts';

export function searchRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/api/v1/search/histogram',
    {
      schema: {
        tags: ['search'],
        summary: 'How many records match a query over time: those before its first step that groups them.',
        body: HistogramRequest,
        response: { 200: HistogramResponse },
      },
    },
    async (request, reply) => searchHistogram(deps, request.body, abortOnClose(reply)),
  );
  typed.post(
    '/api/v1/search/field',
    {
      schema: {
        tags: ['search'],
        summary: 'The most frequent values of a field among the records that match a query.',
        body: FieldRequest,
        response: { 200: FieldResponse },
      },
    },
    async (request, reply) => searchField(deps, request.body, abortOnClose(reply)),
  );
}
