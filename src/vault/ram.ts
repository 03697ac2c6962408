import { lstat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PhoenixError } from '../errors.ts';

/** `f_type` of tmpfs and ramfs, from Linux' `include/uapi/linux/magic.h`. */
const ramFilesystems = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

/** Whether `path`, or the nearest folder above it that exists, is in RAM. */
export async function isInRam(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const found = await statfs(at).catch(() => undefined);
    if (found !== undefined) return ramFilesystems.has(found.type);
    if (at === dirname(at)) return false;
  }
}

const sticky = 0o1000;
const writableByOthers = 0o022;

/** Refuses a folder that does not exist, is a link, or in which another user could put something in a secret's place. */
export async function assertOurs(dir: string): Promise<void> {
  const stat = await lstat(dir).catch(() => undefined);
  if (stat === undefined || !stat.isDirectory()) {
    throw badRoot(
      `The vault's root ${dir} is not a directory.`,
      stat === undefined ? 'It does not exist.' : 'It is a link or a file, which somebody else may control.',
      'Mount a tmpfs there, or set PHOENIX_VAULT to a directory on one (Linux has /dev/shm).',
    );
  }
  const own = process.getuid?.();
  if (own !== undefined && stat.uid !== own && stat.uid !== 0) {
    throw badRoot(
      `The vault's root ${dir} belongs to another user.`,
      `Its owner has uid ${stat.uid}, and this run has ${own}: its owner can move whatever is put there.`,
      'Set PHOENIX_VAULT to a directory of this user on a tmpfs, or unset it.',
    );
  }
  if ((stat.mode & writableByOthers) !== 0 && (stat.mode & sticky) === 0) {
    throw badRoot(
      `Other users may write into the vault's root ${dir}.`,
      `Its mode is ${(stat.mode & 0o7777).toString(8)}, without the sticky bit: they can put something of theirs in the place of a secret.`,
      `Close it: chmod 700 ${dir}`,
    );
  }
}

/** Refuses a folder that `assertOurs` refuses, and one that is not in RAM. `dir` is an existing directory. */
export async function assertRam(dir: string): Promise<void> {
  await assertOurs(dir);
  const { type } = await statfs(dir);
  if (ramFilesystems.has(type)) return;
  throw new PhoenixError({
    code: 'PHX-VAULT-NOT-RAM',
    class: 'vault',
    what: `The vault's root ${dir} is not in RAM.`,
    why: `Its filesystem is of type 0x${type.toString(16)}, not tmpfs: secrets written there would reach a disk.`,
    next: 'Set PHOENIX_VAULT to a directory on a tmpfs, or unset it to use /dev/shm.',
  });
}

function badRoot(what: string, why: string, next: string): PhoenixError {
  return new PhoenixError({ code: 'PHX-VAULT-ROOT', class: 'vault', what, why, next });
}
