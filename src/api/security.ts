/**
 * The security floor: every request passes here before any route. A route needs a session (or the
 * command line's token) unless it says `config: { access: 'public' }`, so that a forgotten word closes
 * and never opens.
 *
 * - Host: only names of this machine, so that a web site whose name was re-bound to 127.0.0.1 gets
 *   nothing (DNS rebinding).
 * - Origin and Sec-Fetch-Site: only our own page may call the API from a browser.
 * - Session: a SameSite=Strict, HttpOnly cookie set by a one-time link.
 * - CSRF: what changes or computes something carries a header equal to a readable cookie, and both equal
 *   a value signed for the session.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Auth, SESSION_SECONDS, same } from './auth.ts';
import { Problem } from './errors.ts';

export const SESSION_COOKIE = 'bartizan_session';
export const CSRF_COOKIE = 'bartizan_csrf';
export const CSRF_HEADER = 'x-csrf-token';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; `session` when absent. */
    access?: 'public' | 'session' | 'command-line';
  }
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Checks every request before its route: host, origin, session or token, CSRF token. Throws Problem. `allowedHosts`: names beside loopback’s. */
export function addSecurityFloor(app: FastifyInstance, auth: Auth, allowedHosts: readonly string[]): void {
  const hosts = new Set([...LOOPBACK, ...allowedHosts.map((h) => h.toLowerCase())]);
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, hosts);
    checkOrigin(request);
    const access = request.routeOptions.config.access ?? 'session';
    if (access === 'public') return;
    if (auth.isCommandLine(request.headers.authorization)) return;
    if (request.headers.authorization !== undefined)
      throw new Problem('not-signed-in', 'The token is not that of this server.', {
        hint: 'It is in server.json of the data directory, and new at every start.',
      });
    if (access === 'command-line') throw new Problem('not-signed-in', 'This route is for the command line, with the token of the data directory.');
    checkSession(request, reply, auth);
  });
}

/** Whether a request to a public route comes from somebody who may call the others, too. */
export function isSignedIn({ headers, cookies }: FastifyRequest, auth: Auth): boolean {
  const session = cookies[SESSION_COOKIE];
  return auth.isCommandLine(headers.authorization) || (session !== undefined && auth.csrfOf(session) !== undefined);
}

/** Signs a browser in: sets both cookies. */
export function setSession(reply: FastifyReply, session: string, csrf: string): void {
  void reply.setCookie(SESSION_COOKIE, session, { path: '/', httpOnly: true, sameSite: 'strict', maxAge: SESSION_SECONDS });
  void reply.setCookie(CSRF_COOKIE, csrf, { path: '/', httpOnly: false, sameSite: 'strict', maxAge: SESSION_SECONDS });
}

function checkHost(request: FastifyRequest, hosts: ReadonlySet<string>): void {
  const host = request.headers.host ?? '';
  if (hosts.has(host.replace(/:\d+$/, '').toLowerCase())) return;
  throw new Problem('host-not-allowed', `This server does not answer to the host name “${host.slice(0, 100)}”.`, {
    hint: 'Open it as http://127.0.0.1 with the port that was printed at start.',
  });
}

function checkOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new Problem('origin-not-allowed', 'The request comes from another web site.');
  }
  const isRead = SAFE_METHODS.has(request.method);
  if (!isRead && request.headers['sec-fetch-site'] === 'cross-site') throw new Problem('origin-not-allowed', 'The request comes from another web site.');
}

function checkSession(request: FastifyRequest, reply: FastifyReply, auth: Auth): void {
  const session = request.cookies[SESSION_COOKIE];
  const csrf = session === undefined ? undefined : auth.csrfOf(session);
  if (csrf === undefined) {
    throw new Problem('not-signed-in', 'This browser is not signed in.', {
      hint: 'Open the one-time link that was printed when the server started, or print another with “bartizan link”.',
    });
  }
  if (SAFE_METHODS.has(request.method)) {
    // A browser that lost the readable half gets it again.
    if (request.cookies[CSRF_COOKIE] !== csrf) void reply.setCookie(CSRF_COOKIE, csrf, { path: '/', sameSite: 'strict', maxAge: SESSION_SECONDS });
    return;
  }
  const header = request.headers[CSRF_HEADER];
  if (typeof header !== 'string' || !same(header, csrf) || request.cookies[CSRF_COOKIE] !== header) {
    throw new Problem('csrf-missing', `The header ${CSRF_HEADER} must hold the value of the cookie ${CSRF_COOKIE}.`, { hint: 'Reload the page.' });
  }
}
