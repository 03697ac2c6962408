import { once } from 'node:events';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { canariesOf } from '../support/box-canaries.ts';
import { expectRefusal } from '../support/refusals.ts';
import { copyBoxCastle, makeWorld, warmTools } from '../support/world.ts';

const seed = 2004;
const boxTools = ['etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const;

beforeAll(
  () => warmTools(['tofu', 'terragrunt', ...boxTools, 'source-controller', 'kustomize-controller']),
  900_000,
);

describe('the claim is refused at once, not at its timeout, with the true cause, where', () => {
  const cases = [
    [
      'the store does not take the machine identity',
      'infisical:cluster-login',
      'PHX-CLAIM-STORE',
      [/Ready=False \(InvalidProviderConfig\)/, /Event InvalidProviderConfig: .*Invalid credentials/],
    ],
    [
      'the store has no such token',
      'infisical:cluster-missing',
      'PHX-CLAIM-TOKEN',
      [/Ready=False \(SecretSyncedError\)/, /Event UpdateFailed: .*GITHUB_TOKEN/],
    ],
    [
      'the token in the store is empty',
      'infisical:cluster-empty',
      'PHX-CLAIM-TOKEN-EMPTY',
      [/GITHUB_TOKEN is empty/],
    ],
    ['the token is revoked', 'git:401', 'PHX-CLAIM-REPOSITORY', [/The server answered 401/]],
    [
      'the token has no right to read the repository',
      'git:404',
      'PHX-CLAIM-REPOSITORY',
      [/The server answered 404/],
    ],
  ] as const;

  test.each(cases)('%s', async (_, fault, code, says) => {
    await using world = await makeWorld();
    const ended = await world.run([...(await copyBoxCastle(world, seed)), '--fault', fault]);
    await expectRefusal(world, ended, { code, exit: 8, secrets: canariesOf(seed), says });
    const gate = ended.report?.gates.find(({ name }) => name === 'claim');
    expect(gate?.verdict).toBe('failed');
    // The castle file allows it 60 s.
    expect(gate?.seconds).toBeLessThan(15);
    expect(ended.report?.layers.find(({ name }) => name === 'gitops')?.verdict).toBe('skipped');
    expect(ended.report?.leaks.found).toEqual([]);
  });
});

test('a port of the API server that another process holds is refused by the layer, and named', async () => {
  await using world = await makeWorld();
  const holder = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  try {
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const args = await copyBoxCastle(world, seed);
    const ended = await world.run(args, { PHOENIX_BOX_API_PORT: String(port) });
    await expectRefusal(world, ended, {
      code: 'PHX-LAYER-FAILED',
      exit: 7,
      secrets: canariesOf(seed),
      says: [new RegExp(`PHX-BOX-PORT-IN-USE: .*127\\.0\\.0\\.1:${port}`), /Free the port/],
    });
    const layers = Object.fromEntries(ended.report?.layers.map(({ name, verdict }) => [name, verdict]) ?? []);
    expect(layers).toMatchObject({ secrets: 'applied', platform: 'failed', engine: 'skipped' });
  } finally {
    holder.close();
  }
});
