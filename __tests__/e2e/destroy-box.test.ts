import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { askProcesses } from '../../src/rehearsal/host-client.ts';
import { openLastingBox } from '../support/lasting-box.ts';
import { verdictsOf } from '../support/small-castle.ts';
import { expectReversed } from '../support/unmade.ts';
import { copyBoxCastle, makeWorld, type World, warmTools } from '../support/world.ts';

const boxTools = ['etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const;

beforeAll(
  () => warmTools(['tofu', 'terragrunt', ...boxTools, 'source-controller', 'kustomize-controller']),
  900_000,
);

/** The castle of the box, whose cluster gets a client secret that is made for it. */
async function mintingCastle(world: World): Promise<string> {
  await copyBoxCastle(world, 1);
  const file = join(world.dir, 'castle/live/box/phoenix.yaml');
  const text = await readFile(file, 'utf8');
  const minting = text
    .replace(/^ {2}INFISICAL_CLIENT_(?:ID|SECRET): \{\}\n/gm, '')
    .replace('\nclaim:\n', '\nclaim:\n  identity: { mint: { identity-id: the-cluster, ttl: 30d } }\n');
  await writeFile(file, minting);
  return file;
}

describe('the castle of the box', () => {
  test('is reborn and destroyed: its machine ends, its states are empty, its client secret is revoked', async () => {
    await using world = await makeWorld();
    const castle = await mintingCastle(world);
    await using box = await openLastingBox(castle);
    // The rest of its environment is for what runs no Phoenix of its own: Phoenix derives it from the box.
    const env = { PHOENIX_BOX: box.env['PHOENIX_BOX'] ?? '' };
    const { socket } = JSON.parse(await readFile(env.PHOENIX_BOX, 'utf8')) as { socket: string };
    const running = async () => (await askProcesses(socket)).map(({ name }) => name);
    const reborn = await world.run(['rebirth', '--castle', castle], env);
    expect(reborn.code, reborn.output).toBe(0);
    expect(await running()).toEqual(expect.arrayContaining(['etcd', 'kube-apiserver']));

    const destroyed = await world.run(['destroy', '--castle', castle, '--confirm', 'box'], env);
    expect(destroyed.code, destroyed.output).toBe(0);
    const { report } = destroyed;
    expect(new Set(Object.values(verdictsOf(report)))).toEqual(new Set(['destroyed']));
    expect(Object.keys(verdictsOf(report))).toHaveLength(6);
    expectReversed(report, {
      engine: ['gitops', 'networking', 'storage'],
      platform: ['engine'],
      secrets: ['platform'],
    });
    expect(report).toMatchObject({
      ...{ command: 'destroy', mode: 'rehearsal', verdict: 'destroyed', leaks: { found: [] } },
      identity: { way: 'mint', revoked: 1 },
    });
    const left = await running();
    expect(left.filter((name) => /etcd|apiserver|controller|external-secrets/.test(name))).toEqual([]);

    const again = await world.run(['destroy', '--castle', castle, '--confirm', 'box'], env);
    expect(again.code, again.output).toBe(0);
    expect(new Set(Object.values(verdictsOf(again.report)))).toEqual(new Set(['absent']));
    expect((await world.leftovers()).filter((each) => !each.includes(' box-open '))).toEqual([]);
  });

  test('is none to destroy where no box outlives its rehearsal', async () => {
    await using world = await makeWorld();
    await copyBoxCastle(world, 1);
    const ended = await world.run([
      'destroy',
      '--castle',
      'castle/live/box/phoenix.yaml',
      '--confirm',
      'box',
    ]);
    expect({ code: ended.code, output: ended.output }).toMatchObject({
      code: 2,
      output: expect.stringContaining('PHX-DESTROY-BOX'),
    });
  });
});
