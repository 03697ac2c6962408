import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';
import {
  cachedEtcd,
  etcdArchive,
  etcdRelease,
  etcdScript,
  here,
  honestEtcd,
  installInto,
  keptLog,
  noNetwork,
  sha256,
  startPublishers,
  version,
} from '../support/publishers.ts';

async function refusal(promise: Promise<unknown>): Promise<PhoenixError> {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(PhoenixError);
  const refused = error as PhoenixError;
  expect(refused.class).toBe('toolchain');
  expect(explain(refused)).not.toMatch(/\n\s+at /);
  expect(refused.next).not.toBe('');
  return refused;
}

/** Nothing of an etcd that was refused: no tool, no half file, no lock of the installation. */
async function expectNothingLeft(dir: string) {
  expect(existsSync(cachedEtcd(dir))).toBe(false);
  const left = await readdir(join(dir, 'cache'), { recursive: true });
  expect(left.filter((name) => /\.work|\.installing|\.complete|download|mirrored/.test(name))).toEqual([]);
}

async function lockedTo(dir: string, release: { file: string; sha256: string; source: string }) {
  const tools = { etcd: { [version]: { [here.key]: { release } } } };
  await writeFile(join(dir, 'phoenix.lock'), JSON.stringify({ version: 1, tools }));
}

const file = etcdRelease();
const name = file.url.slice(file.url.lastIndexOf('/') + 1);

