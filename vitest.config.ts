import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What these measure of their process, its memory, is to be theirs alone. */
const ALONE = ['test/api/{exports,hostile,receive-limits}.test.ts', 'test/decode/{parquet,parquet-hostile}.test.ts'];

/** What takes longest comes first, so that no worker waits at the end while another is at one file; a project's files stay together. */
const ORDER = [/\/test\/page\/(dashboards|axe|panels)\./, /^page /, /^alone /, /\/test\/faults\//, /\/test\/cli\//, /\/test\/(deploy|ingest|api)\//, /./];

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project, moduleId }: TestSpecification) => ORDER.findIndex((pattern) => pattern.test(`${project.name} ${moduleId}`));
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    // Forks, because the embedded engine binds one data directory per process.
    pool: 'forks',
    maxWorkers: 3,
    // A process for each file loads the engine and all modules again, which takes longer than most files. So a file leaves
    // nothing behind: what it opens it closes, and what it changes of its process it changes back.
    isolate: false,
    sequence: { sequencer: SlowFirst },
    // As bin/bartizan.js sets them.
    env: { UV_THREADPOOL_SIZE: '16', NODE_COMPILE_CACHE: resolve(import.meta.dirname, '.cache/compiled') },
    // These end what hangs. What is slow because the machine is busy does pass.
    testTimeout: 240_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    setupFiles: 'test/released.ts',
    // Only what runs tests of the page prepares their data.
    projects: [
      { extends: true, test: { name: 'page', include: ['test/page/*.test.ts'], globalSetup: ['test/built.ts', 'test/page/fixture.ts'] } },
      { extends: true, test: { name: 'alone', include: ALONE, isolate: true, globalSetup: 'test/built.ts' } },
      { extends: true, test: { name: 'rest', include: ['test/**/*.test.ts'], exclude: ['test/page/**', ...ALONE], globalSetup: 'test/built.ts' } },
    ],
  },
});
