import { spawnSync } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadCastle } from '../../src/castle/load.ts';
import { temporaryFolder } from '../support/folder.ts';
import { tool } from '../support/tools.ts';
import { makeWorld, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const castle = join(import.meta.dirname, '../../castle');
const made = /(^|\/)(\.phoenix|\.terragrunt-cache|\.terraform)(\/|$)/;

/** The reference castle in a repository of its own, as a user has it. */
async function openTazlab() {
  const world = await makeWorld();
  await cp(castle, join(world.dir, 'castle'), { recursive: true, filter: (source) => !made.test(source) });
  const file = join(world.dir, 'castle/live/tazlab/phoenix.yaml');
  return {
    run: (...args: readonly string[]) => world.run([...args, '--castle', file, '--json']),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const checks = z.object({ checks: z.array(z.object({ id: z.string(), status: z.string() })) });

const plan = z.object({
  steps: z.array(z.object({ name: z.string(), dependencies: z.array(z.string()) })),
});

describe('the castle on Proxmox, as it is copied', { timeout: 120_000 }, () => {
  test('is found whole by the doctor: its file, its units, its tree, its state', async () => {
    await using tazlab = await openTazlab();
    const { stdout, output } = await tazlab.run('doctor', '--only', 'castle,tree,state');
    const parsed = checks.safeParse(JSON.parse(stdout || '{}'));
    expect(parsed.success, output).toBe(true);
    expect(parsed.data?.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  test('is made in its order, with the claim before what needs it, and MetalLB beside it', async () => {
    await using tazlab = await openTazlab();
    const { code, stdout, output } = await tazlab.run('plan');
    expect(code, output).toBe(0);
    const { steps } = plan.parse(JSON.parse(stdout));
    expect(Object.fromEntries(steps.map(({ name, dependencies }) => [name, dependencies]))).toEqual({
      secrets: [],
      platform: ['secrets'],
      engine: ['platform'],
      networking: ['engine'],
      claim: ['engine'],
      gitops: ['engine', 'claim'],
      storage: ['engine', 'claim'],
    });
  });
});

test('keeps what the cluster does not read where the cluster’s identity may not read', async () => {
  const { secrets, claim } = await loadCastle(join(castle, 'live/tazlab/phoenix.yaml'));
  const configs = join(castle, 'gitops/infrastructure/configs');
  const texts = await Promise.all(
    (await readdir(configs)).map((file) => readFile(join(configs, file), 'utf8')),
  );
  const topology = await readFile(join(castle, 'live/tazlab/castle.hcl'), 'utf8');
  const read = new Set([
    ...texts.flatMap((text) => [...text.matchAll(/^ +key: (\w+)$/gm)].map(([, name]) => name)),
    ...[...topology.matchAll(/(?:access|secret)_key = "(\w+)"/g)].map(([, name]) => name),
    claim?.token,
  ]);
  expect(read.size).toBeGreaterThan(5);
  for (const { name, path = '/' } of secrets.list)
    expect(`${name} in ${path}`).toBe(`${name} in ${read.has(name) ? '/' : '/castle'}`);
});

describe('its first layer', { timeout: 60_000 }, () => {
  const secrets = {
    proxmox_token_secret: '7d0f3c1e-94ab-4c52-8e6b-2f1a9d3b60c7',
    s3_access_key: 'an-access-key',
    s3_secret_key: 'a-secret-key-of-s3',
    pgadmin_password: 'a-password',
    cloudflare_api_token: 'a-token-of-cloudflare',
  };
  const files = {
    machine_secrets_file: 'certs: { os: { key: abc } }\n',
    registry_auth_file: '{"auths": {}}',
  };

  test('takes secrets that are whole, names each that is not, and keeps their names alone', async () => {
    const engine = await tool('tofu');
    await using folder = await temporaryFolder();
    await cp(join(castle, 'modules/proxmox-secrets'), folder.dir, { recursive: true });
    const tofu = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(engine, [`-chdir=${folder.dir}`, ...args], {
        encoding: 'utf8',
      });
      return { code: status, output: `${stdout}${stderr}`.replaceAll(/[│╷╵\s]+/g, ' ') };
    };
    const give = async (values: object, texts: object = {}) => {
      const paths: Record<string, string> = {};
      for (const [name, text] of Object.entries({ ...files, ...texts })) {
        paths[name] = join(folder.dir, `${name}.txt`);
        await writeFile(join(folder.dir, `${name}.txt`), text);
      }
      await writeFile(
        join(folder.dir, 'terraform.tfvars.json'),
        JSON.stringify({ ...secrets, ...values, ...paths }),
      );
    };
    await give({});
    expect(tofu('init', '-no-color')).toMatchObject({ code: 0 });
    expect(tofu('apply', '-auto-approve', '-no-color')).toMatchObject({ code: 0 });
    const state = tofu('state', 'pull').output;
    expect(state).toContain('PROXMOX_TOKEN_SECRET');
    for (const value of Object.values(secrets)) expect(state).not.toContain(value);

    for (const [values, texts, says] of [
      [
        { proxmox_token_secret: `phoenix@pve!castle=${secrets.proxmox_token_secret}` },
        {},
        'PROXMOX_TOKEN_SECRET is not the UUID',
      ],
      [{ s3_access_key: '' }, {}, 'S3_ACCESS_KEY is empty'],
      [{ s3_secret_key: 'two words' }, {}, 'S3_SECRET_KEY is empty, short, or has white space'],
      [{ pgadmin_password: '12345' }, {}, 'PGADMIN_PASSWORD is shorter'],
      [{ cloudflare_api_token: '' }, {}, 'CLOUDFLARE_API_TOKEN is empty'],
      [{}, { machine_secrets_file: 'certs: {}\n' }, 'MACHINE_SECRETS is not what'],
      [{}, { registry_auth_file: 'user:password' }, 'REGISTRY_AUTH is not JSON'],
    ] as const) {
      await give(values, texts);
      expect(tofu('plan', '-no-color')).toEqual({ code: 1, output: expect.stringContaining(says) });
    }
  });
});
