/** Completion of filter values. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { valuesStatement } from '../../query/index.ts';
import { ValuesRequest, ValuesResponse } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import { compileOptions, succeeded } from '../queries.ts';

/** Completion that takes longer is no help. */
const SECONDS = 10;

export function valueRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      '/api/v1/values',
      { schema: { tags: ['values'], summary: 'Values of a field, most frequent first.', querystring: ValuesRequest, response: { 200: ValuesResponse } } },
      async (request, reply) => {
        const { field, prefix, ...asked } = request.query;
        const { range: _, ...options } = compileOptions(deps, { ...asked, filters: [] }, 50);
        const { statement } = succeeded(valuesStatement(field, prefix, options));
        const answer = await deps.store.rows(statement, { signal: abortOnClose(reply), maxSeconds: SECONDS });
        return { values: answer.rows.map(([value, count]) => ({ value: String(value), count: Number(count) })) };
      },
    );
}
