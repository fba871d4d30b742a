/** Shapes of field extraction rules. */
import { z } from 'zod';
import { MAX_EXPRESSION } from '../../query/extraction.ts';
import { Name } from './name.ts';

const scope = z.string().max(MAX_EXPRESSION);
const expression = z.string().max(MAX_EXPRESSION);
const samples = z
  .array(
    z
      .string()
      .min(1)
      .max(64 * 1024),
  )
  .max(20);

/** A wrong thing in a rule's text; the span is in the text that `in` names. */
export const RuleDiagnostic = z.object({
  code: z.string(),
  in: z.enum(['scope', 'expression']),
  span: z.object({ start: z.number(), end: z.number() }),
  message: z.string(),
  hint: z.string().optional(),
});

/** POST /api/v1/extraction-rules */
export const RuleNew = z.strictObject({
  name: Name,
  /** A search: the records that the rule is for. Empty: all. */
  scope: scope.default(''),
  /** Steps as they stand behind a search. */
  expression,
  /** As records are stored, from now on; or when a query asks for a field, over everything. */
  at: z.enum(['ingest', 'query']),
  enabled: z.boolean().default(true),
  /** Records that people try it on. */
  samples: samples.default([]),
});

/** PUT /api/v1/extraction-rules/:id: changes what is given. */
export const RuleChange = z.strictObject({
  name: Name.optional(),
  scope: scope.optional(),
  expression: expression.optional(),
  at: z.enum(['ingest', 'query']).optional(),
  enabled: z.boolean().optional(),
  samples: samples.optional(),
  /** Of the rule that the person saw: an edit of an older one is refused. */
  revision: z.number().int().optional(),
});

export const Rule = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.string(),
  expression: z.string(),
  at: z.enum(['ingest', 'query']),
  enabled: z.boolean(),
  /** Names that it makes. */
  fields: z.array(z.string()),
  samples: z.array(z.string()),
  /** Why it does not run: it was saved by an earlier release that read it otherwise. Empty when it runs. */
  diagnostics: z.array(RuleDiagnostic),
  /** Epoch seconds. */
  created: z.number(),
  updated: z.number(),
  revision: z.number(),
});

/** GET /api/v1/extraction-rules, by name: the order in which they run. */
export const RuleList = z.object({
  rules: z.array(Rule),
  /** Names that rules have stored with records or make, and how many there may be. */
  fields: z.object({ names: z.array(z.string()), most: z.number() }),
});

/** POST /api/v1/extraction-rules/test: nothing is stored. */
export const RuleTest = z.strictObject({
  scope: scope.default(''),
  expression,
  /** When it would run: what reads a field of another rule can run when a query asks, and only then. */
  at: z.enum(['ingest', 'query']).default('query'),
  samples: samples.default([]),
  /** Where the samples are said to come from. */
  sourceName: z.string().max(1024).default(''),
  sourceCategory: z.string().max(1024).default(''),
  sourceHost: z.string().max(1024).default(''),
  collector: z.string().max(1024).default(''),
});

export const RuleTestResponse = z.object({
  /** Empty when the rule can be saved. */
  diagnostics: z.array(RuleDiagnostic),
  /** Names that it makes. */
  fields: z.array(z.string()),
  /** Names that it makes and that are stored fields already: those stay as they are. */
  stored: z.array(z.string()),
  samples: z.array(
    z.object({
      inScope: z.boolean(),
      /** In scope, and no step missed. */
      matched: z.boolean(),
      /** Values of `fields` and `stored`; null where there is none. */
      values: z.record(z.string(), z.string().nullable()),
      /** The first step that found nothing, with its place in the expression. */
      missed: z.object({ step: z.number(), text: z.string(), span: z.object({ start: z.number(), end: z.number() }) }).nullable(),
      /** Why the text is no record that would be stored. */
      problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
});

export type Rule = z.infer<typeof Rule>;
export type RuleNew = z.infer<typeof RuleNew>;
export type RuleChange = z.infer<typeof RuleChange>;
export type RuleList = z.infer<typeof RuleList>;
export type RuleTest = z.infer<typeof RuleTest>;
export type RuleTestResponse = z.infer<typeof RuleTestResponse>;
export type RuleDiagnostic = z.infer<typeof RuleDiagnostic>;
