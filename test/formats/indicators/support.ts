/** Documents in any pieces, and what a reader made of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FeedDocument } from '../../../src/formats/indicators/entry.ts';
import { readIndicators } from '../../../src/formats/indicators/index.ts';
import type { EntryProblem } from '../../../src/model/feed.ts';
import type { Indicator } from '../../../src/model/indicator.ts';

export function sample(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'samples', name));
}

/** A document that comes in pieces of so many bytes. */
export function inPieces(content: string | Uint8Array, size = 65_536): FeedDocument {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    async *open() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
}

export interface Read {
  format: string | undefined;
  indicators: Indicator[];
  problems: EntryProblem[];
  skipped: string[];
  broken: string[];
}

export async function read(document: FeedDocument | string | Uint8Array, options: Parameters<typeof readIndicators>[1] = {}): Promise<Read> {
  const found: Read = { format: undefined, indicators: [], problems: [], skipped: [], broken: [] };
  const { format, entries } = await readIndicators(typeof document === 'string' || document instanceof Uint8Array ? inPieces(document) : document, options);
  found.format = format;
  for await (const batch of entries) {
    for (const entry of batch) {
      if ('indicator' in entry) found.indicators.push(entry.indicator);
      else if ('problem' in entry) found.problems.push(entry.problem);
      else if ('skipped' in entry) found.skipped.push(entry.skipped);
      else found.broken.push(entry.broken);
    }
  }
  return found;
}

export const values = (found: Read): string[] => found.indicators.map(({ type, value }) => `${type} ${value}`);
/** `2026-02-01` or with a time → epoch seconds, UTC. */
export const at = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`) / 1000;
