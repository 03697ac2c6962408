import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const source = join(import.meta.dirname, '../talos-provider');
const version = '0.11.0';

/**
 * The stand-in of siderolabs/talos, built from talos-provider/ on first use (a minute; its modules are pinned by go.sum) and
 * kept by its source. Gives the folder of a `filesystem_mirror` that has it in the real one's place.
 */
export async function warmTalosStandIn(): Promise<string> {
  const names = (await readdir(source)).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(source, name))));
  const digest = createHash('sha256').update(Buffer.concat(texts)).digest('hex').slice(0, 12);
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const mirror = join(cache, 'phoenix', 'test', `talos-stand-in-${digest}`);
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const folder = join(
    mirror,
    'registry.opentofu.org/siderolabs/talos',
    version,
    `${process.platform}_${arch}`,
  );
  const file = join(folder, `terraform-provider-talos_v${version}`);
  if (existsSync(file)) return mirror;
  await mkdir(folder, { recursive: true });
  const made = join(mirror, `made.${process.pid}`);
  await promisify(execFile)('go', ['build', '-mod=readonly', '-trimpath', '-o', made, '.'], {
    cwd: source,
    env: { ...process.env, GOFLAGS: '', CGO_ENABLED: '0' },
  });
  await rename(made, file);
  return mirror;
}
