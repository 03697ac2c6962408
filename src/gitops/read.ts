import { posix } from 'node:path';
import { build } from './build.ts';
import { draftOf, resourceOf } from './draft.ts';
import { type Files, filesBelow, joined, parentOf } from './files.ts';
import { overridesOf, specOf } from './flux.ts';
import { isFluxKustomization } from './kinds.ts';
import type { FluxNode, Place, Resource, Tree } from './model.ts';
import { nearWords, report, shown } from './report.ts';
import { hasVariable, outside, tooMany } from './unread.ts';
import { valuesOf, withValues } from './values.ts';
import { type Context, contextOf } from './work.ts';

export interface Asked {
  /** Absolute. */
  readonly root: string;
  /** As the castle file has it. */
  readonly entry: string;
  readonly given: Tree['given'];
  /** Where the entry is written, relative to the root. */
  readonly entryAt: Place;
  readonly fastTrack?: readonly string[];
  readonly milestones?: Tree['milestones'];
  readonly pins?: ReadonlyMap<string, string>;
  /** In place of the files below `root`. */
  readonly files?: Files;
}

/** A tree of more is none that a castle has. */
const mostNodes = 1000;

/** Reads the tree as Flux would come to see it. Throws nothing: what cannot be read is in `broken`. */
export function readTree(asked: Asked): Tree {
  const {
    root,
    entry,
    entryAt,
    given,
    files = filesBelow(root),
    fastTrack = [],
    milestones = [],
    pins,
  } = asked;
  const found = report();
  const context = contextOf(files, found);
  const first = entryNode(entry, entryAt, context);
  const nodes = new Map<string, FluxNode>([[keyOf(first.resource), first]]);
  const open = [first];
  // A path with a variable: its ConfigMap may be in what is read later.
  const waiting: { readonly resource: Resource; readonly parent: FluxNode }[] = [];
  const beyond = new Set<string>();
  const take = (child: Resource) => {
    const key = keyOf(child);
    if (nodes.has(key)) return;
    if (nodes.size >= mostNodes) {
      if (beyond.size === 0) tooMany(child, context);
      beyond.add(key);
      return;
    }
    const made = { ...nodeOf(child), ...applied(child, context) };
    nodes.set(key, made);
    open.push(made);
  };
  while (open.length > 0 || waiting.length > 0) {
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const resource of node.resources.filter(isFluxKustomization)) {
        const child = withValues(resource, node, node.substitute);
        if (keyOf(child) === keyOf(first.resource))
          nodes.set(keyOf(child), { ...nodeOf(child), ...pick(first) });
        if (hasVariable(child) && node.substituteFrom.length > 0) waiting.push({ resource, parent: node });
        else take(child);
      }
    }
    const late = waiting.splice(0).map(({ resource, parent }) => {
      const child = withValues(resource, parent, valuesOf(parent, [...nodes.values()]));
      return { resource, parent, child };
    });
    const known = late.filter(({ child }) => !hasVariable(child));
    for (const { child } of known.length > 0 ? known : late) take(child);
    if (known.length > 0) waiting.push(...late.filter(({ child }) => hasVariable(child)));
  }
  return {
    root,
    entry: joined('', entry) ?? entry,
    nodes: [...nodes.values()],
    broken: found.findings,
    ...(beyond.size === 0 ? {} : { beyond: beyond.size }),
    fastTrack,
    milestones,
    ...(pins === undefined ? {} : { pins }),
    given,
  };
}

function keyOf({ namespace, name }: Pick<Resource, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/** The Kustomization that the layers make, which the tree itself may hold once more. */
function entryNode(entry: string, at: Place, context: Context): FluxNode {
  const manifest = {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'flux-system', namespace: 'flux-system' },
    spec: { path: entry, prune: true, sourceRef: { kind: 'GitRepository', name: 'flux-system' } },
  };
  const resource = resourceOf(draftOf(manifest, () => at));
  return { ...nodeOf(resource), ...applied(resource, context) };
}

const pick = ({ resources, whole, path }: FluxNode) => ({ resources, whole, path });

function nodeOf(resource: Resource): Omit<FluxNode, 'resources' | 'whole' | 'unread'> {
  const { name, namespace } = resource;
  const { path, dependsOn, wait, suspend, postBuild } = specOf(resource);
  return {
    name,
    namespace,
    path,
    dependsOn: dependsOn.map((each) => `${each.namespace || namespace}/${each.name}`),
    wait,
    suspended: suspend,
    substitute: new Map(Object.entries(postBuild?.substitute ?? {})),
    substituteFrom: postBuild?.substituteFrom ?? [],
    substitutes: postBuild !== undefined,
    resource,
  };
}

/** What a Kustomization's path builds to. */
function applied(resource: Resource, context: Context): Pick<FluxNode, 'resources' | 'whole' | 'unread'> {
  const at = resource.place(['spec', 'path']);
  const { path } = specOf(resource);
  const elsewhere = (unread: string) => ({ resources: [], whole: false, unread });
  const reason = outside(resource, context);
  if (reason !== undefined) return elsewhere(reason);
  const folder = folderOf(path, at, context);
  if (folder === undefined) return elsewhere('its path leads nowhere');
  const { drafts, broken, whole } = build(context, folder, at, [], overridesOf(resource, folder, context));
  return broken ? elsewhere('it cannot be built') : { resources: drafts.map(resourceOf), whole };
}

/** The folder that a `spec.path` leads to; undefined where there is none, which is then on the report. */
function folderOf(path: string, at: Place, { files, report: found }: Context): string | undefined {
  // Flux joins it so that `..` stops at the root of the source.
  const folder = joined('', `./${path}`.replace(/^\.\/+/, './')) ?? clamped(path);
  const refuse = (what: string, why: string, fix: string) => {
    found.add('path-not-a-folder', 'error', at, { what, why, fix });
    return undefined;
  };
  const kind = files.kind(folder);
  const fix = 'Give `path` a folder of the tree, counted from its root.';
  if (kind === 'file') {
    const why =
      'Flux looks for a kustomization.yaml below it and fails: `kustomization.yaml: not a directory`.';
    return refuse(`The path \`${shown(path)}\` is a file.`, why, fix);
  }
  if (kind === undefined || kind === 'left-out') {
    const near = nearWords(folder.split('/').at(-1) ?? '', files.list(parentOf(folder)));
    const what =
      kind === undefined
        ? `The path \`${shown(path)}\` is not in the tree.${near}`
        : `The path \`${shown(path)}\` is a symlink, which Flux leaves out.`;
    return refuse(
      what,
      'Flux fails with `kustomization path not found`, and all that depends on it waits for ever.',
      fix,
    );
  }
  if (joined('', path.replace(/^\/+/, '') || '.') === undefined) {
    refuse(
      `The path \`${shown(path)}\` leads out of the tree.`,
      `Flux stops at the root and takes \`${shown(folder)}\` instead.`,
      fix,
    );
  }
  return folder;
}

function clamped(path: string): string {
  return posix.normalize(`/${path}`).replaceAll(/^\/|\/$/g, '');
}
