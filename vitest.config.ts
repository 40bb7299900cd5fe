import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A test that hangs; one that is slow beside others has time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Every core: vitest alone would leave one to itself, which is half of a machine with two.
    maxWorkers: availableParallelism(),
    setupFiles: ['test/setup.ts'],
  },
});
