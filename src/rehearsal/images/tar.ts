import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** One thing in a tar file. Paths are relative, without `./` and without a slash at the end. Owner: root unless told. */
export type Entry = {
  readonly path: string;
  readonly uid?: number;
  readonly gid?: number;
} & (
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }
  /** Another name of a file that came earlier; `target` is that file's path. */
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'file'; readonly mode: number; readonly size: number; readonly body: Body }
);

/** A file on disk, what it holds, or a stream that is read once, in its turn. */
type Body = { readonly file: string } | Buffer | AsyncIterable<Buffer>;

type TarHeader = Parameters<Pack['entry']>[0];

export interface Written {
  /** sha256, in hexadecimal, of the whole file. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Writes `entries` in their order to a tar file, which is at its name only once it is whole. The same entries give the
 * same bytes: no time of day, no names of users. Nothing is held in memory but what is on its way.
 */
export async function writeTar(
  file: string,
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  signal: AbortSignal,
): Promise<Written> {
  const tar = pack();
  const hash = createHash('sha256');
  const partial = `${file}.${process.pid}.partial`;
  let size = 0;
  async function* counted() {
    // What comes out of a tar being packed is bytes, which its types do not say.
    for await (const chunk of tar as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  try {
    const filled = fill(tar, entries).catch((error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    });
    const written = pipeline(counted(), createWriteStream(partial), { signal });
    // Whichever fails takes the other along, and the first reason is the true one.
    written.catch((error: unknown) => tar.destroy(error instanceof Error ? error : undefined));
    await Promise.all([filled, written]);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return { digest: hash.digest('hex'), size };
}

async function fill(tar: Pack, entries: AsyncIterable<Entry> | Iterable<Entry>) {
  for await (const entry of entries) {
    if (entry.type !== 'file') await small(tar, headerOf(entry));
    else if (Buffer.isBuffer(entry.body)) await small(tar, headerOf(entry), entry.body);
    else
      await pipeline(
        'file' in entry.body ? createReadStream(entry.body.file) : entry.body,
        tar.entry(headerOf(entry)) as unknown as NodeJS.WritableStream,
      );
  }
  tar.finalize();
}

async function small(tar: Pack, header: TarHeader, body: Buffer = Buffer.alloc(0)) {
  await new Promise<void>((resolve, reject) => {
    tar.entry(header, body, (error) => (error ? reject(error) : resolve()));
  });
}

function headerOf(entry: Entry): TarHeader {
  const { path, uid = 0, gid = 0 } = entry;
  const common = { uid, gid, uname: '', gname: '', mtime: new Date(0) };
  switch (entry.type) {
    case 'directory':
      return { ...common, name: `${path}/`, type: 'directory', mode: entry.mode };
    case 'symlink':
      return { ...common, name: path, type: 'symlink', linkname: entry.target, mode: 0o777 };
    case 'link':
      return { ...common, name: path, type: 'link', linkname: entry.target };
    case 'file':
      return { ...common, name: path, type: 'file', mode: entry.mode, size: entry.size };
  }
}
