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
