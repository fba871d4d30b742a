/** Bodies as they are sent: what may be kept compressed, and what is taken apart first, within limits. */
import type { Transform } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { sniff } from '../../decode/decompress.ts';
import { Problem } from '../errors.ts';
import type { Share } from './memory.ts';

/** Bytes that a body may become, where it is taken apart before it is kept. */
const MAX_DEFLATED = 256 * 2 ** 20;
const OPTIONS = { chunkSize: 64 * 1024 };

/** More are read by nobody: what is packed twice is told by content. */
const MOST_CODINGS = 2;

/** What a Content-Encoding names, in the order in which it was applied; empty where the body is as it is. */
export function codingsOf(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((coding) =>
      coding
        .trim()
        .toLowerCase()
        .replace(/^x-gzip$/, 'gzip'),
    )
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/**
 * The body as it is kept: gzip and zstd as they came (their first bytes tell them), deflate taken apart
 * because nothing tells it. Codings stand in the order in which they were applied (RFC 9110 section 8.4).
 * Throws Problem for what is not what it says.
 */
export async function keptBody(body: Buffer, encoding: string | undefined, share: Share): Promise<Uint8Array> {
  const codings = codingsOf(encoding);
  const unknown = codings.find((coding) => !['gzip', 'zstd', 'deflate'].includes(coding));
  if (unknown !== undefined)
    throw new Problem('unsupported-media-type', `Content-Encoding “${unknown.slice(0, 50)}” is not known.`, { hint: 'Send gzip, deflate or zstd.' });
  const outer = codings.at(-1);
  if (codings.length > MOST_CODINGS || (codings.length > 1 && codings[0] === 'deflate'))
    throw new Problem('unsupported-media-type', 'Content-Encoding names more than can be taken apart.', {
      hint: 'Pack the body once, or twice with gzip or zstd as the first.',
    });
  if (outer === undefined || body.length === 0) return body;
  if (outer === 'deflate') return unpacked(createInflate(OPTIONS), body, 'deflate', MAX_DEFLATED, share);
  if (sniff(body) !== outer) throw new Problem('not-a-delivery', `Content-Encoding says ${outer}, and the body is none.`);
  return body;
}

/** A gzip body in memory, up to `limit` bytes. Throws Problem. */
export function gunzipped(body: Buffer, limit: number, share: Share): Promise<Buffer> {
  return unpacked(createGunzip(OPTIONS), body, 'gzip', limit, share);
}

async function unpacked(stream: Transform, body: Buffer, name: string, limit: number, share: Share): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.end(body);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limit) throw new Problem('body-too-large', `The ${name} body is too large when it is taken apart.`);
      // Once as a piece, and once in the whole.
      share.make(2 * piece.length);
      pieces.push(piece);
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem('not-a-delivery', `The body is not valid ${name}.`);
  }
  const whole = Buffer.concat(pieces);
  share.give(size);
  return whole;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What each value, member or element of JSON comes with, but for the first of all. */
const STRUCTURE: ReadonlySet<number> = new Set([...'{[:,'].map((character) => character.charCodeAt(0)));

/**
 * Whether a text of JSON has more values than `most`, told without making them: an object of two bytes takes tens of them in memory.
 * Where the text is no JSON, its parser says so.
 */
export function hasMoreValues(json: Buffer, most: number): boolean {
  let values = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] as number;
    if (byte === QUOTE) {
      i = endOfText(json, i + 1);
      if (i < 0) return false;
    } else if (STRUCTURE.has(byte) && ++values > most) return true;
  }
  return false;
}

/** Offset of the quote that ends a text begun before `from`; -1 where none does. */
function endOfText(json: Buffer, from: number): number {
  for (let at = json.indexOf(QUOTE, from); at >= 0; at = json.indexOf(QUOTE, at + 1)) {
    let before = at;
    while (before > from && json[before - 1] === BACKSLASH) before--;
    if ((at - before) % 2 === 0) return at;
  }
  return -1;
}
