import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSplitter, longestLine } from '../../src/layer/split.ts';
import { tailFile } from '../../src/layer/tail.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { temporaryFolder } from '../support/folder.ts';

/** Words: no part of it is known by itself, as a part of a token would be. */
const secret = 'correct horse battery staple and a hedgehog';
const redactor = createRedactor();
redactor.add('WORDS', secret);
const trim = (text: string) => redactor.redactCut(text);

test.each([1, 10, secret.length - 1])(
  'a secret of which %i characters stand before the cut of a long line shows none of them',
  (before) => {
    const splitter = createSplitter(trim);
    const filler = '.'.repeat(longestLine - before);
    const lines = splitter.add(Buffer.from(`${filler}${secret} and more\nnext\n`));
    expect(lines).toEqual([filler, 'next']);
  },
);

test('a secret before the cut is masked, and a long line that ends in none keeps all that fits', () => {
  const splitter = createSplitter(trim);
  const filler = '.'.repeat(longestLine - secret.length - 3);
  expect(splitter.add(Buffer.from(`${filler}${secret}...more\n${'x'.repeat(longestLine + 1)}\n`))).toEqual([
    `${filler}***...`,
    'x'.repeat(longestLine),
  ]);
});

test('a line whose end was lost when its file was emptied does not show the beginning of a secret', async () => {
  await using folder = await temporaryFolder({});
  const file = join(folder.dir, 'log');
  await writeFile(file, `whole: ${secret.slice(0, 20)}\nbegun: ${secret.slice(0, 20)}`);
  const seen: string[] = [];
  const tail = await tailFile(file, (line) => seen.push(line), { trim });
  await expect.poll(() => seen).toHaveLength(1);
  await truncate(file, 0);
  await expect.poll(() => seen).toHaveLength(2);
  await appendFile(file, 'after\n');
  await tail.stop();
  expect(seen).toEqual([`whole: ${secret.slice(0, 20)}`, 'begun: ', 'after']);
});
