import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { Log } from '../../src/log.ts';
import { silentLog } from '../../src/log.ts';
import { installToolchain, type ToolRequest } from '../../src/toolchain/install.ts';
import { platformOf } from '../../src/toolchain/platform.ts';
import { tools } from '../../src/toolchain/tools.ts';

/** What a publisher answers under one URL. */
export interface Answer {
  readonly status?: number;
  readonly body?: Buffer | string;
  /** Announces the whole body and hangs up after so many bytes. */
  readonly hangUpAfter?: number;
  /** Never answers. */
  readonly silent?: true;
}

/** Every release host at once, on loopback: real HTTP under the publishers' real URLs. */
export async function startPublishers(answers: Record<string, Answer>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = `https:/${request.url}`;
    asked.push(`${request.method} ${url}`);
    const { status, body = '', hangUpAfter, silent } = answers[url] ?? { status: 404 };
    if (silent) return;
    const bytes = Buffer.from(body);
    response.writeHead(status ?? 200, { 'content-length': bytes.length });
    if (request.method === 'HEAD') response.end();
    else if (hangUpAfter === undefined) response.end(bytes);
    else response.write(bytes.subarray(0, hangUpAfter), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const root = `http://127.0.0.1:${port}`;
  const toLoopback: typeof fetch = (input, init) => {
    const url = String(input);
    return fetch(url.startsWith('https://') ? `${root}/${url.slice('https://'.length)}` : url, init);
  };
  return {
    root,
    asked,
    answers,
    fetch: toLoopback,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A network without any host: each name fails to resolve, as the system says it. */
export function noNetwork(tried: string[] = []): typeof fetch {
  return (input) => {
    const { hostname } = new URL(String(input));
    tried.push(hostname);
    const cause = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
    return Promise.reject(new TypeError('fetch failed', { cause }));
  };
}

export const here = platformOf(process.platform, process.arch);
export const version = '3.7.3';
/** An etcd that can do nothing but say its version. */
export const etcdScript = (said = version) => `#!/bin/sh\necho "etcd Version: ${said}"\n`;

export function etcdRelease(of = version) {
  const file = tools.etcd.release(of, here);
  if (file === undefined) throw new Error('etcd has a release for every platform');
  return file;
}

/** A real archive of etcd's release, holding `content` as the binary. */
export function etcdArchive(folder: string, content: string): Buffer {
  const { entry, kind } = etcdRelease();
  const root = join(folder, sha256(content));
  mkdirSync(dirname(join(root, entry)), { recursive: true });
  writeFileSync(join(root, entry), content);
  const packed = join(folder, 'packed');
  if (kind === 'zip') execFileSync('zip', ['-qr', packed, '.'], { cwd: root });
  else execFileSync('tar', ['-czf', packed, '-C', root, dirname(entry)]);
  return readFileSync(kind === 'zip' ? `${packed}.zip` : packed);
}

export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The publisher's answers for an etcd release that is all right. */
export function honestEtcd(archive: Buffer): Record<string, Answer> {
  const { url, checksums } = etcdRelease();
  const name = url.slice(url.lastIndexOf('/') + 1);
  return { [url]: { body: archive }, [checksums]: { body: `${sha256(archive)}  ${name}\n` } };
}

/** A log that keeps what it was told. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (text: string) => void lines.push(text);
  return { ...silentLog, lines, info: keep, warn: keep };
}

/** Installs into `dir`, with no `go` and nothing else on PATH but what `env` adds. */
export function installInto(
  dir: string,
  by: {
    readonly fetch: typeof fetch;
    readonly requests?: readonly ToolRequest[];
    readonly env?: NodeJS.ProcessEnv;
    readonly log?: Log;
    readonly signal?: AbortSignal;
  },
) {
  return installToolchain(by.requests ?? [{ name: 'etcd', version }], {
    lockFile: join(dir, 'phoenix.lock'),
    cacheDir: join(dir, 'cache'),
    env: { PATH: join(dir, 'bin'), HOME: dir, ...by.env },
    log: by.log ?? silentLog,
    signal: by.signal ?? new AbortController().signal,
    fetch: by.fetch,
  });
}

export function cachedEtcd(dir: string): string {
  return join(dir, 'cache', 'etcd', version, here.key, 'etcd');
}
