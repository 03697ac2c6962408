import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { canariesOf } from '../support/box-canaries.ts';
import { expectClean, expectRefusal } from '../support/refusals.ts';
import { copyBoxCastle, makeWorld, type World, warmTools } from '../support/world.ts';

const seed = 2005;
const boxTools = ['etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const;

beforeAll(
  () => warmTools(['tofu', 'terragrunt', ...boxTools, 'source-controller', 'kustomize-controller']),
  900_000,
);

/** The castle of the box, with a client secret that is made anew. */
async function mintingCastle(world: World): Promise<string[]> {
  const args = await copyBoxCastle(world, seed);
  const file = join(world.dir, 'castle/live/box/phoenix.yaml');
  const text = await readFile(file, 'utf8');
  const minting = text
    .replace(/^ {2}INFISICAL_CLIENT_(?:ID|SECRET): \{\}\n/gm, '')
    .replace('\nclaim:\n', '\nclaim:\n  identity: { mint: { identity-id: the-cluster, ttl: 30d } }\n');
  if (!minting.includes('mint:')) throw new Error('the castle of the box has no claim');
  await writeFile(file, minting);
  return args;
}

describe('a rehearsal that makes the client secret of its cluster', () => {
  test('revokes the one of the generation before, when it is reborn', async () => {
    await using world = await makeWorld();
    const ended = await world.run(await mintingCastle(world));
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report).toMatchObject({
      ...{ verdict: 'reborn', leaks: { found: [] } },
      identity: { way: 'mint', proved: true, revoked: 1, kept: 0 },
    });
    expectClean(ended.output, canariesOf(seed));
    expect(await world.leftovers()).toEqual([]);
  });

  test('finds what it had made when the answer was lost, revokes it and makes another', async () => {
    await using world = await makeWorld();
    const ended = await world.run([...(await mintingCastle(world)), '--fault', 'infisical:mint-lost*1']);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.output).toContain('1 had been made, and is revoked');
    expect(ended.report?.identity).toMatchObject({ proved: true, revoked: 1 });
  });

  test('ends a lockout of the client id, and says so', async () => {
    await using world = await makeWorld();
    const ended = await world.run([...(await mintingCastle(world)), '--fault', 'infisical:locked*1']);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.output).toContain('the lockout is cleared');
  });

  test('is refused before the first layer where it may not make one', async () => {
    await using world = await makeWorld();
    const ended = await world.run([...(await mintingCastle(world)), '--fault', 'infisical:mint-forbidden']);
    await expectRefusal(world, ended, {
      code: 'PHX-MINT-FORBIDDEN',
      exit: 4,
      secrets: canariesOf(seed),
      says: [/403, PermissionBoundaryError/, /go back to `pull`/],
    });
    expect(ended.report?.layers.filter(({ verdict }) => verdict !== 'skipped')).toEqual([]);
  });

  test('gives up after three lost answers, and leaves none', async () => {
    await using world = await makeWorld();
    const ended = await world.run([...(await mintingCastle(world)), '--fault', 'infisical:mint-lost']);
    await expectRefusal(world, ended, {
      code: 'PHX-INFISICAL-NETWORK',
      exit: 4,
      secrets: canariesOf(seed),
      says: [/could not manage the client secrets/],
    });
    expect(ended.output.match(/1 had been made, and is revoked/g)).toHaveLength(3);
  });

  test('revokes its own where the cluster is not proved with it', async () => {
    await using world = await makeWorld();
    const ended = await world.run([...(await mintingCastle(world)), '--fault', 'git:401']);
    await expectRefusal(world, ended, {
      code: 'PHX-CLAIM-REPOSITORY',
      exit: 8,
      secrets: canariesOf(seed),
      says: [/the client secret of this run is revoked/],
    });
    expect(ended.report?.identity).toMatchObject({ proved: false, revoked: 0 });
  });
});

test('a client id that is locked out is told as that, with the time to wait and the call that ends it', async () => {
  await using world = await makeWorld();
  const ended = await world.run([...(await copyBoxCastle(world, seed)), '--fault', 'infisical:locked']);
  await expectRefusal(world, ended, {
    code: 'PHX-CLAIM-LOCKED',
    exit: 8,
    secrets: canariesOf(seed),
    says: [/for 300 s/, /wait 300 s \(until \d\d:\d\d:\d\d UTC/, /identities\/IDENTITY\/clear-lockouts/],
  });
});
