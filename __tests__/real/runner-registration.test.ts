import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { startInfisical } from '../../src/rehearsal/stand-ins/infisical.ts';
import { startHashicorpVault } from '../support/backends/hashicorp-vault.ts';
import { warmHashicorpVault } from '../support/backends/hashicorp-vault-build.ts';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startGithubApp } from '../support/github-app.ts';
import { runnerModule } from '../support/runner-host.ts';
import { startTlsFront } from '../support/tls-front.ts';

// The scripts are the real ones, with real bash, curl, jq and openssl. GitHub and Infisical are stand-ins behind TLS, and
// the runner is a script that writes down what it was started with. systemd is not here: its part is played by hand.

const missing = ['bash', 'curl', 'jq', 'openssl'].filter(
  (name) => spawnSync(name, ['--version']).error !== undefined,
);
const script = (name: string) => join(runnerModule, 'files', name);
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

async function openWorld(
  options: { readonly scope?: string; readonly refuses?: boolean; readonly key?: string } = {},
) {
  const scope = options.scope ?? 'orgs/castle-folk';
  const clientSecret = randomUUID();
  const refuses = options.refuses ?? false;
  const github = await startGithubApp({ clientId: 'Iv23x', privateKey, installation: 7, scope, refuses });
  const infisical = await startInfisical({
    project: { id: 'p1', slug: 'runners' },
    identities: [{ id: 'i1', universalAuth: { clientId: 'c1', clientSecrets: [{ secret: clientSecret }] } }],
    secrets: [{ environment: 'prod', key: 'APP_KEY', value: options.key ?? privateKey }],
  });
  const authority = createAuthority('authority');
  const fronts = await Promise.all(
    [github, infisical].map(({ url }) => startTlsFront(authority, ['127.0.0.1'], url)),
  );
  const [githubUrl, infisicalUrl] = fronts.map(({ port }) => `https://127.0.0.1:${port}`);
  const folder = await temporaryFolder({ 'ca.pem': authority.certificate });
  // In RAM, as /run is.
  const ram = await mkdtemp('/dev/shm/phoenix-runner-test-');
  const env = {
    ...{
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: folder.dir,
      TMPDIR: folder.dir,
      KEY_SOURCE: 'infisical',
    },
    ...{ GITHUB_API: githubUrl, GITHUB_CLIENT_ID: 'Iv23x', GITHUB_INSTALLATION: '7', GITHUB_SCOPE: scope },
    ...{ RUNNER_GROUP: '1', RUNNER_LABELS: 'self-hosted,linux,x64,proxmox', INFISICAL_HOST: infisicalUrl },
    ...{
      INFISICAL_PROJECT: 'p1',
      INFISICAL_ENVIRONMENT: 'prod',
      INFISICAL_PATH: '/',
      INFISICAL_SECRET: 'APP_KEY',
    },
    ...{ CURL_CA_BUNDLE: join(folder.dir, 'ca.pem'), CREDENTIALS_DIRECTORY: join(folder.dir, 'credentials') },
  };
  const identity = JSON.stringify({ clientId: 'c1', clientSecret });
  await mkdir(env.CREDENTIALS_DIRECTORY);
  await writeFile(join(env.CREDENTIALS_DIRECTORY, 'identity'), identity);
  return {
    ...{ github, infisical, folder, ram, env, clientSecret, config: join(ram, 'config') },
    async [Symbol.asyncDispose]() {
      await Promise.all([
        ...fronts.map((front) => front[Symbol.asyncDispose]()),
        github.close(),
        infisical.close(),
      ]);
      await rm(ram, { recursive: true, force: true });
      await folder[Symbol.asyncDispose]();
    },
  };
}

const roleId = z.object({ data: z.object({ role_id: z.string() }) });
const secretId = z.object({ data: z.object({ secret_id: z.string() }) });
const accessors = z.object({ data: z.object({ keys: z.array(z.string()) }) });

type World = Awaited<ReturnType<typeof openWorld>>;

/** Runs the script, and meanwhile reads what any user could read of it and of all that it starts. */
async function register({
  env,
  config,
}: Pick<World, 'config'> & { readonly env: Readonly<Record<string, string | undefined>> }) {
  const child = spawn('bash', [script('jit'), '1', config], {
    env: env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const seen = new Set<string>();
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    for (const text of processesOf(child.pid ?? 0)) seen.add(text);
    await sleep(1);
  }
  return { code: await ended, output, seen: [...seen] };
}

/** Arguments and environment of every process of the process group. */
function processesOf(group: number): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      if (Number(fields[2]) !== group) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8')];
    } catch {
      return [];
    }
  });
}

