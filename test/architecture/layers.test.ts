/** The architecture is a table, and this test reads it: who may import whom, no circles, no long files. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

/** What each folder of src/ may import besides itself. A path with a file name allows that file only, one that ends with / that folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  query: ['model'],
  formats: ['model'],
  enrich: ['model'],
  decode: ['model'],
  collect: ['model'],
  demo: ['model'],
  dashboards: ['model', 'query'],
  store: ['model', 'query'],
  ingest: [
    'model',
    'decode',
    'formats',
    'enrich',
    'collect',
    'query/sql.ts',
    'store/store.ts',
    'store/metadata.ts',
    'store/native-block.ts',
    'store/sources.ts',
    'store/feeds.ts',
  ],
  api: [
    'model',
    'collect/aws-credentials.ts',
    'collect/ec2/check.ts',
    'collect/ec2/settings.ts',
    'collect/feeds/problems.ts',
    'collect/s3/check.ts',
    'collect/s3/settings.ts',
    'query',
    'formats',
    'dashboards',
    'decode/decompress.ts',
    'store/store.ts',
    'store/metadata.ts',
    'store/library.ts',
    'store/catalog.ts',
    'store/lookups.ts',
    'ingest/lookup-file.ts',
    'ingest/collection.ts',
    'ingest/feeds.ts',
    'ingest/ingest.ts',
    'ingest/layout-memory.ts',
    'ingest/quarantine.ts',
    'ingest/retro-hunts.ts',
    'ingest/samples.ts',
    'ingest/spool.ts',
    'ingest/vitals.ts',
    'store/sources.ts',
    'store/feeds.ts',
    'store/indicators.ts',
    'store/indicator-reader.ts',
  ],
  web: ['model', 'query', 'dashboards', 'formats/flow/layout.ts', 'api/contract.ts', 'api/contract/'],
  cli: ['*'],
  'main.ts': ['*'],
  'config.ts': ['model'],
  'version.ts': [],
};

/** Pure layers run anywhere: no node:*, no packages but these. re2js: operators' patterns on records run in linear time, and it is plain JavaScript. */
const PURE: Readonly<Record<string, readonly string[]>> = { model: [], query: [], formats: ['re2js'], enrich: [], demo: [] };

/** Files over 400 lines, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'model/fields.ts': 'the field table: one row a field, and splitting it would make two tables of truth',
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly specifier: string;
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return files(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

const FILES = files(SRC);

function imports(path: string): Import[] {
  const text = readFileSync(path, 'utf8');
  const found = [
    ...text.matchAll(/^\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|^\s*import\s+['"]([^'"]+)['"]/gm),
  ];
  return found.map((match) => {
    const specifier = (match[1] ?? match[2] ?? match[3]) as string;
    return { from: relative(SRC, path), to: specifier.startsWith('.') ? relative(SRC, resolve(dirname(path), specifier)) : '', specifier };
  });
}

const room = (path: string) => path.split('/')[0] as string;
const ALL = FILES.flatMap(imports);

describe('layers', () => {
  it('reads real imports', () => {
    expect(ALL.length).toBeGreaterThan(30);
    expect(ALL.some((i) => i.from === 'store/ddl.ts' && i.to === 'model/fields.ts')).toBe(true);
  });

  it('gives every folder a place in the table', () => {
    const rooms = new Set(FILES.map((f) => room(relative(SRC, f))));
    expect([...rooms].filter((r) => !(r in MAY_IMPORT))).toEqual([]);
  });

  it('lets data flow one way', () => {
    const wrong = ALL.filter((i) => {
      if (!i.to || room(i.to) === room(i.from)) return false;
      const allowed = MAY_IMPORT[room(i.from)] ?? [];
      return !allowed.some((a) => a === '*' || a === room(i.to) || a === i.to || (a.endsWith('/') && i.to.startsWith(a)));
    });
    expect(wrong.map((i) => `${i.from} → ${i.to}`)).toEqual([]);
  });

  it('keeps the pure layers free of Node and of packages', () => {
    const wrong = ALL.filter((i) => !i.to && PURE[room(i.from)] && !PURE[room(i.from)]?.some((p) => i.specifier === p));
    expect(wrong.map((i) => `${i.from} → ${i.specifier}`)).toEqual([]);
  });

  it('has no circle', () => {
    const graph = new Map<string, string[]>();
    for (const i of ALL) if (i.to) graph.set(i.from, [...(graph.get(i.from) ?? []), i.to]);
    const done = new Set<string>();
    const path: string[] = [];
    const circles: string[] = [];
    const visit = (file: string): void => {
      if (path.includes(file)) {
        circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      if (done.has(file)) return;
      path.push(file);
      for (const next of graph.get(file) ?? []) visit(next);
      path.pop();
      done.add(file);
    };
    for (const file of graph.keys()) visit(file);
    expect(circles).toEqual([]);
  });

  it('has what people write read with our own words for what is wrong with it', () => {
    // Of these two the schema's words are never shown.
    const silent = ['api/server-file.ts', 'dashboards/write.ts'];
    const mute = FILES.map((f) => [relative(SRC, f), readFileSync(f, 'utf8').match(/\.safeParse\((?![^\n]*error: inPlaceOf)[^\n]*/g)] as const);
    expect(mute.filter(([f, found]) => found && !silent.includes(f))).toEqual([]);
  });

  it('keeps files short enough to read, or says why not', () => {
    const long = FILES.map((f) => [relative(SRC, f), readFileSync(f, 'utf8').split('\n').length - 1] as const).filter(
      ([f, lines]) => lines > 400 && !(f in LONG_FILES),
    );
    expect(long).toEqual([]);
  });
});

describe('lockfile', () => {
  const lock = JSON.parse(readFileSync(resolve(SRC, '../package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; resolved?: string; optionalDependencies?: Record<string, string> }>;
  };

  it('lists the engine of every platform, so that npm ci works there too', () => {
    for (const platform of ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu', 'linux-x64-gnu']) {
      expect(lock.packages[`node_modules/@chdb/lib-${platform}`]?.version).toBe(
        lock.packages['node_modules/chdb']?.optionalDependencies?.[`@chdb/lib-${platform}`],
      );
    }
  });

  it('names no host of a registry', () => {
    expect(Object.values(lock.packages).filter((p) => p.resolved)).toEqual([]);
  });

  it('pins every dependency exactly', () => {
    const manifest = JSON.parse(readFileSync(resolve(SRC, '../package.json'), 'utf8')) as Record<string, Record<string, string>>;
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([, version]) => !/^\d/.test(version));
    expect(loose).toEqual([]);
  });
});
