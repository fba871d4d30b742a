/**
 * The query layer's contract: what a compilation is asked and what it answers. Everything in this
 * folder speaks these types; index.ts hands them out.
 */

import type { AllowedIndicators } from '../model/indicator.ts';
import { type Dataset, type LogFormat, VPC_FLOW } from '../model/log-formats.ts';
import type { Sql, Statement } from './sql.ts';

/** A wrong thing in a person's text. Offsets are UTF-16 code units into the text. */
export interface Diagnostic {
  /** Stable, kebab-case, has a page in the reference. */
  readonly code: string;
  readonly span: { readonly start: number; readonly end: number };
  readonly message: string;
  /** The way out: what was expected, the nearest name. */
  readonly hint?: string;
}

/** A condition bound by a dashboard filter or a drill-down: never pasted into the text. */
export interface Condition {
  /** Any name of a field. */
  readonly field: string;
  /** Values are alternatives. Text takes `*` wildcards, addresses CIDR, numbers ranges (`1000-2000`). */
  readonly values: readonly string[];
  readonly negate?: boolean;
}

/** How the store holds data right now; the compiler chooses among these relations. */
export interface Relations {
  /** Relation of each dataset: a table, or a window copy with the same columns. Written by this project, not by users. */
  readonly table: (dataset: Dataset) => Sql;
  /**
   * OR of the `absent` masks of the records in `vpc_flow`: a field whose bit is never set needs no null
   * check. Statements that read another dataset check every field, so its masks stay out of this one.
   */
  readonly absentMask: bigint;
  /** AND of the same masks: keywords are not looked for in fields that no record has. None when absent. */
  readonly missingMask?: bigint;
  /** Every record of `vpc_flow` is in the default layout and its text is its values joined by spaces. */
  readonly defaultOnly?: boolean;
  /** Main datasets that hold records: where nothing in a query tells what it is about, it reads all of them. Flows of VPCs when absent. */
  readonly present?: readonly Dataset[];
  /** The table of flows keeps sums of every five minutes (sums.ts). */
  readonly sums?: boolean;
  /** The layouts that records have, where they are known and few: their texts are then made without looking layouts up. */
  readonly layouts?: readonly string[];
}

/** A table of people: every value is text. */
export interface LookupTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Its rows: `row`, which counts from 0, and the columns by their places: `v0`, `v1`, … */
  readonly relation: Sql;
}

/** A field extraction rule as the compiler sees it. */
export interface ExtractionRule {
  readonly name: string;
  /** Scope text: the records that the rule is for. */
  readonly scope: string;
  /** Steps as one writes them behind a scope; `fields` are the names that they make. */
  readonly expression: string;
  readonly fields: readonly string[];
  /** Formats of the records that it is for: those of the datasets that its scope names; VPC flow logs when absent. */
  readonly formats?: readonly LogFormat['name'][];
}

/** Whether a rule is for records of a format. */
export function isFor(rule: ExtractionRule, format: LogFormat): boolean {
  return (rule.formats ?? [VPC_FLOW.name]).includes(format.name);
}

/** What is known of threat indicators as a whole. */
export interface Threats {
  readonly allowed: AllowedIndicators;
  /** Lengths of the blocks that there are, in bits of an IPv6 address. */
  readonly prefixes: readonly number[];
  /**
   * The number of an indicator that was found for an address when its record had long been stored, from the address
   * (IPv6) and the record's start (DateTime): UInt64, 0 for none. Absent while nothing was found so.
   */
  readonly retro?: (address: Sql, start: Sql) => Sql;
}

/** What exists beside the field table because people made it. Names are found in any letter case. */
export interface Catalog {
  /** A field that a rule stored with records, as it is spelled in the store. */
  readonly extracted: (name: string) => string | undefined;
  /** All of them, for completion and suggestions. */
  readonly extractedNames: readonly string[];
  /** Rules that run when a query asks for one of their fields. */
  readonly rules: readonly ExtractionRule[];
  /** By name or path, as `lookup … from`, `cat` and `save` write it. */
  readonly lookup: (source: string) => LookupTable | undefined;
  readonly lookupNames: readonly string[];
  /** Names and ARNs of people and roles, with wildcards: who is an administrator. Nobody when absent. */
  readonly administrators?: readonly string[];
  /** Absent while no threat indicators are stored. */
  readonly threats?: Threats;
  /** Whether there is an index of the name beside those of the field table; it holds no flows. */
  readonly index?: (name: string) => boolean;
}

