import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { PhoenixError } from '../errors.ts';
import { hashInThread } from './hashers.ts';

/** From this size on a file is worth a thread, which takes some 20 ms to start. */
const largeBytes = 16 << 20;

/** sha256 of a file as hex; large files are hashed beside each other. */
export async function sha256File(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size >= largeBytes) return hashInThread(file);
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** The digest of `name` in a publisher's checksum file: `sha256sum` lines, or one bare digest. */
export function digestFor(checksums: string, name: string): string | undefined {
  const lines = checksums.split(/\r?\n/).filter((line) => line.trim() !== '');
  for (const line of lines) {
    const [, digest, file] = /^([0-9a-f]{64})\s+\*?(.+?)\s*$/i.exec(line) ?? [];
    if (digest !== undefined && file?.replace(/^.*\//, '') === name) return digest.toLowerCase();
  }
  const only = lines.length === 1 ? lines[0]?.trim() : undefined;
  return only !== undefined && /^[0-9a-f]{64}$/i.test(only) ? only.toLowerCase() : undefined;
}

/** The refusal of a file whose digest is not the expected one. The caller has deleted the file already. */
export function wrongDigest(facts: {
  readonly what: string;
  readonly expected: string;
  readonly expectedBy: string;
  readonly found: string;
  readonly next: string;
}): PhoenixError {
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-DIGEST',
    class: 'toolchain',
    what: `${facts.what} is not what it should be; it was deleted and is not used.`,
    why: `Expected ${facts.expected} (${facts.expectedBy}), found ${facts.found}.`,
    next: facts.next,
  });
}
