/** What an entry of the operator table is: how it is read, printed, compiled and explained. */
import type { Cursor } from '../cursor.ts';
import type { Reading, State } from '../state.ts';
import type { Operation, OperationName, Scope } from '../tree.ts';

/** The query around a step. */
export interface Surroundings {
  /** Steps before this one. */
  readonly steps: readonly Operation[];
  /** The same, compiled again for other records. */
  readonly before: (reading: Reading) => State;
  /** Steps after this one. */
  readonly after: readonly Operation[];
  /** Other steps on the same rows: those inside this one. Throws QueryError. */
  readonly inner: (operations: readonly Operation[], state: State) => State;
  /** Scope of the query, where it has one of its own. */
  readonly scope?: Scope;
}

export type Of<N extends OperationName> = Operation & { readonly op: N };

export interface Operator<N extends OperationName> {
  /** Words that begin the step. */
  readonly keywords: readonly string[];
  readonly syntax: string;
  readonly doc: string;
  /** A query's steps that use it. */
  readonly example: string;
  /** Where it differs from the public language on purpose. */
  readonly differs?: string;
  /** Reads the step behind its keyword. Throws QueryError. */
  readonly parse: (cursor: Cursor, start: number, keyword: string) => Of<N>;
  /** `steps` prints those inside it. */
  readonly print: (operation: Of<N>, steps: (operations: readonly Operation[]) => string) => string;
  readonly apply: (operation: Of<N>, state: State, around: Surroundings) => State;
}
