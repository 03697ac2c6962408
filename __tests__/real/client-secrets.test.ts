import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { type ClientSecretApi, mintClientSecret } from '../../src/identity/client-secrets.ts';
import { isInfisical } from '../../src/identity/session.ts';
import { dropMinted, keepMinted, leaveMinted, settleMinted } from '../../src/settle/minted.ts';
import { writeNew } from '../../src/vault/files.ts';
import { ramFolder } from '../support/box.ts';
import { clusterId, openClaimWorld } from '../support/claimed-cluster.ts';
import { rejection } from '../support/folder.ts';
import { identityId, openWorld } from '../support/identity-world.ts';

const minting = (told: string[] = []) => ({
  onSecret: (value: string) => told.push(value),
  warn: (text: string) => told.push(text),
  signal: new AbortController().signal,
});

async function apiOf(world: Awaited<ReturnType<typeof openWorld>>): Promise<ClientSecretApi> {
  const session = await world.logIn();
  if (!isInfisical(session)) throw new Error('the session is none of Infisical');
  return session;
}

describe('a client secret that Phoenix makes', () => {
  test('is told before anything else, and bears its description and life', async () => {
    await using world = await openWorld({ role: 'admin' });
    const told: string[] = [];
    const wanted = { description: 'phoenix castle run 1', ttlSeconds: 7200 };
    const { secret, id } = await mintClientSecret(await apiOf(world), identityId, wanted, minting(told));
    expect(told).toEqual([secret]);
    expect(id).not.toBe('');
  });

  test('is refused with the right that is missing, and nothing of the answer', async () => {
    await using world = await openWorld({ role: 'read' });
    const api = await apiOf(world);
    const wanted = { description: 'phoenix castle run 1', ttlSeconds: 0 };
    const error = await rejection(mintClientSecret(api, identityId, wanted, minting()));
    expect(error).toBeInstanceOf(PhoenixError);
    expect(error).toMatchObject({ code: 'PHX-MINT-FORBIDDEN', class: 'identity' });
    expect((error as PhoenixError).next).toContain('create-token, get-token and delete-token');
    await using other = await openWorld({ role: 'admin' });
    const unknown = await rejection(mintClientSecret(await apiOf(other), 'nobody', wanted, minting()));
    expect(unknown).toMatchObject({ code: 'PHX-MINT-IDENTITY' });
  });
});

/** What a run leaves that is killed after it made its client secret. */
async function killedRun(castle: Awaited<ReturnType<typeof openClaimWorld>>) {
  const dir = await ramFolder();
  const vault = {
    dir,
    write: async (folder: string, name: string, content: string | Uint8Array) => {
      const file = join(folder, name);
      await writeNew(file, content);
      return file;
    },
  };
  const host = castle.infisical.url;
  const leave = (token: string) =>
    writeNew(join(dir, 'session-1.json'), JSON.stringify({ kind: 'infisical', host, token }));
  return { dir, vault, host, leave, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

describe('whoever cleans up after a run that died', () => {
  const description = 'phoenix turned run that-died';
  const options = { env: {}, fetch: globalThis.fetch };

  test('revokes its client secret, found by its description, with its own login', async () => {
    await using castle = await openClaimWorld();
    await using run = await killedRun(castle);
    await castle.make(description);
    await castle.make('phoenix turned run another');
    await run.leave(await castle.admin());
    await leaveMinted(run.vault, { host: run.host, identityId: clusterId, description });
    expect(await settleMinted(run.dir, options)).toContain('revoked its client secret');
    const left = (await castle.secrets()).map((each) => each.description);
    expect(left).toEqual(['', 'made by hand', 'phoenix turned run another']);
    expect(await settleMinted(run.dir, options)).toBeUndefined();
  });

  test('leaves the one that a cluster has', async () => {
    await using castle = await openClaimWorld();
    await using run = await killedRun(castle);
    await castle.make(description);
    await run.leave(await castle.admin());
    await leaveMinted(run.vault, { host: run.host, identityId: clusterId, description });
    await keepMinted(run.vault);
    expect(await settleMinted(run.dir, options)).toContain('stays valid: a cluster has it');
    expect((await castle.secrets()).map((each) => each.description)).toContain(description);
    await dropMinted(run.vault);
    expect(await settleMinted(run.dir, options)).toContain('revoked');
  });

  test('tells that it could not, where the login is gone', async () => {
    await using castle = await openClaimWorld();
    await using run = await killedRun(castle);
    await leaveMinted(run.vault, { host: run.host, identityId: clusterId, description });
    await expect(settleMinted(run.dir, options)).rejects.toThrow(/no login of the run is left/);
    await run.leave('no such token');
    await expect(settleMinted(run.dir, options)).rejects.toThrow(/could not manage the client secrets/);
  });
});

test('a run that is killed leaves its client secret to the next one, which revokes it', async () => {
  await using castle = await openClaimWorld();
  await castle.castle(`{ mint: { identity-id: ${clusterId}, ttl: never } }`);
  await castle.world.write({
    'live/platform/terragrunt.hcl': '',
    'live/platform/main.tf':
      'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 6"\n  }\n}\n',
  });
  const first = await castle.start(['rebirth']);
  await first.sees(/terraform_data\.slow: Creating/);
  const description = /\((phoenix turned run [0-9a-f-]+)\)/.exec(
    (await first.sees(/client secret was made.*/))[0],
  )?.[1];
  first.kill('SIGKILL');
  await first.ended;
  expect((await castle.secrets()).map((each) => each.description)).toContain(description);
  const second = await castle.run(['rebirth']);
  // It gives no kubeconfig, so this one fails too, and revokes its own.
  expect(second.report?.error?.code).toBe('PHX-KUBECONFIG-MISSING');
  expect(second.output).toContain(`revoked its client secret "${description}"`);
  expect((await castle.secrets()).map((each) => each.description)).toEqual(['', 'made by hand']);
});
