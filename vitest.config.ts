import { defineConfig } from 'vitest/config';

// Forks, because the embedded engine binds one data directory per process.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // As bin/bartizan.js sets it.
    env: { UV_THREADPOOL_SIZE: '16' },
    // These end what hangs. What is slow because the machine is busy does pass.
    testTimeout: 240_000,
    hookTimeout: 300_000,
  },
});
