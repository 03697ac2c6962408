import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { untilReady } from './backends/until-ready.ts';

const programs = ['/usr/bin/containerd', '/usr/bin/ctr', '/usr/sbin/runc'];

interface Containerd extends AsyncDisposable {
  /** What `ctr` says on stdout, in the namespace of Kubernetes. */
  ctr(...args: readonly string[]): Promise<string>;
}

export function hasContainerd(): boolean {
  return process.getuid?.() === 0 && programs.every((file) => existsSync(file));
}

/** A containerd of its own, in a temporary folder: the machine's is not touched. */
export async function startContainerd(): Promise<Containerd> {
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-containerd-'));
  const socket = join(dir, 'sock');
  const config = join(dir, 'config.toml');
  await writeFile(
    config,
    `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"
`,
  );
  const child = spawn('containerd', ['--config', config], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const ctr = async (...args: readonly string[]) => {
    const options = { timeout: 60_000, maxBuffer: 1 << 24 };
    const all = ['--address', socket, '--namespace', 'k8s.io', ...args];
    return (await promisify(execFile)('ctr', all, options)).stdout;
  };
  await untilReady('containerd', async () => (await ctr('version')).includes('Server'));
  return {
    ctr,
    async [Symbol.asyncDispose]() {
      // A container outlives its containerd, and holds its mounts.
      for (const name of (await ctr('tasks', 'ls', '--quiet')).split('\n').filter(Boolean))
        await ctr('tasks', 'rm', '--force', name);
      child.kill('SIGTERM');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
