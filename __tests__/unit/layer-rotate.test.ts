import { appendFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRotation } from '../../src/layer/rotate.ts';
import { createSplitter } from '../../src/layer/split.ts';
import { temporaryFolder } from '../support/folder.ts';

const kib = 1024;

async function openRotation(atBytes: number) {
  const folder = await temporaryFolder();
  const file = join(folder.dir, 'out');
  const handle = await open(file, 'ax+');
  return {
    ...{ file, handle, rotation: createRotation(handle.fd, atBytes) },
    async [Symbol.asyncDispose]() {
      await handle.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('at the limit the end of what nobody read is kept, and the rest is counted', async () => {
  await using opened = await openRotation(256 * kib);
  const { file, rotation } = opened;
  appendFileSync(file, `${'x'.repeat(99)}\n`.repeat(3000));
  appendFileSync(file, 'Error: the end\n');
  const turned = rotation.turn(1000);
  expect(statSync(file).size).toBe(0);
  expect(turned?.lost).toBe(true);
  expect(turned?.kept).toHaveLength(64 * kib);
  expect(rotation).toMatchObject({ turns: 1, lostBytes: 300_015 - 1000 - 64 * kib });

  const splitter = createSplitter();
  splitter.add(Buffer.from('half of a li'));
  expect(splitter.resume()).toEqual(['half of a li']);
  const lines = splitter.add(turned?.kept ?? Buffer.alloc(0));
  expect(lines.at(-1)).toBe('Error: the end');
  expect(lines[0]).toBe('x'.repeat(99));
});

test('nothing is lost where what is unread can be kept whole', async () => {
  await using opened = await openRotation(4 * kib);
  const { file, rotation } = opened;
  appendFileSync(file, 'read\n'.repeat(1000));
  appendFileSync(file, 'unread\n');
  const turned = rotation.turn(5000);
  expect(String(turned?.kept)).toBe('unread\n');
  expect(turned?.lost).toBe(false);
  expect(rotation).toMatchObject({ turns: 1, lostBytes: 0 });
});

test('below its limit a file that was just written to stays, though all of it was read', async () => {
  await using opened = await openRotation(8 * kib);
  const { file, rotation } = opened;
  appendFileSync(file, 'read\n'.repeat(1000));
  const fresh = new Date(Date.now() + 60_000);
  await opened.handle.utimes(fresh, fresh);
  expect(rotation.turn(5000)).toBeUndefined();
  const old = new Date(Date.now() - 1000);
  await opened.handle.utimes(old, old);
  expect(rotation.turn(4999)).toBeUndefined();
  expect(rotation.turn(5000)).toMatchObject({ lost: false });
});

test('a line whose beginning was lost is not handed on, were it the last', () => {
  const splitter = createSplitter();
  splitter.resume();
  expect(splitter.add(Buffer.from('second half of a sec'))).toEqual([]);
  expect(splitter.add(Buffer.from('ret\nwhole\n'))).toEqual(['whole']);
  splitter.resume();
  expect(splitter.add(Buffer.from('second half'))).toEqual([]);
  expect(splitter.end()).toEqual([]);
});
