/** Exports: asked for with POST, fetched once with GET. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ExportRequest, ExportResponse } from '../contract/exports.ts';
import type { ServerDeps } from '../deps.ts';
import { Exports } from '../exports.ts';
import { abortOnClose, NDJSON, STALLED_MS } from '../lines.ts';

const tags = ['exports'];

export function exportRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const exports = new Exports(deps);
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/api/v1/exports',
    {
      schema: {
        tags,
        summary: 'Prepares a file of all rows of a query: CSV (RFC 4180, times in ISO 8601) or NDJSON. Its path answers once.',
        body: ExportRequest,
        response: { 200: ExportResponse },
      },
    },
    async (request) => exports.create(request.body),
  );
  typed.get(
    '/api/v1/exports/:id',
    {
      // Asking for the head would use the file up.
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'The file, streamed. What fails before its first bytes is answered as an error; after them the answer breaks off.',
        params: z.object({ id: z.string() }),
        response: { 200: { content: { 'text/csv': { schema: z.unknown() }, [NDJSON]: { schema: z.unknown() } } } },
      },
    },
    async (request, reply) => {
      const file = exports.take(request.params.id);
      const signal = abortOnClose(reply);
      const text = file.text(signal);
      const first = await text.next();
      const all = async function* () {
        const stalled = setTimeout(() => reply.raw.destroy(), STALLED_MS);
        try {
          if (!first.done) yield first.value;
          for await (const piece of text) {
            stalled.refresh();
            yield piece;
          }
          // A file that was cut short must not look complete.
          signal.throwIfAborted();
        } catch (error) {
          if (!reply.raw.destroyed) request.log.error({ err: error }, 'an export broke off');
          throw error;
        } finally {
          clearTimeout(stalled);
          await text.return();
        }
      };
      return reply
        .type(file.mime)
        .header('content-disposition', `attachment; filename="${ascii(file.name)}"; filename*=UTF-8''${encodeURIComponent(file.name)}`)
        .header('cache-control', 'no-store')
        .send(Readable.from(all(), { objectMode: false }));
    },
  );
}

/** For clients that read the old form of the header only. */
function ascii(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '_');
}
