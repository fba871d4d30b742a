import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The folders whose files take longest come first, so that no worker waits at the end while another is at one of them. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const later = ({ moduleId }: TestSpecification) => Number(!/\/test\/(page|cli)\//.test(moduleId));
    return (await super.sort(files)).sort((a, b) => later(a) - later(b));
  }
}

// Forks, because the embedded engine binds one data directory per process.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: SlowFirst },
    // As bin/bartizan.js sets it.
    env: { UV_THREADPOOL_SIZE: '16' },
    // These end what hangs. What is slow because the machine is busy does pass.
    testTimeout: 240_000,
    hookTimeout: 300_000,
    // Only what runs tests of the page prepares their data.
    projects: [
      { extends: true, test: { name: 'page', include: ['test/page/*.test.ts'], globalSetup: 'test/page/fixture.ts' } },
      { extends: true, test: { name: 'rest', include: ['test/**/*.test.ts'], exclude: ['test/page/**'] } },
    ],
  },
});
