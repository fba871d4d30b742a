/** The pure parts of editing a dashboard: where panels stand, how they move, and what can be undone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutputColumn } from '../../src/api/contract.ts';
import { checkDashboard } from '../../src/dashboards/check.ts';
import { PANEL_KINDS, Panel } from '../../src/dashboards/schema.ts';
import {
  addPanel,
  addSection,
  type Draft,
  duplicatePanel,
  movePanel,
  moveSection,
  panelsOf,
  removePanel,
  removeSection,
  resizePanel,
  type Step,
  spotOf,
  stepOf,
} from '../../src/web/dashboard/edit/draft.ts';
import { secondsOf, secondsText } from '../../src/web/dashboard/edit/fields.tsx';
import { beside, COLUMNS, dropAt, type Place, place, resized } from '../../src/web/dashboard/edit/grid.ts';
import { begin, changed, type History, redo, undo } from '../../src/web/dashboard/edit/history.ts';
import { findings, fitted, isNeeded, optionsOf } from '../../src/web/dashboard/edit/options.ts';

const panel = (id: string, width = 8, height = 7): Panel =>
  Panel.parse({ id, title: id, description: '', kind: 'table', query: '*', width, height }) satisfies Panel;

const draftOf = (...sections: readonly (readonly Panel[])[]): Draft => ({
  title: 'D',
  description: '',
  useCase: '',
  window: 3600,
  variables: [],
  sections: sections.map((panels, i) => ({ id: `s${i}`, title: `Section ${i}`, panels: [...panels] })),
});

const size = fc.record({ width: fc.integer({ min: 3, max: 24 }), height: fc.integer({ min: 3, max: 20 }) });
const panels = fc.array(size, { maxLength: 25 }).map((sizes) => sizes.map(({ width, height }, i) => panel(`p${i}`, width, height)));
const drafts = fc.array(panels, { minLength: 1, maxLength: 4 }).map((all) => {
  const named = all.map((list, s) => list.map((p) => ({ ...p, id: `${p.id}-${s}` })));
  return draftOf(...named);
});
const idsOf = (draft: Draft) => panelsOf(draft).map((p) => p.id);

describe('the grid', () => {
  test('places panels in their order, each inside, none over another', () => {
    fc.assert(
      fc.property(panels, (list) => {
        const places = place(list);
        expect(places.map((p) => p.id)).toEqual(list.map((p) => p.id));
        const taken = new Set<string>();
        let before = -1;
        for (const { column, row, width, height } of places) {
          expect(column + width).toBeLessThanOrEqual(COLUMNS);
          expect(row * COLUMNS + column).toBeGreaterThan(before);
          before = row * COLUMNS + column;
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              const cell = `${row + y} ${column + x}`;
              expect(taken.has(cell)).toBe(false);
              taken.add(cell);
            }
          }
        }
      }),
    );
  });

  test('as a browser does: beside one another while they fit, then below', () => {
    const at = (list: readonly Panel[]) => place(list).map(({ column, row }) => [column, row]);
    expect(at([panel('a', 12, 8), panel('b', 6, 5), panel('c', 6, 5), panel('d', 12, 4)])).toEqual([
      [0, 0],
      [12, 0],
      [18, 0],
      [12, 5],
    ]);
    expect(at([panel('a', 16), panel('b', 9), panel('c', 3)])).toEqual([
      [0, 0],
      [0, 7],
      [9, 7],
    ]);
  });

  test('knows what stands above and below the middle of a panel', () => {
    const places: Place[] = place([panel('a', 12), panel('b', 12), panel('c', 8), panel('d', 8), panel('e', 8)]);
    expect(beside(places, 'c', 'above')).toBe(0);
    expect(beside(places, 'e', 'above')).toBe(1);
    expect(beside(places, 'b', 'below')).toBe(4);
    expect(beside(places, 'a', 'above')).toBe(-1);
    expect(beside(places, 'nobody', 'below')).toBe(-1);
  });

  test('a corner that is dragged resizes by whole cells, within limits', () => {
    const unit = { x: 50, y: 40 };
    expect(resized({ width: 8, height: 7 }, { x: 74, y: -61 }, unit)).toEqual({ width: 9, height: 5 });
    expect(resized({ width: 8, height: 7 }, { x: 24, y: 19 }, unit)).toEqual({ width: 8, height: 7 });
    expect(resized({ width: 8, height: 7 }, { x: -9e9, y: 9e9 }, unit)).toEqual({ width: 3, height: 20 });
  });

  test('a panel is dropped before or behind the one under the pointer, among the others', () => {
    const rect = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom });
    const zones = [
      {
        section: 's0',
        rect: rect(0, 0, 100, 50),
        slots: [
          { id: 'a', rect: rect(0, 0, 50, 50) },
          { id: 'b', rect: rect(50, 0, 100, 50) },
        ],
      },
      { section: 's1', rect: rect(0, 60, 100, 90), slots: [] },
    ];
    expect(dropAt(zones, 'a', 60, 20)).toEqual({ section: 's0', index: 0, mark: { id: 'b', side: 'before' } });
    expect(dropAt(zones, 'a', 90, 20)).toEqual({ section: 's0', index: 1, mark: { id: 'b', side: 'after' } });
    expect(dropAt(zones, 'c', 90, 20)).toEqual({ section: 's0', index: 2, mark: { id: 'b', side: 'after' } });
    expect(dropAt(zones, 'a', 20, 20)).toBeNull();
    expect(dropAt(zones, 'a', 20, 70)).toEqual({ section: 's1', index: 0 });
    expect(dropAt(zones, 'a', 20, 4000)).toEqual({ section: 's1', index: 0 });
    expect(dropAt([], 'a', 1, 1)).toBeNull();
  });
});

describe('a draft', () => {
  test('keeps every panel once, wherever one is moved', () => {
    fc.assert(
      fc.property(drafts, fc.nat(), fc.nat(), fc.integer({ min: -2, max: 30 }), (draft, which, where, index) => {
        const ids = idsOf(draft);
        const id = ids[which % Math.max(1, ids.length)] ?? 'nobody';
        const section = draft.sections[where % draft.sections.length]?.id ?? '';
        const moved = movePanel(draft, id, { section, index: Math.max(0, index) });
        expect(idsOf(moved).toSorted()).toEqual(ids.toSorted());
        if (ids.length > 0) expect(spotOf(moved, id)?.section).toBe(section);
        expect(movePanel(draft, id, { section: 'nowhere', index: 0 })).toBe(draft);
      }),
    );
  });

  test('steps lead to every place and back', () => {
    fc.assert(
      fc.property(drafts, fc.nat(), (draft, which) => {
        const ids = idsOf(draft);
        const id = ids[which % Math.max(1, ids.length)];
        if (id === undefined) return;
        const walk = (from: Draft, step: Step) => {
          let now = from;
          for (let n = 0; n < 500; n++) {
            const to = stepOf(now, id, step);
            if (!to) return now;
            now = movePanel(now, id, to);
          }
          throw new Error(`${step} never ends`);
        };
        const first = walk(draft, 'earlier');
        expect(spotOf(first, id)).toEqual({ section: draft.sections[0]?.id, index: 0 });
        const last = walk(first, 'later');
        expect(spotOf(last, id)?.section).toBe(draft.sections.at(-1)?.id);
        expect(last.sections.at(-1)?.panels.at(-1)?.id).toBe(id);
        expect(spotOf(walk(last, 'up'), id)?.section).toBe(draft.sections[0]?.id);
        expect(spotOf(walk(first, 'down'), id)?.section).toBe(draft.sections.at(-1)?.id);
      }),
      { numRuns: 30 },
    );
  });

  test('gives new panels and sections ids of their own', () => {
    const empty = draftOf();
    const one = addPanel(empty, { ...panel('any'), title: 'Top ports' });
    expect(one.sections.map((s) => [s.title, s.panels.map((p) => p.id)])).toEqual([['Panels', ['top-ports']]]);
    const two = addPanel(one, { ...panel('any'), title: 'Top ports' });
    const { draft: three, id } = duplicatePanel(two, 'top-ports');
    expect([id, idsOf(three)]).toEqual(['top-ports-copy', ['top-ports', 'top-ports-copy', 'top-ports-2']]);
    const sections = addSection(addSection(three, 'Panels'), '日本');
    expect(sections.sections.map((s) => s.id)).toEqual(['panels', 'panels-2', 'section']);
    const named = { id: 'd', app: '', ...sections };
    expect(checkDashboard(named)).toEqual([]);
    expect(duplicatePanel(two, 'nobody').draft).toBe(two);
  });

  test('sections move among themselves and go with their panels', () => {
    const draft = draftOf([panel('a')], [panel('b')], []);
    const order = (d: Draft) => d.sections.map((s) => s.id);
    expect(order(moveSection(draft, 's0', 1))).toEqual(['s1', 's0', 's2']);
    expect(moveSection(draft, 's0', -1)).toBe(draft);
    expect(moveSection(draft, 's2', 1)).toBe(draft);
    expect(idsOf(removeSection(draft, 's0'))).toEqual(['b']);
    expect(idsOf(removePanel(draft, 'a'))).toEqual(['b']);
    expect(panelsOf(resizePanel(draft, 'a', { width: 99, height: 1 }))[0]).toMatchObject({ width: 24, height: 3 });
  });
});

describe('history', () => {
  test('undo and redo walk over any changes, and a new change forgets what was undone', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.constant('undo' as const), fc.constant('redo' as const))), (acts) => {
        // A model: a list of states and where one stands in it.
        let states: number[] = [0];
        let at = 0;
        let history: History<number> = begin(0);
        for (const act of acts) {
          if (act === 'undo') {
            history = undo(history);
            at = Math.max(0, at - 1);
          } else if (act === 'redo') {
            history = redo(history);
            at = Math.min(states.length - 1, at + 1);
          } else {
            history = changed(history, act, `to ${act}`);
            if (act !== states[at]) {
              states = [...states.slice(0, at + 1), act];
              at++;
            }
          }
          expect(history.now).toBe(states[at]);
          expect([history.past.length, history.future.length]).toEqual([at, states.length - 1 - at]);
        }
      }),
    );
  });

  test('says what an undo is of, and does not grow without end', () => {
    let history = changed(changed(begin(0), 1, 'one'), 2, 'two');
    expect(history.past.at(-1)?.what).toBe('two');
    expect(undo(history).future.at(-1)?.what).toBe('two');
    expect(undo(history).past.at(-1)?.what).toBe('one');
    for (let n = 3; n < 1000; n++) history = changed(history, n, String(n));
    expect(history.past.length).toBe(200);
    expect(undo(history).now).toBe(998);
  });
});

describe('options of kinds', () => {
  const columns: OutputColumn[] = [
    { name: '_timeslice', kind: 'time' },
    { name: 'dest_port', kind: 'number', field: 'destination.port' },
    { name: '_count', kind: 'number' },
  ];
  const query = '* | timeslice 5m | count by _timeslice, dest_port';
  const base = { ...panel('p'), query };

  test('every kind has what it needs, and a panel made of a result is right in each kind', () => {
    const three: OutputColumn[] = [
      { name: 'asn', kind: 'number', field: 'destination.as.number' },
      { name: 'dest_port', kind: 'number', field: 'destination.port' },
      { name: '_count', kind: 'number' },
    ];
    for (const kind of PANEL_KINDS) {
      for (const [text, made] of [
        [query, columns],
        ['* | count by asn, dest_port', three],
      ] as const) {
        const next = fitted({ ...base, query: text }, kind, made);
        expect([kind, findings(next, made)]).toEqual([kind, []]);
        expect(Panel.safeParse(JSON.parse(JSON.stringify(next))).success).toBe(true);
      }
      for (const option of ['x', 'y', 'series', 'size'] as const) if (isNeeded(kind, option)) expect(optionsOf(kind)).toContain(option);
    }
  });

  test('another kind keeps what both have, and drops what only the old one has', () => {
    const table: Panel = { ...base, totals: ['_count'], heat: ['_count'], y: '_count' };
    const stack = fitted(table, 'column', columns);
    expect(stack).toMatchObject({ kind: 'column', x: '_timeslice', y: '_count', series: 'dest_port', totals: [], heat: [] });
    const top = fitted({ ...stack, top: 5 }, 'share', columns);
    expect(top).toMatchObject({ kind: 'share', top: 5, series: 'dest_port' });
    expect(fitted(top, 'table', columns).top).toBeUndefined();
  });

  test('a result of other columns takes those away that it does not have', () => {
    const bar = fitted({ ...base, query: '* | count by dest_port' }, 'bar', columns.slice(1));
    const other: OutputColumn[] = [{ name: 'action', kind: 'text', field: 'event.action' }, columns[2] as OutputColumn];
    const next = { ...bar, query: '* | count by action', series: 'dest_port' };
    expect(findings(next, other)).toEqual(['the result has no column “dest_port”']);
    const mended = fitted(next, 'bar', other);
    expect(mended).toMatchObject({ x: 'action', y: '_count' });
    expect(mended.series).toBeUndefined();
    expect(findings({ ...bar, y: undefined } as unknown as Panel, undefined)).toEqual(['a bar panel must name the column of its y']);
  });
});

test('lengths of time are written as they are read', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 4e8 }), (seconds) => secondsOf(secondsText(seconds)) === seconds));
  expect([secondsText(900), secondsText(5400), secondsText(86_400), secondsText(61)]).toEqual(['15m', '90m', '1d', '61s']);
  expect([secondsOf('90'), secondsOf('1h 30m'), secondsOf(''), secondsOf('soon'), secondsOf('0m'), secondsOf('-5m')]).toEqual([
    5400,
    5400,
    null,
    null,
    null,
    null,
  ]);
});
