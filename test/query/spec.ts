/**
 * Declarative specs: lines are loaded (with noise that every query must drop), a query is run on the
 * real engine, and its rows are compared. An eval without expectation is an error.
 */
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

const Cell = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);

const Eval = z
  .strictObject({
    name: z.string(),
    query: z.string(),
    /** CompileOptions that differ from one hour of UTC from T0. */
    timeZone: z.string().optional(),
    from: z.number().nullable().optional(),
    to: z.number().nullable().optional(),
    alignTo: z.number().optional(),
    maxRows: z.number().optional(),
    variables: z.record(z.string(), z.string()).optional(),
    conditions: z.array(z.strictObject({ field: z.string(), values: z.array(z.string()), negate: z.boolean().optional() })).optional(),
    /** Columns and rows, exactly, in order. */
    columns: z.array(z.string()).optional(),
    rows: z.array(z.array(Cell)).optional(),
    /** Or: the statement text must (not) contain these. */
    sql: z.array(z.string()).optional(),
    notSql: z.array(z.string()).optional(),
    warnings: z.array(z.string()).optional(),
  })
  .refine((e) => e.rows !== undefined || e.sql !== undefined || e.notSql !== undefined, 'an eval needs an expectation: rows, sql or notSql');

export const SpecFile = z.strictObject({
  about: z.string(),
  load: z.array(
    z.strictObject({
      line: z.string(),
      layout: z.string().optional(),
      columns: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    }),
  ),
  /** Threat indicators that are stored. A record’s `src_indicator: feed/value` is the number of one. */
  indicators: z
    .array(
      z.strictObject({
        feed: z.string(),
        value: z.string(),
        type: z.string().default('address'),
        confidence: z.number().default(50),
        id: z.string().default(''),
        threat_type: z.string().default(''),
        actors: z.array(z.string()).default([]),
        malware: z.array(z.string()).default([]),
        labels: z.array(z.string()).default([]),
        updated: z.number().default(0),
        /** Seconds after T0. */
        valid_from: z.number().optional(),
        valid_until: z.number().optional(),
        removed: z.number().optional(),
      }),
    )
    .default([]),
  /** Allow-lists by feed; '' for all. */
  allowed: z.record(z.string(), z.array(z.string())).default({}),
  evals: z.array(Eval).min(1),
});

export type SpecFile = z.infer<typeof SpecFile>;

/** Reads a spec file. Throws when it is not one. */
export function readSpec(path: string): SpecFile {
  return SpecFile.parse(parseYaml(readFileSync(path, 'utf8')));
}
