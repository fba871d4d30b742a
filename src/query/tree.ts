/**
 * The tree of a query: what the parser makes and every later stage reads. It knows nothing of fields,
 * tables or values of templates; spans are UTF-16 offsets into the text.
 */

export interface Span {
  readonly start: number;
  readonly end: number;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '=' | '!=' | '<' | '<=' | '>' | '>=' | 'and' | 'or';

export type Expr =
  /** `text` is a number as written (`1k`), so that it can be compared with text fields. */
  | { readonly node: 'literal'; readonly value: string | number | boolean | null; readonly text: string; readonly span: Span }
  | { readonly node: 'template'; readonly name: string; readonly span: Span }
  | { readonly node: 'regex'; readonly source: string; readonly span: Span }
  | { readonly node: 'field'; readonly name: string; readonly span: Span }
  | { readonly node: 'call'; readonly name: string; readonly args: readonly Expr[]; readonly span: Span }
  | { readonly node: 'unary'; readonly op: '-' | '!'; readonly arg: Expr; readonly span: Span }
  | { readonly node: 'binary'; readonly op: BinaryOperator; readonly left: Expr; readonly right: Expr; readonly span: Span }
  | { readonly node: 'matches'; readonly left: Expr; readonly pattern: Expr; readonly negate: boolean; readonly span: Span }
  | { readonly node: 'in'; readonly left: Expr; readonly list: readonly Expr[]; readonly negate: boolean; readonly span: Span }
  /** A condition, or behind `in` the values. `printed` is its text, while it is printed. */
  | { readonly node: 'subquery'; readonly subquery: Subquery; readonly span: Span; readonly printed?: string }
  /** `if(test, yes, no)` and `test ? yes : no`. */
  | { readonly node: 'choose'; readonly test: Expr; readonly yes: Expr; readonly no: Expr; readonly span: Span };

/** `a`, `b` and `c` of `a and b and c`: a chain may be longer than calls can be nested. */
export function operands(expr: Expr & { readonly node: 'binary' }): Expr[] {
  const found: Expr[] = [];
  let left: Expr = expr;
  while (left.node === 'binary' && left.op === expr.op) {
    found.push(left.right);
    left = left.left;
  }
  return [...found, left].reverse();
}

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Scope =
  | { readonly node: 'all' }
  | { readonly node: 'and' | 'or'; readonly items: readonly Scope[] }
  | { readonly node: 'not'; readonly item: Scope }
  /** A keyword, perhaps with `*`. */
  | { readonly node: 'term'; readonly text: string; readonly span: Span }
  | { readonly node: 'phrase'; readonly text: string; readonly span: Span }
  | { readonly node: 'subquery'; readonly subquery: Subquery }
  | {
      readonly node: 'condition';
      readonly field: string;
      readonly op: Comparison;
      readonly value: string;
      readonly span: Span;
      readonly valueSpan: Span;
    };

/** `[subquery from=(…) to=(…): …]`; the query's last step is compose. Times are as written. */
export interface Subquery {
  readonly query: Query;
  readonly from?: string;
  readonly to?: string;
  readonly span: Span;
}

/** A name as the user wrote it. */
export interface Name {
  readonly name: string;
  readonly span: Span;
}

/** A table as a step names it: `path://"…"`, a name, an address. */
export interface Source {
  readonly name: string;
  readonly span: Span;
}

export interface AggregateCall {
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly as?: string;
  readonly span: Span;
}

export interface GroupKey {
  readonly expr: Expr;
  readonly as?: string;
}

export interface SortKey {
  readonly expr: Expr;
  readonly descending: boolean;
}

export type Slice =
  | { readonly by: 'seconds'; readonly seconds: number; readonly text: string }
  /** Hours, days and weeks of a zone. */
  | { readonly by: 'calendar'; readonly unit: 'hour' | 'day' | 'week'; readonly count: number; readonly text: string }
  | { readonly by: 'buckets'; readonly count: number }
  | { readonly by: 'range' };

export interface Timeshift {
  readonly seconds: number;
  /** The shift as written: `1d`. */
  readonly text: string;
  readonly count: number;
  /** The count was written: columns get one suffix a shift. */
  readonly combine?: 'avg' | 'min' | 'max';
  readonly as?: string;
  readonly span: Span;
}

/** How the values of a field become one. */
export interface Merged {
  readonly field: Name;
  readonly strategy: 'join' | 'takeFirst' | 'takeLast' | 'takeDistinct';
  /** Of join. */
  readonly separator: string;
  readonly as?: string;
}

interface Step {
  readonly span: Span;
}

/** Text extraction from `field`, or from `_raw`. A miss drops the row unless `nodrop`. */
interface Extraction extends Step {
  readonly field?: Expr;
  readonly nodrop: boolean;
}

export type Operation =
  | (Step & { readonly op: 'where'; readonly test: Expr })
  | (Step & { readonly op: 'assign'; readonly expr: Expr; readonly as: string })
  | (Step & { readonly op: 'aggregate'; readonly calls: readonly AggregateCall[]; readonly by: readonly GroupKey[] })
  | (Step & { readonly op: 'timeslice'; readonly slice: Slice; readonly as?: string })
  | (Step & {
      readonly op: 'transpose';
      readonly rows: readonly Name[];
      readonly columns: readonly Name[];
      readonly as: readonly string[];
      /** Columns that `as` does not name are shown as well. */
      readonly rest: boolean;
    })
  | (Step & {
      readonly op: 'top';
      readonly count: number;
      readonly field: Name;
      /** Fields beside the first. */
      readonly fields?: readonly Name[];
      readonly by?: AggregateCall | Name;
      readonly ascending?: true;
      /** What decides where the first is equal. */
      readonly then?: readonly { readonly by: AggregateCall | Name; readonly ascending?: true }[];
    })
  | (Step & { readonly op: 'topk'; readonly count: number; readonly measures: readonly Name[]; readonly by: readonly Name[] })
  | (Step & { readonly op: 'sort'; readonly keys: readonly SortKey[] })
  | (Step & { readonly op: 'limit'; readonly count: number })
  | (Step & { readonly op: 'fields'; readonly remove: boolean; readonly names: readonly Name[] })
  | (Step & { readonly op: 'compare'; readonly shifts: readonly Timeshift[] })
  | (Step & { readonly op: 'geoip'; readonly field: Name; readonly names: readonly Name[] })
  | (Step & {
      readonly op: 'lookup';
      /** `*`: every column of the table. */
      readonly all: boolean;
      readonly columns: readonly { readonly name: string; readonly as: string; readonly span: Span }[];
      readonly source: Source;
      readonly on: readonly { readonly left: Name; readonly right: Name }[];
    })
  | (Step & { readonly op: 'cat'; readonly source: Source })
  | (Step & { readonly op: 'save'; readonly append: boolean; readonly source: Source })
  | (Step & {
      readonly op: 'join';
      readonly tables: readonly { readonly name: string; readonly operations: readonly Operation[]; readonly span: Span }[];
      /** `t1.a = t2.b` as written. */
      readonly on: readonly { readonly left: Name; readonly right: Name }[];
      /** How far apart in time rows may lie. */
      readonly within?: { readonly seconds: number; readonly text: string };
    })
  | (Step & { readonly op: 'filter'; readonly names: readonly Name[]; readonly operations: readonly Operation[] })
  | (Step & { readonly op: 'compose'; readonly names: readonly Name[]; readonly most?: number; readonly keywords: boolean })
  | (Step & {
      readonly op: 'threat';
      readonly fn: 'threatlookup' | 'threatip';
      readonly single: boolean;
      readonly source?: string;
      readonly fields: readonly Name[];
    })
  | (Extraction & { readonly op: 'parse'; readonly pattern: string; readonly names: readonly Name[] })
  | (Extraction & { readonly op: 'parse-regex'; readonly pattern: string; readonly patternSpan: Span; readonly multi: boolean })
  | (Extraction & {
      readonly op: 'json';
      readonly paths: readonly string[];
      readonly names: readonly Name[];
      /** The one path gives a list, and each of its items a row. */
      readonly multi: boolean;
      /** Names of later steps are looked for in the document. */
      readonly auto?: { readonly depth?: number; readonly arrays: boolean; readonly only: boolean };
    })
  | (Extraction & { readonly op: 'xml'; readonly paths: readonly string[]; readonly names: readonly Name[] })
  | (Step & {
      readonly op: 'split';
      readonly fn: 'split' | 'csv';
      readonly field: Name;
      readonly delimiter: string;
      readonly quote: string;
      readonly escape: string;
      /** Which part, from 1, under which name. */
      readonly parts: readonly { readonly index: number; readonly name: string }[];
    })
  | (Extraction & {
      readonly op: 'keyvalue';
      readonly keys: readonly string[];
      readonly names: readonly Name[];
      /** Of the value behind a key, or of key and value. */
      readonly regex?: { readonly source: string; readonly span: Span };
      /** What stands between key and value; `:`, `=` and `->` when absent. */
      readonly delimiter?: string;
      /** Names of later steps are looked for as keys. */
      readonly auto?: { readonly only: boolean };
    })
  | (Step & {
      readonly op: 'fillmissing';
      /** Without a slice: that of the timeslice step. */
      readonly timeslice?: { readonly slice?: Slice; readonly field: string };
      /** Without values: those that the rows have. */
      readonly keys: readonly { readonly field: Name; readonly values: readonly string[] }[];
      readonly defaults: readonly { readonly field: Name; readonly value: Expr }[];
      readonly takeLast: boolean;
    })
  | (Step & { readonly op: 'withtime'; readonly field: Name })
  | (Step & {
      readonly op: 'logreduce';
      readonly field?: Name;
      /** Fields whose values together are the signature. */
      readonly values?: readonly Name[];
      readonly by: readonly Name[];
      readonly limit?: number;
      readonly criteria: 'mostcommon' | 'leastcommon';
    })
  | (Step & { readonly op: 'logcompare'; readonly seconds: number; readonly text: string })
  | (Step & {
      readonly op: 'transaction';
      readonly on: readonly Name[];
      readonly fringe?: { readonly seconds: number; readonly text: string };
      /** A record is in the state whose pattern its field has; `exact`: whose text its field is. */
      readonly states: readonly { readonly text: string; readonly exact: boolean; readonly field?: Name; readonly name: string; readonly span: Span }[];
      readonly results: 'transactions' | 'flow';
    })
  | (Step & {
      readonly op: 'transactionize';
      readonly fields: readonly Name[];
      readonly prefix: string;
      readonly maxPause?: { readonly seconds: number; readonly text: string };
      readonly maxLogs?: number;
      readonly startsWith?: string;
      readonly endsWith?: string;
      readonly keepOrphans: boolean;
      /** One row for each transaction. */
      readonly merge?: readonly Merged[];
    })
  | (Step & {
      readonly op: 'trace';
      /** Finds the values in a text: its first group, else the whole match. */
      readonly pattern: string;
      readonly start: string;
      /** Only values that records before (or after) led to. */
      readonly direction?: '+' | '-';
    })
  | (Step & { readonly op: 'merge'; readonly fields: readonly Merged[] })
  | (Step & {
      readonly op: 'sessionize';
      /** Each may use the names of those before it: `$name`. */
      readonly patterns: readonly { readonly text: string; readonly names: readonly Name[]; readonly span: Span }[];
    })
  | (Step & { readonly op: 'bin'; readonly field: Name; readonly width: number; readonly min?: number; readonly max?: number; readonly as?: string })
  | (Step & { readonly op: 'dedup'; readonly consecutive: boolean; readonly count: number; readonly by: readonly Name[] })
  | (Step & {
      readonly op: 'predict';
      readonly field: Name;
      readonly every: Slice;
      readonly model: 'linear' | 'ar';
      /** Slices that an auto-regressive prediction looks back at. */
      readonly window?: number;
      /** Slices behind the last one: a number of them, or a duration in seconds. */
      readonly forecast: { readonly count: number } | { readonly seconds: number; readonly text: string };
    })
  | (Step & {
      readonly op: 'outlier';
      readonly field: Name;
      readonly by: readonly Name[];
      readonly window: number;
      readonly threshold: number;
      readonly consecutive: number;
      readonly direction: '+-' | '+' | '-';
    })
  | (Step & {
      readonly op: 'running';
      readonly fn: 'total' | 'accum' | 'diff' | 'smooth' | 'rollingstd' | 'backshift';
      readonly field: Name;
      /** Rows that it looks at or goes back. */
      readonly length?: number;
      readonly as?: string;
      readonly by: readonly Name[];
    })
  /** What the public language has and this one has not: kept as written, and refused when it is compiled. */
  | (Step & { readonly op: 'refused'; readonly text: string; readonly message: string; readonly hint?: string; readonly wordSpan: Span });

export type OperationName = Operation['op'];

export interface Query {
  readonly scope: Scope;
  readonly operations: readonly Operation[];
}
