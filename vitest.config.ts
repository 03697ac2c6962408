import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['__tests__/unit/**/*.test.ts'] } },
      // Real binaries, real servers, real processes: one file at a time, since they share two cores with what they start.
      {
        test: {
          name: 'real',
          include: ['__tests__/{real,faults,e2e}/**/*.test.ts'],
          fileParallelism: false,
          // Where nobody looks on, one test of several thousand must not hide what the others say; scripts/flaky-reporter.ts
          // names those that needed it.
          retry: process.env['CI'] === undefined ? 0 : 1,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
