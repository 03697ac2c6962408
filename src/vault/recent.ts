import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vaultPrefix } from './vault.ts';

/** Folders that others use too: only what changed in them since the run began is looked at. */
export interface Shared {
  readonly roots: readonly string[];
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Where tools leave things behind: temporary folders, the runner's, and what programs keep in a home. */
export function sharedRoots(env: NodeJS.ProcessEnv): string[] {
  const home = env['HOME'] || homedir();
  const runnerTemp = env['RUNNER_TEMP'];
  const runner = runnerTemp ? [runnerTemp, join(dirname(dirname(runnerTemp)), '_diag')] : [];
  const kept = [
    '.terraform.d',
    '.kube',
    '.config',
    '.talos',
    '.docker',
    '.aws',
    '.ssh',
    '.gitconfig',
    '.netrc',
  ];
  const history = ['.bash_history', '.git-credentials', '.cache/terragrunt'];
  return [
    ...new Set([env['TMPDIR'] || tmpdir(), '/var/tmp', '/dev/shm', ...runner]),
    ...[...kept, ...history].map((name) => join(home, name)),
  ];
}

/** Files by which a step of a job speaks to the runner, and the next steps and jobs read. */
export function commandFilesOf(env: NodeJS.ProcessEnv): string[] {
  return ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY', 'GITHUB_PATH']
    .map((name) => env[name])
    .filter((file) => file !== undefined && file !== '') as string[];
}

/** More folders than this are not walked through: a shared /tmp may hold anything. */
const mostFolders = 20_000;

/**
 * This user's files below the shared roots whose content, name or mode changed since then; `except` folders are left
 * out, links are not followed.
 */
export async function recentFiles({ roots, since }: Shared, except: readonly string[]): Promise<string[]> {
  const left = new Set(except);
  const found = new Set<string>();
  const queue = [...roots];
  for (let walked = 0; walked < mostFolders; walked += 1) {
    const path = queue.pop();
    if (path === undefined) break;
    if (left.has(path)) continue;
    const entries = await readdir(path, { withFileTypes: true }).catch(notAFolder);
    if (entries === 'file') await keepIfRecent(path, since, found);
    else
      for (const entry of entries) {
        const below = join(path, entry.name);
        // The vault of another run holds secrets because it is one.
        if (entry.isDirectory() && !entry.name.startsWith(vaultPrefix)) queue.push(below);
        else if (entry.isFile() && !left.has(below)) await keepIfRecent(below, since, found);
      }
  }
  return [...found];
}

function notAFolder(error: NodeJS.ErrnoException): 'file' | Dirent[] {
  return error.code === 'ENOTDIR' ? 'file' : [];
}

async function keepIfRecent(file: string, since: number, found: Set<string>): Promise<void> {
  const stat = await lstat(file).catch(() => undefined);
  if (stat?.isFile() !== true || stat.uid !== process.getuid?.()) return;
  // A clock that ticks in seconds must not hide what was written at once.
  if (stat.ctimeMs >= since - 1000) found.add(file);
}
