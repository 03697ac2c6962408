import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** A member of an archive or the content of a compressed file. */
export interface Unpacked {
  readonly how: 'gzip' | 'zlib' | 'zip';
  /** Its name in the archive; '' where it has none. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** What is larger, packed or not, is searched as it lies there and not unpacked. */
export const mostUnpacked = 64 * 1024 * 1024;

/** Whether the first bytes are those of a form that `unpack` knows. */
export function isPacked(head: Buffer): boolean {
  return isGzip(head) || isZlib(head) || isZip(head);
}

/**
 * The contents of gzip, zlib (git's objects) and zip (OpenTofu's plans). A tar needs nothing: its members lie in it as
 * they are. Undefined where the bytes only look like it, or unpack to more than the limit.
 */
export function unpack(bytes: Buffer): Unpacked[] | undefined {
  const limit = { maxOutputLength: mostUnpacked };
  try {
    if (isGzip(bytes)) return [{ how: 'gzip', name: '', bytes: gunzipSync(bytes, limit) }];
    if (isZlib(bytes)) return [{ how: 'zlib', name: '', bytes: inflateSync(bytes, limit) }];
    return isZip(bytes) ? [...zipMembers(bytes)] : [];
  } catch {
    return undefined;
  }
}

const isGzip = (head: Buffer) => head[0] === 0x1f && head[1] === 0x8b;
const isZlib = (head: Buffer) =>
  head.length > 2 && ((head[0] ?? 0) & 0x8f) === 0x08 && head.readUInt16BE(0) % 31 === 0;
const isZip = (head: Buffer) => head.length > 4 && head.readUInt32LE(0) === 0x04034b50;

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;

/** By the directory at the end (APPNOTE.TXT 4.3): a member's own header may not say how long it is. */
function* zipMembers(bytes: Buffer): Generator<Unpacked> {
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== endOfDirectory) end -= 1;
  if (end < 0) return;
  let room = mostUnpacked;
  for (let at = bytes.readUInt32LE(end + 16); at + 46 <= end && bytes.readUInt32LE(at) === directoryEntry; ) {
    const nameBytes = bytes.readUInt16LE(at + 28);
    const packed = bytes.readUInt32LE(at + 20);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(start, start + packed);
    const deflated = bytes.readUInt16LE(at + 10) === 8;
    const unpacked = deflated ? inflateRawSync(content, { maxOutputLength: room }) : content;
    room -= unpacked.length;
    yield { how: 'zip', name: bytes.toString('utf8', at + 46, at + 46 + nameBytes), bytes: unpacked };
    at += 46 + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
}
