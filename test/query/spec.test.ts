import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompileOptions, type CompileResult, compile, shape } from '../../src/query/index.ts';
import { type Engine, openEngine, options, T0 } from './engine.ts';
import { readSpec, SpecFile } from './spec.ts';

const folder = join(import.meta.dirname, 'spec');

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

/** Times in specs are seconds after T0; results are epoch milliseconds. */
function shifted(value: unknown): unknown {
  return typeof value === 'string' && /^\$-?\d+$/.test(value) ? (T0 + Number(value.slice(1))) * 1000 : value;
}

function succeeded(result: CompileResult): CompileResult & { readonly ok: true } {
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  return result;
}

/** Rows of the same second come in any order; numbers may have been added in another. */
const inOrder = ({ rows }: { readonly rows: readonly unknown[] }) => rows.map((row) => JSON.stringify(row)).sort();

for (const file of readdirSync(folder).sort()) {
  const spec = readSpec(join(folder, file));
  describe(`${file}: ${spec.about}`, () => {
    beforeAll(async () => {
      await engine.clear();
      await engine.loadIndicators(spec.indicators, spec.allowed);
      await engine.load(spec.load.map(({ line, layout, columns }) => ({ line, ...(layout ? { layout } : {}), ...(columns ? { columns } : {}) })));
    });
    for (const { name, query, columns, rows, sql = [], notSql = [], warnings = [], ...more } of spec.evals) {
      it(name, async () => {
        const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) as Partial<CompileOptions>;
        const window = { ...(typeof given.from === 'number' ? { from: T0 + given.from } : {}), ...(typeof given.to === 'number' ? { to: T0 + given.to } : {}) };
        const align = given.alignTo === undefined ? {} : { alignTo: T0 + given.alignTo };
        const { compiled, warnings: warned } = succeeded(compile(query, options(engine, { ...given, ...window, ...align })));
        const answer = shape(compiled, await engine.rows(compiled.statement));
        if (columns) expect(answer.columns.map((c) => c.name)).toEqual(columns);
        if (rows) expect(answer.rows).toEqual(rows.map((row) => row.map(shifted)));
        const streamed = succeeded(compile(query, options(engine, { ...given, ...window, ...align, streamed: true }))).compiled;
        if (streamed.statement.first?.length) expect(inOrder(shape(streamed, await engine.rows(streamed.statement)))).toEqual(inOrder(answer));
        for (const part of sql) expect(compiled.statement.text).toContain(part);
        for (const part of notSql) expect(compiled.statement.text).not.toContain(part);
        expect(warned.map((w) => w.code)).toEqual(warnings);
      });
    }
  });
}

it('an eval without expectation is an error', () => {
  expect(SpecFile.safeParse({ about: 'x', load: [], evals: [{ name: 'x', query: '' }] }).success).toBe(false);
});