export const EMPTY_CATALOG: Catalog = { extracted: () => undefined, extractedNames: [], rules: [], lookup: () => undefined, lookupNames: [] };

/** Whether a rule made the field as records were stored, or makes it for a query. */
export function isMadeByRules(catalog: Catalog | undefined, name: string): boolean {
  const key = name.toLowerCase();
  return (
    catalog !== undefined && (catalog.extracted(name) !== undefined || catalog.rules.some((rule) => rule.fields.some((field) => field.toLowerCase() === key)))
  );
}

/** The groups of a result with most. Its rows are added up: the measure must be a count or a sum. */
export interface Top {
  /** Column whose values are ranked by the sum of `measure` over the whole result. */
  readonly of: string;
  readonly measure: string;
  /** Groups that are named. */
  readonly count: number;
  /** Columns that rows stay apart by within a group: the slice. */
  readonly by: readonly string[];
  /** Columns with one value for each group, such as its name; left out where the result lacks them. */
  readonly beside: readonly string[];
  /** All others: one group “other”, in rows whose column `_other` says of how many, or none. */
  readonly rest: 'other' | 'none';
}

export interface CompileOptions {
  /** What people made; nothing when absent. */
  readonly catalog?: Catalog;
  /** Window [from, to) in epoch seconds; null = all time. */
  readonly from: number | null;
  readonly to: number | null;
  /** Snapshot instant, epoch seconds (`now()`). */
  readonly now: number;
  /** IANA zone for calendar timeslices and formatDate. */
  readonly timeZone: string;
  readonly conditions?: readonly Condition[];
  readonly relations: Relations;
  /** The caller writes what `save` says (Compiled `save`); else such a query does not compile. */
  readonly maySave?: boolean;
  /** Values of {{name}} templates. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Epoch seconds that a timeslice boundary must fall on (single values end at the window's end); default: epoch-aligned. */
  readonly alignTo?: number;
  /** Only the groups with most, of a query that groups. */
  readonly top?: Top;
  /** Rows of a query that does not say `limit`. */
  readonly maxRows: number;
  /** All rows are read as a stream: records are read newest first as the table lies, in place of being sorted, unless the query sorts. */
  readonly streamed?: boolean;
}

export type ValueKind = 'text' | 'number' | 'time' | 'address' | 'boolean' | 'list';

export interface OutputColumn {
  /** As the user named it. */
  readonly name: string;
  readonly kind: ValueKind;
  /** Canonical field that the values are values of, for drill-down; absent for computed values. */
  readonly field?: string;
  /** Text `[name](url)`, the url http or https: shown as the name, opened by a click. Other text is shown as it is. */
  readonly link?: true;
}

export interface Compiled {
  readonly statement: Statement;
  /** Of the statement's result, by place: the statement itself calls them o0, o1, … */
  readonly columns: readonly OutputColumn[];
  /** `records`: one row a record. `aggregates`: the query groups. */
  readonly shape: 'records' | 'aggregates';
  /** Datasets whose records the query is about; those of queries inside it are not among them. */
  readonly datasets: readonly Dataset[];
  /** Columns of the datasets that the statement reads, for window copies. */
  readonly reads: readonly string[];
  /** Flows without a threat indicator make no difference to the result. */
  readonly ofThreatsOnly: boolean;
  /** `fillmissing` makes rows that no record stands behind. */
  readonly fills: boolean;
  /** Timeslice width in seconds when the result has a `_timeslice` column. */
  readonly timeslice?: number;
  /** The rows are to be written into this lookup table: the caller asked for it with `maySave`. */
  readonly save?: Save;
  /** Columns are made of values: pass the rows through `shape()`. */
  readonly pivot?: Pivot;
}

/** Where the rows of a query go. */
export interface Save {
  readonly name: string;
  readonly mode: 'replace' | 'append';
}

export type CompileResult =
  | { readonly ok: true; readonly compiled: Compiled; readonly warnings: readonly Diagnostic[]; readonly notes: ReadonlyMap<number, string> }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The column at this place holds [label, value] pairs: shape() makes a column of each label. */
export interface Pivot {
  readonly at: number;
  /** Kind of the values. */
  readonly kind: ValueKind;
}
