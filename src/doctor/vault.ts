import { access, constants, statfs } from 'node:fs/promises';
import { readProc } from '../process/stat.ts';
import { assertRam, swapDevices } from '../vault/ram.ts';
import { vaultRoot } from '../vault/vault.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';

export const ram: Check = {
  id: 'vault.ram',
  why: "The vault is where a run's secrets lie: it must be RAM, and have room for them and for the layers' output.",
  async look({ edge }) {
    const root = vaultRoot(edge.env);
    await assertRam(root);
    const writable = await access(root, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!writable)
      return failed(
        `${root} cannot be written by this user`,
        'Set PHOENIX_VAULT to a directory of its own on a tmpfs.',
      );
    const { bavail, bsize } = await statfs(root);
    return ok(`${root} is in RAM, ${Math.floor((bavail * bsize) / 1024 / 1024)} MiB free`);
  },
};

export const swap: Check = {
  id: 'vault.swap',
  why: 'RAM that is swapped out lies on that disk, with the secrets in it, and stays there.',
  async look() {
    if (readProc('/proc/swaps') === undefined)
      return skipped('it cannot be told here: there is no /proc/swaps');
    const devices = await swapDevices();
    if (devices.length === 0) return ok('swap is off');
    return warning(`swap is on: ${devices.join(', ')}`, 'Turn it off: swapoff -a');
  },
};
