import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './port.ts';
import { untilReady } from './until-ready.ts';

const programs = '/usr/lib/postgresql/15/bin';

export interface Postgres extends AsyncDisposable {
  /** For `conn_str` and PG_CONN_STR. */
  readonly url: string;
  /** The rows of a query, cells separated by `|`. */
  query(sql: string): string[];
}

/** Whether a real PostgreSQL can be had: it is installed, or this user may install it. */
export function hasPostgres(): boolean {
  const there = existsSync(join(programs, 'postgres'));
  return there || (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'));
}

/** A new machine has no package lists yet. */
export async function warmPostgres(): Promise<void> {
  if (existsSync(join(programs, 'postgres')) || !hasPostgres()) return;
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  await promisify(execFile)('/usr/bin/apt-get', ['update'], options);
  await promisify(execFile)(
    '/usr/bin/apt-get',
    ['install', '-y', '--no-install-recommends', 'postgresql-15'],
    options,
  );
}

/** A real PostgreSQL on loopback in a temporary folder, as user postgres where the test runs as root. */
export async function startPostgres(): Promise<Postgres> {
  await warmPostgres();
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-postgres-'));
  const owner = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (owner.uid !== undefined) await chown(dir, owner.uid, owner.gid);
  const own = { ...owner, cwd: dir, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } };
  const data = join(dir, 'data');
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N'], {
    ...own,
    stdio: 'ignore',
  });
  const port = await freePort();
  const flags = ['-D', data, '-k', dir, '-h', '127.0.0.1', '-p', String(port), '-F'];
  const server = spawn(join(programs, 'postgres'), flags, { ...own, stdio: 'ignore' });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const url = `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
  const query = (sql: string) =>
    execFileSync(join(programs, 'psql'), [url, '-X', '-q', '-A', '-t', '-c', sql], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
      .split('\n')
      .filter((line) => line !== '');
  await untilReady('PostgreSQL', () => query('SELECT 1').length === 1);
  return {
    url,
    query,
    async [Symbol.asyncDispose]() {
      // Fast shutdown: it ends its sessions first.
      server.kill('SIGINT');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
}
