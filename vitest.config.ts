import { defineConfig } from 'vitest/config';

const real = {
  testTimeout: 120_000,
  hookTimeout: 300_000,
  // Where nobody looks on, one test of several thousand must not hide what the others say; scripts/flaky-reporter.ts names
  // those that needed it.
  retry: process.env['CI'] === undefined ? 0 : 1,
};

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['__tests__/unit/**/*.test.ts'] } },
      // Real binaries, real servers, real processes: one file at a time, since they share two cores with what they start.
      {
        test: {
          ...real,
          name: 'real',
          include: ['__tests__/{real,e2e}/**/*.test.ts'],
          fileParallelism: false,
        },
      },
      // Castles that wait more than they work, each in a place of its own: two files at a time.
      {
        test: {
          ...real,
          name: 'faults',
          include: ['__tests__/faults/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
