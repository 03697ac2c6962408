import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PhoenixError } from '../errors.ts';
import { isAbandoned, ownerFile, ownerText } from '../owner.ts';
import { assertRam } from './ram.ts';

/** What the folder of every run's vault begins with. */
export const vaultPrefix = 'phoenix-vault-';

/** The RAM directory of one run. Everything secret lives in it and dies with it. */
export interface Vault extends AsyncDisposable {
  readonly dir: string;
  /** The folder of one layer, made on first use: `DIR/layers/NAME`, 0700. No other layer is told its path. */
  partition(layer: string): Promise<string>;
  /** Writes a new file, 0600; fails where one is already there. Returns its path. */
  write(folder: string, name: string, content: string | Uint8Array): Promise<string>;
}

/** The vault's root: `PHOENIX_VAULT`, else `/dev/shm`. */
export function vaultRoot(env: NodeJS.ProcessEnv): string {
  return env['PHOENIX_VAULT'] || '/dev/shm';
}

/** Where the vault `dir` has the layer's partition. */
export function partitionOf(dir: string, layer: string): string {
  return join(dir, 'layers', layer.replaceAll('/', '__'));
}

/**
 * Opens the vault of run `runId` under `root` (an existing tmpfs directory). `announce` is told its path before it is
 * made, so that whoever cleans up can find it. Disposing of it wipes it.
 */
export async function openVault(
  root: string,
  runId: string,
  announce: (dir: string) => void = () => {},
): Promise<Vault> {
  await assertRam(root);
  const dir = join(root, `${vaultPrefix}${runId}`);
  announce(dir);
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-VAULT-EXISTS',
      class: 'vault',
      what: `The vault ${dir} could not be made.`,
      why: `Something is already there, or the root cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
      next: `Look at it (ls -ld ${dir}); if no run of yours uses it, remove it and run again.`,
      cause,
    });
  }
  await chmod(dir, 0o700);
  await writeNew(join(dir, ownerFile), await ownerText());
  return {
    dir,
    async partition(layer) {
      const folder = partitionOf(dir, layer);
      await mkdir(folder, { mode: 0o700, recursive: true });
      return folder;
    },
    async write(folder, name, content) {
      const file = join(folder, name);
      await writeNew(file, content);
      return file;
    },
    async [Symbol.asyncDispose]() {
      await wipe(dir);
    },
  };
}

async function writeNew(file: string, content: string | Uint8Array): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    await using handle = await open(file, flags, 0o600);
    await handle.writeFile(content);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new PhoenixError({
      code: code === 'ENOSPC' ? 'PHX-VAULT-FULL' : 'PHX-VAULT-WRITE',
      class: 'vault',
      what: `The vault could not take ${file}.`,
      why: code === 'ENOSPC' ? 'Its tmpfs is full.' : `The system said ${code}.`,
      next:
        code === 'ENOSPC'
          ? 'Give the tmpfs more room (mount -o remount,size=…) or set PHOENIX_VAULT to a larger one.'
          : 'Check who else writes below the vault: nothing but Phoenix may.',
      cause,
    });
  }
}

/** Removes a vault. tmpfs pages go with the unlink; there is no platter to overwrite. */
export async function wipe(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
}

/** Vaults below `root` that belong to this user and whose owner is dead. */
export async function abandonedVaults(root: string): Promise<string[]> {
  const abandoned: string[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    if (!name.startsWith(vaultPrefix)) continue;
    const dir = join(root, name);
    const stat = await lstat(dir).catch(() => undefined);
    if (stat === undefined || !stat.isDirectory() || stat.uid !== process.getuid?.()) continue;
    if (await isAbandoned(dir)) abandoned.push(dir);
  }
  return abandoned;
}

/** Wipes the abandoned vaults below `root`; returns their paths. */
export async function sweepVaults(root: string): Promise<string[]> {
  const abandoned = await abandonedVaults(root);
  for (const dir of abandoned) await wipe(dir);
  return abandoned;
}
