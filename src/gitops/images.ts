import { isMap } from './draft.ts';
import { type Image, readImage } from './image.ts';
import { is, mapsBelow } from './inspect.ts';
import { groupOf, isBuiltIn } from './kinds.ts';
import type { FluxNode, Key, Resource, Tree } from './model.ts';
import { podOf } from './pods.ts';
import { settled } from './settled.ts';

export interface ImageUse {
  readonly image: Image;
  readonly path: readonly Key[];
  /** What bears it, for a finding: `The container web`, `The field spec.image`. */
  readonly bearer: string;
  /** Whether the node must have it already: it is never pulled. */
  readonly onNode: boolean;
}

/**
 * The images that an object names: its pods', and of other kinds and of Helm's values those that are written in a way
 * that can mean nothing else. An image with a variable that the tree does not know is left out.
 */
export function imagesOf(resource: Resource, node: FluxNode): readonly ImageUse[] {
  const pod = podOf(resource);
  const uses: ImageUse[] = [];
  const add = (
    text: string | undefined,
    path: readonly Key[],
    bearer: string,
    sure: (image: Image) => boolean,
    onNode = false,
  ) => {
    const known = text === undefined ? undefined : settled(node, text);
    const image = known === undefined || known === '' ? undefined : readImage(known);
    if (image !== undefined && sure(image)) uses.push({ image, path, bearer, onNode });
  };
  if (pod !== undefined) {
    for (const { image, path, name, init, manifest } of pod.containers)
      add(
        image,
        [...path, 'image'],
        `The ${init ? 'init container' : 'container'} ${name}`,
        () => true,
        manifest['imagePullPolicy'] === 'Never',
      );
    return uses;
  }
  for (const [path, root] of placesOf(resource)) {
    for (const [below, map] of mapsBelow(root)) {
      const here = [...path, ...below];
      // A bare word may be the name of anything; with a tag or a digest, or of a container, it is an image.
      const bare = /^(?:initC|c)ontainers$/.test(String(here.at(-2)));
      const written = ({ tag, digest }: Image) => bare || tag !== undefined || digest !== undefined;
      if (typeof map['image'] === 'string')
        add(map['image'], [...here, 'image'], `The field ${[...here, 'image'].join('.')}`, written);
      const parts = fromParts(map);
      if (parts !== undefined)
        add(parts, [...here, 'tag'], `The field ${[...here, 'tag'].join('.')}`, written);
    }
  }
  return uses;
}

/** Helm's way: `registry`, `repository` and `tag` beside each other; an empty tag is the chart's own. */
function fromParts(map: Readonly<Record<string, unknown>>): string | undefined {
  const { registry, repository, tag, digest } = map;
  if (typeof repository !== 'string' || repository === '') return undefined;
  if (typeof tag !== 'string' || tag === '') return undefined;
  const full = typeof registry === 'string' && registry !== '' ? `${registry}/${repository}` : repository;
  return `${full}:${tag}${typeof digest === 'string' && digest !== '' ? `@${digest}` : ''}`;
}

function placesOf(resource: Resource): readonly (readonly [readonly Key[], unknown])[] {
  const { manifest } = resource;
  if (is(resource, 'helm.toolkit.fluxcd.io', 'HelmRelease'))
    return [[['spec', 'values'], isMap(manifest['spec']) ? manifest['spec']['values'] : undefined]];
  // The kinds of Kubernetes and Flux have no image but in pods.
  const own = isBuiltIn(resource) || groupOf(resource).endsWith('.fluxcd.io');
  return own ? [] : [[['spec'], manifest['spec']]];
}

/** The version of an operator that the tree itself installs, by the tag of its image; undefined where none says. */
export function installedVersion(tree: Tree, repository: RegExp): string | undefined {
  for (const node of tree.nodes) {
    for (const resource of node.resources) {
      for (const { image } of imagesOf(resource, node)) {
        if (!repository.test(image.repository)) continue;
        const version = /(\d+\.\d+(?:\.\d+)?)/.exec(image.tag ?? '')?.[1];
        if (version !== undefined) return version;
      }
    }
  }
  return undefined;
}
