import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestFor, sha256File } from '../../src/toolchain/digest.ts';
import { hashInThread } from '../../src/toolchain/hashers.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sha256 } from '../support/publishers.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const fileName = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,30}$/);

describe('the digest of a file', () => {
  const buffer = 1 << 20;
  const large = 16 * buffer;

  it('is that of all its bytes, whatever its length is to the size of the buffers', async () => {
    await using folder = await temporaryFolder();
    for (const size of [0, 1, buffer, large - 1, large, large + 1, large + buffer, large + 3 * buffer + 7]) {
      const bytes = Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, at) => (at * 31) % 251)));
      const file = join(folder.dir, String(size));
      await writeFile(file, bytes);
      expect(await sha256File(file)).toBe(sha256(bytes));
    }
  });

  it('is told for each of many at once, and one that cannot be read fails alone', async () => {
    await using folder = await temporaryFolder();
    const files = await Promise.all(
      Array.from({ length: 9 }, async (_, index) => {
        const [file, bytes] = [join(folder.dir, String(index)), Buffer.alloc(large, index)];
        await writeFile(file, bytes);
        return { file, digest: sha256(bytes) };
      }),
    );
    const unreadable = join(folder.dir, 'a folder');
    await mkdir(unreadable);
    const asked = await Promise.allSettled([
      hashInThread(unreadable),
      ...files.map(({ file }) => sha256File(file)),
    ]);
    expect(asked[0]?.status).toBe('rejected');
    expect(asked.slice(1)).toEqual(files.map(({ digest }) => ({ status: 'fulfilled', value: digest })));
  });
});

describe('a publisher’s checksum file', () => {
  it('gives the digest of exactly the file asked for, in text or binary mode, with or without a folder', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fileName, hex), { selector: ([name]) => name, minLength: 2 }),
        fc.constantFrom('  ', ' *', '  ./', '\t'),
        fc.constantFrom('\n', '\r\n'),
        (files, between, end) => {
          const text = files.map(([name, digest]) => `${digest}${between}${name}`).join(end) + end;
          for (const [name, digest] of files) expect(digestFor(text, name)).toBe(digest);
          expect(digestFor(text, 'a name that is not there')).toBeUndefined();
        },
      ),
    );
  });

  it('of a single file may hold nothing but the digest', () => {
    const digest = 'AB'.repeat(32);
    expect(digestFor(`${digest}\n`, 'kubectl')).toBe(digest.toLowerCase());
  });

  it('that is a web page, is cut off, or names only other files gives no digest', () => {
    for (const text of ['', '<html>sign in</html>', 'ab'.repeat(31), `${'ab'.repeat(32)}  other\n`])
      expect(digestFor(text, 'kubectl')).toBeUndefined();
  });
});