describe.skipIf(missing.length > 0)('the registration of a runner', () => {
  beforeAll(() => warmHashicorpVault(), 1_800_000);

  test('leaves a JIT configuration for one job in RAM, and key and tokens nowhere', {
    timeout: 60_000,
  }, async () => {
    await using world = await openWorld();
    const { code, output, seen } = await register(world);
    expect(output).toMatch(/^phoenix-runner: registered \S+-1-\d{14}\n$/);
    expect(code).toBe(0);
    expect(await readFile(world.config, 'utf8')).toBe('jit-1');
    expect((await stat(world.config)).mode & 0o777).toBe(0o640);
    expect(world.github.registered).toEqual([
      expect.objectContaining({
        runner_group_id: 1,
        labels: ['self-hosted', 'linux', 'x64', 'proxmox'],
        work_folder: '_work',
      }),
    ]);
    expect(world.github.asked).toEqual([{ permissions: { organization_self_hosted_runners: 'write' } }]);

    // Both tokens were given back.
    expect(world.github.tokens.size).toBe(0);
    expect(world.infisical.requests.at(-1)).toMatchObject({ path: '/api/v1/auth/token/revoke', status: 200 });

    // Seen while it ran: curl, openssl and jq were, and no secret with them.
    const all = seen.join('\n');
    expect(all).toContain('/generate-jitconfig');
    const key = privateKey.split('\n')[3] ?? '';
    for (const secret of [key, world.clientSecret, 'ghs_', 'eyJ', 'jit-1']) expect(all).not.toContain(secret);
    const files = await readdir(world.folder.dir, { recursive: true });
    expect(files.sort()).toEqual(['ca.pem', 'credentials', 'credentials/identity']);
  });

  test('takes the key from HashiCorp Vault as well, with a token that is revoked', {
    timeout: 60_000,
  }, async () => {
    await using vault = await startHashicorpVault();
    await vault.set('POST', 'sys/auth/approle', { type: 'approle' });
    await vault.set('POST', 'secret/data/runner', { data: { app_key: privateKey } });
    await vault.set('POST', 'sys/policies/acl/runner', {
      policy: 'path "secret/data/runner" { capabilities = ["read"] }',
    });
    await vault.set('POST', 'auth/approle/role/runner', { token_policies: ['runner'], token_ttl: '5m' });
    const { role_id } = roleId.parse(await vault.set('GET', 'auth/approle/role/runner/role-id')).data;
    const { secret_id } = secretId.parse(await vault.set('POST', 'auth/approle/role/runner/secret-id')).data;
    await using world = await openWorld();
    const authority = createAuthority('authority of the vault');
    await using front = await startTlsFront(authority, ['127.0.0.1'], vault.address);
    const bundle = world.env.CURL_CA_BUNDLE;
    await writeFile(bundle, `${await readFile(bundle, 'utf8')}${authority.certificate}`);
    await writeFile(
      join(world.env.CREDENTIALS_DIRECTORY, 'identity'),
      JSON.stringify({ role_id, secret_id }),
    );
    const env = {
      ...{ ...world.env, KEY_SOURCE: 'vault', VAULT_ADDR: `https://127.0.0.1:${front.port}` },
      ...{ VAULT_PATH: 'secret/data/runner', VAULT_FIELD: 'app_key' },
    };
    const { code, output, seen } = await register({ env, config: world.config });
    expect(output).toMatch(/^phoenix-runner: registered /);
    expect(code).toBe(0);
    expect(seen.join('\n')).not.toContain('hvs.');
    // Root's own token alone is left.
    const { keys } = accessors.parse(await vault.set('GET', 'auth/token/accessors?list=true')).data;
    expect(keys).toHaveLength(1);
  });

  test('asks for the administration of one repository only where runners belong to a repository', async () => {
    await using world = await openWorld({ scope: 'repos/castle-folk/tazlab' });
    expectCode(await register(world), 0);
    expect(world.github.asked).toEqual([
      { repositories: ['tazlab'], permissions: { administration: 'write' } },
    ]);
  });

  test('says which step failed and why, gives its tokens back, and leaves no configuration', async () => {
    await using world = await openWorld({ refuses: true });
    const { code, output } = await register(world);
    expect(code).toBe(1);
    expect(output).toContain('the JIT configuration: ');
    expect(output).toContain('answered 403: Resource not accessible by integration');
    expect(world.github.tokens.size).toBe(0);
    expect(existsSync(world.config)).toBe(false);
  });

  test('says so where the secret is no key, without showing it', async () => {
    await using world = await openWorld({ key: 'not-a-key-but-secret' });
    const { code, output } = await register(world);
    expect(code).toBe(1);
    expect(output).toContain('the key of the GitHub App is no RSA key in PEM form');
    expect(output).not.toContain('not-a-key-but-secret');
  });
});
