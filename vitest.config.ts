import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/longest-first.ts';

/**
 * Where nobody looks on, one test of several thousand must not hide what the others say; scripts/flaky-reporter.ts names
 * those that needed it.
 */
const retry = process.env['CI'] === undefined ? 0 : 1;

/**
 * Real binaries, real servers, real processes, each in a place of its own: two files at a time, which with what they start
 * keep two cores busy.
 */
const real = {
  testTimeout: 240_000,
  hookTimeout: 300_000,
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
  retry,
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      // No file depends on what another left in a module, so modules are loaded once a worker: a third of the time less.
      {
        test: {
          name: 'unit',
          include: ['__tests__/unit/**/*.test.ts'],
          isolate: false,
          maxWorkers: 2,
          testTimeout: 30_000,
          retry,
        },
      },
      { test: { ...real, name: 'real', include: ['__tests__/{real,e2e}/**/*.test.ts'] } },
      { test: { ...real, name: 'faults', include: ['__tests__/faults/**/*.test.ts'] } },
    ],
  },
});