describe('a release download', () => {
  it('that does not match the publisher’s checksum file is deleted and refused, with both digests', async () => {
    await using folder = await temporaryFolder();
    const archive = etcdArchive(folder.dir, etcdScript());
    const promised = sha256('another archive');
    await using publishers = await startPublishers({
      ...honestEtcd(archive),
      [file.checksums]: { body: `${promised}  ${name}\n` },
    });
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.code).toBe('PHX-TOOLCHAIN-DIGEST');
    expect(error.why).toContain(promised);
    expect(error.why).toContain(sha256(archive));
    await expectNothingLeft(folder.dir);
  });

  it('that matches the publisher but not the lock is refused: the lock is believed', async () => {
    await using folder = await temporaryFolder();
    const archive = etcdArchive(folder.dir, etcdScript());
    await lockedTo(folder.dir, { file: name, sha256: sha256('as it was locked'), source: 'a test' });
    await using publishers = await startPublishers(honestEtcd(archive));
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.code).toBe('PHX-TOOLCHAIN-DIGEST');
    expect(error.why).toContain(sha256('as it was locked'));
    expect(error.why).toContain(sha256(archive));
    await expectNothingLeft(folder.dir);
  });

  it('without a digest in the lock or at the publisher is refused before a byte of it is read', async () => {
    await using folder = await temporaryFolder();
    await using publishers = await startPublishers({
      ...honestEtcd(etcdArchive(folder.dir, etcdScript())),
      [file.checksums]: { body: `${sha256('x')}  some-other-file.zip\n${sha256('y')}  and-another.zip\n` },
    });
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.code).toBe('PHX-TOOLCHAIN-UNAVAILABLE');
    expect(error.why).toContain('no digest');
    expect(publishers.asked).not.toContain(`GET ${file.url}`);
  });

  it('that breaks off half-way three times ends in a clean error and leaves no half file', async () => {
    await using folder = await temporaryFolder();
    const archive = etcdArchive(folder.dir, etcdScript());
    await using publishers = await startPublishers({
      ...honestEtcd(archive),
      [file.url]: { body: archive, hangUpAfter: 100 },
    });
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.code).toBe('PHX-TOOLCHAIN-UNAVAILABLE');
    expect(error.why).toMatch(/broke off|bytes arrived/);
    expect(publishers.asked.filter((line) => line === `GET ${file.url}`)).toHaveLength(3);
    await expectNothingLeft(folder.dir);
  });

  it('of a version that does not exist names the near ones from the publisher’s list', async () => {
    await using folder = await temporaryFolder();
    const list = 'https://api.github.com/repos/etcd-io/etcd/releases?per_page=100';
    const tags = ['v3.7.1', 'v3.7.2', 'v3.7.3', 'v3.6.9', 'v3.8.0-rc.0', 'v2.0.0'];
    await using publishers = await startPublishers({
      [list]: { body: JSON.stringify(tags.map((tag) => ({ tag_name: tag }))) },
    });
    const requests = [{ name: 'etcd', version: '3.7.33' }] as const;
    const error = await refusal(installInto(folder.dir, { ...publishers, requests }));
    expect(error.code).toBe('PHX-TOOLCHAIN-VERSION');
    expect(error.next).toContain('3.7.3, 3.7.2, 3.7.1');
  });

  it('of a version that does not exist says so where the list cannot be had', async () => {
    await using folder = await temporaryFolder();
    await using publishers = await startPublishers({});
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.code).toBe('PHX-TOOLCHAIN-VERSION');
    expect(error.next).toContain('list of versions cannot be had');
  });

  it('whose binary says another version is not installed', async () => {
    await using folder = await temporaryFolder();
    await using publishers = await startPublishers(honestEtcd(etcdArchive(folder.dir, etcdScript('3.7.2'))));
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.code).toBe('PHX-TOOLCHAIN-RUN');
    expect(error.why).toContain('3.7.2');
    await expectNothingLeft(folder.dir);
  });

  it('whose binary is for another platform or C library says so', async () => {
    await using folder = await temporaryFolder();
    await using publishers = await startPublishers(
      honestEtcd(etcdArchive(folder.dir, '#!/lib/ld-of-another-libc.so\n')),
    );
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.code).toBe('PHX-TOOLCHAIN-RUN');
    expect(error.why).toContain('another platform or C library');
  });

  it('stops at once when the run is cancelled, and leaves nothing', async () => {
    await using folder = await temporaryFolder();
    const archive = etcdArchive(folder.dir, etcdScript());
    await using publishers = await startPublishers({
      ...honestEtcd(archive),
      [file.checksums]: { silent: true },
    });
    const cancelled = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => cancelled.abort(reason), 200);
    expect(await rejection(installInto(folder.dir, { ...publishers, signal: cancelled.signal }))).toBe(
      reason,
    );
    await expectNothingLeft(folder.dir);
  });

  it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
    'onto a full disk says that the disk is full and how much is free',
    async () => {
      await using folder = await temporaryFolder({ 'cache/.keep': '' });
      const cache = join(folder.dir, 'cache');
      const archive = etcdArchive(folder.dir, etcdScript());
      const padded = Buffer.concat([archive, Buffer.alloc(1 << 20, 'x')]);
      await using publishers = await startPublishers(honestEtcd(padded));
      execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', cache]);
      try {
        const error = await refusal(installInto(folder.dir, publishers));
        expect(error.code).toBe('PHX-TOOLCHAIN-DISK');
        expect(error.why).toMatch(/MiB free/);
        await expectNothingLeft(folder.dir);
      } finally {
        execFileSync('/bin/umount', [cache]);
      }
    },
  );
});

