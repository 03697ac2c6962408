import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const version = 'v0.2.89';

/** The act binary, built from its Go module on first use and kept in the user's cache. */
export function actBinary(): string {
  const folder = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'phoenix',
    'test',
    `act-${version}`,
  );
  const file = join(folder, 'act');
  if (existsSync(file)) return file;
  const { status, stderr } = spawnSync('go', ['install', `github.com/nektos/act@${version}`], {
    encoding: 'utf8',
    env: { ...process.env, GOBIN: folder, GOFLAGS: '', CGO_ENABLED: '0' },
  });
  if (status !== 0) throw new Error(`act could not be built: ${stderr}`);
  return file;
}
