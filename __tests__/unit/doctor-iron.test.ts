import { describe, expect, test } from 'vitest';
import { judgeClock } from '../../src/doctor/clock.ts';
import { judgeAddresses } from '../../src/doctor/iron/addresses.ts';
import { doorsOf, judgeNames } from '../../src/doctor/iron/certificates.ts';
import { judgeMachines } from '../../src/doctor/iron/machines.ts';
import { judgeRegistries, mirrorsIn, registryOf } from '../../src/doctor/iron/registries.ts';
import { judgeStorages, wantedBy } from '../../src/doctor/iron/storages.ts';
import { judgeVar, talosVersion } from '../../src/doctor/iron/talos.ts';
import { firstOf } from '../../src/gitops/addresses.ts';

describe('the clock', () => {
  const skew = (seconds: number, host = 'a.example') => ({ host, seconds });

  test.each([
    [0.4, 'ok'],
    [-5.2, 'ok'],
    [6, 'warning'],
    [-60, 'warning'],
    [61, 'failed'],
    [-86_400, 'failed'],
  ])('that is %f s off is %s', (seconds, status) => {
    expect(judgeClock([skew(seconds)]).status).toBe(status);
  });

  test('is held against the server that it differs most from, and says which way', () => {
    const { saw } = judgeClock([skew(1), skew(-90, 'b.example'), skew(70, 'c.example')]);
    expect(saw).toBe("this machine's clock is 90 s ahead of that of b.example");
  });

  test('that is off by months fails, though no server then gets as far as to tell its date', () => {
    const late = { host: 'a.example', certificate: 'not yet valid' as const };
    expect(judgeClock([late])).toMatchObject({ status: 'failed', saw: expect.stringContaining('a.example') });
    expect(judgeClock([late, skew(0)]).status).toBe('ok');
  });

  test('is not called well where no server tells the time', () => {
    expect(judgeClock(['a.example gives no date'])).toMatchObject({ status: 'skipped' });
    expect(judgeClock(['a.example gives no date', skew(0)]).saw).toContain('not compared: a.example');
  });
});

describe('the storages', () => {
  const storage = (used: number, more = {}) => ({
    ...{ name: 'local-lvm', node: 'pve', content: ['images'], active: true, shared: false, total: 1000 },
    ...{ used, ...more },
  });

  test.each([
    [849, 'ok'],
    [850, 'warning'],
    [949, 'warning'],
    [950, 'failed'],
    [1000, 'failed'],
  ])('with %i of 1000 used are %s', (used, status) => {
    expect(judgeStorages([storage(10), storage(used, { name: 'other' })], []).status).toBe(status);
  });

  test('are named with their node, or without it where they are shared', () => {
    const each = [storage(990), storage(960, { name: 'nfs', shared: true })];
    expect(judgeStorages(each, []).saw).toBe('full: local-lvm on pve 99 %, nfs 96 %');
  });

  test('that are not active, or that the token does not see, are not called well', () => {
    expect(judgeStorages([storage(0, { active: false, total: 0 })], []).status).toBe('warning');
    expect(judgeStorages([], []).status).toBe('skipped');
  });

  test('that the castle is made on fail where they are not what it needs; others only warn', () => {
    const wanted = wantedBy({
      node: 'pve',
      storage: { disk: 'local-lvm', image: 'local' },
      source_of_disk: { image: { url: 'x' } },
    });
    const local = storage(10, { name: 'local', content: ['iso', 'import'] });
    const nas = storage(990, { name: 'nas' });
    expect(judgeStorages([storage(10), local], wanted).status).toBe('ok');
    expect(judgeStorages([storage(10), local, nas], wanted).status).toBe('warning');
    expect(judgeStorages([storage(950), local], wanted).status).toBe('failed');
    for (const [images, saw] of [
      [{ ...local, content: ['iso'] }, 'local (for the image) does not take the content `import`'],
      [{ ...local, active: false }, 'local (for the image) is not active'],
      [{ ...local, node: 'other' }, 'there is no storage local (for the image) on pve'],
    ] as const)
      expect(judgeStorages([storage(10), images], wanted)).toMatchObject({ status: 'failed', saw });
    expect(wantedBy({ storage: { disk: 'a', image: 'b' }, source_of_disk: { template: 900 } })).toHaveLength(
      1,
    );
    expect(wantedBy({ storage: 'a' })).toEqual([]);
  });
});