describe('a host that cannot be reached', () => {
  it('is tried once for all tools, and the error names every source and the ways out', async () => {
    await using folder = await temporaryFolder();
    const tried: string[] = [];
    const requests = [
      { name: 'etcd', version },
      { name: 'tofu', version: '1.12.6' },
      { name: 'terragrunt', version: '1.1.1' },
    ] as const;
    const error = await refusal(installInto(folder.dir, { fetch: noNetwork(tried), requests }));
    expect(error.code).toBe('PHX-TOOLCHAIN-UNAVAILABLE');
    expect(error.exitCode).toBe(3);
    expect(tried).toEqual(['github.com']);
    expect(error.what).toContain('3 of 3 tools cannot be had: tofu 1.12.6, terragrunt 1.1.1, etcd 3.7.3');
    for (const said of [
      'Tool cache: nothing in',
      'PATH: not allowed by phoenix.yaml.',
      'Release: the name github.com does not resolve.',
      'Mirror: PHOENIX_TOOL_MIRROR is not set.',
      'Go module: there is no `go` on PATH.',
    ])
      expect(error.why).toContain(said);
    expect(error.next).toContain('PHOENIX_TOOL_MIRROR');
    expect(error.next).toContain('Go 1.21');
    await expectNothingLeft(folder.dir);
  });

  it('because it never answers is given up after three seconds, once', async () => {
    await using folder = await temporaryFolder();
    const silent = { silent: true } as const;
    await using publishers = await startPublishers({ [file.url]: silent });
    const started = performance.now();
    const error = await refusal(installInto(folder.dir, publishers));
    expect(performance.now() - started).toBeLessThan(6000);
    expect(error.why).toContain('did not answer within 3 s');
  });

  it('because a policy bars it (403) leads on to the next source', async () => {
    await using folder = await temporaryFolder();
    await using publishers = await startPublishers({ [file.url]: { status: 403 } });
    const error = await refusal(installInto(folder.dir, publishers));
    expect(error.why).toContain('answered 403');
    expect(error.why).toContain('Go module: there is no `go` on PATH');
  });
});

describe('the tool cache', () => {
  async function installed(dir: string) {
    await using publishers = await startPublishers(honestEtcd(etcdArchive(dir, etcdScript())));
    await installInto(dir, publishers);
  }

  it('with an altered binary is caught by hashing it again: deleted, refused, and installed anew next time', async () => {
    await using folder = await temporaryFolder();
    await installed(folder.dir);
    const altered = `${etcdScript()}# and more\n`;
    await writeFile(cachedEtcd(folder.dir), altered);
    const error = await refusal(installInto(folder.dir, { fetch: noNetwork() }));
    expect(error.code).toBe('PHX-TOOLCHAIN-DIGEST');
    expect(error.why).toContain(sha256(altered));
    expect(error.why).toContain(sha256(etcdScript()));
    expect(existsSync(cachedEtcd(folder.dir))).toBe(false);
    await installed(folder.dir);
    expect(await readFile(cachedEtcd(folder.dir), 'utf8')).toBe(etcdScript());
  });

  it('altered together with its receipt is caught by the lock', async () => {
    await using folder = await temporaryFolder();
    await installed(folder.dir);
    const altered = `${etcdScript()}# and more\n`;
    const receipt = join(cachedEtcd(folder.dir), '..', 'receipt.json');
    await writeFile(cachedEtcd(folder.dir), altered);
    const text = await readFile(receipt, 'utf8');
    await writeFile(receipt, text.replaceAll(sha256(etcdScript()), sha256(altered)));
    const error = await refusal(installInto(folder.dir, { fetch: noNetwork() }));
    expect(error.code).toBe('PHX-TOOLCHAIN-DIGEST');
    expect(error.why).toContain('phoenix.lock');
  });

  it('without a receipt, or half copied, counts as empty', async () => {
    await using folder = await temporaryFolder();
    await installed(folder.dir);
    await rm(join(cachedEtcd(folder.dir), '..', 'receipt.json'));
    expect((await refusal(installInto(folder.dir, { fetch: noNetwork() }))).why).toContain('has no receipt');
    await installed(folder.dir);
    await rm(cachedEtcd(folder.dir));
    expect((await refusal(installInto(folder.dir, { fetch: noNetwork() }))).why).toContain('is not whole');
  });

  it('that cannot be written is named, with the setting that moves it', async () => {
    await using folder = await temporaryFolder({ cache: 'a file where the folder should be' });
    const error = await refusal(installInto(folder.dir, { fetch: noNetwork() }));
    expect(error.code).toBe('PHX-TOOLCHAIN-CACHE');
    expect(error.next).toContain('RUNNER_TOOL_CACHE');
  });

  it('held by a process that died is taken over', async () => {
    await using folder = await temporaryFolder({
      'cache/.installing': JSON.stringify({ pid: 1, startTime: 'never', bootId: 'another boot' }),
    });
    await installed(folder.dir);
    expect(existsSync(cachedEtcd(folder.dir))).toBe(true);
  });
});

