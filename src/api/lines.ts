/** Answers that come bit by bit: one JSON object a line (NDJSON), ended when the client goes away. */
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';

export const NDJSON = 'application/x-ndjson';

/** Aborts when the client goes away before its answer was sent, or when the server closes. */
export function abortOnClose(reply: FastifyReply): AbortSignal {
  const abort = new AbortController();
  if (reply.raw.destroyed) abort.abort();
  reply.raw.once('close', () => abort.abort());
  return AbortSignal.any([abort.signal, reply.server.closing]);
}

/**
 * Sends what `work` emits as it comes. `work` must not throw for what its reader can be told in a line;
 * after its signal aborts it should end soon, and may still emit: a closing server sends it.
 */
export function sendLines<Event>(reply: FastifyReply, work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<void>): FastifyReply {
  const signal = abortOnClose(reply);
  const out = new PassThrough();
  const emit = (event: Event): void => {
    if (!out.destroyed && !reply.raw.destroyed) out.write(`${JSON.stringify(event)}\n`);
  };
  work(emit, signal)
    .catch((error: unknown) => {
      if (!signal.aborted) reply.log.error({ err: error }, 'a streamed answer broke off');
    })
    .finally(() => out.end());
  return reply.type(NDJSON).header('cache-control', 'no-store').serializer(String).send(out);
}
