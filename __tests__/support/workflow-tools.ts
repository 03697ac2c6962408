import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'phoenix', 'test');

/** The actionlint binary, built from its Go module on first use and kept in the user's cache. */
export function actionlint(): string {
  const folder = join(cache, 'actionlint-v1.7.12');
  const file = join(folder, 'actionlint');
  if (!existsSync(file)) {
    must('go', ['install', 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'], {
      GOBIN: folder,
      GOFLAGS: '',
      CGO_ENABLED: '0',
    });
  }
  return file;
}

/** The zizmor binary, from its Python package, which is nothing but that. */
export function zizmor(): string {
  const folder = join(cache, 'zizmor-1.32.0');
  const file = join(folder, 'bin', 'zizmor');
  if (!existsSync(file))
    must(
      'python3',
      ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, 'zizmor==1.32.0'],
      {},
    );
  return file;
}

function must(command: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
  const { status, stderr, error } = spawnSync(command, [...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
}
