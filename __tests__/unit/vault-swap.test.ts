import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judgePtrace } from '../../src/doctor/ptrace.ts';
import { judgeSudo } from '../../src/doctor/sudo.ts';
import { mounts } from '../../src/vault/mount.ts';
import { canKeepFromSwap, mayMount } from '../../src/vault/root.ts';
import { swapDevices } from '../../src/vault/swap.ts';
import { temporaryFolder } from '../support/folder.ts';

const swaps = (...devices: string[]) =>
  ['Filename\t\t\t\tType\t\tSize', ...devices.map((device) => `${device}\tpartition\t1\t0\t-2`), ''].join(
    '\n',
  );

describe('swap', () => {
  test('counts where it is a partition or a file, and not where it is RAM', async () => {
    await using sys = await temporaryFolder({
      'block/zram0/backing_dev': 'none\n',
      'block/zram1/backing_dev': '/dev/sdb1\n',
    });
    expect(swapDevices('', sys.dir)).toEqual([]);
    expect(swapDevices(swaps(), sys.dir)).toEqual([]);
    expect(swapDevices(swaps('/dev/sda2', '/swapfile', '/dev/zram0', '/dev/zram7'), sys.dir)).toEqual([
      '/dev/sda2',
      '/swapfile',
    ]);
    // It writes idle pages to the disk behind it.
    expect(swapDevices(swaps('/dev/zram1'), sys.dir)).toEqual(['/dev/zram1']);
  });

  test('does not count where dm-crypt stands below all of it', async () => {
    await using sys = await temporaryFolder({
      'block/dm-0/dm/uuid': 'CRYPT-PLAIN-swap\n',
      'block/dm-1/dm/uuid': 'LVM-abc\n',
      'block/dm-2/dm/uuid': 'LVM-def\n',
    });
    await mkdir(join(sys.dir, 'block/dm-1/slaves/dm-0'), { recursive: true });
    for (const below of ['dm-0', 'sda3'])
      await mkdir(join(sys.dir, 'block/dm-2/slaves', below), { recursive: true });
    expect(swapDevices(swaps('/dev/dm-0', '/dev/dm-1', '/dev/dm-2'), sys.dir)).toEqual(['/dev/dm-2']);
  });
});

describe('a tmpfs of its own', () => {
  const status = (caps: string) => `Name:\tnode\nCapPrm:\tffffffffffffffff\nCapEff:\t${caps}\n`;

  test('is for root with CAP_SYS_ADMIN alone', () => {
    expect(mayMount(0, status('000001ffffffffff'))).toBe(true);
    // What Docker leaves to root.
    expect(mayMount(0, status('00000000a80425fb'))).toBe(false);
    expect(mayMount(1000, status('000001ffffffffff'))).toBe(false);
    expect(mayMount(0, '')).toBe(false);
  });

  test('is kept from swap since Linux 6.4, by root of the machine', () => {
    const machine = '         0          0 4294967295\n';
    expect(canKeepFromSwap('6.4.0', machine)).toBe(true);
    expect(canKeepFromSwap('6.18.44-fc', machine)).toBe(true);
    expect(canKeepFromSwap('7.0.1', machine)).toBe(true);
    expect(canKeepFromSwap('6.3.9', machine)).toBe(false);
    expect(canKeepFromSwap('5.15.0', machine)).toBe(false);
    expect(canKeepFromSwap('6.8.0', '         0     100000      65536\n')).toBe(false);
  });

  test('is found among the mounts, also with a space in its path', () => {
    const text = String.raw`42 30 0:39 / /dev/shm/a\040b rw,nosuid shared:4 - tmpfs phoenix-vault rw,size=1024k,mode=700,noswap`;
    expect(mounts(`${text}\n`)).toEqual([
      { point: '/dev/shm/a b', type: 'tmpfs', options: ['rw', 'size=1024k', 'mode=700', 'noswap'] },
    ]);
  });
});

describe('the machine', () => {
  test('on which the memory of any process may be read is warned of', () => {
    expect(judgePtrace('1').status).toBe('ok');
    expect(judgePtrace('3').status).toBe('ok');
    expect(judgePtrace('0')).toMatchObject({
      status: 'warning',
      next: expect.stringContaining('sysctl -w kernel.yama.ptrace_scope=1'),
    });
    expect(judgePtrace(undefined).status).toBe('warning');
  });

  test('whose sudo asks for no password is warned of', () => {
    const listing = (rule: string) => `User runner may run the following commands on host:\n    ${rule}\n`;
    expect(judgeSudo(0, listing('(ALL) NOPASSWD: ALL')).status).toBe('warning');
    expect(judgeSudo(0, 'Matching Defaults entries:\n    !authenticate\n').status).toBe('warning');
    // It was given a moment ago, and is remembered.
    expect(judgeSudo(0, listing('(ALL : ALL) ALL')).status).toBe('ok');
    expect(judgeSudo(1, '').status).toBe('ok');
    expect(judgeSudo(null, '')).toEqual({ status: 'ok', saw: 'there is no sudo' });
  });
});
