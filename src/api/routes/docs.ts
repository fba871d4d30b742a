/** The API's description: OpenAPI for machines, a plain page for people. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ServerDeps } from '../deps.ts';
import { escapeHtml } from './login.ts';

/** The part of an OpenAPI document that the page shows. */
const Description = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        summary: z.string().optional(),
        parameters: z.array(z.unknown()).optional(),
        requestBody: z.unknown().optional(),
        responses: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  ),
});

export function docsRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app.get('/api/openapi.json', { schema: { hide: true } }, async (_request, reply) => reply.serializer(JSON.stringify).send(app.swagger()));
  app.get('/api/docs', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .serializer(String)
      .send(render(Description.parse(app.swagger()), deps.settings.version)),
  );
}

function render(description: z.infer<typeof Description>, version: string): string {
  const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parts = { parameters: operation.parameters, body: operation.requestBody, answers: operation.responses };
      const details = Object.entries(parts)
        .filter(([, part]) => part !== undefined)
        .map(([title, part]) => `<details><summary>${title}</summary><pre>${escapeHtml(JSON.stringify(part, null, 2))}</pre></details>`);
      return `<section><h2><code>${method.toUpperCase()} ${escapeHtml(path)}</code></h2><p>${escapeHtml(operation.summary ?? '')}</p>${details.join('')}</section>`;
    }),
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Bartizan API</title>
<style>:root{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}h2{font-size:1em;margin:1.5em 0 0}p{margin:.2em 0}pre{overflow:auto;background:#8882;padding:.5em}</style></head>
<body><h1>Bartizan API ${escapeHtml(version)}</h1>
<p>For machines: <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1). Errors are always <code>{"error":{"code","message","hint?","span?"}}</code>.
The command line sends <code>Authorization: Bearer TOKEN</code> with the token of <code>DATA/server.json</code>; a browser sends its session cookie, and the header
<code>x-csrf-token</code> with the value of the cookie <code>bartizan_csrf</code> on every request but GET.</p>
${routes.join('\n')}</body></html>`;
}
