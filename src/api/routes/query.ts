/** Queries in the pipe language: the same route for the command line, the page and scripts. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { QueryExplanation, QueryRequest, QueryResponse } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import { explainQuery, runQuery } from '../queries.ts';

export function queryRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/api/v1/query',
    {
      schema: {
        tags: ['query'],
        summary: 'Runs a query. With explain, only compiles it.',
        body: QueryRequest,
        response: { 200: QueryResponse.or(QueryExplanation) },
      },
    },
    async (request, reply) => (request.body.explain ? explainQuery(deps, request.body) : runQuery(deps, request.body, abortOnClose(reply))),
  );
}
