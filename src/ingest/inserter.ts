/**
 * Batches into the store, one after another: manifest, blocks, done. What was begun is tried until it is
 * done, for a batch that was given up half-way would be stored twice by who brings it again; what fails
 * for good stops all inserting until the next start repairs it.
 */
import { statSync } from 'node:fs';
import { DATASETS } from '../model/log-formats.ts';
import { saidBy } from '../model/wording.ts';
import type { DeliveryRange, Manifest, Metadata, StagedBlock } from '../store/metadata.ts';
import { type StagedSelect, type Store, StoreError } from '../store/store.ts';
import type { DiskGuard } from './disk-guard.ts';
import { withoutCopies } from './event-copies.ts';
import { damageOf, removeFiles } from './staged-files.ts';

/** What became of a batch: what people should know of it, and what its deliveries count without copies of stored events. */
export interface Stored {
  readonly notes: readonly string[];
  readonly ranges: readonly DeliveryRange[];
}

export interface InserterOptions {
  readonly store: Store;
  readonly metadata: Metadata;
  /** What field extraction rules make of a block as it is stored; `absentMask` is that of its flows. */
  readonly extraction?: (block: StagedBlock, absentMask: bigint, only?: readonly string[]) => Promise<StagedSelect | undefined>;
  /** Names of the rules that take part in it. */
  readonly rules?: () => readonly string[];
  /** Tries again what may pass (a full disk, a store that is down) until it is done; otherwise the first failure ends it. */
  readonly untilDone: boolean;
  /** Keeps the disk from filling up. */
  readonly disk: DiskGuard;
}

/** What the engine says when a rule asks too much of it. */
const FAILED_RULES: ReadonlySet<string> = new Set(['query-refused', 'query-failed', 'query-memory', 'query-timeout']);
/** What may be otherwise in a moment. */
const PASSING: ReadonlySet<string> = new Set(['store-unavailable', 'disk-full', 'query-memory', 'query-timeout']);
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

export class Inserter {
  readonly #options: InserterOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #trouble: string | undefined;
  #broken: Error | undefined;
  #closed = false;
  /** Batches that were given and are not stored: their manifests are open. */
  #open = 0;
  #repairing = 0;
  readonly #done = { batches: 0, inserts: 0, rows: 0, failures: 0 };
  #wake: () => void = () => undefined;

  constructor(options: InserterOptions) {
    this.#options = options;
  }

  /** Why nothing is stored at the moment; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#broken ? `${this.#broken.message} Nothing more is stored until the next start.` : (this.#trouble ?? this.#options.disk.trouble);
  }

  /** What ended all inserting. */
  get failure(): Error | undefined {
    return this.#broken;
  }

