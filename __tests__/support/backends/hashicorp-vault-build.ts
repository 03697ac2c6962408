import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';

const module = 'github.com/hashicorp/vault';
const version = 'v1.21.4';

/**
 * The release is built with an SDK that lies in the same repository, and modules cannot say that: the published SDK
 * differs from it in two functions. Both are far from what is tested (a restored transit key, a flag of the identity store).
 */
const edits: readonly { readonly file: string; readonly from: string; readonly to: string }[] = [
  {
    file: 'vault/identity_store_util.go',
    from: 'activateDeduplication(ctx context.Context, req *logical.Request) error',
    to: 'activateDeduplication(ctx context.Context, req *logical.Request, _ string) error',
  },
  {
    file: 'vault/logical_system_activation_flags.go',
    from: 'ActivationFunc(ctx, nil)',
    to: 'ActivationFunc(ctx, nil, "")',
  },
  {
    file: 'builtin/logical/transit/path_restore.go',
    from: 'restoredKeyName, err := b.lm.RestorePolicy',
    to: 'restoredKeyName := keyName\n\terr := b.lm.RestorePolicy',
  },
];

/**
 * HashiCorp Vault's binary, built from its Go module on first use (three to five minutes on two cores) and kept in the
 * user's cache. The tag `minimal` leaves out the plugins of every cloud; JWT and KV stay.
 */
export async function warmHashicorpVault(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'phoenix', 'test', `vault-${version}`);
  const file = join(folder, 'vault');
  if (existsSync(file)) return file;
  const work = await mkdtemp(join(tmpdir(), 'phoenix-vault-build-'));
  try {
    const source = join(work, 'source');
    await copy(await download(work), source);
    await edit(source);
    const built = join(work, 'vault');
    const flags = ['-tags', 'minimal', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', built];
    await go(['build', '-mod=mod', ...flags, '.'], source);
    await mkdir(folder, { recursive: true });
    // Beside its place first, since the temporary folder may be another file system, and whole or not at all.
    const beside = join(folder, `vault.${process.pid}`);
    await writeFile(beside, await readFile(built), { mode: 0o755 });
    await rename(beside, file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function download(work: string): Promise<string> {
  await writeFile(join(work, 'go.mod'), 'module warm\n');
  const { Dir } = JSON.parse(await go(['mod', 'download', '-json', `${module}@${version}`], work)) as {
    Dir: string;
  };
  return Dir;
}

/** The module cache is read-only, and cannot be built from with other texts. What only the web pages need stays behind. */
async function copy(from: string, to: string): Promise<void> {
  const left = new Set(['ui', 'website', 'enos', 'changelog', '.github']);
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = relative(from, join(entry.parentPath, entry.name));
    if (!entry.isFile() || left.has(path.split(sep)[0] ?? '')) continue;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await writeFile(join(to, path), await readFile(join(from, path)));
  }
}

async function edit(source: string): Promise<void> {
  for (const { file, from, to } of edits) {
    const text = await readFile(join(source, file), 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${file} of ${version} has not the text to be edited`);
    await writeFile(
      join(source, file),
      text.replace(from, () => to),
    );
  }
  const mod = await readFile(join(source, 'go.mod'), 'utf8');
  // Replacements by folders of the repository, which a module does not have.
  await writeFile(join(source, 'go.mod'), mod.replaceAll(/^replace \S+ => \.\.?\/.*$/gm, ''));
}

async function go(args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' };
  const { stdout } = await promisify(execFile)('go', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
