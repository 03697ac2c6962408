import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Runs every test and closes with `N passed, N failed`, which a log's reader, or a program, finds at the end. */
const results = join('coverage', 'results.json');
await rm(results, { force: true });
const { status } = spawnSync(
  process.execPath,
  [
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=./scripts/flaky-reporter.ts',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
// Where vitest itself died there are no results, and the closing line must still come.
const totals: Readonly<Record<string, unknown>> = JSON.parse(
  await readFile(results, 'utf8').catch(() => '{}'),
);
const count = (name: string) => Number(totals[name] ?? 0);
const passed = count('numPassedTests');
// A file that cannot be loaded holds no failed test, yet nothing in it was tested.
const failed = count('numFailedTests') + (status !== 0 && count('numFailedTests') === 0 ? 1 : 0);
const skipped = count('numPendingTests') + count('numTodoTests');
for (const line of slowest(totals['testResults'])) process.stdout.write(`\n${line}`);
if (skipped > 0) process.stdout.write(`\n${skipped} skipped`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
if (status !== 0 || passed === 0) process.exitCode = 1;

/** Where most of the time went, a line each: `SECONDS FILE`. */
function slowest(listed: unknown): string[] {
  const files = (Array.isArray(listed) ? listed : []) as {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
  return files
    .map(({ name, startTime, endTime }) => ({
      name: relative('.', name),
      seconds: (endTime - startTime) / 1000,
    }))
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, 25)
    .map(({ name, seconds }) => `${seconds.toFixed(0).padStart(5)} s ${name}`);
}
