/** Every query in content/dashboards compiles, and every column that a panel names is in its result. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDashboards } from '../../src/dashboards/load.ts';
import { panelsOf } from '../../src/dashboards/plan.ts';
import { type Compiled, compile } from '../../src/query/index.ts';
import { ident } from '../../src/query/sql.ts';

const dashboards = await loadDashboards(join(import.meta.dirname, '../../content/dashboards'));
const WINDOW = { from: 1_700_000_000, to: 1_700_003_600 };

function compiled(query: string): Compiled {
  const relations = { table: (dataset: string) => ident(dataset), absentMask: (1n << 64n) - 1n };
  const result = compile(query, { ...WINDOW, now: WINDOW.to, timeZone: 'UTC', alignTo: WINDOW.to, relations, maxRows: 100 });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.compiled;
}

describe.each(dashboards.map((d) => [d.id, d] as const))('%s', (_, dashboard) => {
  const panels = panelsOf(dashboard);
  test.each(panels.map((p) => [p.id, p] as const))('%s', (_id, panel) => {
    const result = compiled(panel.query);
    const names = result.columns.map((c) => c.name);
    expect(result.shape).toBe('aggregates');
    for (const name of [panel.x, panel.y, panel.series, panel.size, panel.label, ...panel.totals]) if (name !== undefined) expect(names).toContain(name);
    if (panel.bucket) expect(result.timeslice).toBe(panel.bucket);
    for (const measure of panel.measures) {
      const other = compiled(measure.query).columns.map((c) => c.name);
      expect(other).toContain(measure.y);
      expect(other.length).toBe(names.length);
    }
  });
});
