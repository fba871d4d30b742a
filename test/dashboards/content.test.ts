/** Every query in content/dashboards compiles, and every column that a panel names is in its result. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDashboards } from '../../src/dashboards/load.ts';
import { panelsOf } from '../../src/dashboards/plan.ts';
import type { Panel } from '../../src/dashboards/schema.ts';
import { type Compiled, compile } from '../../src/query/index.ts';
import { ident } from '../../src/query/sql.ts';

const dashboards = loadDashboards(join(import.meta.dirname, '../../content/dashboards'));
const WINDOW = { from: 1_700_000_000, to: 1_700_003_600 };
const OF_FLOWS = ['accountID', 'interfaceID', 'src_ip', 'dest_ip', 'dest_port', 'src_port'];
const OF_EVENTS = ['recipientAccountId', 'awsRegion', 'userName', 'src_ip', 'eventSource', 'eventName'];

function compiled(query: string): Compiled {
  const relations = { table: (dataset: string) => ident(dataset), absentMask: (1n << 64n) - 1n };
  const result = compile(query, { ...WINDOW, now: WINDOW.to, timeZone: 'UTC', alignTo: WINDOW.to, relations, maxRows: 100 });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.compiled;
}

/** Cells of the 24-column grid that stay empty, with panels in the order in which the page places them: never before the one before. */
function holes(panels: readonly Panel[]): string[] {
  const taken = new Set<string>();
  const cells = (column: number, row: number, { width, height }: Panel) =>
    Array.from({ length: width * height }, (_, i) => `${column + (i % width)},${row + Math.floor(i / width)}`);
  let [column, row] = [0, 0];
  for (const panel of panels) {
    while (column + panel.width > 24 || cells(column, row, panel).some((cell) => taken.has(cell))) {
      column = column + panel.width >= 24 ? 0 : column + 1;
      if (column === 0) row += 1;
    }
    for (const cell of cells(column, row, panel)) taken.add(cell);
  }
  const bottom = Math.max(...[...taken].map((cell) => Number(cell.split(',')[1])));
  return Array.from({ length: 24 * (bottom + 1) }, (_, i) => `${i % 24},${Math.floor(i / 24)}`).filter((cell) => !taken.has(cell));
}

test('a hole in a section would be found', () => {
  const [wide, narrow] = [{ width: 16, height: 8 } as Panel, { width: 8, height: 7 } as Panel];
  expect(holes([wide, narrow])).toHaveLength(8);
  expect(holes([narrow, wide])).toHaveLength(8);
  expect(holes([wide, { ...narrow, height: 8 }])).toEqual([]);
});

describe.each(dashboards.map((d) => [d.id, d] as const))('%s', (_, dashboard) => {
  test.each(panelsOf(dashboard).map((p) => [p.id, p] as const))('%s', (_id, panel) => {
    const result = compiled(panel.query);
    const names = result.columns.map((c) => c.name);
    expect(result.shape).toBe('aggregates');
    const named = [panel.x, panel.y, panel.series, panel.size, panel.label, ...panel.totals, ...panel.heat, ...panel.details];
    for (const name of named) if (name !== undefined) expect(names).toContain(name);
    if (panel.bucket) expect(result.timeslice).toBe(panel.bucket);
    for (const measure of panel.measures) {
      const other = compiled(measure.query).columns.map((c) => c.name);
      expect(other).toContain(measure.y);
      expect(other.length).toBe(names.length);
    }
  });

  test('its sections tile the grid without a hole', () => {
    expect(dashboard.sections.map(({ panels }) => holes(panels))).toEqual(dashboard.sections.map(() => []));
  });

  test('it and its panels say what they are for, and its variables hold the scope of the app', () => {
    for (const text of [dashboard.description, dashboard.useCase, ...panelsOf(dashboard).map((p) => p.description)]) expect(text).toMatch(/^[A-Z].{30,}\.$/s);
    const own = dashboard.app.startsWith('AWS CloudTrail') ? OF_EVENTS : OF_FLOWS;
    expect(dashboard.variables.map((v) => v.field)).toEqual(expect.arrayContaining([...own, '_sourceCategory']));
  });
});
