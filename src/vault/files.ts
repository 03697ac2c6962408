import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PhoenixError } from '../errors.ts';

/** Opens a new file of this user alone; never one that is there, nor through a link. Throws PHX-VAULT-… */
export async function openNew(file: string, flags = 0): Promise<FileHandle> {
  const anew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return await open(file, anew | flags, 0o600);
  } catch (cause) {
    throw vaultError(file, cause);
  }
}

export async function writeNew(file: string, content: string | Uint8Array): Promise<void> {
  await using handle = await openNew(file);
  await handle.writeFile(content).catch((cause: unknown) => {
    throw vaultError(file, cause);
  });
}

/** What the system said of a file that the vault should have taken. */
export function vaultError(file: string, cause: unknown): PhoenixError {
  const code = (cause as NodeJS.ErrnoException).code;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new PhoenixError({
    code: full ? 'PHX-VAULT-FULL' : 'PHX-VAULT-WRITE',
    class: 'vault',
    what: `The vault could not take ${file}.`,
    why: full ? 'Its tmpfs is full.' : `The system said ${code}.`,
    next: full
      ? 'Give the tmpfs more room (`vault.size`, mount -o remount,size=…) or set PHOENIX_VAULT to a larger one.'
      : 'Check who else writes below the vault: nothing but Phoenix may.',
    cause,
  });
}

export interface ReadOptions {
  /** Told of a file that others may read, which is then read all the same; without it such a file is refused. */
  readonly onWide?: (file: string) => void;
}

/**
 * The text of a secret's file; undefined where there is none. Read as if an enemy had written the folder: no link, no
 * pipe that never ends, no file of another user, none that others may read or, by its folder, replace; and text only,
 * since bytes that are no UTF-8 would silently become others. Throws PHX-SECRET-UNREADABLE.
 */
export async function readSecretFile(file: string, options: ReadOptions = {}): Promise<string | undefined> {
  const refused = (why: string, cause?: unknown) => unreadable(file, why, cause);
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { mode, uid, isFile } = await statOf(handle);
    if (!isFile) throw refused('It is no ordinary file.');
    const own = process.getuid?.();
    if (own !== undefined && uid !== own && uid !== 0)
      throw refused(`It belongs to another user (uid ${uid}), who can change it at any time.`);
    if ((mode & 0o022) !== 0)
      throw refused(`Others on this machine may write it (mode ${(mode & 0o7777).toString(8)}).`);
    if ((mode & 0o077) !== 0) {
      if (options.onWide === undefined)
        throw refused(`Others on this machine may read it (mode ${(mode & 0o7777).toString(8)}).`);
      options.onWide(file);
    }
    await checkFolder(dirname(file), refused);
    const bytes = await handle.readFile();
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof PhoenixError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw refused('It is a symbolic link, which somebody else may control.', cause);
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw refused(
        'It is not UTF-8 text. A value of other bytes must be stored in base64, and decoded where it is used.',
        cause,
      );
    throw refused(`The system said ${code}.`, cause);
  }
}

async function statOf(handle: FileHandle) {
  const stat = await handle.stat();
  return { mode: stat.mode, uid: stat.uid, isFile: stat.isFile() };
}

async function checkFolder(folder: string, refused: (why: string) => PhoenixError): Promise<void> {
  const stat = await lstat(folder);
  const own = process.getuid?.();
  if (own !== undefined && stat.uid !== own && stat.uid !== 0)
    throw refused(`Its folder belongs to another user (uid ${stat.uid}), who can put another file there.`);
  if (!stat.isSymbolicLink() && (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0)
    throw refused(
      `Others may write into its folder (mode ${(stat.mode & 0o7777).toString(8)}), and put another file there.`,
    );
}

function unreadable(file: string, why: string, cause: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-UNREADABLE',
    class: 'identity',
    what: `The secret file ${file} could not be read.`,
    why,
    next: `Look at it: ls -l ${file}. It must be a plain file that the user of this run owns, mode 0600.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
