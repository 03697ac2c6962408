import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Runs every test and closes with `N passed, N failed`, which a log's reader, or a program, finds at the end. */
const results = join('coverage', 'results.json');
await rm(results, { force: true });
const { status } = spawnSync(
  process.execPath,
  [
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
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
if (skipped > 0) process.stdout.write(`\n${skipped} skipped`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
if (status !== 0 || passed === 0) process.exitCode = 1;