  /** What it has and has done since the start. `repairing`: batches that a crash left. */
  get load(): {
    readonly open: number;
    readonly repairing: number;
    readonly batches: number;
    readonly inserts: number;
    readonly rows: number;
    readonly failures: number;
  } {
    return { open: this.#open, repairing: this.#repairing, ...this.#done };
  }

  /** Commits a batch's manifest and inserts it, after those that were given before. */
  store(manifest: Manifest): Promise<Stored> {
    return this.#inTurn(manifest, true);
  }

  /** Inserts a batch whose manifest is committed: what a crash left. */
  repair(manifest: Manifest): Promise<Stored> {
    return this.#inTurn(manifest, false);
  }

  /** Answers when all that was given before the call is stored, or storing has ended. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** Ends waiting for a store that does not come back; the open manifest is repaired by the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#turn;
  }

  #inTurn(manifest: Manifest, fresh: boolean): Promise<Stored> {
    this.#open++;
    if (!fresh) this.#repairing++;
    const done = this.#turn
      .then(() => this.#untilDone(manifest, fresh))
      .then((stored) => {
        this.#open--;
        if (!fresh) this.#repairing--;
        this.#done.batches++;
        return stored;
      });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #untilDone(staged: Manifest, fresh: boolean): Promise<Stored> {
    if (this.#broken) throw this.#broken;
    let committed = fresh ? undefined : staged;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        await this.#options.disk.check();
        committed ??= await this.#commit(staged);
        const stored = await this.#insert(committed, fresh);
        this.#trouble = undefined;
        return stored;
      } catch (error) {
        this.#done.failures++;
        if (!this.#options.untilDone || this.#closed || !isPassing(error)) {
          // Also where nothing was committed: a later batch of the same delivery would leave a hole before it.
          this.#broken = error instanceof Error ? error : new Error(String(error));
          throw error;
        }
        this.#trouble = saidBy(error);
        await this.#pause(wait);
      }
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closed) this.#wake();
    });
  }

  /** With what rules make of its blocks. Throws where a block is not there: once it is committed, a block that is missing counts as inserted. */
  async #commit(staged: Manifest): Promise<Manifest> {
    for (const { file } of staged.blocks) statSync(file);
    const blocks: StagedBlock[] = [];
    const distinct = await withoutCopies(staged, this.#options.store);
    for (const block of distinct.blocks) {
      // Only datasets hold records that rules are for.
      const extraction = DATASETS.some((name) => name === block.table) ? await this.#options.extraction?.(block, BigInt(staged.absentMask)) : undefined;
      blocks.push(extraction ? { ...block, extraction } : block);
    }
    const manifest = { ...distinct, blocks };
    await this.#options.metadata.commit(manifest);
    return manifest;
  }

  /** Stages of a batch after its manifest is committed; repeating it stores nothing twice. */
  async #insert(committed: Manifest, fresh: boolean): Promise<Stored> {
    const damage = fresh ? undefined : await damageOf(committed, this.#options);
    const notes = damage ? [damage.note] : [];
    if (damage?.again) {
      await this.#options.metadata.drop(committed.batch);
      removeFiles(committed);
      return { notes, ranges: [] };
    }
    let manifest = committed;
    const gone = damage?.blocks ?? [];
    for (const { token } of committed.blocks.filter((block) => !gone.includes(block))) {
      const block = (): StagedBlock => manifest.blocks.find((b) => b.token === token) as StagedBlock;
      // Whatever is inserted in the end, the manifest says it first: a crash in between inserts the same again.
      const instead = async (extraction: StagedSelect | undefined): Promise<void> => {
        const { extraction: _, ...bare } = block();
        manifest = { ...manifest, blocks: manifest.blocks.map((b) => (b.token === token ? { ...bare, ...(extraction ? { extraction } : {}) } : b)) };
        await this.#options.metadata.amend(manifest);
      };
      const failure = await this.#tryInsert(block());
      if (!failure) continue;
      const { culprits, extraction } = await this.#withoutCulprits(block(), BigInt(manifest.absentMask));
      await instead(extraction);
      const again = await this.#tryInsert(block());
      if (again) {
        await instead(undefined);
        await this.#options.store.insertNative(block());
      }
      // What each of them can do, and all together can the second time, was no failure of theirs.
      if (again || culprits.length || !extraction) notes.push(noteOf(block(), culprits, again ?? failure));
    }
    await this.#options.metadata.finish(manifest);
    removeFiles(manifest);
    for (const { token, rows } of manifest.blocks) {
      if (gone.some((block) => block.token === token)) continue;
      this.#done.inserts++;
      this.#done.rows += rows;
    }
    return { notes, ranges: manifest.ranges };
  }

  /** What the rules failed with; nothing is stored then. Throws what else fails. */
  async #tryInsert(block: StagedBlock): Promise<StoreError | undefined> {
    try {
      await this.#options.store.insertNative(block);
      return undefined;
    } catch (error) {
      if (block.extraction && error instanceof StoreError && FAILED_RULES.has(error.code)) return error;
      throw error;
    }
  }

  /** Tries rule by rule what a block fails on; and an extraction by the others. */
  async #withoutCulprits(block: StagedBlock, absentMask: bigint): Promise<{ culprits: readonly string[]; extraction: StagedSelect | undefined }> {
    const { extraction, rules, store } = this.#options;
    const names = rules?.() ?? [];
    const culprits: string[] = [];
    for (const name of names) {
      const alone = await extraction?.(block, absentMask, [name]);
      if (!alone) continue;
      // Reads all that the rule makes, and gives one row.
      const text = `SELECT sum(cityHash64(extracted)) FROM (${alone.statement.text})`;
      try {
        await store.readNative(block, { ...alone, statement: { ...alone.statement, text } });
      } catch (error) {
        if (!(error instanceof StoreError) || !FAILED_RULES.has(error.code)) throw error;
        culprits.push(name);
      }
    }
    const others = names.filter((name) => !culprits.includes(name));
    return { culprits, extraction: others.length ? await extraction?.(block, absentMask, others) : undefined };
  }
}

/** Of SQLite and of the system: the same batch can be committed and inserted once that is over. */
const PASSING_CODE = /^(SQLITE_(FULL|BUSY|LOCKED|IOERR|CANTOPEN|NOMEM)|(ENOSPC|EDQUOT|EIO|ESTALE|EMFILE|ENFILE|ENOMEM|EAGAIN|EINTR|ETIMEDOUT)$)/;

function isPassing(error: unknown): boolean {
  if (error instanceof StoreError) return error.retryable || PASSING.has(error.code);
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && PASSING_CODE.test(code);
}

/** What people should know of a block whose rules failed. */
function noteOf({ rows, extraction }: StagedBlock, culprits: readonly string[], { message }: StoreError): string {
  if (!extraction) return `The field extraction rules failed on ${rows} records, which are stored without their fields: ${message}`;
  const names = culprits.map((name) => `“${name}”`).join(', ');
  return `The field extraction rule ${names} failed on ${rows} records, which are stored without its fields: ${message}`;
}
