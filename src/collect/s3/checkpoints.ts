/** Where a source keeps how far it has come: small texts by name, which the server stores with its metadata. */
export interface Checkpoints {
  get(source: string, name: string): Promise<string | undefined>;
  /** Durable when it resolves. `undefined` removes it. */
  set(source: string, name: string, value: string | undefined): Promise<void>;
  /** The names that a source has. */
  list(source: string): Promise<readonly string[]>;
}
