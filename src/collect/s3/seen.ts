/** What a listing has read of late, by day, so that the next look does not read it again. Bounded, and kept over restarts. */
import { createHash } from 'node:crypto';
import type { Checkpoints } from './checkpoints.ts';
import type { ListedObject } from './listing.ts';

const PREFIX = 'seen:';
/** Characters of a digest. */
const DIGEST = 16;
/** About 100 MB. What is forgotten is fetched again, and the ledger knows it. */
const MOST = 1_000_000;

export class Seen {
  readonly #checkpoints: Checkpoints;
  readonly #source: string;
  readonly #bucket: string;
  readonly #days = new Map<string, Set<string>>();
  readonly #changed = new Set<string>();
  #count = 0;

  constructor(checkpoints: Checkpoints, source: string, bucket: string) {
    this.#checkpoints = checkpoints;
    this.#source = source;
    this.#bucket = bucket;
  }

  /** Once more where it failed half-way. */
  async load(): Promise<void> {
    this.#days.clear();
    this.#count = 0;
    for (const name of await this.#checkpoints.list(this.#source)) {
      if (!name.startsWith(PREFIX)) continue;
      const text = (await this.#checkpoints.get(this.#source, name)) ?? '';
      const day = new Set<string>();
      for (let at = 0; at + DIGEST <= text.length; at += DIGEST) day.add(text.slice(at, at + DIGEST));
      this.#days.set(name.slice(PREFIX.length), day);
      this.#count += day.size;
    }
  }

  has(object: ListedObject): boolean {
    return this.#days.get(object.day)?.has(this.#digest(object)) ?? false;
  }

  add(object: ListedObject): void {
    let day = this.#days.get(object.day);
    if (!day) {
      day = new Set();
      this.#days.set(object.day, day);
    }
    const before = day.size;
    day.add(this.#digest(object));
    this.#count += day.size - before;
    this.#changed.add(object.day);
    if (this.#count > MOST) this.#forget([...this.#days.keys()].sort()[0] as string);
  }

  /** Days before `day` are not asked for any more. */
  forgetBefore(day: string): void {
    for (const old of this.#days.keys()) if (old < day) this.#forget(old);
  }

  async save(): Promise<void> {
    for (const day of [...this.#changed]) {
      this.#changed.delete(day);
      const digests = this.#days.get(day);
      try {
        await this.#checkpoints.set(this.#source, PREFIX + day, digests && digests.size > 0 ? [...digests].join('') : undefined);
      } catch (error) {
        this.#changed.add(day);
        throw error;
      }
    }
  }

  #forget(day: string): void {
    this.#count -= this.#days.get(day)?.size ?? 0;
    this.#days.delete(day);
    this.#changed.add(day);
  }

  /** Ninety-six bits: among a million objects, two of the same digest are as good as impossible. */
  #digest(object: ListedObject): string {
    return createHash('sha256').update(`${this.#bucket}\n${object.key}\n${object.etag}`).digest('base64').slice(0, DIGEST);
  }
}
