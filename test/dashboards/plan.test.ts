import { describe, expect, test } from 'vitest';
import { type Choices, panelRows, planPanels, unknownPanels } from '../../src/dashboards/plan.ts';
import { Dashboard } from '../../src/dashboards/schema.ts';

const WINDOW = { from: 10_000, to: 13_600 };
const ANY: Choices = { windows: new Map(), measures: {} };

const dashboard = Dashboard.parse({
  id: 'd',
  title: 'D',
  description: 'D.',
  useCase: 'D.',
  app: 'D',
  sections: [
    {
      id: 's',
      title: 'S',
      panels: [
        { id: 'value', title: 'V', description: 'V.', kind: 'value', query: '| timeslice 15m | count by _timeslice', bucket: 900, y: '_count' },
        {
          id: 'table',
          title: 'T',
          description: 'T.',
          kind: 'table',
          query: '| count by action',
          measures: [{ id: 'bytes', title: 'B', query: '| sum(bytes) by action', y: '_sum' }],
        },
        {
          id: 'days',
          title: 'C',
          description: 'C.',
          kind: 'comparison',
          query: '| timeslice 5m | count by _timeslice | COMPARE with timeshift 1d',
          x: '_timeslice',
          y: '_count',
        },
        { id: 'baseline', title: 'B', description: 'B.', kind: 'table', query: '| logcompare timeshift -24h' },
        { id: 'long', title: 'L', description: 'L.', kind: 'table', query: '| count by action', window: 86_400 },
      ],
    },
  ],
});

function plan(choices: Partial<Choices> = {}, window = WINDOW) {
  return Object.fromEntries(planPanels(dashboard, { ...ANY, ...choices }, window).map((task) => [task.panel.id, task]));
}

describe('the plan of a run', () => {
  test('panels share the window unless they read outside of it', () => {
    const tasks = plan();
    expect(Object.entries(tasks).map(([id, t]) => [id, t.shared, t.window])).toEqual([
      ['value', true, WINDOW],
      ['table', true, WINDOW],
      ['days', false, WINDOW],
      ['baseline', false, WINDOW],
      ['long', false, { from: WINDOW.to - 86_400, to: WINDOW.to }],
    ]);
  });

  test('a panel’s own window counts before its default and the run’s', () => {
    const tasks = plan({
      windows: new Map([
        ['long', { from: 1, to: 2 }],
        ['table', { from: 11_000, to: 12_000 }],
      ]),
    });
    expect([tasks.long?.window, tasks.long?.shared]).toEqual([{ from: 1, to: 2 }, false]);
    expect([tasks.table?.window, tasks.table?.shared]).toEqual([{ from: 11_000, to: 12_000 }, true]);
  });

  test('only the panels asked for, with the measure asked for', () => {
    const tasks = plan({ panels: ['table'], measures: { table: 'bytes' } });
    expect(Object.keys(tasks)).toEqual(['table']);
    expect(tasks.table?.query).toBe('| sum(bytes) by action');
    expect(unknownPanels(dashboard, { panels: ['table', 'x'], windows: new Map([['y', WINDOW]]), measures: { z: 'a' } })).toEqual(['x', 'y', 'z']);
  });
});

describe('single values', () => {
  test('count whole buckets back from the end, at least two', () => {
    expect(plan({}, { from: 10_000, to: 13_000 }).value).toMatchObject({ window: { from: 10_300, to: 13_000 }, alignTo: 13_000, shared: true });
    expect(plan({}, { from: 12_700, to: 13_000 }).value).toMatchObject({ window: { from: 11_200, to: 13_000 }, shared: false });
    expect(plan({}, { from: 0, to: 90_000_000 }).value).toMatchObject({ window: { from: 89_100_000, to: 90_000_000 }, shared: true });
  });

  test('have a row for every bucket, 0 where nothing matched', () => {
    const task = plan().value;
    if (!task) throw new Error('no task');
    expect(
      panelRows(
        task,
        ['_timeslice', '_count'],
        [
          [12_700_000, 5],
          [10_900_000, 2],
        ],
      ),
    ).toEqual([
      [10_000_000, 0],
      [10_900_000, 2],
      [11_800_000, 0],
      [12_700_000, 5],
    ]);
  });
});

describe('the top of a panel', () => {
  const bytes = { id: 'bytes', title: 'B', query: '| sum(bytes) as b by dest_port', y: 'b' };
  const taskOf = (more: object, measure?: string) => {
    const panel = { id: 'p', title: 'P', description: 'P.', query: '| count', x: '_timeslice', y: '_count', series: 'dest_port', top: 5, ...more };
    const made = Dashboard.parse({ ...dashboard, sections: [{ id: 's', title: 'S', panels: [panel] }] });
    return planPanels(made, { ...ANY, measures: measure ? { p: measure } : {} }, WINDOW)[0]?.top;
  };

  test('ranks the series over time, by the measure in effect', () => {
    const top = { of: 'dest_port', measure: '_count', count: 5, by: ['_timeslice'], beside: [], rest: 'other' };
    for (const kind of ['line', 'step', 'column', 'area', 'share']) expect(taskOf({ kind })).toEqual(top);
    expect(taskOf({ kind: 'share', label: 'organization', measures: [bytes] }, 'bytes')).toEqual({ ...top, measure: 'b', beside: ['organization'] });
  });

  test('ranks the bars, the points and the parts; only the parts have a rest', () => {
    expect(taskOf({ kind: 'bar', x: 'dest_port', series: 'action' })).toMatchObject({ of: 'dest_port', by: ['action'], rest: 'none' });
    expect(taskOf({ kind: 'scatter', x: 'dest_port', series: undefined })).toMatchObject({ of: 'dest_port', by: [], rest: 'none' });
    expect(taskOf({ kind: 'donut', x: 'dest_port', series: undefined })).toMatchObject({ of: 'dest_port', by: [], rest: 'other' });
    expect(taskOf({ kind: 'matrix', y: undefined, size: '_count' })).toMatchObject({ of: 'dest_port', measure: '_count', by: ['_timeslice'] });
  });

  test('is none where the panel has none', () => {
    expect([taskOf({ kind: 'line', top: undefined }), taskOf({ kind: 'table' })]).toEqual([undefined, undefined]);
  });
});
