/**
 * The HTTP server: security floor, routes by noun, OpenAPI from the routes' own schemas, and the page.
 * Routes only translate: what they answer is computed in the layers below.
 */
import type { Socket } from 'node:net';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { jsonSchemaTransform, serializerCompiler } from 'fastify-type-provider-zod';
import type { ServerDeps } from './deps.ts';
import { Problem, toAnswer } from './errors.ts';
import { addMetrics } from './metrics.ts';
import { addReceiveRoutes } from './receive/index.ts';
import { ROUTES } from './routes/index.ts';
import { addSecurityFloor } from './security.ts';
import { cutUnread } from './unread.ts';
import { validatorCompiler } from './validation.ts';
import { addWeb } from './web.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts when the server begins to close: running statements and ingests end. */
    closing: AbortSignal;
  }
}

/** Bytes of a request body; queries are the largest thing that is sent. */
const BODY_LIMIT = 1024 * 1024;
/** When to come again where nothing better is known. */
const RETRY_SECONDS = 10;

/** A server that is ready to listen. The caller listens and closes; closing ends running work. */
export async function createServer(deps: ServerDeps): Promise<FastifyInstance> {
  // The framework's own request log is off: it would write one-time links and queries.
  const app: FastifyInstance = Fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: 60_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
  });
  const closing = new AbortController();
  app.decorate('closing', closing.signal);
  app.addHook('preClose', async () => closing.abort());
  // A connection whose answer ends while the server closes would be kept for the next request, and hold the server up.
  app.addHook('onResponse', async (request) => {
    // One whose body was not read has none any more, and is cut off (unread.ts).
    if (closing.signal.aborted) (request.raw.socket as Socket | null)?.end();
  });
  cutUnread(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = toAnswer(error);
    // A client that left in the middle of its answer is no failure.
    if (status >= 500 && status !== 503 && !reply.raw.destroyed) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    if ((status === 429 || status === 503) && !reply.hasHeader('retry-after')) void reply.header('retry-after', RETRY_SECONDS);
    return reply.status(status).type('application/json').serializer(JSON.stringify).send(body);
  });

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // Charts and component styles set style attributes while they draw; scripts stay forbidden.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
  await app.register(cookie);
  addSecurityFloor(app, deps.auth, deps.settings.allowedHosts);
  await app.register(rateLimit, {
    max: deps.settings.requestsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, context) => new Problem('too-many-requests', 'Too many requests from this address.', { hint: `Wait ${context.after}.` }),
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Bartizan',
        version: deps.settings.version,
        description: 'Everything that the page and the command line do. Errors are always {"error":{code,message,hint?,span?}}.',
      },
    },
    transform: jsonSchemaTransform,
  });
  addMetrics(app, deps);
  for (const routes of ROUTES) await app.register(async (scope) => routes(scope, deps));
  if (deps.collection) await addReceiveRoutes(app, { collection: deps.collection, limits: deps.settings.receive, clock: deps.clock });
  await addWeb(app, deps.webRoot);
  return app;
}
