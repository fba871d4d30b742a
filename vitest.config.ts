import { defineConfig } from 'vitest/config';

// Forks, because the embedded engine binds one data directory per process.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/page/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
