/** Bodies as they are sent: what may be kept compressed, and what is taken apart first, within limits. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { Problem } from '../errors.ts';

const inflateAsync = promisify(inflate);
const gunzipAsync = promisify(gunzip);

/** A compressed body may become this many times as large, where it is taken apart before it is kept. */
const MAX_DEFLATED = 256 * 2 ** 20;

/** More are read by nobody: what is packed twice is told by content. */
const MOST_CODINGS = 2;

/**
 * The body as it is kept: gzip and zstd as they came (their first bytes tell them), deflate taken apart
 * because nothing tells it. Codings stand in the order in which they were applied (RFC 9110 section 8.4).
 * Throws Problem for what is not what it says.
 */
export async function keptBody(body: Buffer, encoding: string | undefined): Promise<Uint8Array> {
  const codings = (encoding ?? '')
    .split(',')
    .map((coding) =>
      coding
        .trim()
        .toLowerCase()
        .replace(/^x-gzip$/, 'gzip'),
    )
    .filter((coding) => coding !== '' && coding !== 'identity');
  const unknown = codings.find((coding) => !['gzip', 'zstd', 'deflate'].includes(coding));
  if (unknown !== undefined)
    throw new Problem('unsupported-media-type', `Content-Encoding “${unknown.slice(0, 50)}” is not known.`, { hint: 'Send gzip, deflate or zstd.' });
  const outer = codings.at(-1);
  if (codings.length > MOST_CODINGS || (codings.length > 1 && codings[0] === 'deflate'))
    throw new Problem('unsupported-media-type', 'Content-Encoding names more than can be taken apart.', {
      hint: 'Pack the body once, or twice with gzip or zstd as the first.',
    });
  if (outer === undefined || body.length === 0) return body;
  if (outer === 'deflate') return unpacked(inflateAsync(body, { maxOutputLength: MAX_DEFLATED }), 'deflate');
  const magic = Buffer.from(outer === 'gzip' ? [0x1f, 0x8b] : [0x28, 0xb5, 0x2f, 0xfd]);
  if (!body.subarray(0, magic.length).equals(magic)) throw new Problem('not-a-delivery', `Content-Encoding says ${outer}, and the body is none.`);
  return body;
}

/** A gzip body in memory, up to `limit` bytes. Throws Problem. */
export function gunzipped(body: Buffer, limit: number): Promise<Buffer> {
  return unpacked(gunzipAsync(body, { maxOutputLength: limit }), 'gzip');
}

async function unpacked(work: Promise<Buffer>, name: string): Promise<Buffer> {
  try {
    return await work;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Problem('body-too-large', `The ${name} body is too large when it is taken apart.`);
    throw new Problem('not-a-delivery', `The body is not valid ${name}.`);
  }
}
