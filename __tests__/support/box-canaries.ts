import { resolve } from 'node:path';
import { loadCastle } from '../../src/castle/load.ts';
import { makeBoxSecrets } from '../../src/rehearsal/box-secrets.ts';

const castle = await loadCastle(resolve(import.meta.dirname, '../../castle/live/box/phoenix.yaml'));

/** Every secret of a rehearsal of the box's own castle with this seed, by name. */
export function canariesOf(seed: number): ReadonlyMap<string, string> {
  const own = ['INFISICAL_CLIENT_ID', 'INFISICAL_CLIENT_SECRET'];
  const asked = castle.secrets.list.map(({ name }) => name);
  const secrets = makeBoxSecrets([...asked, 'GITHUB_TOKEN'], seed);
  return new Map([
    ['request token', secrets.requestToken],
    ['client secret', secrets.clientSecret],
    ['text in error bodies', secrets.inErrors],
    ...[...secrets.stored].filter(([name]) => !own.includes(name)),
  ]);
}
