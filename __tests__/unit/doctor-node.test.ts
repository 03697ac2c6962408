import { describe, expect, it } from 'vitest';
import { failed, ok, skipped, warning } from '../../src/doctor/check.ts';
import { hostRefusal } from '../../src/doctor/node/assert.ts';
import { judgeCgroups } from '../../src/doctor/node/cgroups.ts';
import { judgeKernel } from '../../src/doctor/node/kernel.ts';
import { judgePrograms } from '../../src/doctor/node/programs.ts';
import { judgeRoom } from '../../src/doctor/node/room.ts';
import { judgeUser, type UserPicture } from '../../src/doctor/node/user.ts';

const debian = { programs: [], plugins: [], distribution: ['debian'] } as const;

describe('the programs of a node', () => {
  it('are all there', () => {
    expect(judgePrograms(debian)).toMatchObject({ status: 'ok' });
  });

  it('that are missing are all named, with one line that installs each package once', () => {
    const said = judgePrograms({ ...debian, programs: ['containerd', 'ctr', 'nft'], plugins: ['portmap'] });
    expect(said).toMatchObject({
      status: 'failed',
      saw: 'missing: containerd, ctr, nft, the CNI plugin portmap',
      next: 'apt-get update && apt-get install -y --no-install-recommends containerd nftables containernetworking-plugins',
    });
  });

  it('have the same line on a distribution that is like Debian, and none that is made up on another', () => {
    const on = (distribution: readonly string[]) =>
      judgePrograms({ ...debian, distribution, programs: ['runc'] });
    expect(on(['linuxmint', 'ubuntu']).next).toMatch(/^apt-get .* runc$/);
    const fedora = on(['fedora']);
    expect(fedora.saw).toBe('missing: runc');
    expect(fedora.next).not.toContain('install');
  });
});

describe('the user that makes a node', () => {
  const root: UserPicture = {
    platform: 'linux',
    uid: 0,
    capabilities: '000001ffffffffff',
    uidMap: '         0          0 4294967295\n',
  };

  it('is root with every capability, or with all but that of limits', () => {
    expect(judgeUser(root)).toMatchObject({ status: 'ok' });
    expect(judgeUser({ ...root, capabilities: '000001fffeffffff' })).toMatchObject({ status: 'ok' });
  });

  it.each<[string, UserPicture, string]>([
    ['another platform', { ...root, platform: 'darwin' }, 'darwin'],
    ['another user', { ...root, uid: 1000 }, 'uid 1000'],
    [
      'root of a user namespace',
      { ...root, uidMap: '         0       1000          1\n' },
      'of a user namespace',
    ],
    ['root without a map to be read', { ...root, uidMap: undefined }, 'of a user namespace'],
    // What a container of Docker's has.
    ['root of a container', { ...root, capabilities: '00000000a80425fb' }, 'CAP_NET_ADMIN, CAP_SYS_ADMIN'],
    ['root whose capabilities cannot be read', { ...root, capabilities: undefined }, 'CAP_SYS_ADMIN'],
  ])('is not %s', (_, picture, said) => {
    const { status, saw, next } = judgeUser(picture);
    expect(status).toBe('failed');
    expect(saw).toContain(said);
    expect(next).toBeDefined();
  });
});

describe('the kernel of a node', () => {
  const whole = new Map<string, string | undefined>(
    [
      'namespaces of its own',
      'overlayfs on a tmpfs',
      'veth',
      'bridge',
      'br_netfilter',
      'forwarding of packets',
      'iptables with nat, comment and conntrack',
      'nftables with nat, maps and numgen',
    ].map((name) => [name, undefined]),
  );

  it('has all that was tried', () => {
    expect(judgeKernel(whole)).toMatchObject({ status: 'ok' });
  });

  it('lacks what failed, each with what was said', () => {
    const picture = new Map(whole).set('veth', 'Error: Unknown device type.').set('bridge', 'Not permitted');
    const { status, saw, next } = judgeKernel(picture);
    expect(status).toBe('failed');
    expect(saw).toBe('not to be had: veth (Error: Unknown device type.), bridge (Not permitted)');
    expect(next).toContain('modprobe');
  });

  it('is not called well where a trial could not be made', () => {
    const picture = new Map(whole);
    picture.delete('nftables with nat, maps and numgen');
    expect(judgeKernel(picture)).toMatchObject({
      status: 'skipped',
      saw: expect.stringContaining('nftables'),
    });
    expect(judgeKernel(new Map())).toMatchObject({ status: 'skipped' });
  });
});

describe('the cgroups of a node', () => {
  const all = ['cpu', 'cpuset', 'memory', 'pids'];

  it('are good in both versions, with what else there is', () => {
    for (const version of [1, 2] as const)
      expect(judgeCgroups({ version, controllers: [...all, 'io'], writable: true })).toMatchObject({
        status: 'ok',
        saw: expect.stringContaining(`version ${version}`),
      });
  });

  it('lack a controller, which is named', () => {
    const said = judgeCgroups({ version: 2, controllers: ['cpu', 'pids'], writable: true });
    expect(said).toMatchObject({ status: 'failed', saw: expect.stringContaining('cpuset, memory') });
  });

  it('are of no use where none can be made', () => {
    expect(judgeCgroups({ version: 2, controllers: all, writable: false })).toMatchObject({
      status: 'failed',
    });
  });
});

describe('the room of a node', () => {
  const gib = 2 ** 30;
  const room = (memory: number, disk: number) =>
    judgeRoom({ memory: memory * gib, disk: disk * gib, folder: '/home/cache' });

  it('is enough, barely enough, or too little, and the message has the figures', () => {
    expect(room(8, 20)).toMatchObject({ status: 'ok' });
    expect(room(2, 20)).toMatchObject({
      status: 'warning',
      saw: expect.stringContaining('2.0 GiB of memory'),
    });
    expect(room(1, 20)).toMatchObject({ status: 'failed', saw: expect.stringContaining('takes 1.5') });
    const both = room(1, 1);
    expect(both.saw).toContain('1.0 GiB of memory');
    expect(both.saw).toContain('1.0 GiB of disk below /home/cache');
  });
});

describe('a machine', () => {
  it('holds a node where nothing failed; a warning is none', () => {
    expect(hostRefusal([ok('well'), warning('little memory', 'End something.')])).toBeUndefined();
  });

  it('is refused with the whole list, what could not be looked at included', () => {
    const error = hostRefusal([
      failed('missing: runc', 'apt-get install runc'),
      skipped('it cannot be told'),
      failed('no cgroups', 'Mount them.'),
      ok('well'),
    ]);
    expect(error).toMatchObject({
      code: 'PHX-BOX-NODE-HOST',
      exitCode: 3,
      why: 'missing: runc; it cannot be told; no cgroups.',
      next: 'apt-get install runc; Mount them. `phoenix doctor --only node` looks again.',
    });
  });
});
