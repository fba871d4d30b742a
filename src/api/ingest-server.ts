/**
 * The listener for senders elsewhere: the two routes that push, and nothing else. Each request needs its
 * source's token; there is no page, no API and no list of what exists here.
 */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { Problem, toAnswer } from './errors.ts';
import { addReceiveRoutes, type ReceiveOptions } from './receive/index.ts';
import { cutUnread } from './unread.ts';

export interface IngestServerOptions extends ReceiveOptions {
  readonly logger: FastifyBaseLogger;
  /** PEM texts; without them it speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** How long a sender may take, milliseconds: for its headers (a connection that says nothing is closed then, too), and for a whole request. */
  readonly timeouts?: { readonly headers: number; readonly request: number };
}

/** Firehose gives up after three minutes; a body that takes longer is not one that is really sent. */
const TIMEOUTS = { headers: 20_000, request: 180_000 };
/** How often connections are looked over for those that took too long, at most; milliseconds. */
const CHECK_MS = 5000;
const MAX_CONNECTIONS = 4096;
export const MIN_TLS = 'TLSv1.2';
const MAX_HEADERS = 64 * 1024;

/** A server that is ready to listen. */
export async function createIngestServer(options: IngestServerOptions): Promise<FastifyInstance> {
  const { logger, tls, timeouts = TIMEOUTS } = options;
  const http = { maxHeaderSize: MAX_HEADERS, headersTimeout: timeouts.headers, connectionsCheckingInterval: Math.min(CHECK_MS, timeouts.headers) };
  const common = {
    loggerInstance: logger,
    // The framework's own request log is off: it would write tokens.
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: timeouts.request,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle' as const,
    routerOptions: { maxParamLength: 200 },
    http,
  };
  const app: FastifyInstance = tls
    ? (Fastify({
        ...common,
        https: { cert: tls.cert, key: tls.key, minVersion: MIN_TLS, ...http },
      }) as unknown as FastifyInstance)
    : Fastify(common);
  app.server.maxConnections = MAX_CONNECTIONS;
  cutUnread(app);
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = toAnswer(error);
    if (status >= 500 && status !== 503 && !reply.raw.destroyed) request.log.error({ err: error, route: request.routeOptions.url }, 'a delivery failed');
    if (status === 503 && !reply.hasHeader('retry-after')) void reply.header('retry-after', RETRY_SECONDS);
    return reply.status(status).send(body);
  });
  app.setNotFoundHandler((_request, reply) => reply.status(404).send(toAnswer(new Problem('not-found', 'There is nothing here.')).body));
  await addReceiveRoutes(app, options);
  return app;
}

const RETRY_SECONDS = 5;
