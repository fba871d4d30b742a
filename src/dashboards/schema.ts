/**
 * What a dashboard holds, be it a file in `content/dashboards/` or one that a person made. A dashboard is
 * data: adding a panel is adding an entry, in the pipe language, without TypeScript.
 */
import { z } from 'zod';

const id = z
  .string()
  .max(100)
  .regex(/^[a-z0-9-]+$/, 'write small letters, digits and hyphens');
const title = z.string().max(200);
const description = z.string().max(2000);
const query = z.string().max(64 * 1024);
/** Name of a column of a result. */
const column = z.string().max(500);

/** A filter of the whole dashboard: bound as a condition on `field`, never pasted into a query. */
export const Variable = z.strictObject({
  id,
  title,
  /** Any name of a field (model/fields.ts). */
  field: column,
});

/** Values that a viewer picked: bound as a condition on the field, never pasted into a query. */
export const BoundFilter = z.strictObject({
  field: z.string().min(1).max(500),
  values: z.array(z.string().max(10_000)).min(1).max(200),
  negate: z.boolean().default(false),
});

/**
 * How a panel draws its rows.
 *
 * - `value`: one number of the newest bucket, its change and all buckets.
 * - `line`, `step`: a line over time for each `series`; without `y` one for every number of the result.
 * - `comparison`: the window and its copies of earlier days, as the language's `compare` makes them, on one time axis.
 * - `outlier`: a line with the band and the marked slices of the language's `outlier y`.
 * - `column`, `area`, `share`: `series` stacked over time; in `share` every slice is 100 %.
 * - `bar`: a bar for each `x`; with `series` each is stacked.
 * - `donut`: parts of a whole. `scatter`: a point for each row at `x` (a number, such as a port) and `y`, coloured by `series`.
 * - `bubble`: a circle of area `size` at `x` and `y`. `matrix`: a cell for each `x` and `series`, the darker the more `size`.
 * - `map`: places by `size`, from the columns that `geoip` makes. `table`: the rows.
 */
export const PANEL_KINDS = [
  'value',
  'line',
  'step',
  'comparison',
  'outlier',
  'column',
  'area',
  'share',
  'bar',
  'donut',
  'scatter',
  'bubble',
  'matrix',
  'map',
  'table',
] as const;

/** Most groups that `top` names. */
export const MOST_TOP = 50;

/** Meaning of a series, which picks its colour everywhere: accept, reject, threat, inbound, outbound, internal. */
export const MEANINGS = ['accept', 'reject', 'threat', 'inbound', 'outbound', 'internal', 'neutral'] as const;

export const Unit = z.enum(['count', 'bytes', 'percent', 'none']);

/** Another measure of the same panel; the result has the panel's columns but for `y`. */
export const Measure = z.strictObject({ id, title, query, y: column, unit: Unit.default('count') });

export const Panel = z.strictObject({
  id,
  title,
  /** One or two sentences: what it computes; says where it deliberately differs from the source. */
  description,
  kind: z.enum(PANEL_KINDS),
  query,
  /** Conditions of this panel alone, beside the dashboard's. */
  filters: z.array(BoundFilter).max(50).optional(),
  /** Grid columns of 24 and rows of 40 px. */
  width: z.number().int().min(3).max(24).default(8),
  height: z.number().int().min(3).max(20).default(7),
  unit: Unit.default('count'),
  meaning: z.enum(MEANINGS).default('neutral'),
  /** Column names of the query's result. Which are needed depends on the kind. */
  x: column.optional(),
  y: column.optional(),
  series: column.optional(),
  size: column.optional(),
  /** A name that stands beside what the panel's labels show: an organization beside its AS number. */
  label: column.optional(),
  /**
   * Only the N groups with the greatest sum of the measure, found over the whole result. Over time and in a
   * matrix the groups are the `series`, in a donut `x`, and the rest is summed as “other”; in a bar and a
   * scatter they are `x`, and the rest is left out. The measure must add up, as counts and sums do.
   */
  top: z.number().int().min(1).max(MOST_TOP).optional(),
  /** Single value: width of a bucket in seconds; buckets end at the window's end. */
  bucket: z.number().int().positive().optional(),
  /** Panels that need threat indicators, or the list of administrators, say so while there are none. */
  needs: z.enum(['indicators', 'administrators']).optional(),
  /** What else to say where nothing matches: where the records get what the panel reads. */
  empty: z.string().max(500).optional(),
  /** Table: columns with totals in the footer. */
  totals: z.array(column).max(50).default([]),
  /** Table: columns of numbers whose cells are coloured, the stronger the greater in its column. */
  heat: z.array(column).max(20).default([]),
  /** Map: columns that a marker's tooltip shows of each place, in this order. */
  details: z.array(column).max(12).default([]),
  /** Default window when the panel has its own, in seconds. */
  window: z.number().int().positive().optional(),
  /** Title of what `query` measures, where the panel can be switched to others. */
  measure: title.optional(),
  /** Other measures of the panel: a switch in its head. A run names the chosen one by id. */
  measures: z.array(Measure).max(20).default([]),
});

/** What one run computes. */
export const MOST_PANELS = 200;

/** A file's section has a panel at least; one that a person made may wait for its first. */
export const Section = z.strictObject({ id, title, panels: z.array(Panel).max(MOST_PANELS) });

export const Dashboard = z.strictObject({
  id,
  title,
  description,
  useCase: description,
  app: title,
  /** Default window in seconds, ending now. */
  window: z.number().int().positive().default(3600),
  variables: z.array(Variable).max(50).default([]),
  sections: z.array(Section).max(50),
});

export type Dashboard = z.infer<typeof Dashboard>;
export type Measure = z.infer<typeof Measure>;
export type Panel = z.infer<typeof Panel>;
export type Variable = z.infer<typeof Variable>;
