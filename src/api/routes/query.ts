/** Queries in the pipe language: the same route for the command line, the page and scripts. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { QueryEvent, QueryExplanation, QueryRequest, QueryResponse } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { explainQuery } from '../explain.ts';
import { abortOnClose, NDJSON, sendLines } from '../lines.ts';
import { runQuery, streamQuery } from '../queries.ts';

export function queryRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/api/v1/query',
    {
      schema: {
        tags: ['query'],
        summary: 'Runs a query. With explain, only compiles it. With Accept: application/x-ndjson, answers progress and rows, one JSON object a line.',
        body: QueryRequest,
        response: {
          200: { content: { 'application/json': { schema: QueryResponse.or(QueryExplanation) }, [NDJSON]: { schema: QueryEvent } } },
        },
      },
    },
    async (request, reply) => {
      if (request.body.explain) return explainQuery(deps, request.body, abortOnClose(reply));
      if (!request.headers.accept?.includes(NDJSON)) return runQuery(deps, request.body, abortOnClose(reply));
      return sendLines<QueryEvent>(reply, (emit, signal) => streamQuery(deps, request.body, emit, signal));
    },
  );
}
