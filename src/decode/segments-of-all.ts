/** Several sources as one delivery: what was sent one by one and is read as one. */
import type { Damage, Segment } from '../model/segment.ts';
import { type SegmentOptions, type Source, segments } from './segments.ts';

/**
 * The segments of several sources as of one delivery: what one is damaged by is a bad segment in its place,
 * and the next goes on. Together they may become as large as one.
 */
export async function* segmentsOfAll(sources: readonly Source[], options: SegmentOptions): AsyncGenerator<Segment, Damage | undefined> {
  let base = 0;
  for (const source of sources) {
    let end = 0;
    const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        end += chunk.length;
        yield chunk;
      }
    };
    const delivery = Math.max(0, options.limits.delivery - base);
    const own = segments(source, { ...options, limits: { ...options.limits, delivery } });
    try {
      for (;;) {
        const next = await own.next();
        if (next.done) {
          const damage = next.value;
          if (damage) {
            yield { kind: 'bad', offset: base + end, code: damage.code, message: damage.message, raw: new Uint8Array(0), length: 1, origin: {} };
            end += 1;
          }
          break;
        }
        const segment = next.value;
        end = segment.offset + (segment.kind === 'bad' ? segment.length : 0);
        yield segment.kind === 'text'
          ? { ...segment, offset: base + segment.offset, chunks: counted(segment.chunks) }
          : { ...segment, offset: base + segment.offset };
      }
    } finally {
      // Who reads may stop half-way: the file would stay open.
      await own.return(undefined);
    }
    base += end;
  }
  return undefined;
}
