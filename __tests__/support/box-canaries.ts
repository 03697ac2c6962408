import { makeBoxSecrets } from '../../src/rehearsal/box-secrets.ts';

/** Every secret of a rehearsal of the box's own castle with this seed, by name. */
export function canariesOf(seed: number): ReadonlyMap<string, string> {
  const own = ['INFISICAL_CLIENT_ID', 'INFISICAL_CLIENT_SECRET'];
  const secrets = makeBoxSecrets(['PROXMOX_TOKEN_SECRET', ...own, 'GITHUB_TOKEN'], seed);
  return new Map([
    ['request token', secrets.requestToken],
    ['client secret', secrets.clientSecret],
    ...[...secrets.stored].filter(([name]) => !own.includes(name)),
  ]);
}
