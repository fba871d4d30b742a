/** The compiler in the page: it checks and completes with what the server says exists. It never runs what it compiles. */
import type { CatalogueResponse } from '../../../api/contract/catalogue.ts';
import type { OutputColumn, Window } from '../../../api/contract.ts';
import type { Dataset } from '../../../model/log-formats.ts';
import { compileQuery } from '../../../query/compile.ts';
import { type CompileOptions, type Diagnostic, parse } from '../../../query/index.ts';
import { sql } from '../../../query/sql.ts';

/** What a check and a completion depend on beside the text. */
export interface Surroundings {
  readonly catalogue: CatalogueResponse | undefined;
  /** Seconds since the epoch; null where the range cannot be read here. */
  readonly window: Window | null;
  readonly zone: string;
  /** Datasets that have records; what a query of words alone reads depends on it. */
  readonly present?: readonly Dataset[];
}

const NOTHING: CatalogueResponse = { extracted: [], rules: [], lookups: [], indicators: false };

export function optionsOf({ catalogue = NOTHING, window, zone, present = [] }: Surroundings): CompileOptions {
  const extracted = new Map(catalogue.extracted.map((name) => [name.toLowerCase(), name]));
  const lookups = new Map(catalogue.lookups.map((l) => [l.name.toLowerCase(), { ...l, relation: sql`lookup` }]));
  const now = Math.floor(Date.now() / 1000);
  return {
    catalog: {
      extracted: (name) => extracted.get(name.toLowerCase()),
      extractedNames: catalogue.extracted,
      rules: catalogue.rules,
      lookup: (source) => lookups.get(source.toLowerCase()),
      lookupNames: catalogue.lookups.map((l) => l.name),
      ...(catalogue.indicators ? { threats: { allowed: {}, prefixes: [] } } : {}),
    },
    from: window?.from ?? 0,
    to: window?.to ?? now,
    now,
    timeZone: zone,
    relations: { table: () => sql`records`, absentMask: -1n, present },
    maxRows: 1,
    // The page asks before it writes.
    maySave: true,
  };
}

/** The columns that a text makes; undefined where it has a mistake, or data makes them. */
export function columnsOf(text: string, surroundings: Surroundings): readonly OutputColumn[] | undefined {
  const { query, diagnostics } = parse(text);
  if (diagnostics.length > 0) return undefined;
  const result = compileQuery(query, optionsOf(surroundings));
  return result.ok && !result.compiled.pivot ? result.compiled.columns : undefined;
}

/** Datasets that a text reads; none where it has a mistake. */
export function datasetsOf(text: string, surroundings: Surroundings): readonly Dataset[] {
  const { query, diagnostics } = parse(text);
  const result = diagnostics.length > 0 ? undefined : compileQuery(query, optionsOf(surroundings));
  return result?.ok ? result.compiled.datasets : [];
}

export interface Problem extends Diagnostic {
  readonly severity: 'error' | 'warning';
}

/**
 * Everything that is wrong with a text, in the order of the text. What follows a step that cannot be read
 * is not checked for meaning: it may need what that step makes. An empty text is not wrong.
 */
export function problemsOf(text: string, surroundings: Surroundings): Problem[] {
  if (text.trim() === '') return [];
  const { query, diagnostics } = parse(text);
  const result = compileQuery(query, optionsOf(surroundings));
  const first = Math.min(...diagnostics.map((d) => d.span.start));
  const meaning = (result.ok ? [] : result.diagnostics).filter((d) => d.span.start < first);
  const errors = [...diagnostics, ...meaning].map((d): Problem => ({ ...d, severity: 'error' }));
  const warnings = result.ok && errors.length === 0 ? result.warnings : [];
  return [...errors, ...warnings.map((w): Problem => ({ ...w, severity: 'warning' }))].sort((a, b) => a.span.start - b.span.start);
}