describe('the VM ids', () => {
  const planned = [{ key: 'cp-1', vmid: 421, address: '192.0.2.11', role: 'controlplane' }];
  const guest = (more = {}) => ({
    ...{
      kind: 'qemu' as const,
      vmid: 421,
      node: 'pve',
      status: 'running',
      name: 'home-cp-1',
      tags: ['phoenix'],
    },
    ...more,
  });
  const judge = (more = {}) => judgeMachines(planned, [guest(more)], { castle: 'home', tag: 'phoenix' });

  test("are well where they are free or the castle's own", () => {
    expect(judge({ vmid: 999 }).status).toBe('ok');
    expect(judge()).toMatchObject({ status: 'ok', next: expect.stringContaining('docs/castle.md') });
  });

  test.each([
    ['another name', { name: 'home-cp-10' }],
    ['no name', { name: undefined }],
    ['no tag', { tags: [] }],
    ['a tag that only begins so', { tags: ['phoenix-old'] }],
    ['the form of a container', { kind: 'lxc' as const }],
  ])('fail where a guest with %s has one of them', (_, more) => {
    const { status, saw } = judge(more);
    expect(status).toBe('failed');
    expect(saw).toContain('421 (for home-cp-1)');
  });
});

describe('the addresses', () => {
  const seen = (answers: boolean, stands: boolean | undefined) => ({
    ...{ of: 'cp-1', address: '192.0.2.11', answers, stands },
  });

  test.each([
    [true, false, 'failed'],
    [true, true, 'ok'],
    [true, undefined, 'warning'],
    [false, false, 'ok'],
    [false, undefined, 'ok'],
  ])('that answer: %s, and are of a VM of the castle: %s, are %s', (answers, stands, status) => {
    expect(judgeAddresses([seen(answers, stands)]).status).toBe(status);
  });
});

test('of a pool the first addresses are taken, in whatever way it is written', () => {
  expect(firstOf(['192.0.2.254-192.0.3.1', '10.0.0.0/30', 'fd00::/64', 'nonsense'], 100)).toEqual([
    ...['192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.3.1'],
    ...['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3'],
  ]);
  expect(firstOf(['0.0.0.0/0'], 32)).toHaveLength(32);
});

describe('Talos and Longhorn', () => {
  const judge = (version: string, longhorn: boolean, text: string, whole = true) =>
    judgeVar(version, longhorn, { text, whole });
  const optsOut = 'kind = "VolumeConfig"\nname = "EPHEMERAL"\nmount = { secure = false }';

  test('collide from 1.14 on, unless the volume is mounted otherwise', () => {
    expect(judge('1.13.9', true, '').status).toBe('ok');
    expect(judge('1.14.0', true, '').status).toBe('failed');
    expect(judge('1.14.0-beta.1', true, '').status).toBe('failed');
    expect(judge('2.0.0', true, '').status).toBe('failed');
    expect(judge('1.14.0', true, optsOut).status).toBe('ok');
    expect(judge('1.14.0', true, optsOut.replace('false', 'true')).status).toBe('failed');
    expect(judge('1.14.0', true, optsOut.replace('EPHEMERAL', 'STATE')).status).toBe('failed');
    expect(judge('1.14.0', false, '').status).toBe('ok');
    expect(judge('1.14.0', true, '', false).status).toBe('warning');
  });

  test('the version is taken from the inputs, the image, the pin, in this order', () => {
    const toolchain = [{ tool: 'talosctl', version: '1.11.3' }] as const;
    const image = `https://factory.example/image/${'a'.repeat(64)}/v1.13.2/nocloud-amd64.raw.xz`;
    expect(talosVersion({ inputs: { talos_version: 'v1.14.1', image } }, { toolchain })).toBe('1.14.1');
    expect(talosVersion({ inputs: { talos: { version: '1.14.2' } } }, { toolchain })).toBe('1.14.2');
    expect(talosVersion({ inputs: { disk: { url: image } } }, { toolchain })).toBe('1.13.2');
    expect(talosVersion({ inputs: {} }, { toolchain })).toBe('1.11.3');
    expect(talosVersion({ inputs: {} }, { toolchain: [] })).toBeUndefined();
  });
});

