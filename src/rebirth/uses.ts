import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../errors.ts';
import type { ClientSecret } from '../identity/client-secrets.ts';

const useWithinMs = 10_000;
const lookEveryMs = 500;

/** Throws PHX-CLAIM-UNUSED where nobody logged in beyond the `baseline` of uses. */
export async function assertUse(
  uses: () => Promise<number | undefined>,
  baseline: number,
  signal: AbortSignal,
): Promise<void> {
  if (await awaitUse(uses, baseline, signal)) return;
  throw neverUsed(`Infisical counts as many logins with it as before (${baseline}).`);
}

/** Whether the number of uses rises above `baseline` in the time that a login takes to be counted. */
async function awaitUse(
  uses: () => Promise<number | undefined>,
  baseline: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + useWithinMs;
  for (;;) {
    if (((await uses()) ?? 0) > baseline) return true;
    if (Date.now() >= deadline) return false;
    await sleep(lookEveryMs, undefined, { signal });
  }
}

/** When a client secret ends, as an ISO time; null where never, or where the server does not tell. */
export function endOf({ createdAt, clientSecretTTL }: ClientSecret): string | null {
  const made = Date.parse(createdAt ?? '');
  return clientSecretTTL === 0 || Number.isNaN(made)
    ? null
    : new Date(made + clientSecretTTL * 1000).toISOString();
}

/** Uses by id: what a later look is held against. */
export function usesOf(secrets: readonly ClientSecret[]): ReadonlyMap<string, number> {
  return new Map(secrets.map(({ id, clientSecretNumUses }) => [id, clientSecretNumUses]));
}

function neverUsed(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-CLAIM-UNUSED',
    class: 'cluster',
    what: 'The cluster did not log in with the new machine identity.',
    why,
    next: 'See whether External Secrets caches Secrets (--enable-secrets-caching) or reads another one than `claim.identity-secret` says, then run `phoenix claim` again.',
  });
}
