/**
 * The built page. Files with a hash in their name never change; everything else is asked for again.
 * Any other path is the page itself: its state lives in the URL.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './errors.ts';

const HASHED = /-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Bartizan</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em}code{background:#8883;padding:.1em .3em}</style></head>
<body><h1>The page is not built</h1>
<p>The server is running, but its web page has not been built in this copy. Run <code>npm start</code>, which builds it, or
see the API at <a href="/api/docs">/api/docs</a>.</p></body></html>`;

export async function addWeb(app: FastifyInstance, root: string): Promise<void> {
  await app.register(fastifyStatic, { root, serve: false, cacheControl: false });
  app.route({
    method: 'GET',
    url: '/*',
    config: { access: 'public', rateLimit: false },
    schema: { hide: true },
    handler: (request, reply) => serve(request, reply, root),
  });
  app.setNotFoundHandler({ preHandler: [] }, (request) => {
    throw new Problem('not-found', `There is nothing at ${request.method} ${pathOf(request)}.`, { hint: 'See /api/docs.' });
  });
}

async function serve(request: FastifyRequest, reply: FastifyReply, root: string): Promise<FastifyReply> {
  const path = pathOf(request);
  if (/^\/(?:api|v1)(?:\/|$)/.test(path)) throw new Problem('not-found', `There is nothing at ${path}.`, { hint: 'See /api/docs.' });
  const name = path.slice(1);
  if (name && !name.includes('..') && (await isFile(join(root, name)))) {
    return reply.header('cache-control', HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache').sendFile(name, root);
  }
  // A missing file is missing; only page addresses fall back to the page.
  if (/\.[a-z0-9]{1,5}$/i.test(path)) throw new Problem('not-found', `There is no file ${path}.`);
  const page = await readFile(join(root, 'index.html'), 'utf8').catch(() => undefined);
  return reply
    .status(page === undefined ? 503 : 200)
    .header('cache-control', 'no-cache')
    .type('text/html; charset=utf-8')
    .send(page ?? NOT_BUILT);
}

function pathOf(request: FastifyRequest): string {
  const path = request.url.split('?')[0] ?? '/';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (s) => s.isFile(),
    () => false,
  );
}
