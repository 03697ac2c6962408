import { access, constants } from 'node:fs/promises';
import { usualVault } from '../castle/vault.ts';
import { readProc } from '../process/stat.ts';
import { isKeptFromSwap } from '../vault/mount.ts';
import { assertOurs, assertRam } from '../vault/ram.ts';
import {
  assertMemory,
  assertRoom,
  availableBytes,
  freeBytes,
  usualBytes,
  wantedBytes,
} from '../vault/room.ts';
import { canKeepFromSwap, placesFor } from '../vault/root.ts';
import { swapDevices } from '../vault/swap.ts';
import { type Check, failed, ok, type Subject, skipped, warning } from './check.ts';

export const ram: Check = {
  id: 'vault.ram',
  why: "The vault is where a run's secrets lie: it must be RAM, and have room for them and for the layers' output.",
  async look(subject) {
    const { place, leastBytes, settings } = await placeOf(subject);
    const { root, own } = place;
    if (own) {
      await assertOurs(root);
      assertMemory(leastBytes);
      const most = mib(settings.bytes ?? usualBytes);
      return ok(
        `a run mounts a tmpfs of its own below ${root}, ${most} MiB at most, ${mib(availableBytes())} MiB of memory are there`,
      );
    }
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
    await assertRoom(root, leastBytes);
    return ok(`${root} is in RAM, ${mib(await freeBytes(root))} MiB free`);
  },
};

export const swap: Check = {
  id: 'vault.swap',
  why: 'RAM that is swapped out lies on that disk, with the secrets in it, and stays there.',
  async look(subject) {
    if (readProc('/proc/swaps') === undefined)
      return skipped('it cannot be told here: there is no /proc/swaps');
    const devices = swapDevices();
    if (devices.length === 0) return ok('swap is off');
    const { place, settings } = await placeOf(subject);
    const kept = place.own ? canKeepFromSwap() : isKeptFromSwap(place.root);
    if (kept) return ok(`swap is on (${devices.join(', ')}), and the vault's tmpfs is kept from it`);
    const found = settings.policy === 'strict' ? failed : warning;
    return found(`swap is on: ${devices.join(', ')}`, 'Turn it off: swapoff -a');
  },
};

/** The place that a run would try first, and what it would ask of it. */
async function placeOf({ castle, edge }: Subject) {
  const known = castle instanceof Error ? undefined : castle;
  const settings = known?.vault ?? usualVault;
  const leastBytes = wantedBytes(settings.bytes, (known?.box ?? false) !== false);
  const [place = { root: '/dev/shm', own: false }] = await placesFor(edge.env, leastBytes);
  return { place, settings, leastBytes };
}

function mib(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}
