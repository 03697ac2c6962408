import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { capture } from '../../src/command.ts';
import { tool } from './tools.ts';

export const gitopsRoot = join(import.meta.dirname, '../../castle/gitops');

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
}

export interface PodTemplate {
  readonly metadata: object;
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
  };
}

export interface FluxKustomization extends Manifest {
  readonly spec: {
    readonly dependsOn?: readonly { readonly name: string }[];
    readonly retryInterval?: string;
    readonly timeout?: string;
    readonly path: string;
    readonly serviceAccountName?: string;
    readonly prune: boolean;
    readonly wait: boolean;
    readonly sourceRef: { readonly kind: string; readonly name: string };
    readonly postBuild?: object;
  };
}

/** Every folder of the tree that Kustomize builds, relative to it. */
export async function kustomizedFolders(): Promise<string[]> {
  const files = await readdir(gitopsRoot, { recursive: true });
  return files
    .filter((file) => file.endsWith('kustomization.yaml'))
    .map(dirname)
    .sort();
}

/** What the real `kubectl kustomize` makes of a folder of the tree. */
export async function built(folder: string): Promise<Manifest[]> {
  const { code, stdout, stderr } = await capture(await tool('kubectl'), [
    'kustomize',
    join(gitopsRoot, folder),
  ]);
  if (code !== 0 || stderr !== '') throw new Error(`${folder}: ${stderr}`);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** The Kustomizations of Flux of a cluster's folder, e.g. `tazlab`, by name. */
export async function fluxKustomizations(cluster: string): Promise<Map<string, FluxKustomization>> {
  const all = await built(`clusters/${cluster}`);
  const own = all.filter(({ apiVersion }) => apiVersion.startsWith('kustomize.toolkit.fluxcd.io/'));
  return new Map(own.map((one) => [one.metadata.name, one as FluxKustomization]));
}

/** What a Kustomization of Flux applies; nothing where its source is not this repository. */
export function applied({ spec }: FluxKustomization): Promise<Manifest[]> {
  return spec.sourceRef.name === 'flux-system' ? built(relative('.', spec.path)) : Promise.resolve([]);
}

/** Everything that a Kustomization waits for, at whatever distance. */
export function waitsFor(
  name: string,
  all: ReadonlyMap<string, FluxKustomization>,
  path: readonly string[] = [],
): Set<string> {
  if (path.includes(name)) throw new Error(`they wait for one another: ${[...path, name].join(' > ')}`);
  const dependencies = (all.get(name)?.spec.dependsOn ?? []).map((dependency) => dependency.name);
  return new Set(dependencies.flatMap((one) => [one, ...waitsFor(one, all, [...path, name])]));
}

/** The pod of a workload. */
export function podTemplateOf({ kind, spec }: Manifest): PodTemplate | undefined {
  return kind === 'Deployment' || kind === 'StatefulSet' ? (spec?.['template'] as PodTemplate) : undefined;
}

/** The `cluster_vars` that the box's GitOps layer is given. */
export async function boxVariables(): Promise<Map<string, string>> {
  const file = join(gitopsRoot, '../live/box/gitops/terragrunt.hcl');
  const block = /cluster_vars = merge\(\{([^}]*)\}/.exec(await readFile(file, 'utf8'))?.[1] ?? '';
  return new Map(
    [...block.matchAll(/^\s*(\w+)\s*=\s*(?:local\.real \? "[^"]*" : )?"([^"]*)"$/gm)].map(
      ([, name, value]) => [name ?? '', value ?? ''],
    ),
  );
}

/** The same for the castle with a real node, with figures that could be taken for numbers where some may be. */
export async function nodeVariables(): Promise<Map<string, string>> {
  const more = {
    ...{ castle: 'node', load_balancer_address: '10.99.0.100', backup_address: '10.99.0.2' },
    ...{
      backup_port: '7070',
      backup_ca: Buffer.from('a certificate').toString('base64'),
      backup_stanza: 'db',
    },
    ...{ blog_build: '12345678', database_birth: 'first', database_rows: '20000' },
  };
  return new Map([...(await boxVariables()), ...Object.entries(more)]);
}

/** As Flux substitutes, once the manifests are built. */
export function substituted(
  manifests: readonly Manifest[],
  variables: ReadonlyMap<string, string>,
): Manifest[] {
  return manifests.map((manifest) => {
    if (manifest.metadata.annotations?.['kustomize.toolkit.fluxcd.io/substitute'] === 'disabled')
      return manifest;
    // As Kustomize writes it: what is put in may make a number of what was a string.
    const text = stringify(manifest, { lineWidth: 0 }).replace(
      /\$\{(\w+)\}/g,
      (whole, name) => variables.get(name) ?? whole,
    );
    return parse(text) as Manifest;
  });
}