describe('a mirror', () => {
  const mirrored = (dir: string) => join(dir, 'mirror', 'etcd', version, here.key);
  const env = (dir: string) => ({ PHOENIX_TOOL_MIRROR: join(dir, 'mirror') });

  it('serves the publisher’s file where no release host can be reached and the lock knows it', async () => {
    await using folder = await temporaryFolder();
    const archive = etcdArchive(folder.dir, etcdScript());
    await mkdir(mirrored(folder.dir), { recursive: true });
    await writeFile(join(mirrored(folder.dir), name), archive);
    await lockedTo(folder.dir, { file: name, sha256: sha256(archive), source: 'a test' });
    const tools = await installInto(folder.dir, { fetch: noNetwork(), env: env(folder.dir) });
    expect(tools.get('etcd')).toMatchObject({ source: 'mirror', version, sha256: sha256(etcdScript()) });
  });

  it('serves over HTTP what a tool cache holds, and hides the login in its URL', async () => {
    await using folder = await temporaryFolder();
    await using origin = await startPublishers(honestEtcd(etcdArchive(folder.dir, etcdScript())));
    await installInto(folder.dir, origin);
    const path = `https://tools/etcd/${version}/${here.key}/etcd`;
    await using mirror = await startPublishers({ [path]: { body: etcdScript() } });
    await rm(join(folder.dir, 'cache'), { recursive: true });
    const log = keptLog();
    const url = `${mirror.root.replace('://', '://user:hidden-word@')}/tools`;
    const network: typeof fetch = (input, init) =>
      String(input).startsWith(mirror.root) ? fetch(input, init) : noNetwork()(input, init);
    const tools = await installInto(folder.dir, { fetch: network, env: { PHOENIX_TOOL_MIRROR: url }, log });
    expect(tools.get('etcd')?.source).toBe('mirror');
    expect(log.lines.join('\n')).not.toContain('hidden-word');
  });

  it('is not believed without the lock, even with a checksum file of its own', async () => {
    await using folder = await temporaryFolder();
    const archive = etcdArchive(folder.dir, etcdScript());
    await mkdir(mirrored(folder.dir), { recursive: true });
    await writeFile(join(mirrored(folder.dir), name), archive);
    await writeFile(join(mirrored(folder.dir), 'SHA256SUMS'), `${sha256(archive)}  ${name}\n`);
    const error = await refusal(installInto(folder.dir, { fetch: noNetwork(), env: env(folder.dir) }));
    expect(error.code).toBe('PHX-TOOLCHAIN-UNAVAILABLE');
    expect(error.why).toContain('phoenix.lock has no digest');
  });

  it('with a binary that the lock does not know is refused with both digests', async () => {
    await using folder = await temporaryFolder();
    await using origin = await startPublishers(honestEtcd(etcdArchive(folder.dir, etcdScript())));
    await installInto(folder.dir, origin);
    await cp(join(cachedEtcd(folder.dir), '..'), mirrored(folder.dir), { recursive: true });
    await rm(join(folder.dir, 'cache'), { recursive: true });
    await writeFile(join(mirrored(folder.dir), 'etcd'), 'forged');
    const error = await refusal(installInto(folder.dir, { fetch: noNetwork(), env: env(folder.dir) }));
    expect(error.code).toBe('PHX-TOOLCHAIN-DIGEST');
    expect(error.why).toContain(sha256('forged'));
    expect(error.why).toContain(sha256(etcdScript()));
  });

  it('serves a binary that was built and locked, though its publisher gives the same name to another', async () => {
    await using folder = await temporaryFolder();
    const built = '#!/bin/sh\necho \'"gitVersion": "v1.34.1"\'\n';
    const entry = {
      release: { file: 'kubectl', sha256: sha256('the published one'), source: 'a test' },
      go: {
        module: 'k8s.io/kubernetes',
        sum: 'h1:x',
        source: 'a test',
        builds: { 'go1.26.8': { sha256: sha256(built), source: 'a test' } },
      },
    };
    const tools = { kubectl: { '1.34.1': { [here.key]: entry } } };
    await writeFile(join(folder.dir, 'phoenix.lock'), JSON.stringify({ version: 1, tools }));
    const place = join(folder.dir, 'mirror', 'kubectl', '1.34.1', here.key);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'kubectl'), built);
    const installing = () =>
      installInto(folder.dir, {
        fetch: noNetwork(),
        env: env(folder.dir),
        requests: [{ name: 'kubectl', version: '1.34.1' }],
      });
    expect((await installing()).get('kubectl')?.source).toBe('mirror');
    expect((await installing()).get('kubectl')?.source).toBe('cache');
  });

  it('that is no folder and no URL is named as the mistake, without its login', async () => {
    await using folder = await temporaryFolder();
    const setting = 'ftp://user:hidden-word@tools.invalid/';
    const error = await refusal(
      installInto(folder.dir, { fetch: noNetwork(), env: { PHOENIX_TOOL_MIRROR: setting } }),
    );
    expect(error.code).toBe('PHX-TOOLCHAIN-MIRROR');
    expect(explain(error)).not.toContain('hidden-word');
  });
});

