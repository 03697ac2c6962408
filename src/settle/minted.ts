import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { barePlace, type ClientSecretApi, revokeDescribed } from '../identity/client-secrets.ts';
import { exchange, type Patience } from '../identity/exchange.ts';
import { fetchBy } from '../identity/way.ts';
import { parseJson } from '../json.ts';
import { readSecretFile } from '../vault/files.ts';
import type { Vault } from '../vault/vault.ts';
import { findSessions } from './handover.ts';

/** A client secret that a run is about to make: found by its description, also where no answer told its id. */
const minted = z.object({ host: z.string(), identityId: z.string(), description: z.string() });

export type MintedHandover = z.infer<typeof minted>;

const mintedFile = 'minted.json';
/** Beside it: a cluster has the client secret, so revoking it would harm more than it helps. */
const keptFile = 'minted-kept';

/** Written before it is asked for: a run that dies in the middle of the request leaves it to be found. */
export async function leaveMinted(vault: Pick<Vault, 'dir' | 'write'>, made: MintedHandover): Promise<void> {
  await vault.write(vault.dir, mintedFile, JSON.stringify(made));
}

export async function keepMinted({ dir, write }: Pick<Vault, 'dir' | 'write'>): Promise<void> {
  await rm(join(dir, keptFile), { force: true });
  await write(dir, keptFile, '');
}

export async function dropMinted({ dir }: Pick<Vault, 'dir'>): Promise<void> {
  await rm(join(dir, keptFile), { force: true });
}

const hasty: Patience = { attemptMs: 5000, budgetMs: 10_000, attempts: 3 };

/**
 * Revokes what a run that cannot do so any more made and gave to no cluster. With the run's own logins, the newest
 * first: nobody else's may do that. Gives what was done in words; undefined where there is nothing to do.
 */
export async function settleMinted(
  vaultDir: string,
  { env, fetch }: { readonly env: NodeJS.ProcessEnv; readonly fetch: typeof globalThis.fetch },
): Promise<string | undefined> {
  const made = minted.safeParse(parseJson((await textOf(join(vaultDir, mintedFile))) ?? '')).data;
  if (made === undefined) return undefined;
  if ((await textOf(join(vaultDir, keptFile))) !== undefined)
    return `the client secret "${made.description}" stays valid: a cluster has it`;
  let failed: unknown = new Error('no login of the run is left');
  const logins = (await findSessions(vaultDir)).filter((login) => login.kind === 'infisical');
  for (const { host, token, caFile } of logins.toReversed()) {
    const wire = { fetch: fetchBy({ env, caFile, fetch }) };
    const api: ClientSecretApi = {
      place: barePlace(host, made.identityId),
      ask: ({ method, route, json }) => {
        const headers = { authorization: `Bearer ${token}` };
        const ask = { method, url: `${host}/api/${route}`, headers };
        return exchange(json === undefined ? ask : { ...ask, json }, wire, hasty);
      },
    };
    try {
      const revoked = await revokeDescribed(api, made.identityId, made.description);
      return revoked === 0 ? undefined : `revoked its client secret "${made.description}"`;
    } catch (error) {
      failed = error;
    }
  }
  throw failed;
}

function textOf(file: string): Promise<string | undefined> {
  return readSecretFile(file).catch(() => undefined);
}
