import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflateRaw } from 'node:zlib';
import type { ArchiveKind } from './recipe.ts';

/**
 * Takes one file out of an archive whose digest has been checked. Done here and not by `unzip`, which a bare machine
 * does not have. Throws a plain Error that says what is wrong with the archive.
 */
export async function extractFile(
  kind: ArchiveKind,
  archive: string,
  entry: string,
  to: string,
): Promise<void> {
  if (kind === 'bare') return copyFile(archive, to);
  if (kind === 'zip') {
    const { stored, deflated } = await zipEntry(archive, entry);
    const out = createWriteStream(to, { flags: 'wx' });
    return deflated ? pipeline(stored, createInflateRaw(), out) : pipeline(stored, out);
  }
  const found = (source: AsyncIterable<Buffer>) => tarContent(source, entry);
  return pipeline(createReadStream(archive), createGunzip(), found, createWriteStream(to, { flags: 'wx' }));
}

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const zipEndBytes = 22;
const zipCommentBytes = 0xffff;

async function zipEntry(archive: string, name: string): Promise<{ stored: Readable; deflated: boolean }> {
  await using handle = await open(archive);
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, zipEndBytes + zipCommentBytes));
  await handle.read(tail, 0, tail.length, size - tail.length);
  let end = tail.length - zipEndBytes;
  while (end >= 0 && tail.readUInt32LE(end) !== endOfDirectory) end -= 1;
  if (end < 0) throw new Error('it is not a zip archive');
  const directory = Buffer.alloc(tail.readUInt32LE(end + 12));
  await handle.read(directory, 0, directory.length, tail.readUInt32LE(end + 16));
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === directoryEntry; ) {
    const nameBytes = directory.readUInt16LE(at + 28);
    if (directory.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      const method = directory.readUInt16LE(at + 10);
      const packed = directory.readUInt32LE(at + 20);
      const offset = directory.readUInt32LE(at + 42);
      // The local header repeats the name with an extra field of its own length; only it knows where the data begin.
      const local = Buffer.alloc(30);
      await handle.read(local, 0, 30, offset);
      const start = offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
      if (method !== 0 && method !== 8) throw new Error(`zip method ${method} is not known`);
      if (packed === 0) return { stored: Readable.from([]), deflated: false };
      const stored = createReadStream(archive, { start, end: start + packed - 1 });
      return { stored, deflated: method === 8 };
    }
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  throw new Error(`the zip archive has no file ${name}`);
}

const blockBytes = 512;

/** The bytes of one file of a tar stream. The rest is read too: a stream left early ends its pipeline in an error. */
async function* tarContent(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  /** Bytes of the current entry still to come, padding apart. */
  let left = 0;
  let padding = 0;
  let wanted = false;
  let done = false;
  for await (const chunk of source) {
    if (done) continue;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      if (left > 0) {
        const part = held.subarray(0, left);
        if (wanted && part.length > 0) yield part;
        left -= part.length;
        held = held.subarray(part.length);
        if (left > 0) break;
        done = wanted;
        if (done) break;
      }
      if (held.length < padding + blockBytes) break;
      const header = held.subarray(padding, padding + blockBytes);
      held = held.subarray(padding + blockBytes);
      const text = (start: number, length: number) =>
        header.toString('utf8', start, start + length).replace(/\0.*$/s, '');
      const prefix = text(345, 155);
      const path = (prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`).replace(/^\.\//, '');
      left = Number.parseInt(text(124, 12).trim() || '0', 8);
      padding = (blockBytes - (left % blockBytes)) % blockBytes;
      const kind = header[156];
      wanted = path === name && (kind === 0 || kind === 0x30);
      done = wanted && left === 0;
      if (done) break;
    }
  }
  if (done) return;
  throw new Error(wanted ? `the archive ends inside ${name}` : `the tar archive has no file ${name}`);
}
