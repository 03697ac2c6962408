import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { createAuthority } from '../../../src/rehearsal/pki.ts';
import { gitopsRoot } from '../reference-tree.ts';
import { startTlsFront } from '../tls-front.ts';
import { freePort } from './port.ts';
import { startS3 } from './s3.ts';
import { untilReady } from './until-ready.ts';

const tree = join(gitopsRoot, 'infrastructure/instances/node-db');

export interface Ran {
  readonly code: number | null;
  readonly lines: readonly string[];
  /** What a kubelet would read as the termination message. */
  readonly message: string;
}

/** The scripts of the node's database as its pod runs them, with Debian's programs, on a bucket behind TLS. */
export async function openNodeDatabase() {
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-node-db-'));
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  ) as [number, number];
  const at = (name: string) => join(dir, name);
  const s3 = await startS3();
  const authority = createAuthority('phoenix test');
  const [bucketPort, port] = [await freePort(), await freePort()];
  const openBucket = () => startTlsFront(authority, ['localhost'], s3.endpoint, bucketPort);
  let front: Awaited<ReturnType<typeof openBucket>> | undefined = await openBucket();
  for (const folder of ['volume', 'settings', 'scripts', 'conf.d', 'socket', 'tmp', 'secrets'])
    await mkdir(at(folder));
  await cp(tree, at('scripts'), { recursive: true });
  const postgresql = await readFile(join(tree, 'postgresql.conf'), 'utf8');
  await writeFile(
    at('scripts/postgresql.conf'),
    postgresql.replace("'*'", "'127.0.0.1'").replace('/run/postgresql', at('socket')),
  );
  await writeFile(at('settings/ca.pem'), authority.certificate);

  const env = (stanza: string, pgdata: string) => ({
    PATH: '/usr/lib/postgresql/15/bin:/usr/bin:/bin',
    HOME: dir,
    TMPDIR: at('tmp'),
    PGDATA: pgdata,
    PGHOST: at('socket'),
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGBACKREST_CONFIG: at('settings/castle.conf'),
    PGBACKREST_CONFIG_INCLUDE_PATH: at('conf.d'),
    PGBACKREST_STANZA: stanza,
    CASTLE_SETTINGS: at('settings'),
    CASTLE_SECRETS: at('secrets'),
    SETTLED: at('settled'),
    TERMINATION_LOG: at('message'),
  });
  let current = env('db', at('volume/pg15'));
  const running = new Map<
    string,
    { child: ChildProcess; gone: Promise<number | null>; said: Promise<string> }
  >();

  function start(name: string, command: readonly string[]) {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { uid, gid, cwd: dir, env: current, stdio: ['ignore', 'pipe', 'pipe'] });
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const said = Promise.all([text(child.stdout), text(child.stderr)]).then((both) => both.join(''));
    const one = { child, gone, said };
    running.set(name, one);
    return one;
  }
  async function end(name: string, signal: NodeJS.Signals): Promise<string> {
    const one = running.get(name);
    running.delete(name);
    one?.child.kill(signal);
    await one?.gone;
    return (await one?.said) ?? '';
  }
  const psql = (sql: string, user = 'postgres', password?: string) =>
    execFileSync(
      '/usr/bin/psql',
      [
        '-XqAt',
        ...(password === undefined ? [] : ['-h', '127.0.0.1']),
        ...['-U', user, '-d', 'mnemosyne', '-c', sql],
      ],
      {
        ...{ uid, gid, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
        env: { ...current, ...(password === undefined ? {} : { PGPASSWORD: password }) },
      },
    )
      .trim()
      .split('\n');

  return {
    dir,
    /** The bucket's server goes away, or comes back with what it had. */
    async bucket(there: boolean) {
      if (there) front ??= await openBucket();
      else {
        await front?.[Symbol.asyncDispose]();
        front = undefined;
      }
    },
    /** What the castle says of itself, and the passwords by role; a new volume, unless `volume` names one. */
    async given({
      birth,
      stanza = 'db',
      rows = 500,
      passwords,
      volume,
      secretKey = s3.secretKey,
    }: {
      readonly birth: 'first' | 'restored';
      readonly stanza?: string;
      readonly rows?: number;
      readonly passwords: Readonly<Record<'admin' | 'mnemosyne' | 'pgadmin', string>>;
      readonly volume?: string;
      readonly secretKey?: string;
    }) {
      const variables: Readonly<Record<string, string>> = {
        database_birth: birth,
        database_rows: String(rows),
        castle: 'node',
        backup_bucket: s3.bucket,
        backup_endpoint: 'localhost',
        backup_port: String(bucketPort),
        backup_region: 'us-east-1',
        backup_stanza: stanza,
        backup_ca: '',
      };
      const settings = await readFile(join(tree, 'settings.yaml'), 'utf8');
      const { data } = parse(settings.replaceAll(/\$\{(\w+)\}/g, (_, name) => variables[name] ?? '')) as {
        data: Record<string, string>;
      };
      await writeFile(at('settings/castle.env'), data['castle.env'] ?? '');
      const place = volume ?? at('volume');
      if (volume === undefined) {
        await rm(place, { recursive: true, force: true });
        await mkdir(place);
      }
      await writeFile(
        at('settings/castle.conf'),
        `${(data['castle.conf'] ?? '')
          .replace('/etc/castle/ca.pem', at('settings/ca.pem'))
          .replace('/tmp/pgbackrest', at('tmp/pgbackrest'))
          .replace('/pgdata/pg15', join(place, 'pg15'))
          .replace('/run/postgresql', at('socket'))}pg1-port=${port}\n`,
      );
      await writeFile(
        at('conf.d/s3.conf'),
        `[global]\nrepo1-s3-key=${s3.accessKey}\nrepo1-s3-key-secret=${secretKey}\nrepo1-cipher-pass=the passphrase\n`,
      );
      const users = { admin: 'castle', mnemosyne: 'mnemosyne', pgadmin: 'pgadmin' };
      for (const [name, password] of Object.entries(passwords)) {
        await mkdir(at(`secrets/${name}`), { recursive: true });
        await writeFile(at(`secrets/${name}/user`), users[name as keyof typeof users]);
        await writeFile(at(`secrets/${name}/password`), password);
      }
      execFileSync('chown', ['-R', `${uid}:${gid}`, dir]);
      if (volume !== undefined) await chown(volume, uid, gid);
      current = env(stanza, join(place, 'pg15'));
    },
    /** The init container, to its end. */
    async restore(): Promise<Ran> {
      await rm(at('message'), { force: true });
      const { gone, said } = start('restore', ['bash', at('scripts/restore.sh')]);
      const code = await gone;
      running.delete('restore');
      const lines = (await said).trim().split('\n');
      return { code, lines, message: await readFile(at('message'), 'utf8').catch(() => '') };
    },
    /** Both containers, until the pod would be ready. */
    async up() {
      await rm(at('settled'), { force: true });
      start('postgres', [
        'postgres',
        ...['-c', `config_file=${at('scripts/postgresql.conf')}`],
        ...['-c', `hba_file=${at('scripts/pg_hba.conf')}`],
      ]);
      start('keeper', ['bash', at('scripts/keep.sh')]);
      await untilReady('the keeper', () => stat(at('settled')).then(() => true));
    },
    /** Ends both; `SIGQUIT`: as a machine that is gone. Gives what they said. */
    async down(signal: NodeJS.Signals = 'SIGINT') {
      const keeper = await end('keeper', 'SIGTERM');
      return keeper + (await end('postgres', signal));
    },
    psql,
    /** A command of the pod's, such as `pgbackrest backup`. */
    async inPod(...command: string[]): Promise<string> {
      const { gone, said } = start('command', command);
      if ((await gone) !== 0) throw new Error(await said);
      return said;
    },
    /** Turns one byte in the middle of the largest file of the backups, and gives its name. */
    async corruptBackup(): Promise<string> {
      const root = join(s3.folder, 'node/tazlab-db/repo1/backup/db');
      const names = (await readdir(root, { recursive: true })).filter((name) => name.includes('pg_data/'));
      const sizes = await Promise.all(
        names.map(async (name) => ({ name, found: await stat(join(root, name)) })),
      );
      const [largest] = sizes
        .filter(({ found }) => found.isFile())
        .sort((one, other) => other.found.size - one.found.size);
      if (largest === undefined) throw new Error('no file in the backup');
      const content = await readFile(join(root, largest.name));
      const middle = Math.floor(content.length / 2);
      content[middle] = (content[middle] ?? 0) ^ 0xff;
      await writeFile(join(root, largest.name), content);
      return largest.name;
    },
    async [Symbol.asyncDispose]() {
      for (const name of [...running.keys()]) await end(name, name === 'postgres' ? 'SIGQUIT' : 'SIGTERM');
      await front?.[Symbol.asyncDispose]();
      await s3[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type NodeDatabase = Awaited<ReturnType<typeof openNodeDatabase>>;
