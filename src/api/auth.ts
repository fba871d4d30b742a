/**
 * Who may use the API of a loopback server: the browser that opened a one-time link, and the command
 * line that can read the data directory. Nothing is stored: a session is a signed value, so that a
 * restart with the same secret keeps people signed in.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Seconds that a session lasts. */
export const SESSION_SECONDS = 7 * 86_400;
/** Seconds that a link from `issueLink` waits for its use, unless it is the one printed at start. */
export const LINK_SECONDS = 600;

export interface AuthOptions {
  /** Signs sessions; at least 32 bytes, kept in the data directory. */
  readonly secret: Uint8Array;
  /** Token of the command line, from DATA/server.json. */
  readonly token: string;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

export interface Auth {
  /** A path that signs a browser in, once. */
  issueLink(seconds?: number): string;
  /** Session for a link's token; undefined when it is unknown, used or too old. */
  redeem(linkToken: string): string | undefined;
  /** CSRF token of a valid session; undefined when the session is not valid. */
  csrfOf(session: string): string | undefined;
  isCommandLine(authorization: string | undefined): boolean;
}

/**
 * Links are kept in memory and end with the process; sessions are signed with the secret and outlive it. Throws RangeError for a secret of less than 32
 * bytes.
 */
export function createAuth(options: AuthOptions): Auth {
  if (options.secret.length < 32) throw new RangeError('the session secret must have at least 32 bytes');
  /** SHA-256 of a link's token → epoch ms at which it ends. */
  const links = new Map<string, number>();
  const sign = (text: string): string => createHmac('sha256', options.secret).update(text).digest('base64url');

  return {
    issueLink(seconds = LINK_SECONDS) {
      const now = options.clock();
      for (const [key, ends] of links) if (ends <= now) links.delete(key);
      const token = randomBytes(24).toString('base64url');
      links.set(digest(token), now + seconds * 1000);
      return `/login/${token}`;
    },
    redeem(linkToken) {
      const key = digest(linkToken);
      const ends = links.get(key);
      links.delete(key);
      if (ends === undefined || ends <= options.clock()) return undefined;
      const body = `${Math.floor(options.clock() / 1000) + SESSION_SECONDS}.${randomBytes(18).toString('base64url')}`;
      return `${body}.${sign(`session ${body}`)}`;
    },
    csrfOf(session) {
      const cut = session.lastIndexOf('.');
      const body = session.slice(0, cut);
      if (cut < 0 || !same(session.slice(cut + 1), sign(`session ${body}`))) return undefined;
      const ends = Number(body.split('.')[0]);
      return ends > options.clock() / 1000 ? sign(`csrf ${body}`) : undefined;
    },
    isCommandLine(authorization) {
      const given = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
      return given !== undefined && same(given, options.token);
    },
  };
}

/** Equality whose time does not depend on where the texts differ. */
export function same(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
