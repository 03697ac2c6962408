const withValue = new Set([
  '-n',
  '--namespace',
  '-l',
  '--selector',
  '-o',
  '--output',
  '--for',
  '--timeout',
  '--field-selector',
  '--sort-by',
  '--template',
  '-c',
  '--container',
  '-p',
  '--patch',
  '--type',
  '--tail',
  '--since',
  '--request-timeout',
  '-v',
  '--as',
  '--cache-dir',
  '--grace-period',
  '--revision',
]);

interface Words {
  readonly plain: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

/** The arguments of a call, without what only shapes it, and its flags. */
export function readCall(words: readonly string[]): Words {
  const plain: string[] = [];
  const flags = new Map<string, string>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') break;
    if (/^[0-9]*[<>]/.test(word)) {
      if (/^[0-9]*[<>]+$/.test(word)) index += 1;
    } else if (!word.startsWith('-') || word === '-') plain.push(word);
    else if (word.includes('='))
      flags.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
    else if (withValue.has(word)) {
      index += 1;
      flags.set(word, words[index] ?? '');
    } else flags.set(word, '');
  }
  return { plain, flags };
}

const groups: ReadonlyMap<string, string> = new Map(
  Object.entries({
    deployments: 'apps',
    statefulsets: 'apps',
    daemonsets: 'apps',
    replicasets: 'apps',
    jobs: 'batch',
    cronjobs: 'batch',
    ingresses: 'networking.k8s.io',
    postgresclusters: 'postgres-operator.crunchydata.com',
    customresourcedefinitions: 'apiextensions.k8s.io',
    externalsecrets: 'external-secrets.io',
    certificates: 'cert-manager.io',
    endpointslices: 'discovery.k8s.io',
  }),
);

const names: ReadonlyMap<string, string> = new Map(
  Object.entries({
    po: 'pods',
    svc: 'services',
    cm: 'configmaps',
    ns: 'namespaces',
    ep: 'endpoints',
    sa: 'serviceaccounts',
    no: 'nodes',
    pvc: 'persistentvolumeclaims',
    pv: 'persistentvolumes',
    deploy: 'deployments',
    sts: 'statefulsets',
    ds: 'daemonsets',
    rs: 'replicasets',
    cj: 'cronjobs',
    ing: 'ingresses',
    ingress: 'ingresses',
    endpoints: 'endpoints',
    es: 'externalsecrets',
    crd: 'customresourcedefinitions',
    crds: 'customresourcedefinitions',
  }),
);
const core = new Set([
  'pods',
  'services',
  'configmaps',
  'namespaces',
  'endpoints',
  'serviceaccounts',
  'nodes',
  'secrets',
  'events',
  'persistentvolumeclaims',
  'persistentvolumes',
]);
const clusterWide = new Set(['namespaces', 'nodes', 'persistentvolumes', 'customresourcedefinitions']);

/** What a word such as `po`, `secret` or `deployments.apps` means; undefined where only the cluster would know. */
export function kindOf(word: string): { readonly group: string; readonly resource: string } | undefined {
  const [first = '', ...rest] = word.toLowerCase().split('.');
  const plural = names.get(first) ?? (first.endsWith('s') ? first : `${first}s`);
  if (rest.length > 0)
    return { group: rest.filter((part, at) => at > 0 || !/^v\d/.test(part)).join('.'), resource: plural };
  if (core.has(plural)) return { group: '', resource: plural };
  const group = groups.get(plural);
  return group === undefined ? undefined : { group, resource: plural };
}

/** Of the kinds that are named here. */
export const isClusterWide = (resource: string): boolean => clusterWide.has(resource);
