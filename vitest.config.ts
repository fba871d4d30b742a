import { defineConfig } from 'vitest/config';

// Forks, because the embedded engine binds one data directory per process.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // As bin/bartizan.js sets it.
    env: { UV_THREADPOOL_SIZE: '16' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
