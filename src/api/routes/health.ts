/** Liveness and readiness, for process managers. They hold no data of the logs. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { NOT_READY, noticesOf } from '../../ingest/vitals.ts';
import { sql, statement } from '../../query/sql.ts';
import { Health } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';

export function healthRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get('/healthz', { config: { access: 'public' }, schema: { tags: ['health'], summary: 'The process runs.', response: { 200: Health } } }, async () => ({
    ok: true,
    reasons: [],
    notices: [],
  }));
  typed.get(
    '/readyz',
    {
      config: { access: 'public' },
      schema: { tags: ['health'], summary: 'The server can answer; if not, why.', response: { 200: Health, 503: Health } },
    },
    async (_request, reply) => {
      const reasons = [...((await deps.notReady?.()) ?? [])];
      try {
        await deps.store.rows(statement(sql`SELECT 1`), { lane: 'control', maxSeconds: 5 });
      } catch (error) {
        const why = error instanceof Error ? error.message : 'unknown error';
        reasons.push({ code: 'store-unavailable', message: `${NOT_READY['store-unavailable']} ${why}` });
      }
      return reply.status(reasons.length ? 503 : 200).send({ ok: reasons.length === 0, reasons, notices: deps.collection ? noticesOf(deps.collection) : [] });
    },
  );
}
