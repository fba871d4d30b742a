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

/** A client that takes nothing for so long has gone. */
export const STALLED_MS = 10 * 60_000;

/**
 * Sends what `work` emits as it comes: `emit` resolves when the client has taken enough for more to be
 * made. `work` must not throw for what its reader can be told in a line; after its signal aborts it should
 * end soon, and may still emit: a closing server sends it.
 */
export function sendLines<Event>(reply: FastifyReply, work: (emit: (event: Event) => Promise<void>, signal: AbortSignal) => Promise<void>): FastifyReply {
  const signal = abortOnClose(reply);
  const out = new PassThrough();
  let room: Promise<void> | undefined;
  const taken = () =>
    new Promise<void>((resolve) => {
      const stalled = setTimeout(() => reply.raw.destroy(), STALLED_MS);
      const done = () => {
        clearTimeout(stalled);
        out.off('drain', done);
        signal.removeEventListener('abort', done);
        room = undefined;
        resolve();
      };
      out.once('drain', done);
      signal.addEventListener('abort', done, { once: true });
    });
  const emit = async (event: Event): Promise<void> => {
    if (out.destroyed || reply.raw.destroyed) return;
    if (out.write(`${JSON.stringify(event)}\n`) || signal.aborted) return;
    room ??= taken();
    await room;
  };
  void work(emit, signal)
    .catch((error: unknown) => {
      if (!signal.aborted) reply.log.error({ err: error }, 'a streamed answer broke off');
    })
    .finally(() => out.end());
  return reply.type(NDJSON).header('cache-control', 'no-store').serializer(String).send(out);
}
