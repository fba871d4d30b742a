/** Answers that come bit by bit: one JSON object a line (NDJSON), ended when the client goes away. */
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';

export const NDJSON = 'application/x-ndjson';

/**
 * Sends what `work` emits as it comes. The signal aborts when the client disconnects or the server
 * closes; `work` must not throw for what its reader can be told in a line.
 */
export function sendLines<Event>(reply: FastifyReply, work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<void>): FastifyReply {
  const abort = new AbortController();
  const out = new PassThrough();
  reply.raw.once('close', () => abort.abort());
  const emit = (event: Event): void => {
    if (!out.destroyed && !abort.signal.aborted) out.write(`${JSON.stringify(event)}\n`);
  };
  work(emit, abort.signal)
    .catch((error: unknown) => {
      if (!abort.signal.aborted) reply.log.error({ err: error }, 'a streamed answer broke off');
    })
    .finally(() => out.end());
  return reply.type(NDJSON).header('cache-control', 'no-store').header('x-content-type-options', 'nosniff').serializer(String).send(out);
}
