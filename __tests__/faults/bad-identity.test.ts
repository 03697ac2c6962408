import { beforeAll, describe, expect, test } from 'vitest';
import { canariesOf } from '../support/box-canaries.ts';
import { expectRefusal } from '../support/refusals.ts';
import { copyBoxCastle, makeWorld, type World, warmTools } from '../support/world.ts';

const seed = 2003;
const boxTools = ['etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const;

beforeAll(
  () => warmTools(['tofu', 'terragrunt', ...boxTools, 'source-controller', 'kustomize-controller']),
  900_000,
);

describe('a rehearsal whose Infisical or whose job token is wrong ends before any layer, and says', () => {
  const cases = [
    [
      'a job token made for another audience',
      'github-oidc:wrong-audience',
      'PHX-INFISICAL-AUDIENCE',
      /audience-of-somebody-else/,
    ],
    ['a job token of another repository', 'github-oidc:wrong-subject', 'PHX-INFISICAL-SUBJECT', /repo:/],
    ['an identity bound to another audience', 'infisical:401-audience', 'PHX-INFISICAL-AUDIENCE', /401/],
    ['an identity bound to another subject', 'infisical:403-subject', 'PHX-INFISICAL-SUBJECT', /403/],
    ['a secret that is not there', 'infisical:missing-secret', 'PHX-SECRET-MISSING', /PROXMOX_TOKEN_SECRET/],
    ['a secret that is empty', 'infisical:empty-secret', 'PHX-SECRET-EMPTY', /PROXMOX_TOKEN_SECRET/],
  ] as const;

  test.each(cases)('%s', async (_, fault, code, says) => {
    await using world = await makeWorld();
    const ended = await world.run([...(await copyBoxCastle(world, seed)), '--fault', fault]);
    await expectRefusal(world, ended, { code, exit: 4, secrets: canariesOf(seed), says: [says] });
    expect(ended.report?.layers.filter(({ verdict }) => verdict !== 'skipped')).toEqual([]);
    expect(ended.report?.leaks.found).toEqual([]);
  });
});

describe('a castle whose secrets are files', () => {
  const files = {
    'phoenix.yaml': '',
    'live/a/terragrunt.hcl': '',
    'live/a/main.tf': 'variable "first_word" {}\nvariable "second_word" {}\n',
  };
  const secrets = new Map([['FIRST_WORD', 'canary-of-the-first-word']]);

  async function castle(): Promise<World> {
    const world = await makeWorld(files);
    await world.write({
      'phoenix.yaml': [
        'version: 1',
        'castle: small',
        'live: live',
        'secrets:',
        `  source: { files: { dir: ${world.secrets} } }`,
        '  FIRST_WORD: { layers: [a] }',
        '  SECOND_WORD: { layers: [a] }',
        '',
      ].join('\n'),
    });
    await world.writeSecrets({ FIRST_WORD: secrets.get('FIRST_WORD') ?? '' });
    return world;
  }

  test('is not begun where one is missing', async () => {
    await using world = await castle();
    const expected = {
      code: 'PHX-SECRET-MISSING',
      exit: 4,
      secrets,
      says: [/SECOND_WORD \(or second-word\)/],
    };
    await expectRefusal(world, await world.run(['rebirth']), expected);
  });

  test('is not begun where one holds nothing but white space', async () => {
    await using world = await castle();
    await world.writeSecrets({ SECOND_WORD: ' \n' });
    const expected = { code: 'PHX-SECRET-EMPTY', exit: 4, secrets, says: [/SECOND_WORD/] };
    await expectRefusal(world, await world.run(['rebirth']), expected);
  });
});
