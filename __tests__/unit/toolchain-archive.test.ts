import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { extractFile } from '../../src/toolchain/archive.ts';
import { temporaryFolder } from '../support/folder.ts';

const noise = randomBytes(700_000);
const files = { 'README.md': Buffer.from('read me'), tofu: noise, empty: Buffer.alloc(0) };

/** A zip archive as publishers make them: local headers with an extra field, a central directory, a comment. */
function zip(contents: Readonly<Record<string, Buffer>>, deflate: boolean): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(contents)) {
    const packed = deflate ? deflateRawSync(content) : content;
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(deflate ? 8 : 0, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const extra = Buffer.from('extra');
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), extra, packed]);
    local.writeUInt16LE(extra.length, 28);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\0'), shared, rest, Buffer.from(name));
    locals.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, listed, end, Buffer.from('a comment')]);
}

describe.each([
  ['deflated', true],
  ['stored', false],
])('a zip archive with its files %s', (_, deflate) => {
  it('gives each of its files whole', async () => {
    await using folder = await temporaryFolder();
    const archive = join(folder.dir, 'a.zip');
    await writeFile(archive, zip(files, deflate));
    for (const [name, content] of Object.entries(files)) {
      await extractFile('zip', archive, name, join(folder.dir, name));
      expect((await readFile(join(folder.dir, name))).equals(content)).toBe(true);
    }
  });
});

describe('a tar.gz archive', () => {
  it('gives a file from a folder in it whole, whatever lies before and after', async () => {
    const path = `etcd-v3.7.3-linux-amd64/${'long-name-'.repeat(8)}/etcd`;
    const before = { [`etcd-v3.7.3-linux-amd64/README.md`]: 'x'.repeat(511) };
    await using folder = await temporaryFolder({ ...before, [path]: '', 'etcd-v3.7.3-linux-amd64/z': 'z' });
    await writeFile(join(folder.dir, path), noise);
    const archive = join(folder.dir, 'a.tar.gz');
    execFileSync('tar', ['-czf', archive, '--format=ustar', 'etcd-v3.7.3-linux-amd64'], { cwd: folder.dir });
    await extractFile('tar.gz', archive, path, join(folder.dir, 'out'));
    expect((await readFile(join(folder.dir, 'out'))).equals(noise)).toBe(true);
  });

  it('without the file, or cut off, is an error that says which', async () => {
    await using folder = await temporaryFolder({ etcd: '' });
    await writeFile(join(folder.dir, 'etcd'), noise);
    const archive = join(folder.dir, 'a.tar.gz');
    execFileSync('tar', ['-czf', archive, 'etcd'], { cwd: folder.dir });
    const out = join(folder.dir, 'out');
    await expect(extractFile('tar.gz', archive, 'other', out)).rejects.toThrow('has no file other');
    await truncate(archive, 200_000);
    await expect(extractFile('tar.gz', archive, 'etcd', `${out}2`)).rejects.toThrow();
  });
});

it('a zip archive without the file, or that is none, is an error that says which', async () => {
  await using folder = await temporaryFolder({ none: 'no archive at all' });
  const archive = join(folder.dir, 'a.zip');
  await writeFile(archive, zip(files, true));
  const out = join(folder.dir, 'out');
  await expect(extractFile('zip', archive, 'terraform', out)).rejects.toThrow('no file terraform');
  await expect(extractFile('zip', join(folder.dir, 'none'), 'tofu', out)).rejects.toThrow('not a zip');
});
