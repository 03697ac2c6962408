import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  clusterClientId,
  firstSecret,
  openClaimWorld,
  openCluster,
} from '../__tests__/support/claimed-cluster.ts';
import { machineIdentity, secretStore, tokenSecret } from '../src/cluster/identity-manifests.ts';
import { median } from './figures.ts';
import { markdownTable, type Section } from './section.ts';

const names = {
  identityNamespace: 'external-secrets',
  identitySecret: 'infisical-machine-identity',
  namespace: 'flux-system',
  externalSecret: 'github-api-token',
  secret: 'flux-system',
};
const store = 'castle-secrets';
const token = 'GITHUB_TOKEN';

/**
 * The claim on a real API server with the real External Secrets Operator, which runs already, against a stand-in for
 * Infisical: Phoenix' gate, and the document's way with the same objects. In turn, in a cluster from which all of the
 * claim was taken away again.
 */
export async function measureClaim(runs: number, say: (text: string) => void): Promise<Section> {
  await using castle = await openClaimWorld();
  await using cluster = await openCluster(castle.world);
  await castle.castle('{ pull: {} }', ['client-secret: FIRST']);
  const made = await castle.run(['rebirth']);
  if (made.code !== 0) throw new Error(`the castle of the claim did not come up:\n${made.output}`);
  const { kube } = cluster;
  const forget = async () => {
    const wait = ['--ignore-not-found', '--wait=true', '--timeout=60s'];
    await kube('delete', 'externalsecret', names.externalSecret, `--namespace=${names.namespace}`, ...wait);
    await kube('delete', 'clustersecretstore', store, ...wait);
    await kube('delete', 'secret', names.secret, `--namespace=${names.namespace}`, ...wait);
    await kube('delete', 'secret', names.identitySecret, `--namespace=${names.identityNamespace}`, ...wait);
  };
  const settings = {
    ...{ name: store, host: castle.infisical.url, projectSlug: 'castle', environment: 'prod', path: '/' },
  };
  const file = join(castle.world.dir, 'claim.json');
  const items = [
    machineIdentity(names, { clientId: clusterClientId, clientSecret: firstSecret }),
    secretStore(names, settings, 'first'),
    tokenSecret(names, store, token, 'first'),
  ];
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), { mode: 0o600 });
  const ways = {
    phoenix: async () => {
      const { code, output, report } = await castle.run(['claim']);
      const seconds = report?.gates.find(({ name }) => name === 'claim')?.seconds;
      if (code !== 0 || typeof seconds !== 'number') throw new Error(`the claim failed:\n${output}`);
      return seconds;
    },
    document: async () => {
      const started = performance.now();
      await kube('apply', `--filename=${file}`);
      const ready = ['--for=condition=Ready', `externalsecret/${names.externalSecret}`];
      await kube('wait', ...ready, `--namespace=${names.namespace}`, '--timeout=60s');
      return (performance.now() - started) / 1000;
    },
  };
  const seen = { phoenix: [] as number[], document: [] as number[] };
  const order = Object.keys(ways) as (keyof typeof ways)[];
  for (let round = 0; round < runs; round += 1) {
    for (const name of round % 2 === 0 ? order : order.toReversed()) {
      await forget();
      const seconds = await ways[name]();
      seen[name].push(seconds);
      say(`claim, round ${round + 1} of ${runs}: ${name} ${seconds.toFixed(2)} s`);
    }
  }
  const says = {
    phoenix: 'the gate `claim`: identity, store valid, token synced, token proved by reading the branch',
    document: 'all applied at once, then `kubectl wait` for the ExternalSecret; nothing is proved',
  };
  const rows = order.map((name) => ({
    name,
    medianSeconds: median(seen[name]),
    minSeconds: Math.min(...seen[name]),
    maxSeconds: Math.max(...seen[name]),
    runs,
    says: says[name],
  }));
  const ratio = median(seen.phoenix) / median(seen.document);
  const table = markdownTable(
    ['Way', 'Median s', 'Spread s', 'Runs', 'What it is'],
    rows.map(({ name, medianSeconds, minSeconds, maxSeconds, says: what }) => [
      ...[name, medianSeconds.toFixed(2), `${minSeconds.toFixed(2)}–${maxSeconds.toFixed(2)}`, runs, what],
    ]),
  );
  return {
    title: 'Claim: from the operator running to the token',
    text: `${table}\n\nPhoenix takes ${ratio.toFixed(2)} × the document's time.`,
    data: { rows, ratio },
  };
}
