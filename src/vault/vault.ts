import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PhoenixError } from '../errors.ts';
import { ownerFile, ownerText } from '../owner.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import { vaultError, writeNew } from './files.ts';
import { mountRam } from './mount.ts';
import { assertOurs, assertRam } from './ram.ts';
import { assertRoom, wantedBytes } from './room.ts';
import { type Wiped, wipe } from './wipe.ts';

/** What the folder of every run's vault begins with. */
export const vaultPrefix = 'phoenix-vault-';

/** The RAM directory of one run. Everything secret lives in it and dies with it. */
export interface Vault extends AsyncDisposable {
  readonly dir: string;
  /**
   * The folder of one layer, made on first use: `DIR/layers/NAME`, 0700. No other layer is told its path; what that is
   * worth, and what not, docs/vault.md says.
   */
  partition(layer: string): Promise<string>;
  /** Writes a new file, 0600; fails where one is already there. Returns its path. */
  write(folder: string, name: string, content: string | Uint8Array): Promise<string>;
}

export interface VaultOptions {
  /** Told its path before it is made, so that whoever cleans up can find it. */
  readonly announce?: (dir: string) => void;
  /** The process of the job whose post step needs the vault where this run is killed. */
  readonly job?: ProcessIdentity | undefined;
  /** The room that must be there. */
  readonly leastBytes?: number;
  /** Told how it went when it is wiped. */
  readonly onWiped?: (how: Wiped) => void;
}

/** Where the vault `dir` has the layer's partition. */
export function partitionOf(dir: string, layer: string): string {
  return join(dir, 'layers', layer.replaceAll('/', '__'));
}

/** Opens the vault of run `runId` in the tmpfs directory `root`, which exists. Disposing of it wipes it. */
export async function openVault(root: string, runId: string, options: VaultOptions = {}): Promise<Vault> {
  await assertRam(root);
  await assertRoom(root, options.leastBytes ?? wantedBytes(undefined, false));
  const dir = await makeFolder(root, runId, options);
  return vaultIn(dir, options);
}

/**
 * The same on a tmpfs of its own, of `bytes` at most, mounted on the vault's folder. Undefined, with nothing left, where
 * this process may not mount.
 */
export async function openOwnVault(
  root: string,
  runId: string,
  options: VaultOptions & { readonly bytes: number },
): Promise<Vault | undefined> {
  await assertOurs(root);
  const dir = await makeFolder(root, runId, options);
  const mounted = await mountRam(dir, options.bytes);
  if (typeof mounted === 'object') {
    await wipe(dir);
    return undefined;
  }
  try {
    await assertRam(dir);
    await writeNew(join(dir, ownerFile), await ownerText(options.job));
  } catch (error) {
    await wipe(dir);
    throw error;
  }
  return vaultIn(dir, options);
}

/**
 * With the owner written down in it. Below a tmpfs of its own it stays there too: to a process in another mount
 * namespace (a second runner's service) the folder looks empty, and one that took it for abandoned and removed it would
 * take the mount away with it (Linux does so since 3.18).
 */
async function makeFolder(root: string, runId: string, { announce, job }: VaultOptions): Promise<string> {
  const dir = join(root, `${vaultPrefix}${runId}`);
  announce?.(dir);
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
  await writeNew(join(dir, ownerFile), await ownerText(job));
  return dir;
}

function vaultIn(dir: string, { onWiped }: VaultOptions): Vault {
  return {
    dir,
    async partition(layer) {
      const folder = partitionOf(dir, layer);
      await mkdir(folder, { mode: 0o700, recursive: true }).catch((cause: unknown) => {
        throw vaultError(folder, cause);
      });
      return folder;
    },
    async write(folder, name, content) {
      const file = join(folder, name);
      await writeNew(file, content);
      return file;
    },
    async [Symbol.asyncDispose]() {
      const how = await wipe(dir);
      onWiped?.(how);
    },
  };
}
