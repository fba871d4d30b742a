/**
 * The HTTP source: one request, many records, as lines or JSON. It answers 200 when the body is on the
 * disk; what is in it is read afterwards, and what cannot be read ends in quarantine.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Collection, Receiving } from '../../ingest/collection.ts';
import { PLACE, PLACE_PREFIX } from '../../ingest/spool.ts';
import type { Origin } from '../../model/batch.ts';
import { KEY_PREFIX } from '../../store/metadata.ts';
import { Problem } from '../errors.ts';
import { keptBody } from './body.ts';
import type { ReceiveGuard } from './guard.ts';
import type { Share } from './memory.ts';

/** Headers that say where a request's records come from, by the part of the origin that each gives; ours and those that existing senders use. */
const ORIGIN_HEADERS: Readonly<Record<'sourceCategory' | 'sourceName' | 'sourceHost', readonly string[]>> = {
  sourceCategory: ['x-bartizan-category', 'x-sumo-category'],
  sourceName: ['x-bartizan-name', 'x-sumo-name'],
  sourceHost: ['x-bartizan-host', 'x-sumo-host'],
};
const MAX_TEXT = 1024;
const MAX_KEY = 256;

export function addHttpSource(app: FastifyInstance, collection: Collection, guard: ReceiveGuard, clock: () => number): void {
  app.post<{ Params: { token: string }; Body: Buffer | undefined }>(
    '/v1/http/:token',
    {
      config: { access: 'public', rateLimit: false },
      schema: { tags: ['receive'], summary: 'HTTP source: records as lines or JSON, plain, gzip, deflate or zstd. 200 when they are durable.' },
      onRequest: (request, reply) => guard.admit(request, reply, (request.params as { token: string }).token, 'http'),
    },
    async (request, reply) => {
      const source = request.receiving as Receiving;
      const share = request.share as Share;
      const body = request.body ?? Buffer.alloc(0);
      return share.during(async () => {
        const kept = await keptBody(body, request.headers['content-encoding'], share);
        const id = identity(request, source);
        const origin = originOf(request, source);
        const entries = kept.length > 0 ? [{ header: { id, name: source.name, origin, received: clock() }, body: kept }] : [];
        await collection.receive(source, body.length, entries);
        return reply.send({ ok: true });
      });
    },
  );
}

/** By its key a request that is sent again is stored once; without one it has its place in the spool only. */
function identity(request: FastifyRequest, source: Receiving): string {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return `${PLACE_PREFIX}${PLACE}`;
  if (typeof key !== 'string' || key.length > MAX_KEY) throw new Problem('invalid-request', `Idempotency-Key has more than ${MAX_KEY} characters.`);
  return `${KEY_PREFIX}${source.id}:${createHash('sha256').update(key).digest('base64url')}`;
}

function originOf(request: FastifyRequest, source: Receiving): Origin {
  const origin = { ...source.origin };
  for (const [part, names] of Object.entries(ORIGIN_HEADERS) as [keyof typeof ORIGIN_HEADERS, readonly string[]][]) {
    for (const name of names) {
      const value = request.headers[name];
      if (typeof value !== 'string' || value === '') continue;
      origin[part] = originText(value, name);
      break;
    }
  }
  return origin;
}

/** Header bytes arrive as Latin-1; senders mean UTF-8. Throws Problem. */
export function originText(value: string, name: string): string {
  const text = Buffer.from(value, 'latin1').toString('utf8');
  if (text.length > MAX_TEXT || /[\u0000-\u001f\u007f\ufffd]/.test(text))
    throw new Problem('invalid-request', `${name} must be text of at most ${MAX_TEXT} characters without control characters.`);
  return text;
}
