import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../../errors.ts';
import { createAuthority } from '../pki.ts';
import { freePorts } from '../ports.ts';
import type { Program, Supervisor } from '../supervisor.ts';

export interface BucketOptions {
  /** The server's program. */
  readonly file: string;
  /** RAM: certificate, key and accounts. */
  readonly dir: string;
  /** On disk: what is in the bucket, which outlives the machine. */
  readonly folder: string;
  readonly bucket: string;
  /** The name that its certificate is made for. */
  readonly name: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly logDir: string;
  readonly supervisor: Supervisor;
  /** Told of the program as soon as it runs: whoever ends while it comes up must end it too. */
  readonly started: (program: Program) => void;
  readonly signal: AbortSignal;
}

/** The file with the CA of a bucket's certificate, in the folder it is told as `dir`. */
export const bucketCa = 's3-ca.pem';

const listensWithinMs = 15_000;

/**
 * Starts a real S3 server on loopback, with TLS as pgBackRest wants it, that knows one account. Gives its port.
 * @throws PhoenixError PHX-BOX-BUCKET, PHX-BOX-START
 */
export async function startBucket(
  options: BucketOptions,
): Promise<{ readonly port: number; readonly program: Program }> {
  const { dir, folder, bucket, accessKey, secretKey } = options;
  const authority = createAuthority('phoenix-box-s3');
  const { certificate, key } = authority.server({ commonName: options.name }, [options.name, '127.0.0.1']);
  const own = join(dir, 's3');
  const sidecar = join(folder, '..', 'object-attributes');
  await mkdir(own, { recursive: true, mode: 0o700 });
  for (const made of [join(folder, bucket), sidecar]) await mkdir(made, { recursive: true, mode: 0o700 });
  const account = {
    access: accessKey,
    secret: secretKey,
    role: 'admin',
    userID: 0,
    groupID: 0,
    projectID: 0,
  };
  const files = {
    's3/s3.crt': certificate,
    's3/s3.key': key,
    's3/users.json': JSON.stringify({ accessAccounts: { [accessKey]: account } }),
    [bucketCa]: authority.certificate,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text, { mode: 0o600 });
  const [port = 0] = await freePorts(1);
  const program = await options.supervisor.start({
    name: 's3',
    file: options.file,
    // It works in the folder of its data: every path is absolute.
    args: [
      ...[
        '--port',
        `127.0.0.1:${port}`,
        '--quiet',
        '--cert',
        join(own, 's3.crt'),
        '--key',
        join(own, 's3.key'),
      ],
      ...['--iam-dir', own, '--region', 'eu-central-1', 'posix', '--sidecar', sidecar, folder],
    ],
    // Of nobody's: the account above is what is used.
    env: { ROOT_ACCESS_KEY: 'box', ROOT_SECRET_KEY: crypto.randomUUID() },
    cwd: dir,
    logFile: join(options.logDir, 's3.log'),
  });
  options.started(program);
  await listens(port, authority.certificate, program, options.signal);
  program.declareUp();
  return { port, program };
}

async function listens(port: number, ca: string, program: Program, signal: AbortSignal): Promise<void> {
  let ended: string | undefined;
  void program.ended.then((how) => {
    ended = how;
  });
  const deadline = Date.now() + listensWithinMs;
  while (Date.now() < deadline) {
    if (ended !== undefined) throw notUp(`It ended with ${ended}`);
    if (await answers(port, ca)) return;
    await sleep(50, undefined, { signal });
  }
  await program.end();
  throw notUp(`It did not answer on 127.0.0.1:${port} within ${listensWithinMs / 1000} s.`);
}

function answers(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, ca, timeout: 1_000 }, (response) => {
      response.resume();
      resolve(true);
    });
    asked.on('timeout', () => asked.destroy(new Error('late')));
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

function notUp(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-BUCKET',
    class: 'cluster',
    what: 'The S3 server of the box did not come up.',
    why,
    next: 'Run again; if it stays, read s3.log in the logs folder of the rehearsal.',
  });
}
