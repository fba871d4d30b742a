/** Reads segments as plain values, and makes CloudWatch documents. */
import { DELIVERY_LIMITS, type SegmentOptions, type Source, segments, segmentsFrom } from '../../src/decode/segments.ts';
import type { Damage, SegmentOrigin } from '../../src/model/segment.ts';

export type Seen =
  | { kind: 'text'; offset: number; origin: SegmentOrigin; text: string; resumed?: true }
  | { kind: 'bad'; offset: number; code: string; raw: string; length: number }
  | { kind: 'control'; offset: number };

export interface Read {
  seen: Seen[];
  damage: Damage | undefined;
}

export async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length);
    // A copy that is spoiled afterwards: who keeps a piece without copying it is found out.
    yield bytes.slice(at, at + size);
    at += size;
  }
}

export async function read(source: Source, options: Partial<SegmentOptions> & { from?: number } = {}): Promise<Read> {
  const all = segments(source, { limits: DELIVERY_LIMITS, ...options });
  const wanted = options.from === undefined ? all : segmentsFrom(all, options.from);
  const seen: Seen[] = [];
  for (;;) {
    const next = await wanted.next();
    if (next.done) return { seen, damage: next.value };
    const segment = next.value;
    if (segment.kind === 'text') {
      const pieces: Buffer[] = [];
      for await (const chunk of segment.chunks) pieces.push(Buffer.from(chunk));
      const { offset, origin, resumed } = segment;
      seen.push({ kind: 'text', offset, origin, text: Buffer.concat(pieces).toString('latin1'), ...(resumed ? { resumed } : {}) });
    } else if (segment.kind === 'bad') {
      const { offset, code, raw, length } = segment;
      seen.push({ kind: 'bad', offset, code, raw: Buffer.from(raw).toString('latin1'), length });
    } else seen.push({ kind: 'control', offset: segment.offset });
  }
}

export const texts = (result: Read): string[] => result.seen.flatMap((s) => (s.kind === 'text' ? [s.text] : []));

export const LINE = '2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK';

export function document(messages: readonly unknown[], more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: '123456789012',
    logGroup: '/vpc/flow',
    logStream: 'eni-1235b8ca123456789-all',
    subscriptionFilters: ['all'],
    logEvents: messages.map((message, i) => ({ id: String(i), timestamp: 1418530010000 + i, message })),
    ...more,
  });
}

export const CONTROL = JSON.stringify({
  messageType: 'CONTROL_MESSAGE',
  owner: 'CloudwatchLogs',
  logGroup: '',
  logStream: '',
  subscriptionFilters: [],
  logEvents: [{ id: '', timestamp: 1, message: 'CWL CONTROL MESSAGE: Checking health of destination Firehose.' }],
});
