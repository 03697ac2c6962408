import type { Wire } from '../identity/exchange.ts';
import { revokeHashicorpToken } from '../identity/hashicorp.ts';
import { revokeInfisicalToken } from '../identity/infisical.ts';
import type { SessionHandover } from './handover.ts';

/** Revokes the login that a dead run left; throws in words where its token may still live. */
export async function revokeSession(wire: Wire, login: SessionHandover): Promise<void> {
  const [server, how] =
    login.kind === 'infisical'
      ? [login.host, await revokeInfisicalToken(wire, login)]
      : [login.address, await revokeHashicorpToken(wire, login)];
  if (how !== undefined) throw new Error(`${server} answered ${how}; the token dies by itself`);
}
