/** A field as the list beside the results has it. */
import type { OutputColumn } from '../../../api/contract.ts';

export interface Listed {
  /** As a query names it, in the scope and in steps, without quotes where that is possible. */
  readonly name: string;
  readonly column: OutputColumn;
  readonly doc: string;
  /** Made by a step of the query. */
  readonly made: boolean;
  /** Messages carry it, so that it can be a column; a rule's field exists only where a query asks for it. */
  readonly carried: boolean;
  /** All names that find it, in lower case. */
  readonly found: string;
}

export interface Group {
  readonly title: string;
  readonly fields: readonly Listed[];
}
