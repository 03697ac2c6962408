import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { tool } from '../tools.ts';
import { freePort } from './port.ts';
import { untilReady } from './until-ready.ts';

const bucket = 'castle';

export interface S3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Where the bucket's objects lie as files. */
  readonly folder: string;
  /** The `backend "s3"` block, with `use_lockfile`, of the state `KEY`. */
  block(key: string): string;
  /** An object's text; undefined where there is none. */
  object(key: string): Promise<string | undefined>;
  /** Puts an object there, as somebody else's engine would. */
  plant(key: string, text: string): Promise<void>;
}

/** The versitygw binary at the toolchain's pin, installed on first use: that may take minutes. */
export function warmS3(): Promise<string> {
  return tool('versitygw');
}

/** A real S3 server on loopback (with conditional writes, as S3 has them) over a temporary folder. */
export async function startS3(): Promise<S3> {
  const binary = await warmS3();
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-s3-'));
  const root = join(dir, 'root');
  const sidecar = join(dir, 'sidecar');
  for (const folder of [join(root, bucket), sidecar]) await mkdir(folder, { recursive: true });
  const accessKey = 'PHOENIXTEST';
  const secretKey = randomUUID();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn(
    binary,
    ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--sidecar', sidecar, root],
    {
      cwd: dir,
      env: { PATH: '/usr/bin:/bin', ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
      stdio: 'ignore',
    },
  );
  const exited = new Promise((resolve) => server.once('exit', resolve));
  await untilReady('versitygw', async () => (await fetch(endpoint)).status > 0);
  return {
    endpoint,
    bucket,
    accessKey,
    secretKey,
    folder: join(root, bucket),
    block: (key) =>
      [
        'terraform {',
        '  backend "s3" {',
        `    bucket       = "${bucket}"`,
        `    key          = "${key}"`,
        '    region       = "us-east-1"',
        `    access_key   = "${accessKey}"`,
        `    secret_key   = "${secretKey}"`,
        `    endpoints    = { s3 = "${endpoint}" }`,
        '    use_lockfile                = true',
        '    use_path_style              = true',
        '    skip_credentials_validation = true',
        '    skip_requesting_account_id  = true',
        '    skip_metadata_api_check     = true',
        '  }',
        '}',
        '',
      ].join('\n'),
    object: (key) => readFile(join(root, bucket, key), 'utf8').catch(() => undefined),
    async plant(key, text) {
      const client = new AwsClient({ accessKeyId: accessKey, secretAccessKey: secretKey, service: 's3' });
      const { ok, status } = await client.fetch(`${endpoint}/${bucket}/${key}`, {
        method: 'PUT',
        body: text,
      });
      if (!ok) throw new Error(`the object ${key} was answered ${status}`);
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
