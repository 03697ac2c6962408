import type { VaultSettings } from '../castle/vault.ts';
import { PhoenixError } from '../errors.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import { isKeptFromSwap } from './mount.ts';
import { assertMemory, usualBytes, wantedBytes } from './room.ts';
import { placesFor } from './root.ts';
import { swapDevices } from './swap.ts';
import { openOwnVault, openVault, type Vault } from './vault.ts';
import type { Wiped } from './wipe.ts';

export interface RunVaultOptions {
  /** The run's. */
  readonly id: string;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: VaultSettings;
  /** The box keeps its cluster in the vault, which takes more room. */
  readonly box: boolean;
  readonly announce?: (dir: string) => void;
  /** See VaultOptions. */
  readonly job?: ProcessIdentity | undefined;
  readonly warn: (text: string) => void;
}

/**
 * Opens a run's vault in the best place that this machine allows, with the room that the castle asks for, and holds it
 * to the castle's policy on swap. Throws PHX-VAULT-ROOT, -NOT-RAM, -FULL, -EXISTS, -WRITE or -SWAP.
 */
export async function openRunVault(options: RunVaultOptions): Promise<Vault> {
  const vault = await openSomewhere(options);
  const devices = swapDevices();
  if (devices.length === 0 || isKeptFromSwap(vault.dir)) return vault;
  if (options.settings.policy === 'strict') {
    await vault[Symbol.asyncDispose]();
    throw swapError(devices);
  }
  options.warn(
    `swap is on (${devices.join(', ')}): the vault may reach that disk. Turn it off with swapoff -a, or let \`vault.policy: strict\` refuse such a machine.`,
  );
  return vault;
}

async function openSomewhere(options: RunVaultOptions): Promise<Vault> {
  const { id, env, settings, box, announce, job, warn } = options;
  const leastBytes = wantedBytes(settings.bytes, box);
  const common = {
    leastBytes,
    job,
    ...(announce === undefined ? {} : { announce }),
    onWiped: (how: Wiped) => {
      if (how === 'lazy') warn(stillOpen);
    },
  };
  for (const { root, own } of await placesFor(env, leastBytes)) {
    if (!own) return openVault(root, id, common);
    assertMemory(leastBytes);
    const vault = await openOwnVault(root, id, { ...common, bytes: settings.bytes ?? usualBytes });
    if (vault !== undefined) return vault;
  }
  throw new Error('there is no place for a vault');
}

/** Of a vault whose filesystem was only taken out of sight. */
export const stillOpen =
  'a process still has a file of the vault open: it is wiped and out of sight, and its memory is given back when that process ends';

function swapError(devices: readonly string[]): PhoenixError {
  return new PhoenixError({
    code: 'PHX-VAULT-SWAP',
    class: 'vault',
    what: 'The vault could be swapped out to a disk, and the castle file forbids that (`vault.policy: strict`).',
    why: `Swap is on (${devices.join(', ')}): what is in RAM may be written there, unencrypted, and stays after the run.`,
    next: 'Turn it off (swapoff -a, and take it out of /etc/fstab), or run as root on Linux 6.4 or newer, where the vault is a tmpfs that is never swapped. `vault.policy: warn` takes the risk.',
  });
}
