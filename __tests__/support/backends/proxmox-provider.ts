import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const module = 'github.com/bpg/terraform-provider-proxmox';
const version = '0.80.0';
/** Of the module, as the Go checksum database has it: what comes with another digest is not built. */
const sum = 'h1:/THStKvDRpU6qNYV7RPMkJ2xXslZRjGuho7NP9I5u1c=';

/**
 * The real provider of Proxmox, built from its Go module on first use (half a minute to a minute) and kept in the user's
 * cache. Gives the folder of a `filesystem_mirror` that has it for this machine.
 */
export async function warmProxmoxProvider(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const mirror = join(cache, 'phoenix', 'test', `terraform-provider-proxmox-v${version}`);
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const folder = join(mirror, 'registry.opentofu.org/bpg/proxmox', version, `${process.platform}_${arch}`);
  const file = join(folder, `terraform-provider-proxmox_v${version}`);
  if (existsSync(file)) return mirror;
  const work = await mkdtemp(join(tmpdir(), 'phoenix-proxmox-build-'));
  try {
    const { Dir, Sum } = JSON.parse(
      await go(['mod', 'download', '-json', `${module}@v${version}`], work),
    ) as { readonly Dir: string; readonly Sum: string };
    if (Sum !== sum) throw new Error(`${module}@v${version} has the digest ${Sum}, not ${sum}`);
    const source = join(work, 'source');
    // The module cache is read-only, and a build may want to write its go.sum.
    await cp(Dir, source, { recursive: true });
    await promisify(execFile)('chmod', ['-R', 'u+w', source]);
    const built = join(work, 'provider');
    await go(
      ['build', '-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', built, '.'],
      source,
    );
    await mkdir(folder, { recursive: true });
    // Beside its place first, since the temporary folder may be another file system, and whole or not at all.
    const beside = `${file}.${process.pid}`;
    await copyFile(built, beside);
    await rename(beside, file);
    return mirror;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function go(args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' };
  const { stdout } = await promisify(execFile)('go', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** The program itself. */
export async function warmProxmoxBinary(): Promise<string> {
  const unpacked = await warmProxmoxProvider();
  const files = await readdir(unpacked, { recursive: true });
  const program = files.find((path) => /\/terraform-provider-proxmox_v[^/]+$/.test(path));
  if (program === undefined) throw new Error(`no provider in ${unpacked}`);
  return join(unpacked, program);
}