describe('a tool on PATH', () => {
  async function onPath(dir: string, content: string) {
    await mkdir(join(dir, 'bin'), { recursive: true });
    await writeFile(join(dir, 'bin', 'etcd'), content);
    await chmod(join(dir, 'bin', 'etcd'), 0o755);
  }
  const allowing = (path: string) => [{ name: 'etcd', version, path }] as const;

  it('is used where the request allows its version, before anything is downloaded', async () => {
    await using folder = await temporaryFolder();
    await onPath(folder.dir, etcdScript('3.7.9'));
    const tried: string[] = [];
    const requests = allowing('~3.7.0');
    const tools = await installInto(folder.dir, { fetch: noNetwork(tried), requests });
    expect(tools.get('etcd')).toMatchObject({ source: 'path', version: '3.7.9', assets: '' });
    expect(tried).toEqual([]);
  });

  it('is not looked at where the request does not allow it', async () => {
    await using folder = await temporaryFolder();
    await onPath(folder.dir, etcdScript());
    expect((await refusal(installInto(folder.dir, { fetch: noNetwork() }))).why).toContain(
      'PATH: not allowed',
    );
  });

  it('outside the range, or broken, is passed over and named', async () => {
    await using folder = await temporaryFolder();
    await onPath(folder.dir, etcdScript('2.0.0'));
    const old = await refusal(installInto(folder.dir, { fetch: noNetwork(), requests: allowing('^3') }));
    expect(old.why).toContain('is 2.0.0, not ^3');
    await onPath(folder.dir, '#!/bin/sh\necho cannot start >&2\nexit 7\n');
    const broken = await refusal(installInto(folder.dir, { fetch: noNetwork(), requests: allowing('^3') }));
    expect(broken.why).toContain('it exited 7: cannot start');
  });

  it('with a range that is none is a mistake in the castle file', async () => {
    await using folder = await temporaryFolder();
    const requests = allowing('newest');
    const error = await refusal(installInto(folder.dir, { fetch: noNetwork(), requests }));
    expect(error.code).toBe('PHX-TOOLCHAIN-RANGE');
  });
});

it('a version that is not exact is refused, with an example', async () => {
  await using folder = await temporaryFolder();
  const requests = [{ name: 'tofu', version: 'latest' }] as const;
  const error = await refusal(installInto(folder.dir, { fetch: noNetwork(), requests }));
  expect(error.code).toBe('PHX-TOOLCHAIN-VERSION');
  expect(error.next).toContain('1.12.6');
});

it('a lock that was damaged stops everything, and says how to restore it', async () => {
  await using folder = await temporaryFolder({ 'phoenix.lock': '{"version": 1, "tools": {"etcd": 3}}' });
  const error = await refusal(installInto(folder.dir, { fetch: noNetwork() }));
  expect(error.code).toBe('PHX-TOOLCHAIN-LOCK');
  expect(error.why).toContain('tools → etcd');
  expect(error.next).toContain('git checkout');
});
