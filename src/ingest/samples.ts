/**
 * Samples of records that are read and staged as a delivery would be, and stored nowhere: what a rule makes
 * of them is what it would make of the same records on their way into the store.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Enricher } from '../enrich/enricher.ts';
import { createDecoder, decoderKind } from '../formats/decoder.ts';
import type { BadRecord, Batch, Column, Origin } from '../model/batch.ts';
import type { StagedBlock } from '../store/metadata.ts';
import type { StagedSelect, Store, Value } from '../store/store.ts';
import { stageBatch, writeBlock } from './batch-writer.ts';
import { IdCache } from './registry.ts';

export interface SampleResult {
  /** The row that the SELECT made of the sample's first record. */
  readonly row: readonly Value[];
  /** Why the text is no record that would be stored; it was tried as text all the same. */
  readonly problem?: Pick<BadRecord, 'code' | 'message'>;
}

export interface SamplesOptions {
  readonly store: Store;
  /** Folder for blocks on their way into the store. */
  readonly staging: string;
  readonly enricher: Enricher;
  /** Epoch seconds. */
  readonly now: () => number;
}

export class Samples {
  readonly #options: SamplesOptions;

  constructor(options: SamplesOptions) {
    this.#options = options;
  }

  /** Runs the SELECT that `select` makes for a block with the sample's first record. Throws StoreError. */
  async run(text: string, origin: Origin, select: (block: StagedBlock) => StagedSelect): Promise<SampleResult> {
    const { blocks, problem } = await this.#stage(text, origin);
    try {
      const block = blocks[0] as StagedBlock;
      const { rows } = await this.#options.store.readNative(block, select(block));
      return { row: rows[0] ?? [], ...(problem ? { problem } : {}) };
    } finally {
      for (const { file, ids } of blocks) for (const staged of ids ? [file, ids.file] : [file]) rmSync(staged, { force: true });
    }
  }

  async #stage(text: string, origin: Origin): Promise<{ blocks: readonly StagedBlock[]; problem?: BadRecord }> {
    const { staging, enricher, now } = this.#options;
    const bytes = new TextEncoder().encode(text);
    const decoder = createDecoder(decoderKind('auto', bytes), { layout: 'auto', now, capacity: 64 });
    decoder.push(bytes, true);
    const taken = decoder.take();
    const batch = `sample-${randomUUID()}`;
    // Places that nobody has seen yet get no id for a sample's sake.
    const ids = new IdCache(async (_, texts) => texts.map(() => 0));
    const { blocks } = await stageBatch(batch, { ...taken, bad: [] }, new Map([[0, { id: '', source: '', origin }]]), '', { staging, enricher, ids, now });
    if (blocks.length) return { blocks };
    const problem = taken.bad[0];
    return { blocks: [writeBlock(staging, 'vpc_flow', textOnly(text, origin, now()), batch)], ...(problem ? { problem } : {}) };
  }
}

/** A row with a text and its origin, and no field of a record. */
function textOnly(text: string, origin: Origin, received: number): Batch {
  const nothing = Uint32Array.of(0xffffffff);
  return {
    rows: 1,
    addresses: { count: 0, bytes: new Uint8Array(0) },
    columns: new Map<string, Column>([
      ['absent', { type: 'UInt64Mask', low: nothing, high: nothing }],
      ['raw_exact', { type: 'SparseString', values: new Map([[0, new TextEncoder().encode(text)]]) }],
      ['source_name', { type: 'Constant', value: origin.sourceName }],
      ['source_category', { type: 'Constant', value: origin.sourceCategory }],
      ['source_host', { type: 'Constant', value: origin.sourceHost }],
      ['collector', { type: 'Constant', value: origin.collector }],
      ['received', { type: "DateTime('UTC')", values: Uint32Array.of(received) }],
    ]),
  };
}
