/** Ingest for the command line, when this server holds the data directory. */
import { isAbsolute } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IngestOptions } from '../../ingest/ingest.ts';
import { IngestEvent, IngestRequest } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { Problem, toAnswer } from '../errors.ts';
import { NDJSON, sendLines } from '../lines.ts';

export function ingestRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/api/v1/ingest',
    {
      config: { access: 'command-line' },
      schema: {
        tags: ['ingest'],
        summary: 'Reads files of this machine. Answers with progress and a summary, one JSON object a line.',
        body: IngestRequest,
        response: { 200: { content: { [NDJSON]: { schema: IngestEvent } } } },
      },
    },
    async (request, reply) => {
      const { ingest } = deps;
      if (!ingest) throw new Problem('not-available', 'This server takes no files.');
      const { paths, ...given } = request.body;
      const relative = paths.find((path) => !isAbsolute(path));
      if (relative !== undefined) throw new Problem('invalid-request', `The path “${relative}” is not absolute.`);
      return sendLines<IngestEvent>(reply, async (emit, signal) => {
        let telling = false;
        const onProgress: NonNullable<IngestOptions['onProgress']> = (progress) => {
          // A client that does not read is not told of each step.
          if (telling) return;
          telling = true;
          void emit({ type: 'progress', ...progress }).finally(() => {
            telling = false;
          });
        };
        const options: IngestOptions = { ...withoutUndefined(given), signal, onProgress };
        try {
          const summary = await ingest.ingest(paths, options);
          await emit({ type: 'summary', ...summary, failures: [...summary.failures], notes: [...summary.notes] });
        } catch (error) {
          const { status, body } = toAnswer(isPathError(error) ? new Problem('no-such-path', error.message) : error);
          if (status >= 500) request.log.error({ err: error }, 'ingest failed');
          await emit({ type: 'error', error: body.error });
        }
      });
    },
  );
}

/** The collector's error for a path; known by its name, because this layer does not import the collector. */
function isPathError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'PathError';
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<Defined<T>>;
}
