import { posix } from 'node:path';
import { z } from 'zod';
import { isMap } from './draft.ts';
import { image, type KustomizationFile, parseKustomization, patch } from './kustomization.ts';
import type { Place, Resource } from './model.ts';
import type { Overrides } from './transform.ts';
import { type Context, fileNames } from './work.ts';
import type { YamlDocument } from './yaml.ts';

const text = z.string().catch('');
const reference = z.object({ name: text, namespace: text });

/** The spec of a Kustomization of Flux; what is not of its form counts as not written, for the API server refuses it. */
const spec = z.object({
  path: text,
  dependsOn: z.array(reference).catch([]),
  wait: z.boolean().catch(false),
  suspend: z.boolean().catch(false),
  sourceRef: z
    .object({ kind: text, name: text, namespace: text })
    .catch({ kind: '', name: '', namespace: '' }),
  kubeConfig: z.unknown().optional(),
  targetNamespace: text,
  namePrefix: text,
  nameSuffix: text,
  components: z.array(z.string()).catch([]),
  ignoreMissingComponents: z.boolean().catch(false),
  patches: z.array(patch).catch([]),
  images: z.array(image).catch([]),
  postBuild: z
    .object({
      substitute: z.record(z.string(), z.coerce.string()).catch({}),
      substituteFrom: z
        .array(z.object({ kind: text, name: text, optional: z.boolean().catch(false) }))
        .catch([]),
      substituteStrategy: text,
    })
    .optional()
    .catch(undefined),
});
export type Spec = z.output<typeof spec>;

export function specOf({ manifest }: Pick<Resource, 'manifest'>): Spec {
  return spec.parse(isMap(manifest['spec']) ? manifest['spec'] : {});
}

/** What the Kustomization writes over the kustomization of its folder. */
export function overridesOf(resource: Resource, folder: string, context: Context): Overrides {
  const { targetNamespace, namePrefix, nameSuffix, components, patches, images, ignoreMissingComponents } =
    specOf(resource);
  const generated = fileNames.some((name) => context.files.kind(posix.join(folder, name)) === 'file')
    ? undefined
    : generatedFor(folder, resource.place(['spec', 'path']), context);
  return {
    ...(generated === undefined ? {} : { generated }),
    namespace: targetNamespace,
    namePrefix,
    nameSuffix,
    images,
    patches: patches.map((each, index) => {
      const at = resource.place(['spec', 'patches', index]);
      return { patch: each, at, textAt: at };
    }),
    components: components
      .map((entry, index) => ({ entry, at: resource.place(['spec', 'components', index]) }))
      .filter(
        ({ entry }) =>
          !ignoreMissingComponents || context.files.kind(posix.join(folder, entry)) !== undefined,
      ),
  };
}

/**
 * The kustomization that Flux makes for a folder without one: every YAML file below it, and of a folder below that has one,
 * that folder instead of its files.
 */
function generatedFor(folder: string, at: Place, { files, report }: Context): KustomizationFile | undefined {
  const resources: string[] = [];
  const open = [''];
  for (let below = open.pop(); below !== undefined && resources.length < 10_000; below = open.pop()) {
    for (const name of files.list(posix.join(folder, below))) {
      const way = posix.join(below, name);
      const kind = files.kind(posix.join(folder, way));
      if (kind === 'folder') {
        const holds = fileNames.some((each) => files.kind(posix.join(folder, way, each)) === 'file');
        if (holds) resources.push(way);
        else open.push(way);
      } else if (kind === 'file' && /\.ya?ml$/.test(name)) resources.push(way);
    }
  }
  if (resources.length === 0) {
    report.add('no-kustomization', 'warning', at, {
      what: `Nothing is applied from \`${folder || '.'}\`: it holds no YAML.`,
      why: 'Flux calls such a Kustomization Ready, and with `prune` it deletes what an earlier revision applied.',
      fix: 'Put the manifests there, or correct the path.',
    });
  }
  const document: YamlDocument = {
    value: { resources: resources.toSorted() },
    place: () => at,
    has: () => false,
    textPlace: () => at,
  };
  const parsed = parseKustomization(document, at);
  return 'problem' in parsed ? undefined : parsed;
}
