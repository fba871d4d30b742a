/** What each group of fields is given. */
export interface FieldProps<T> {
  readonly draft: T;
  readonly set: (change: Partial<T>) => void;
  /** What the server refused of a field, by its path. */
  readonly wrong: (path: string) => string | undefined;
}
