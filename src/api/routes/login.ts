/** Signing a browser in with a one-time link, and asking for such a link. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LINK_SECONDS } from '../auth.ts';
import { LoginLink } from '../contract.ts';
import type { ServerDeps } from '../deps.ts';
import { setSession } from '../security.ts';

export function loginRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/login/:token',
    {
      config: { access: 'public', rateLimit: { max: 30, timeWindow: 60_000 } },
      schema: { hide: true, params: z.object({ token: z.string().max(200) }), querystring: z.object({ to: z.string().max(4096).default('/') }) },
    },
    async (request, reply) => {
      const session = deps.auth.redeem(request.params.token);
      const csrf = session === undefined ? undefined : deps.auth.csrfOf(session);
      const html = reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').serializer(String);
      if (session === undefined || csrf === undefined) return html.status(403).send(page('This link was used already or is too old', USED));
      setSession(reply, session, csrf);
      // Not a redirect: after one, a browser that came from another site would not send a Strict cookie.
      const target = escapeHtml(ownPath(request.query.to));
      return html.send(page('Signed in', `<p>If nothing happens, <a href="${target}">go on</a>.</p>`, `<meta http-equiv="refresh" content="0;url=${target}">`));
    },
  );
  typed.post(
    '/api/v1/login-link',
    { config: { access: 'command-line' }, schema: { tags: ['login'], summary: 'A one-time link for a browser.', response: { 200: LoginLink } } },
    async () => ({ path: deps.auth.issueLink(), expiresInSeconds: LINK_SECONDS }),
  );
}

const USED = '<p>Each link signs one browser in, once. Print another with <code>bartizan link</code>, or restart the server.</p>';

/** Only a path of this server; anything else is the start page. */
function ownPath(to: string): string {
  const base = 'http://own.invalid';
  if (!to.startsWith('/') || to.includes('\\')) return '/';
  const url = URL.parse(to, base);
  return url?.origin === base ? url.pathname + url.search + url.hash : '/';
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head}<title>Bartizan: ${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em}</style></head><body><h1>${title}</h1>${body}</body></html>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
