import { relative } from 'node:path';
import type { Castle } from '../castle/load.ts';
import { tools } from '../toolchain/tools.ts';
import type { Place, Tree } from './model.ts';
import { readTree } from './read.ts';

/** What the modules engine and gitops of Phoenix make in every castle, before Flux begins. */
const always = {
  namespaces: ['external-secrets', 'flux-system'],
  crds: [
    'clustersecretstores.external-secrets.io',
    'externalsecrets.external-secrets.io',
    'generatorstates.generators.external-secrets.io',
    'secretstores.external-secrets.io',
    '*.source.toolkit.fluxcd.io',
    '*.kustomize.toolkit.fluxcd.io',
  ],
};

/** The GitOps tree of a castle, as Flux would come to see it. */
export function castleTree(castle: Castle, { dir, entry, given }: NonNullable<Castle['gitops']>): Tree {
  const place = (path: readonly PropertyKey[]): Place => ({
    file: relative(dir, castle.file),
    ...castle.at(path),
  });
  const milestones = castle.milestones.flatMap(({ name: milestone, all }) =>
    all.flatMap((check, index) =>
      check.kind === 'kustomization'
        ? [{ milestone, name: check.name, at: place(['milestones', milestone, 'all', index]) }]
        : [],
    ),
  );
  const first = castle.milestones[0]?.name;
  return readTree({
    root: dir,
    entry,
    entryAt: place(['gitops', 'entry']),
    milestones,
    fastTrack: milestones.filter(({ milestone }) => milestone === first).map(({ name }) => name),
    pins: pinsOf(castle),
    given: {
      namespaces: new Set([...always.namespaces, ...given.namespaces]),
      crds: new Set([...always.crds, ...given.crds]),
      configMaps: new Map(Object.entries(given['config-maps']).map(([name, keys]) => [name, new Set(keys)])),
      pools: new Map(Object.entries(given.pools)),
      ...(given.nodes === undefined ? {} : { nodes: given.nodes }),
    },
  });
}

/** What the cluster runs, as the castle pins it; where it names none of those that tell the same, as Phoenix does. */
function pinsOf({ toolchain }: Castle): ReadonlyMap<string, string> {
  const pins = new Map<string, string>(toolchain.map(({ tool, version }) => [tool, version]));
  const telling = [
    ['kube-apiserver', 'kubectl'],
    ['external-secrets'],
    ['kustomize-controller', 'source-controller', 'flux'],
  ] as const;
  for (const [first, ...others] of telling)
    if (![first, ...others].some((tool) => pins.has(tool))) pins.set(first, tools[first].pin);
  return pins;
}
