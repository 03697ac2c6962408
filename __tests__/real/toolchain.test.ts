import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { installToolchain, pins } from '../../src/toolchain/install.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';
import { here, keptLog, noNetwork } from '../support/publishers.ts';

const buildMs = 300_000;
const etcd = [{ name: 'etcd', version: pins.etcd }] as const;

/** A real `go build` of etcd, with no release host in reach. */
function build(dir: string, env: NodeJS.ProcessEnv = {}, log = silentLog, signal?: AbortSignal) {
  return installToolchain(etcd, {
    lockFile: join(dir, 'phoenix.lock'),
    cacheDir: join(dir, 'cache'),
    env: { ...process.env, ...env },
    log,
    signal: signal ?? new AbortController().signal,
    fetch: noNetwork(),
  });
}

async function lockedBuilds(dir: string): Promise<Record<string, { sha256: string }>> {
  const lock = JSON.parse(await readFile(join(dir, 'phoenix.lock'), 'utf8'));
  return lock.tools.etcd[pins.etcd][here.key].go.builds;
}

describe('a build from a Go module', () => {
  it(
    'gives the same bytes in another folder and under hostile Go settings, and is found in the cache afterwards',
    async () => {
      await using one = await temporaryFolder();
      await using other = await temporaryFolder({ 'go.work': 'go 1.18\nuse ./nowhere\n' });
      const first = (await build(one.dir)).get('etcd');
      const hostile = {
        GOFLAGS: '-mod=vendor -tags=nope',
        GOWORK: join(other.dir, 'go.work'),
        GOAMD64: 'v3',
        CGO_ENABLED: '1',
      };
      const second = (await build(other.dir, hostile)).get('etcd');
      expect(first?.source).toBe('go');
      expect(second?.source).toBe('go');
      expect(second?.sha256).toBe(first?.sha256);
      expect(Object.values(await lockedBuilds(other.dir)).map(({ sha256 }) => sha256)).toEqual([
        first?.sha256,
      ]);
      const again = (await build(one.dir, { PATH: '/nowhere' })).get('etcd');
      expect(again).toMatchObject({ source: 'cache', sha256: first?.sha256 });
      expect(again?.seconds).toBeLessThan(1);
    },
    buildMs,
  );

  it(
    'matches the digest that phoenix.lock of this repository holds for the same Go version',
    async () => {
      const lock = JSON.parse(await readFile(new URL('../../phoenix.lock', import.meta.url), 'utf8'));
      await using folder = await temporaryFolder();
      await build(folder.dir);
      const [[go, mine] = []] = Object.entries(await lockedBuilds(folder.dir));
      const locked = lock.tools.etcd[pins.etcd][here.key]?.go;
      const known = locked?.builds[go ?? ''];
      // On another platform or Go version there is nothing to compare with; the sum of the source always is.
      expect(mine?.sha256).toBe(known?.sha256 ?? mine?.sha256);
      expect(locked?.sum ?? 'h1:').toMatch(/^h1:/);
    },
    buildMs,
  );

  it(
    'that differs from the lock is refused with both digests, and so is a source with another sum',
    async () => {
      await using folder = await temporaryFolder();
      await build(folder.dir);
      const file = join(folder.dir, 'phoenix.lock');
      const text = await readFile(file, 'utf8');
      const [build1] = Object.values(await lockedBuilds(folder.dir));
      const right = build1?.sha256 ?? '';
      const wrong = 'f'.repeat(64);
      await writeFile(file, text.replaceAll(right, wrong));
      const cached = (await rejection(build(folder.dir))) as PhoenixError;
      const rebuilt = (await rejection(build(folder.dir))) as PhoenixError;
      for (const error of [cached, rebuilt]) {
        expect(error.code).toBe('PHX-TOOLCHAIN-DIGEST');
        expect(error.why).toContain(right);
        expect(error.why).toContain(wrong);
      }
      expect(cached.what).toContain('in the tool cache');
      expect(rebuilt.what).toContain('built from its Go module');
      await writeFile(file, text.replace(/"sum": "h1:[^"]+"/, '"sum": "h1:another"'));
      const source = (await rejection(build(folder.dir))) as PhoenixError;
      expect(source.code).toBe('PHX-TOOLCHAIN-DIGEST');
      expect(source.why).toContain('h1:another');
    },
    buildMs,
  );

  it('is refused while the checksum database is off', async () => {
    await using folder = await temporaryFolder();
    const error = await rejection(build(folder.dir, { GOSUMDB: 'off' }));
    expect((error as PhoenixError).code).toBe('PHX-TOOLCHAIN-SUMDB');
  });

  it('without a proxy and with an empty module cache names the proxy, but not its password', async () => {
    await using folder = await temporaryFolder();
    const error = await rejection(
      build(folder.dir, {
        GOPROXY: 'http://user:hidden-word@127.0.0.1:9',
        GOMODCACHE: join(folder.dir, 'modules'),
        GOTOOLCHAIN: 'local',
      }),
    );
    expect(error).toBeInstanceOf(PhoenixError);
    const { code, why } = error as PhoenixError;
    expect(code).toBe('PHX-TOOLCHAIN-UNAVAILABLE');
    expect(why).toContain(
      'Go module: go.etcd.io/etcd/server/v3@v3.7.3 cannot be had from http://***@127.0.0.1:9',
    );
    expect(why).not.toContain('hidden-word');
  });

  it.skipIf(process.platform !== 'linux')(
    'ends with its compilers when the run is cancelled',
    async () => {
      await using folder = await temporaryFolder();
      const cancelled = new AbortController();
      const reason = new Error('cancelled');
      // An empty build cache: the compilers are at work when the signal comes.
      const env = { GOCACHE: join(folder.dir, 'gocache') };
      const running = rejection(build(folder.dir, env, silentLog, cancelled.signal));
      await compilersOf(folder.dir, (pids) => pids.length > 0);
      cancelled.abort(reason);
      expect(await running).toBe(reason);
      expect(await compilersOf(folder.dir, (pids) => pids.length === 0)).toEqual([]);
    },
    buildMs,
  );

  it(
    'is done once where two processes want it at the same time',
    async () => {
      await using folder = await temporaryFolder();
      const worker = new URL('../support/install-etcd.ts', import.meta.url).pathname;
      const start = async () => {
        const child = spawn(process.execPath, [worker, folder.dir], { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.on('data', (chunk) => {
          text += String(chunk);
        });
        await once(child, 'close');
        return JSON.parse(text) as { source: string; sha256: string };
      };
      const results = await Promise.all([start(), start()]);
      expect(results.map(({ source }) => source).sort()).toEqual(['cache', 'go']);
      expect(results[0]?.sha256).toBe(results[1]?.sha256);
    },
    buildMs,
  );

  it(
    'says which tool it built, from which module, how long it took, and every digest that is new',
    async () => {
      await using folder = await temporaryFolder();
      const log = keptLog();
      await build(folder.dir, {}, log);
      const text = log.lines.join('\n');
      expect(text).toMatch(/etcd 3\.7\.3: built from go\.etcd\.io\/etcd\/server\/v3@v3\.7\.3, [\d.]+ s/);
      expect(text).toMatch(
        /phoenix\.lock: new entry: etcd 3\.7\.3 \S+ go\S+ sha256 [0-9a-f]{64} \(computed here\)/,
      );
    },
    buildMs,
  );
});

/** The pids whose environment names `marker` besides our own, once `enough` holds; at most 20 s. */
async function compilersOf(marker: string, enough: (pids: string[]) => boolean): Promise<string[]> {
  for (const end = Date.now() + 20_000; ; ) {
    const pids: string[] = [];
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
      const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      if (env.includes(marker) && name.trim() === 'compile') pids.push(pid);
    }
    if (enough(pids) || Date.now() > end) return pids;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
