import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mounts } from '../../src/vault/mount.ts';

/** Whether this user may mount, and make namespaces of its own. */
export const canMount =
  process.getuid?.() === 0 && spawnSync('unshare', ['--mount', '--fork', 'true']).status === 0;

/** A folder of its own on the machine's real tmpfs; whatever is mounted below it goes with it. */
export async function ramRoot() {
  const dir = join('/dev/shm', `phoenix-test-${randomUUID().slice(0, 8)}`);
  await mkdir(dir, { mode: 0o700 });
  return {
    dir,
    async [Symbol.asyncDispose]() {
      for (const point of mountedIn(dir).toReversed()) spawnSync('umount', ['-l', point]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The mount points in and below a folder. */
export function mountedIn(dir: string): string[] {
  return mounts()
    .map(({ point }) => point)
    .filter((point) => point === dir || point.startsWith(`${dir}/`));
}

const vaultFolder = join(import.meta.dirname, '../../src/vault');

/**
 * Runs a module of the given text in a process of its own, with what it prints before it ends or, with `stays`, up to
 * its first line. `VAULT` in it is the folder of the vault's sources.
 */
export function startScript(text: string, before: readonly string[] = []) {
  const code = text.replaceAll('VAULT', `file://${vaultFolder}`);
  const node = [process.execPath, '--input-type=module', '--eval', code];
  const [file = '', ...args] = [...before, ...node];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let wrong = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    wrong += chunk;
  });
  const line = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (said.includes('\n')) resolve(said.slice(0, said.indexOf('\n')));
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`it ended without a line: ${wrong.slice(-2000)}`)));
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  line.catch(() => {});
  return {
    pid: child.pid ?? 0,
    line,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
