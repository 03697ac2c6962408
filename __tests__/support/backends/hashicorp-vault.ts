import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { warmHashicorpVault } from './hashicorp-vault-build.ts';
import { freePort } from './port.ts';
import { untilReady } from './until-ready.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What is asked of Vault besides method and path. */
export interface AskOptions {
  readonly json?: unknown;
  readonly token?: string;
}

export interface HashicorpVault extends AsyncDisposable {
  readonly address: string;
  /** One request, as root where no other token is given. */
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, options?: AskOptions): Promise<Answer>;
  /** As `ask`; throws where Vault does not answer 2xx. */
  set(method: 'GET' | 'POST' | 'DELETE', path: string, json?: unknown): Promise<unknown>;
}

/** A real server on loopback, in memory, unsealed, with a KV v2 engine at `secret/` and its root token here. */
export async function startHashicorpVault(): Promise<HashicorpVault> {
  const binary = await warmHashicorpVault();
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-hashicorp-vault-'));
  const root = randomUUID();
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const flags = [`-dev-listen-address=127.0.0.1:${port}`, '-dev-no-store-token', '-log-level=error'];
  const server = spawn(binary, ['server', '-dev', ...flags], {
    cwd: dir,
    env: { PATH: '/usr/bin:/bin', HOME: dir, VAULT_DEV_ROOT_TOKEN_ID: root, SKIP_SETCAP: '1' },
    stdio: 'ignore',
  });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const ask = async (method: string, path: string, { json, token = root }: AskOptions = {}) => {
    const response = await fetch(`${address}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': token },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  await untilReady('HashiCorp Vault', async () => (await ask('GET', 'secret/config')).status === 200);
  return {
    address,
    ask,
    async set(method, path, json) {
      const { status, body } = await ask(method, path, { json });
      if (status >= 300) throw new Error(`${method} ${path} was answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
