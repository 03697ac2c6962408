import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Swap in use that keeps what was in RAM readable on a disk: all but zram without a disk behind it, and devices that
 * dm-crypt encrypts. `swaps` is the text of /proc/swaps. Empty where there is none or none can be told.
 */
export function swapDevices(swaps = readText('/proc/swaps') ?? '', sys = '/sys'): string[] {
  return swaps
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/)[0] ?? '')
    .filter((device) => device !== '' && !isMemory(device, sys) && !isEncrypted(nodeOf(device), sys));
}

function isMemory(device: string, sys: string): boolean {
  if (!/^\/dev\/zram\d+$/.test(device)) return false;
  // zram can be told to write idle pages back to a disk.
  const behind = readText(`${sys}/block/${basename(device)}/backing_dev`)?.trim() ?? 'none';
  return behind === 'none';
}

/** Whether the block device is dm-crypt's, or stands on such alone (a logical volume within LUKS). */
function isEncrypted(node: string, sys: string): boolean {
  if (readText(`${sys}/block/${node}/dm/uuid`)?.startsWith('CRYPT-') === true) return true;
  const below = names(`${sys}/block/${node}/slaves`);
  return below.length > 0 && below.every((slave) => isEncrypted(slave, sys));
}

/** `/dev/mapper/swap` → `dm-0` */
function nodeOf(device: string): string {
  try {
    return basename(realpathSync(device));
  } catch {
    return basename(device);
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
