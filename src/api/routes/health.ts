/** Liveness and readiness, for process managers. They hold no data of the logs, and what the engine or the machine says only for people who are signed in. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { NOT_READY, noticesOf, type Reason } from '../../ingest/vitals.ts';
import { sql, statement } from '../../query/sql.ts';
import { Health } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { isSignedIn } from '../security.ts';

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
    async (request, reply) => {
      const reasons: Reason[] = [...((await deps.notReady?.()) ?? [])];
      try {
        await deps.store.rows(statement(sql`SELECT 1`), { lane: 'control', maxSeconds: 5 });
      } catch (error) {
        const detail = error instanceof Error ? error.message : 'unknown error';
        reasons.push({ code: 'store-unavailable', message: NOT_READY['store-unavailable'], detail });
      }
      const may = reasons.some(({ detail }) => detail !== undefined) && isSignedIn(request, deps.auth);
      const shown = reasons.map(({ code, message, detail }) => ({ code, message: may && detail !== undefined ? `${message} ${detail}` : message }));
      return reply
        .status(reasons.length ? 503 : 200)
        .send({ ok: reasons.length === 0, reasons: shown, notices: deps.collection ? noticesOf(deps.collection, deps.retentionHeld?.()) : [] });
    },
  );
}
