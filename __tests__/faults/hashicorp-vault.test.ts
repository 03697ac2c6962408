import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { warmHashicorpVault } from '../support/backends/hashicorp-vault-build.ts';
import { type HashicorpWorld, openHashicorpWorld, stored } from '../support/hashicorp-world.ts';
import { requestToken } from '../support/identity-world.ts';
import { expectClean, expectRefusal } from '../support/refusals.ts';
import { running, smallCastle } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => Promise.all([warmTools(['tofu', 'terragrunt']), warmHashicorpVault()]), 1_800_000);

const secrets = new Map([
  ['GITHUB_TOKEN', stored.GITHUB_TOKEN],
  ['TLS_KEY', stored.TLS_KEY],
  ['UNUSED', stored.UNUSED],
  ['request token', requestToken],
]);

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Applies only where both secrets arrived byte for byte: the one as a variable, the other as a file. */
const exact = `
variable "github_token" {
  sensitive = true
}
variable "tls_key_file" {}
resource "terraform_data" "exact" {
  lifecycle {
    precondition {
      condition     = sha256(var.github_token) == "${sha256(stored.GITHUB_TOKEN)}" && filesha256(var.tls_key_file) == "${sha256(stored.TLS_KEY)}"
      error_message = "a secret is not what was stored"
    }
  }
}
`;

const use: Readonly<Record<string, { readonly value: string; readonly use: string }>> = {
  GITHUB_TOKEN: { value: stored.GITHUB_TOKEN, use: '{ layers: [a] }' },
  KEY_OF_THE_CASTLE: {
    value: stored.TLS_KEY,
    use: '{ layers: [a], as: file, name: tls_key_file, key: TLS_KEY }',
  },
};

function castle(
  { vault }: HashicorpWorld,
  { main = exact, source = '', secrets: named = use } = {},
): Promise<World> {
  return smallCastle(
    { a: { main } },
    {
      secrets: named,
      source: `{ hashicorp-vault: { address: '${vault.address}', role: castle, path: /castle/prod${source} } }`,
    },
  );
}

const envOf = ({ github }: HashicorpWorld) => ({
  ACTIONS_ID_TOKEN_REQUEST_URL: github.requestUrl,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
});

/** How many tokens live on the server beside the root's. */
async function livingTokens({ vault }: HashicorpWorld): Promise<number> {
  const { body } = await vault.ask('GET', 'auth/token/accessors?list=true');
  return (body as { readonly data: { readonly keys: readonly string[] } }).data.keys.length - 1;
}

describe('a castle whose secrets are in HashiCorp Vault', () => {
  test('is reborn with a variable and a file that are exact, leaks nothing, and leaves no token alive', async () => {
    await using vault = await openHashicorpWorld();
    await using world = await castle(vault);
    const ended = await world.run(['rebirth'], envOf(vault));
    expect(ended.code, ended.output).toBe(0);
    expect(ended.output).toContain('secrets: 2 in the vault, 1 layer given some');
    expect(ended.report).toMatchObject({ verdict: 'reborn', leaks: { found: [] } });
    expect(ended.report?.leaks.checked).toBeGreaterThan(0);
    expectClean(ended.output, secrets);
    expect(await livingTokens(vault)).toBe(0);
    expect(await world.leftovers()).toEqual([]);
  });

  test('that was killed leaves a token that lives, and the next run revokes it', async () => {
    await using vault = await openHashicorpWorld();
    await using world = await castle(vault, {
      main: `variable "github_token" {}\nvariable "tls_key_file" {}\n${running('echo "it is under way"; sleep 2')}`,
    });
    const first = await world.start(['rebirth'], envOf(vault));
    await first.sees(/\[a\] {3}it is under way/);
    first.kill('SIGKILL');
    await first.ended;
    expect(await livingTokens(vault)).toBe(1);
    const next = await world.run(['rebirth'], envOf(vault));
    expect(next.code, next.output).toBe(0);
    expect(next.output).toMatch(/died while a was under way; cleaning up after it/);
    expectClean(next.output, secrets);
    expect(await livingTokens(vault)).toBe(0);
    expect(await world.leftovers()).toEqual([]);
  });

  const cases = [
    [
      'the audience is another than the role’s',
      { source: ', audience: https://else.invalid' },
      'PHX-HASHICORP-AUDIENCE',
      /`https:\/\/else\.invalid`/,
    ],
    ['the role is none', {}, 'PHX-HASHICORP-ROLE', /no role castle/],
    ['the path may not be read', { source: ', mount: other' }, 'PHX-HASHICORP-FORBIDDEN', /other\//],
    [
      'a key is missing',
      { secrets: { GITHUB_TOKN: { value: '', use: '{ layers: [a] }' } } },
      'PHX-SECRET-MISSING',
      /Did you mean `GITHUB_TOKEN`\?/,
    ],
  ] as const;

  test.each(cases)('is not begun where %s', async (_, changes, code, says) => {
    await using vault = await openHashicorpWorld();
    if (code === 'PHX-HASHICORP-ROLE') await vault.vault.set('DELETE', 'auth/jwt/role/castle');
    await using world = await castle(vault, changes);
    const ended = await world.run(['rebirth'], envOf(vault));
    await expectRefusal(world, ended, { code, exit: 4, secrets, says: [says] });
    expect(await livingTokens(vault)).toBe(0);
  });

  test('is not begun where it is sealed, after some seconds of trying', async () => {
    await using vault = await openHashicorpWorld();
    await using world = await castle(vault);
    await vault.vault.set('POST', 'sys/seal');
    const ended = await world.run(['rebirth'], envOf(vault));
    const says = [/It is sealed \(503\)/, /vault operator unseal/];
    await expectRefusal(world, ended, { code: 'PHX-HASHICORP-SEALED', exit: 4, secrets, says });
  });

  test('is refused before anything where it also has a claim, for its store would be Infisical', async () => {
    await using vault = await openHashicorpWorld();
    await using world = await castle(vault, {});
    const more =
      'kubeconfig: { layer: a }\nclaim: { after: a, store: s, token: T, repository: "https://github.com/tazzo/x" }\n';
    const text = `version: 1\ncastle: small\nlive: live\nsecrets: { source: { hashicorp-vault: { address: '${vault.vault.address}', role: castle, path: /castle } } }\n${more}`;
    await world.write({ 'phoenix.yaml': text });
    const ended = await world.run(['rebirth'], envOf(vault));
    const says = [/secrets\.source is hashicorp-vault/];
    await expectRefusal(world, ended, { code: 'PHX-CLAIM-STORE-UNKNOWN', exit: 2, secrets, says });
    expect(vault.github.requests.filter(({ path }) => path.endsWith('/idtoken'))).toEqual([]);
  });
});
