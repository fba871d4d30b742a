/** The common shape of what is said of an address: texts with small ids, so that columns hold numbers. */

export interface AddressLookup {
  /** Texts by id; id 0 is ''. May grow with each find. */
  readonly texts: readonly string[];
  /** Id for the 16 bytes at `offset` (IPv4 as ::ffff:a.b.c.d); 0 when nothing is known. */
  find(bytes: Uint8Array, offset: number): number;
}

/** Distinct texts by id. */
export class Interner {
  readonly texts: string[] = [''];
  readonly #ids = new Map<string, number>([['', 0]]);

  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.texts.push(text) - 1;
      this.#ids.set(text, id);
    }
    return id;
  }
}
