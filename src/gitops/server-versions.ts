import semver from 'semver';
import { installedVersion } from './images.ts';
import { is, resourcesOf, textAt } from './inspect.ts';
import type { Tree } from './model.ts';
import type { Server } from './unserved.ts';

interface Evidence {
  readonly title: string;
  /** Names in the castle file's toolchain, the most telling first. */
  readonly pins: readonly string[];
  /** The repository of the operator's image, where the tree installs it. */
  readonly image?: RegExp;
  /** Name of its chart, where the chart's version is the operator's. */
  readonly chart?: string;
}

const kubernetes: Evidence = { title: 'Kubernetes', pins: ['kube-apiserver', 'kubectl'] };

const evidence: Readonly<Record<Server, Evidence>> = {
  kubernetes,
  'external-secrets': {
    title: 'External Secrets',
    pins: ['external-secrets'],
    image: /(?:^|\/)external-secrets$/,
    chart: 'external-secrets',
  },
  flux: { title: 'Flux', pins: ['kustomize-controller', 'source-controller', 'flux'] },
  'flux-sources': { title: 'Flux', pins: ['source-controller', 'kustomize-controller', 'flux'] },
  'cert-manager': {
    title: 'cert-manager',
    pins: [],
    image: /(?:^|\/)cert-manager-controller$/,
    chart: 'cert-manager',
  },
  traefik: { title: 'Traefik', pins: [], image: /(?:^|\/)traefik$/ },
  metallb: { title: 'MetalLB', pins: [], image: /(?:^|\/)metallb\/controller$/, chart: 'metallb' },
  longhorn: { title: 'Longhorn', pins: [], image: /(?:^|\/)longhorn-manager$/, chart: 'longhorn' },
  'gateway-api': { title: 'the Gateway API', pins: [] },
  'postgres-operator': {
    title: 'the Postgres operator',
    pins: [],
    image: /(?:^|\/)postgres-operator$/,
    chart: 'pgo',
  },
};

export interface Version {
  readonly title: string;
  /** As said in a finding; undefined where nothing in castle or tree tells. */
  readonly version: string | undefined;
}

/** The version of what serves an API: by the castle's pins, else by what the tree installs. */
export function versionOf(tree: Tree, server: Server): Version {
  const { title, pins, image, chart } = evidence[server];
  for (const pin of pins) {
    const version = tree.pins?.get(pin);
    if (version !== undefined)
      return { title, version: pin.endsWith('-controller') ? fluxOf(version) : version };
  }
  const installed = image === undefined ? undefined : installedVersion(tree, image);
  return { title, version: installed ?? (chart === undefined ? undefined : chartVersion(tree, chart)) };
}

/** The controllers kustomize and source 1.N are those of Flux 2.N. */
function fluxOf(controller: string): string {
  const version = semver.parse(controller);
  return version?.major === 1 ? `2.${version.minor}.${version.patch}` : controller;
}

function chartVersion(tree: Tree, chart: string): string | undefined {
  for (const resource of resourcesOf(tree)) {
    if (!is(resource, 'helm.toolkit.fluxcd.io', 'HelmRelease')) continue;
    if (textAt(resource.manifest, ['spec', 'chart', 'spec', 'chart']) !== chart) continue;
    const version = semver.valid(textAt(resource.manifest, ['spec', 'chart', 'spec', 'version']));
    if (version !== null) return version;
  }
  return undefined;
}

/** Whether `version` is as new as `since`; undefined where it cannot be compared. */
export function reaches(version: string, since: string): boolean | undefined {
  const [mine, other] = [semver.coerce(version), semver.coerce(since)];
  return mine === null || other === null ? undefined : semver.gte(mine, other);
}
