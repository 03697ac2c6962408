import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createAuthority } from '../../../src/rehearsal/pki.ts';
import { startTlsFront } from '../tls-front.ts';
import { freePort } from './port.ts';
import { hasPostgres, warmPostgres } from './postgres.ts';
import { startS3, warmS3 } from './s3.ts';
import { untilReady } from './until-ready.ts';

const programs = '/usr/lib/postgresql/15/bin';
const pgbackrest = '/usr/bin/pgbackrest';

/** A real PostgreSQL whose WAL real pgBackRest archives into a real S3 server; all on loopback. */
export interface BackedUpPostgres extends AsyncDisposable {
  readonly port: number;
  /** The PEM file with the CA of its certificates. */
  readonly caFile: string;
  /** `postgres://USER:PASSWORD@127.0.0.1:PORT/DATABASE?sslmode=disable` of a user, by default the superuser. */
  url(user?: string, password?: string): string;
  /** The rows of a query as superuser, cells separated by `|`. */
  query(sql: string): string[];
  /** The bucket's server goes away; `true`: it comes back, with what it had. */
  bucket(up: boolean): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Restores the newest state from the bucket alone into a new data folder, and gives the rows of `sql` there. */
  restored(sql: string): Promise<string[]>;
  /** Runs pgBackRest with the stanza `castle`, or another of `args`; gives what it printed. */
  pgbackrest(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** Restores with `args` into a new data folder and starts that server, which archives on. Ends with this one at the latest. */
  revive(...args: string[]): Promise<RevivedPostgres>;
  /** A streaming replica's port. */
  replica(): Promise<number>;
}

export interface RevivedPostgres {
  readonly port: number;
  url(user?: string, password?: string): string;
  query(sql: string): string[];
  stop(): Promise<void>;
}

export async function warmBackedUpPostgres(): Promise<void> {
  await warmPostgres();
  await warmS3();
  if (existsSync(pgbackrest)) return;
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  await promisify(execFile)('/usr/bin/apt-get', ['update'], options);
  const packages = ['install', '-y', '--no-install-recommends', 'pgbackrest'];
  await promisify(execFile)('/usr/bin/apt-get', packages, options);
}

export function hasBackedUpPostgres(): boolean {
  return hasPostgres() && (existsSync(pgbackrest) || process.getuid?.() === 0);
}

/**
 * `archives: false`: with `archive_mode` off, and no bucket. `tls`: with a certificate for that name, which who connects
 * need not ask for.
 */
export async function startBackedUpPostgres({
  archives = true,
  tls,
}: {
  readonly archives?: boolean;
  readonly tls?: string;
} = {}): Promise<BackedUpPostgres> {
  await warmBackedUpPostgres();
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-backed-up-'));
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  ) as [number, number];
  const root = process.getuid?.() === 0;
  const own = {
    ...(root ? { uid, gid } : {}),
    cwd: dir,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME: dir },
  };
  if (root) await chown(dir, uid, gid);
  // pgBackRest speaks TLS and nothing else to a bucket.
  const s3 = archives ? await startS3() : undefined;
  const authority = createAuthority('phoenix test');
  const [caFile, bucketPort] = [join(dir, 'ca.pem'), await freePort()];
  await writeFile(caFile, authority.certificate);
  const openBucket = () => startTlsFront(authority, ['localhost'], s3?.endpoint ?? '', bucketPort);
  let front = s3 === undefined ? undefined : await openBucket();
  const [data, config, port] = [join(dir, 'data'), join(dir, 'pgbackrest.conf'), await freePort()];
  const run = (file: string, args: readonly string[]) =>
    execFileSync(file, [...args], { ...own, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  // Not in step with this process, which is the bucket's TLS.
  const backrest = (...args: string[]) =>
    promisify(execFile)(
      pgbackrest,
      [`--config=${config}`, '--stanza=castle', '--log-level-console=warn', ...args],
      own,
    );
  run(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N']);
  await configure();
  const servers = new Map<
    string,
    { readonly child: ReturnType<typeof spawn>; readonly gone: Promise<unknown> }
  >();
  await up(data, port);
  if (s3 !== undefined) {
    await backrest('stanza-create');
    await backrest('backup', '--type=full', '--start-fast');
  }

  async function configure(): Promise<void> {
    // The superuser comes in by trust, for the test; every other user by password.
    await writeFile(
      join(data, 'pg_hba.conf'),
      'local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost replication postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
    );
    const archive = `archive_mode = on\narchive_command = 'pgbackrest --config=${config} --stanza=castle archive-push %p'\n`;
    await writeFile(
      join(data, 'postgresql.auto.conf'),
      `wal_level = replica\nmax_wal_senders = 4\nfsync = off\n${s3 === undefined ? '' : archive}${tls === undefined ? '' : 'ssl = on\n'}`,
    );
    if (tls !== undefined) {
      const { certificate, key } = authority.server({ commonName: 'database' }, [tls]);
      for (const [name, text] of [
        ['server.crt', certificate],
        ['server.key', key],
      ] as const) {
        await writeFile(join(data, name), text, { mode: 0o600 });
        if (root) await chown(join(data, name), uid, gid);
      }
    }
    if (s3 === undefined) return;
    for (const folder of ['spool', 'lock', 'log']) await mkdir(join(dir, folder));
    if (root) for (const folder of ['spool', 'lock', 'log']) await chown(join(dir, folder), uid, gid);
    const settings = {
      'repo1-type': 's3',
      'repo1-path': '/castle',
      'repo1-s3-bucket': s3.bucket,
      'repo1-s3-endpoint': 'localhost',
      'repo1-storage-port': bucketPort,
      'repo1-s3-region': 'us-east-1',
      'repo1-s3-key': s3.accessKey,
      'repo1-s3-key-secret': s3.secretKey,
      'repo1-s3-uri-style': 'path',
      'repo1-storage-ca-file': caFile,
      'repo1-retention-full': 2,
      'compress-type': 'lz4',
      'io-timeout': 1,
      'protocol-timeout': 10,
      'db-timeout': 5,
      'archive-timeout': 30,
      'log-level-file': 'off',
      'lock-path': join(dir, 'lock'),
      'spool-path': join(dir, 'spool'),
      'log-path': join(dir, 'log'),
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    await writeFile(
      config,
      `[global]\n${lines.join('\n')}\n[castle]\npg1-path=${data}\npg1-port=${port}\npg1-socket-path=${dir}\n`,
    );
    if (root) await chown(config, uid, gid);
  }

  async function up(folder: string, at: number): Promise<void> {
    const flags = ['-D', folder, '-k', dir, '-h', '127.0.0.1', '-p', String(at)];
    const child = spawn(join(programs, 'postgres'), flags, { ...own, stdio: 'ignore' });
    servers.set(folder, { child, gone: new Promise((resolve) => child.once('exit', resolve)) });
    await untilReady('PostgreSQL', () => ask(at, 'SELECT 1').length === 1);
  }

  async function down(folder: string, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const server = servers.get(folder);
    servers.delete(folder);
    server?.child.kill(signal);
    await server?.gone;
  }

  function ask(at: number, sql: string): string[] {
    return run('/usr/bin/psql', [
      '-h',
      '127.0.0.1',
      '-p',
      String(at),
      '-U',
      'postgres',
      '-XqAt',
      '-c',
      sql,
      'postgres',
    ])
      .split('\n')
      .filter((line) => line !== '');
  }

  return {
    port,
    caFile,
    url: (user = 'postgres', password = '') =>
      `postgres://${user}${password === '' ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/postgres?sslmode=disable`,
    query: (sql) => ask(port, sql),
    async bucket(there) {
      if (there) front ??= await openBucket();
      else await front?.[Symbol.asyncDispose]();
      if (!there) front = undefined;
    },
    stop: () => down(data),
    start: () => up(data, port),
    async restored(sql) {
      const folder = join(dir, 'restored');
      const at = await freePort();
      await backrest('restore', `--pg1-path=${folder}`, '--archive-mode=off');
      await up(folder, at);
      await untilReady('the restored PostgreSQL', () => ask(at, 'SELECT NOT pg_is_in_recovery()')[0] === 't');
      const rows = ask(at, sql);
      await down(folder);
      return rows;
    },
    async pgbackrest(...args) {
      const stanza = args.some((arg) => arg.startsWith('--stanza=')) ? [] : ['--stanza=castle'];
      return promisify(execFile)(pgbackrest, [`--config=${config}`, ...stanza, ...args], own).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
      );
    },
    async revive(...args) {
      const folder = await mkdtemp(join(dir, 'revived-'));
      await rm(folder, { recursive: true });
      const at = await freePort();
      // Each revived server archives a timeline of its own, and the next one must come from the first.
      const first = args.includes('--type=immediate') ? [] : ['--target-timeline=current'];
      await backrest('restore', `--pg1-path=${folder}`, ...first, ...args);
      // The restored settings would archive by the former folder.
      const command = `pgbackrest --config=${config} --stanza=castle --pg1-path=${folder} archive-push %p`;
      await appendFile(join(folder, 'postgresql.auto.conf'), `archive_command = '${command}'\n`);
      await up(folder, at);
      return {
        port: at,
        url: (user = 'postgres', password = '') =>
          `postgres://${user}${password === '' ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${at}/postgres?sslmode=disable`,
        query: (sql) => ask(at, sql),
        stop: () => down(folder),
      };
    },
    async replica() {
      const folder = join(dir, 'replica');
      const at = await freePort();
      run(join(programs, 'pg_basebackup'), [
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'postgres',
        '-D',
        folder,
        '-R',
        '-X',
        'stream',
      ]);
      await up(folder, at);
      return at;
    },
    async [Symbol.asyncDispose]() {
      for (const folder of [...servers.keys()]) await down(folder, 'SIGQUIT');
      await front?.[Symbol.asyncDispose]();
      await s3?.[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
