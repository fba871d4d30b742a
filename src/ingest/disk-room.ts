/** Room that a disk has left, asked now and then; who comes while it is asked waits for the answer. */
import { statfs } from 'node:fs/promises';

const EVERY_MS = 1000;

export class DiskRoom {
  readonly #folder: string;
  #asked: Promise<number> | undefined;
  #at = Number.NEGATIVE_INFINITY;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes that are free on the disk of the folder. Rejects with the system's error, and then asks anew. */
  free(): Promise<number> {
    if (this.#asked === undefined || performance.now() - this.#at > EVERY_MS) {
      this.#at = performance.now();
      this.#asked = statfs(this.#folder).then(({ bavail, bsize }) => bavail * bsize);
      this.#asked.catch(() => {
        this.#asked = undefined;
      });
    }
    return this.#asked;
  }
}
