/** What still comes of a request that was answered before it had come whole: a body that is too large, has no end, or that nobody asked for. */
import type { FastifyInstance } from 'fastify';

/** So long it is read and thrown away: a sender that is cut off at once may not see its answer. */
const LINGER_MS = 1000;

/** Cuts such connections off. For the root of a server: the routes that are added afterwards have it. */
export function cutUnread(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    // A body that a route has turned away from no longer knows its connection when it is answered.
    const { socket } = raw;
    reply.raw.once('finish', () => {
      // What the process asks itself has no connection to cut off.
      if (raw.complete || socket.destroyed !== false) return;
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      const stop = () => clearTimeout(timer);
      raw.once('end', stop);
      socket.once('close', stop);
      raw.resume();
    });
  });
}
