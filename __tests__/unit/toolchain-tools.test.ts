import fc from 'fast-check';
import { valid } from 'semver';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { installToolchain, pins } from '../../src/toolchain/install.ts';
import { platformOf } from '../../src/toolchain/platform.ts';
import { elapsed } from '../../src/toolchain/progress.ts';
import { toolNames } from '../../src/toolchain/tool.ts';
import { tools } from '../../src/toolchain/tools.ts';
import { exactVersion, nearVersions } from '../../src/toolchain/version.ts';

const platforms = [platformOf('linux', 'x64'), platformOf('linux', 'arm64'), platformOf('darwin', 'arm64')];

describe('the table of tools', () => {
  it.each(toolNames)('pins %s to one exact version and can get it on Linux', (name) => {
    expect(valid(pins[name])).toBe(pins[name]);
    const { go, release } = tools[name];
    for (const platform of platforms.filter(({ os }) => os === 'linux'))
      expect(go ?? release(pins[name], platform)).toBeDefined();
  });

  it.each(toolNames)('takes %s only over https, with a checksum file from the same host', (name) => {
    for (const platform of platforms) {
      const file = tools[name].release(pins[name], platform);
      if (file === undefined) continue;
      expect(new URL(file.url).protocol).toBe('https:');
      expect(new URL(file.checksums).host).toBe(new URL(file.url).host);
      expect(file.url).toContain(pins[name]);
      expect(file.url).toMatch(platform.arch === 'amd64' ? /amd64|x86_64/ : platform.arch);
    }
  });

  it('stamps kubernetes’ version, as clients read major and minor apart', () => {
    expect(tools['kube-apiserver'].go?.stamp('1.34.1')).toContain(
      'k8s.io/component-base/version.gitMinor=34',
    );
  });
});

describe('the platform', () => {
  it('is named once for the lock, the cache and a mirror', () => {
    expect(platforms.map(({ key }) => key)).toEqual(['linux-x64', 'linux-arm64', 'darwin-arm64']);
  });

  it.each([
    ['win32', 'x64', 'Windows'],
    ['darwin', 'x64', 'darwin (x64)'],
    ['linux', 'riscv64', 'linux (riscv64)'],
    ['freebsd', 'x64', 'freebsd'],
  ])('%s %s is refused plainly', (os, arch, said) => {
    expect(() => platformOf(os, arch)).toThrow(
      expect.objectContaining({ code: 'PHX-TOOLCHAIN-PLATFORM', what: expect.stringContaining(said) }),
    );
  });
});

describe('versions', () => {
  it('are exact, with or without a v; a range is refused', () => {
    expect(exactVersion('tofu', 'v1.12.6')).toBe('1.12.6');
    for (const wrong of ['1.12', '^1.12.0', 'latest', ''])
      expect(() => exactVersion('tofu', wrong)).toThrow(
        expect.objectContaining({ code: 'PHX-TOOLCHAIN-VERSION' }),
      );
  });

  it('near a wrong one are of its minor first, then of its major, never itself nor a pre-release', () => {
    const published = ['v1.12.5', 'v1.12.4', 'v1.12.0-rc1', 'v1.11.9', 'v2.0.0', 'not-a-version', 'v1.12.60'];
    expect(nearVersions('1.12.60', published)).toEqual(['1.12.5', '1.12.4', '1.11.9']);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3))), (triples) => {
        const list = triples.map((triple) => triple.join('.'));
        const near = nearVersions('1.1.1', list);
        expect(near.length).toBe(Math.min(3, new Set(list.filter((one) => one !== '1.1.1')).size));
        const sameMinor = new Set(list.filter((one) => one.startsWith('1.1.') && one !== '1.1.1'));
        expect(near.filter((one) => sameMinor.has(one)).length).toBe(Math.min(3, sameMinor.size));
      }),
    );
  });
});

it('elapsed times read as people say them', () => {
  expect([40, 9940, 12_400, 59_600, 80_000, 605_000].map(elapsed)).toEqual([
    '0.0 s',
    '9.9 s',
    '12 s',
    '1m 00s',
    '1m 20s',
    '10m 05s',
  ]);
});

it('a run that is cancelled already installs nothing and throws the reason', async () => {
  const reason = new Error('cancelled');
  await expect(
    installToolchain([{ name: 'etcd', version: pins.etcd }], {
      lockFile: '/nowhere/phoenix.lock',
      cacheDir: '/nowhere/cache',
      env: {},
      log: silentLog,
      signal: AbortSignal.abort(reason),
    }),
  ).rejects.toBe(reason);
});
