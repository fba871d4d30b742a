/** Lookup tables: list, show, upload, remove. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LookupList, LookupShown, LookupTable } from '../contract/lookups.ts';
import type { ServerDeps } from '../deps.ts';
import { listLookups, putLookup, removeLookup, showLookup } from '../lookups.ts';

const tags = ['lookups'];
const params = z.object({ name: z.string() });

export function lookupRoutes(app: FastifyInstance, { lookups }: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get('/api/v1/lookups', { schema: { tags, summary: 'Lookup tables, by name, and what one may have.', response: { 200: LookupList } } }, async () =>
    listLookups(lookups),
  );
  typed.get(
    '/api/v1/lookups/:name',
    { schema: { tags, summary: 'A table: its columns and first rows. Slashes of its name are written %2F.', params, response: { 200: LookupShown } } },
    async (request) => showLookup(lookups, request.params.name),
  );
  typed.delete('/api/v1/lookups/:name', { schema: { tags, summary: 'Removes a table.', params, response: { 204: z.null() } } }, async (request, reply) => {
    await removeLookup(lookups, request.params.name);
    return reply.status(204).send(null);
  });
  void app.register(async (scope) => {
    // The body is read as it arrives, and only as far as it is right.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.withTypeProvider<ZodTypeProvider>().put(
      '/api/v1/lookups/:name',
      {
        bodyLimit: lookups.limits.bytes,
        schema: {
          tags,
          summary:
            'Makes or replaces a table. The body is a file: CSV with a header line (text/csv), a JSON array of objects or one object a line (application/json). A wrong file changes nothing.',
          consumes: ['text/csv', 'application/json', 'application/x-ndjson', 'application/octet-stream'],
          params,
          response: { 200: LookupTable },
        },
      },
      async (request) => putLookup(lookups, request.params.name, request.body as AsyncIterable<Uint8Array>, request.headers['content-type'] ?? ''),
    );
  });
}
