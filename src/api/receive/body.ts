/** Bodies as they are sent: what may be kept compressed, and what is taken apart first, within limits. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { Problem } from '../errors.ts';

const inflateAsync = promisify(inflate);
const gunzipAsync = promisify(gunzip);

/** A compressed body may become this many times as large, where it is taken apart before it is kept. */
const MAX_DEFLATED = 256 * 2 ** 20;

/**
 * The body as it is kept: gzip and zstd as they came (their first bytes tell them), deflate taken apart
 * because nothing tells it. Throws Problem for what is not what it says.
 */
export async function keptBody(body: Buffer, encoding: string | undefined): Promise<Uint8Array> {
  switch ((encoding ?? 'identity').trim().toLowerCase()) {
    case 'identity':
    case '':
      return body;
    case 'gzip':
    case 'x-gzip':
      if (body.length > 0 && !(body[0] === 0x1f && body[1] === 0x8b)) throw new Problem('not-a-delivery', 'Content-Encoding says gzip, and the body is none.');
      return body;
    case 'zstd':
      if (body.length > 0 && body.readUInt32LE(0) !== 0xfd2fb528) throw new Problem('not-a-delivery', 'Content-Encoding says zstd, and the body is none.');
      return body;
    case 'deflate':
      return unpacked(inflateAsync(body, { maxOutputLength: MAX_DEFLATED }), 'deflate');
    default:
      throw new Problem('unsupported-media-type', `Content-Encoding “${(encoding ?? '').slice(0, 50)}” is not known.`, { hint: 'Send gzip, deflate or zstd.' });
  }
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
