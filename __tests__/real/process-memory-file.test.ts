import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readMemoryFile } from '../../src/process/memory-file.ts';

/** Around the sizes of the buffers that it is read into, and far over them. */
const lengths = [
  0,
  1,
  ...[2048, 8192, 32_768].flatMap((size) => [-100, -17, -16, -1, 0, 1].map((by) => size + by)),
  100_000,
];

test('a command line and an environment are read whole, however long they are', async () => {
  for (const length of lengths) {
    // Its bytes are the name, an equals sign, the value and a zero: one of the lengths is to the byte.
    const child = spawn('/bin/sleep', ['60', `0${'0'.repeat(length)}`], {
      env: { LONG_VARIABLE: 'x'.repeat(length) },
    });
    try {
      await once(child, 'spawn');
      for (const name of ['cmdline', 'environ']) {
        const path = `/proc/${child.pid}/${name}`;
        expect((await readMemoryFile(path))?.equals(await readFile(path)), `${name} ${length}`).toBe(true);
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
});

test('of a process that is gone there is nothing', async () => {
  expect(await readMemoryFile('/proc/4194304999/environ')).toBeUndefined();
});
