/** Dashboards as files: what is written is read back as the same, and written again as the same bytes; hostile files are said to be wrong. */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slug } from '../../src/dashboards/ids.ts';
import { DashboardFileError, loadDashboards, parseDashboard } from '../../src/dashboards/load.ts';
import { Dashboard, MEANINGS, PANEL_KINDS } from '../../src/dashboards/schema.ts';
import { writeDashboard } from '../../src/dashboards/write.ts';

const CONTENT = join(import.meta.dirname, '../../content/dashboards');

/** Texts as people type them, and as nobody does. */
const text = (maxLength = 60) =>
  fc.oneof(
    fc.string({ maxLength, unit: 'grapheme' }),
    fc
      .array(
        fc.constantFrom(
          'a',
          '| count',
          ': ',
          '- ',
          '#',
          ' ',
          '\n',
          '\n\n',
          '\t',
          '"',
          "'",
          '\\',
          '  x',
          '{',
          '!',
          '&a',
          '*a',
          '%',
          '…',
          '~',
          'null',
          '1e3',
          '<<',
          '---',
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join('')),
  );
const id = fc.nat().map((n) => `id-${n}`);

const panel = fc.record(
  {
    id,
    title: text(),
    description: text(),
    kind: fc.constantFrom('table' as const),
    query: text(200),
    filters: fc.array(
      fc.record({ field: fc.constantFrom('src_ip', 'dest_port'), values: fc.array(text(), { minLength: 1, maxLength: 3 }), negate: fc.boolean() }),
      { maxLength: 2 },
    ),
    width: fc.integer({ min: 3, max: 24 }),
    height: fc.integer({ min: 3, max: 20 }),
    unit: fc.constantFrom('count' as const, 'bytes' as const),
    meaning: fc.constantFrom(...MEANINGS),
    y: text(),
    totals: fc.array(text(), { maxLength: 3 }),
    heat: fc.array(text(), { maxLength: 3 }),
    window: fc.integer({ min: 1, max: 1e7 }),
    measure: text(),
    measures: fc.uniqueArray(fc.record({ id, title: text(), query: text(200), y: text(), unit: fc.constantFrom('count' as const, 'none' as const) }), {
      maxLength: 2,
      selector: (m) => m.id,
    }),
  },
  { requiredKeys: ['id', 'title', 'description', 'kind', 'query'] },
);

const dashboards = fc
  .record({
    id,
    title: text(),
    description: text(),
    useCase: text(),
    app: text(),
    window: fc.integer({ min: 1, max: 1e7 }),
    variables: fc.uniqueArray(fc.record({ id, title: text(), field: fc.constantFrom('src_ip', 'dest_port') }), { maxLength: 3, selector: (v) => v.id }),
    panels: fc.uniqueArray(panel, { minLength: 1, maxLength: 4, selector: (p) => p.id }),
  })
  .map(({ panels, ...head }) => Dashboard.parse({ ...head, sections: [{ id: 'one', title: 'One', panels }] }));

describe('a dashboard that is written', () => {
  test('is read back as the same, and written again as the same bytes', () => {
    fc.assert(
      fc.property(dashboards, (dashboard) => {
        const file = writeDashboard(dashboard);
        const back = parseDashboard(file, 'file');
        expect(back).toEqual(dashboard);
        expect(writeDashboard(back)).toBe(file);
      }),
      { numRuns: 500 },
    );
  });

  test('is each that ships, whatever kind its panels are', async () => {
    const ready = loadDashboards(CONTENT);
    expect(ready.length).toBeGreaterThan(0);
    for (const dashboard of ready) {
      const file = writeDashboard(dashboard);
      expect(parseDashboard(file, 'file')).toEqual(dashboard);
      // Queries stand as they are read: a line for each step.
      expect(file).toContain('query: |-\n');
    }
    expect(PANEL_KINDS.length).toBeGreaterThanOrEqual(15);
  });

  test('leaves out what is the default anyway, and keeps what is not', () => {
    const shared = { id: 'a', title: 'A', description: '', kind: 'table', query: '*' };
    const dashboard = Dashboard.parse({ id: 'd', title: 'D', description: '', useCase: '', app: '', sections: [{ id: 's', title: 'S', panels: [shared] }] });
    expect(writeDashboard(dashboard)).toBe(
      'id: d\ntitle: D\ndescription: ""\nuseCase: ""\napp: ""\nsections:\n  - id: s\n    title: S\n    panels:\n      - id: a\n        title: A\n        description: ""\n        kind: table\n        query: "*"\n',
    );
    const wide = {
      ...dashboard,
      window: 900,
      sections: [{ id: 's', title: 'S', panels: [Dashboard.shape.sections.element.shape.panels.element.parse({ ...shared, width: 24 })] }],
    };
    expect(writeDashboard(wide)).toContain('window: 900');
    expect(writeDashboard(wide)).toContain('width: 24');
  });
});

describe('a hostile file', () => {
  const problemsOf = (file: string): string => {
    try {
      parseDashboard(file, 'bad.yaml');
    } catch (error) {
      if (error instanceof DashboardFileError) return error.message;
      throw error;
    }
    return '';
  };

  test('is wrong in words: aliases that grow, nesting without end, thousands of mistakes, another form', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let n = 1; n < 12; n++)
      lines.push(
        `${String.fromCharCode(97 + n)}: &${String.fromCharCode(97 + n)} [${Array(9)
          .fill(`*${String.fromCharCode(96 + n)}`)
          .join(', ')}]`,
      );
    expect(problemsOf(lines.join('\n'))).toMatch(/not valid YAML/);
    expect(problemsOf('['.repeat(100_000))).toMatch(/not valid YAML/);
    const many = problemsOf(`id: x\nsections:\n${'  - {}\n'.repeat(5000)}`);
    expect(many.split('\n').length).toBeLessThanOrEqual(51);
    for (const file of ['', '42', '- a', 'null', '\u0000', '\ufeff{}', 'a: !!js/function "x"']) expect(problemsOf(file)).not.toBe('');
  });

  test('of too much: panels, texts, queries', () => {
    const panels = Array.from({ length: 201 }, (_, i) => ({ id: `p${i}`, title: 'P', description: '', kind: 'table', query: '*' }));
    const of = (sections: object) => JSON.stringify({ id: 'd', title: 'D', description: '', useCase: '', app: '', sections });
    const halves = [panels.slice(0, 101), panels.slice(101)].map((list, i) => ({ id: `s${i}`, title: 'S', panels: list }));
    expect(problemsOf(of(halves))).toContain('at most 200 panels');
    expect(problemsOf(of([{ ...halves[0], panels: panels.slice(0, 200) }]))).toBe('');
    expect(problemsOf(of([{ id: 's', title: 'S', panels: [{ ...panels[0], title: 'x'.repeat(201) }] }]))).toContain('sections.0.panels.0.title');
    expect(problemsOf(of([{ id: 's', title: 'S', panels: [{ ...panels[0], query: 'x'.repeat(65_537) }] }]))).toContain('sections.0.panels.0.query');
  });
});

test('an id is made of what a title has of words', () => {
  expect([slug('Top 10 – Ports!', 'x'), slug('日本', 'dashboard'), slug('--', 'x'), slug('x'.repeat(300), 'y').length]).toEqual([
    'top-10-ports',
    'dashboard',
    'x',
    80,
  ]);
});
