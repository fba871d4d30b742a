/** The two routes that senders push to, on the server's own listener and on one of their own. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Collection } from '../../ingest/collection.ts';
import { addFirehose } from './firehose.ts';
import { ReceiveGuard, type ReceiveLimits } from './guard.ts';
import { addHttpSource } from './http-source.ts';

export interface ReceiveOptions {
  readonly collection: Collection;
  readonly limits: ReceiveLimits;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** Adds the routes to a scope of their own: bodies of any type are bytes here. */
export async function addReceiveRoutes(app: FastifyInstance, { collection, limits, clock }: ReceiveOptions): Promise<void> {
  const guard = new ReceiveGuard(collection, limits, clock);
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => guard.body(request, payload));
    addHttpSource(scope, collection, guard, clock);
    addFirehose(scope, collection, guard, clock);
  });
}
