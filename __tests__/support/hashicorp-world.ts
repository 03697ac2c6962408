import { loginToHashicorp } from '../../src/identity/hashicorp.ts';
import type { HashicorpLogin } from '../../src/identity/hashicorp-login.ts';
import type { Session } from '../../src/identity/session.ts';
import { startGithubOidc } from '../../src/rehearsal/stand-ins/github-oidc.ts';
import { type HashicorpVault, startHashicorpVault } from './backends/hashicorp-vault.ts';
import { hasty, noSleep, pem, requestToken, subject } from './identity-world.ts';

export const role = 'castle';
export const policy = 'phoenix-castle';

/** What stands in the real server at `secret/`, path `castle/prod`. */
export const stored = {
  GITHUB_TOKEN: 'github-token-value-1234567890',
  TLS_KEY: pem,
  UNUSED: 'unused-value-that-nobody-asked-for',
  EMPTY: ' \n',
  NUMBER: 5432,
  MAP: { user: 'castle', password: 'password-inside-a-map' },
};

export interface HashicorpWorldOptions {
  /** Of the issuer, as `github-oidc:KIND`. */
  readonly faults?: readonly string[];
  readonly subject?: 'classic' | 'immutable';
  readonly githubNow?: () => number;
}

/** GitHub's issuer, a real HashiCorp Vault that trusts it, and a caller that keeps what it was told. */
export async function openHashicorpWorld(options: HashicorpWorldOptions = {}) {
  const github = await startGithubOidc(
    {
      requestToken,
      job: {
        repository: 'tazzo/castle',
        repositoryId: '4242',
        repositoryOwnerId: '77',
        subject: options.subject ?? 'classic',
      },
      faults: [...(options.faults ?? [])],
    },
    options.githubNow ? { now: options.githubNow } : {},
  );
  const vault = await startHashicorpVault();
  await trust(vault, github.url);
  const secrets: string[] = [];
  const warnings: string[] = [];
  const lived: string[] = [];
  const idToken = async (audience = vault.address) => {
    const url = `${github.requestUrl}&audience=${encodeURIComponent(audience)}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${requestToken}` } });
    return ((await answer.json()) as { readonly value: string }).value;
  };
  const logIn = (changes: Partial<HashicorpLogin> = {}): Promise<Session> =>
    loginToHashicorp({
      address: vault.address,
      auth: 'jwt',
      role,
      mount: 'secret',
      path: '/castle/prod',
      getJwt: () => idToken(),
      onSecret: (value) => secrets.push(value),
      onLogin: async ({ token }) => void lived.push(token),
      warn: (text) => warnings.push(text),
      sleep: noSleep,
      patience: hasty,
      ...changes,
    });
  return {
    github,
    vault,
    secrets,
    warnings,
    /** Every token that a login gave, oldest first. */
    lived,
    idToken,
    logIn,
    /** Whether the server still takes a token. */
    isAlive: async (token: string) =>
      (await vault.ask('GET', 'auth/token/lookup-self', { token })).status === 200,
    /** Changes the role, and nothing else of it. */
    setRole: (changes: Readonly<Record<string, unknown>>) =>
      vault.set('POST', `auth/jwt/role/${role}`, { role_type: 'jwt', ...changes }),
    async [Symbol.asyncDispose]() {
      await Promise.all([github.close(), vault[Symbol.asyncDispose]()]);
    },
  };
}

export type HashicorpWorld = Awaited<ReturnType<typeof openHashicorpWorld>>;

/** As docs/identity-vault.md has it. */
async function trust(vault: HashicorpVault, issuer: string): Promise<void> {
  await vault.set('POST', 'sys/auth/jwt', { type: 'jwt' });
  await vault.set('POST', 'auth/jwt/config', { oidc_discovery_url: issuer, bound_issuer: issuer });
  await vault.set('POST', `sys/policies/acl/${policy}`, {
    policy: 'path "secret/data/castle/prod" { capabilities = ["read"] }',
  });
  await vault.set('POST', `auth/jwt/role/${role}`, {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: [vault.address],
    bound_subject: subject,
    bound_claims: { repository_id: '4242' },
    token_policies: [policy],
    token_ttl: 3600,
    token_max_ttl: 3600,
  });
  await vault.set('POST', 'secret/data/castle/prod', { data: stored });
}
