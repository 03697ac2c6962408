import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const source = join(import.meta.dirname, 'go-sdk');

const step = z.object({
  ok: z.boolean(),
  seconds: z.number().optional(),
  secrets: z.array(z.object({ key: z.string(), value: z.string(), path: z.string() })).optional(),
  error: z
    .object({
      type: z.string(),
      status: z.number().optional(),
      reqId: z.string().optional(),
      message: z.string().optional(),
    })
    .optional(),
});

const said = z.partialRecord(z.enum(['login', 'list', 'read', 'revoke']), step);

/** What Infisical's own client is to do; a login is by client secret, or by OIDC where there is a `jwt`. */
export interface SdkTask {
  readonly siteUrl: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly identityId?: string;
  readonly jwt?: string;
  readonly projectId?: string;
  readonly projectSlug?: string;
  readonly environment: string;
  readonly path: string;
  readonly key: string;
  readonly recursive?: boolean;
  readonly revokeFirst?: boolean;
}

/** The program of go-sdk/, built on first use (a minute; its modules are pinned by go.sum) and kept by its source. */
export async function warmGoSdk(): Promise<string> {
  const texts = ['go.mod', 'go.sum', 'main.go'].map((name) => readFile(join(source, name)));
  const digest = createHash('sha256').update(Buffer.concat(await Promise.all(texts)));
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'phoenix', 'test', `infisical-go-sdk-${digest.digest('hex').slice(0, 12)}`);
  const file = join(folder, 'infisical-check');
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const made = `${file}.${process.pid}`;
  await promisify(execFile)('go', ['build', '-mod=readonly', '-trimpath', '-o', made, '.'], {
    cwd: source,
    env: { ...process.env, GOFLAGS: '', CGO_ENABLED: '0' },
  });
  await rename(made, file);
  return file;
}

/** Runs Infisical's own client, go-sdk v0.8.0, and gives what it made of each answer. */
export async function askByGoSdk(task: SdkTask): Promise<z.output<typeof said>> {
  const child = spawn(await warmGoSdk(), [], {
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  child.stdin.end(JSON.stringify(task));
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk);
  return said.parse(JSON.parse(text));
}
