import { randomBytes, randomUUID } from 'node:crypto';
import type { Identity, InfisicalConfig } from './infisical-config.ts';
import { type InfisicalRefusal, notFound, permissionDenied, unauthorized } from './infisical-refusal.ts';

interface ClientSecret {
  readonly id: string;
  readonly secret: string;
  readonly description: string;
  readonly ttl: number;
  readonly numUsesLimit: number;
  readonly createdAt: number;
  uses: number;
  revoked: boolean;
}

interface Lockout {
  failures: number;
  locked: boolean;
  until: number;
}

export interface ClientSecrets {
  /** Infisical's universal-auth login: the lockout is looked at before the secret, and counts per client id. */
  logIn(
    clientId: string,
    clientSecret: string,
  ): { readonly identity: Identity; readonly clientSecretId: string };
  settingsOf(identityId: string): Record<string, unknown>;
  /** As three bad logins do it. */
  lock(clientId: string): void;
  create(by: Identity, identityId: string, wanted: Wanted): Record<string, unknown>;
  list(by: Identity, identityId: string): Record<string, unknown>[];
  get(by: Identity, identityId: string, id: string): Record<string, unknown>;
  revoke(by: Identity, identityId: string, id: string): Record<string, unknown>;
  clearLockouts(by: Identity, identityId: string): number;
}

interface Wanted {
  readonly description: string;
  readonly ttl: number;
  readonly numUsesLimit: number;
}

interface Account {
  readonly identity: Identity;
  readonly auth: NonNullable<Identity['universalAuth']>;
  readonly secrets: ClientSecret[];
  lockout: Lockout | undefined;
}

/** Universal auth: client ids, their secrets and their lockouts (services/identity-ua). Times in milliseconds. */
export function createClientSecrets(
  identities: InfisicalConfig['identities'],
  now: () => number,
): ClientSecrets {
  const accounts = identities.flatMap((identity): Account[] => {
    const auth = identity.universalAuth;
    if (auth === undefined) return [];
    return [
      { identity, auth, secrets: auth.clientSecrets.map((one) => make(one, now())), lockout: undefined },
    ];
  });
  const accountOf = (by: Identity, identityId: string, action: string): Account => {
    if (by.role !== 'admin') throw permissionDenied(action, 'identity');
    const account = accounts.find(({ identity }) => identity.id === identityId);
    if (account === undefined) throw notFound(`Failed to find identity with ID ${identityId}`);
    return account;
  };
  const secretOf = ({ secrets }: Account, id: string): ClientSecret => {
    const secret = secrets.find((one) => one.id === id);
    if (secret === undefined) throw notFound(`Client secret with ID '${id}' not found`);
    return secret;
  };
  return {
    logIn(clientId, given) {
      const account = accounts.find(({ auth }) => auth.clientId === clientId);
      if (account === undefined) throw unauthorized('Invalid credentials');
      if (account.lockout && account.lockout.until <= now()) account.lockout = undefined;
      if (account.lockout?.locked) throw locked();
      const secret = account.secrets.find((one) => !one.revoked && one.secret === given);
      if (secret === undefined) {
        countFailure(account, now());
        throw unauthorized('Invalid credentials');
      }
      account.lockout = undefined;
      if (secret.ttl > 0 && now() > secret.createdAt + secret.ttl * 1000) {
        secret.revoked = true;
        throw unauthorized('Access denied due to expired client secret');
      }
      if (secret.numUsesLimit > 0 && secret.uses >= secret.numUsesLimit) {
        secret.revoked = true;
        throw unauthorized('Access denied due to client secret usage limit reached');
      }
      secret.uses += 1;
      return { identity: account.identity, clientSecretId: secret.id };
    },
    settingsOf(identityId) {
      const account = accounts.find(({ identity }) => identity.id === identityId);
      if (account === undefined) throw notFound(`Failed to find identity with ID ${identityId}`);
      const { clientSecrets: _, ...settings } = account.auth;
      return settings;
    },
    lock(clientId) {
      const account = accounts.find(({ auth }) => auth.clientId === clientId);
      if (account === undefined) return;
      const { lockoutThreshold: failures, lockoutDurationSeconds: seconds } = account.auth;
      account.lockout = { failures, locked: true, until: now() + seconds * 1000 };
    },
    create(by, identityId, wanted) {
      const account = accountOf(by, identityId, 'create-token');
      const secret = make({ ...wanted, secret: randomBytes(32).toString('hex') }, now());
      account.secrets.push(secret);
      return { clientSecret: secret.secret, clientSecretData: shown(secret) };
    },
    list: (by, identityId) =>
      accountOf(by, identityId, 'get-token')
        .secrets.filter(({ revoked }) => !revoked)
        .map(shown),
    get: (by, identityId, id) => shown(secretOf(accountOf(by, identityId, 'get-token'), id)),
    revoke(by, identityId, id) {
      const secret = secretOf(accountOf(by, identityId, 'delete-token'), id);
      secret.revoked = true;
      return shown(secret);
    },
    clearLockouts(by, identityId) {
      const account = accountOf(by, identityId, 'edit');
      const deleted = account.lockout === undefined ? 0 : 1;
      account.lockout = undefined;
      return deleted;
    },
  };
}

function make(of: Wanted & { readonly secret: string }, createdAt: number): ClientSecret {
  return { ...of, id: randomUUID(), createdAt, uses: 0, revoked: false };
}

function countFailure(account: Account, now: number): void {
  const { lockoutEnabled, lockoutThreshold, lockoutDurationSeconds, lockoutCounterResetSeconds } =
    account.auth;
  if (!lockoutEnabled) return;
  const failures = (account.lockout?.failures ?? 0) + 1;
  const isLocked = failures >= lockoutThreshold;
  const seconds = isLocked ? lockoutDurationSeconds : lockoutCounterResetSeconds;
  account.lockout = { failures, locked: isLocked, until: now + seconds * 1000 };
}

function locked(): InfisicalRefusal {
  return unauthorized('This identity auth method is temporarily locked, please try again later');
}

function shown(secret: ClientSecret): Record<string, unknown> {
  const createdAt = new Date(secret.createdAt).toISOString();
  return {
    id: secret.id,
    createdAt,
    updatedAt: createdAt,
    description: secret.description,
    clientSecretPrefix: secret.secret.slice(0, 4),
    clientSecretNumUses: secret.uses,
    clientSecretNumUsesLimit: secret.numUsesLimit,
    clientSecretTTL: secret.ttl,
    identityUAId: secret.id,
    isClientSecretRevoked: secret.revoked,
  };
}