describe('the certificates', () => {
  const platform = {
    layer: 'platform',
    text: '',
    whole: true,
    inputs: {
      vip: '192.0.2.10',
      machines: {
        'cp-1': { vmid: 421, address: '192.0.2.11', role: 'controlplane' },
        'worker-1': { vmid: 422, address: '192.0.2.12', role: 'worker' },
      },
    },
  };

  test('are looked at on every door of the castle', () => {
    expect(doorsOf(platform).map(({ host, port }) => `${host}:${port}`)).toEqual([
      '192.0.2.10:6443',
      '192.0.2.11:6443',
      '192.0.2.11:50000',
      '192.0.2.12:50000',
    ]);
  });

  test('that lack their own address name the setting that lacks it', () => {
    const seen = doorsOf(platform).map((door) => ({
      door,
      names: door.port === 6443 ? ['kubernetes', '10.96.0.1', '192.0.2.11'] : [door.host],
    }));
    expect(judgeNames(seen, '')).toMatchObject({
      status: 'failed',
      saw: 'not good for their own address: 192.0.2.10:6443 (the virtual address)',
      next: expect.stringContaining('cluster.apiServer.certSANs'),
    });
    expect(judgeNames(seen.slice(1), '').status).toBe('ok');
  });

  test('of a castle that does not stand are judged by the text that will make them', () => {
    const nobody = doorsOf(platform).map((door) => ({ door, names: undefined }));
    const talos = 'data "talos_machine_configuration" "it" {}\n';
    expect(judgeNames(nobody, '').status).toBe('skipped');
    expect(judgeNames(nobody, `${talos} certSANs`).status).toBe('warning');
    expect(judgeNames(nobody, `${talos} certSANs certSANs`).status).toBe('ok');
  });
});

describe('the registries', () => {
  test('of an image are told as a container runtime tells them', () => {
    expect(registryOf('nginx:1')).toBe('docker.io');
    expect(registryOf('library/nginx:1')).toBe('docker.io');
    expect(registryOf('index.docker.io/library/nginx')).toBe('docker.io');
    expect(registryOf('ghcr.io/a/b@sha256:c')).toBe('ghcr.io');
    expect(registryOf('localhost/a')).toBe('localhost');
    expect(registryOf('10.0.0.5:5000/a')).toBe('10.0.0.5:5000');
  });

  const images = (count: number, host = 'ghcr.io') =>
    Array.from({ length: count }, (_, index) => `    - image: ${host}/a/b${index}:1`).join('\n');

  test.each([
    [16, 'ok'],
    [17, 'warning'],
  ])('that limit who has no login: %i images are %s', (count, status) => {
    const { saw, ...rest } = judgeRegistries([images(count), images(40, 'quay.io')], new Set());
    expect(rest.status).toBe(status);
    expect(saw).toContain(`${count} images from ghcr.io`);
  });

  test('are counted in the values of a chart too, where registry and repository stand apart', () => {
    const chart =
      'values:\n  image:\n    repository: ghcr.io/a/b\n    tag: "1"\n  sidecar:\n    image:\n      registry: ghcr.io\n      repository: c/d\n';
    expect(judgeRegistries([chart], new Set()).saw).toContain('2 images from ghcr.io');
  });

  test('are no matter with a pull secret or a mirror of that very registry', () => {
    const open = images(30);
    const mirrorOf = (host: string) => mirrorsIn(`{"registry_mirrors":{"${host}":["https://cache.lan"]}}`);
    expect(judgeRegistries([`${open}\n  imagePullSecrets:\n    - name: x\n`], new Set()).status).toBe('ok');
    expect(judgeRegistries([open], mirrorOf('ghcr.io')).status).toBe('ok');
    expect(judgeRegistries([open], mirrorOf('docker.io')).status).toBe('warning');
    expect(judgeRegistries([open], mirrorsIn('{"note":"ghcr.io: none"}')).status).toBe('warning');
    expect(judgeRegistries([open, open], mirrorsIn('{"registry_mirrors":{}}')).saw).toContain('30 images');
  });
});
