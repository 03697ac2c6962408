import { isMap } from '../draft.ts';
import { inspect, is, listAt, named, resourcesOf, textAt } from '../inspect.ts';
import { groupOf } from '../kinds.ts';
import type { GitopsFinding, Key, Resource, Rule, Tree } from '../model.ts';
import { reaches, versionOf } from '../server-versions.ts';
import { unserved } from '../unserved.ts';

const id = 'api-not-served';

interface Typed {
  readonly apiVersion: string;
  readonly kind: string;
}

/** An object, or a health check, of an API version that the castle's cluster does not serve. */
export const apiNotServed: Rule = {
  id,
  look: (tree) => {
    const served = servedByTree(tree);
    return inspect(tree, (resource) => [
      ...judge(tree, served, resource, named(resource), resource, ['apiVersion']),
      ...healthChecks(tree, served, resource),
    ]);
  },
};

/** Flux looks a health check's kind up as written: one that is not served fails the Kustomization. */
function healthChecks(tree: Tree, served: Served, resource: Resource): GitopsFinding[] {
  if (!is(resource, 'kustomize.toolkit.fluxcd.io', 'Kustomization')) return [];
  return listAt(resource.manifest, ['spec', 'healthChecks']).flatMap((check, index) => {
    const [apiVersion, kind] = [textAt(check, ['apiVersion']), textAt(check, ['kind'])];
    if (apiVersion === undefined || kind === undefined) return [];
    const what =
      `The health check of ${named(resource)} on ${kind} ${textAt(check, ['name']) ?? ''}`.trimEnd();
    return judge(tree, served, { apiVersion, kind }, what, resource, [
      'spec',
      'healthChecks',
      index,
      'apiVersion',
    ]);
  });
}

/** `GROUP KIND` → versions that the tree's own CRD serves: it knows better than any table. */
type Served = ReadonlyMap<string, ReadonlySet<string>>;

function servedByTree(tree: Tree): Served {
  const served = new Map<string, Set<string>>();
  for (const crd of resourcesOf(tree)) {
    if (!is(crd, 'apiextensions.k8s.io', 'CustomResourceDefinition')) continue;
    const key = `${textAt(crd.manifest, ['spec', 'group'])} ${textAt(crd.manifest, ['spec', 'names', 'kind'])}`;
    const versions = listAt(crd.manifest, ['spec', 'versions']).flatMap((version) =>
      isMap(version) && version['served'] !== false && typeof version['name'] === 'string'
        ? [version['name']]
        : [],
    );
    if (versions.length > 0) served.set(key, new Set(versions));
  }
  return served;
}

function judge(
  tree: Tree,
  served: Served,
  { apiVersion, kind }: Typed,
  who: string,
  resource: Resource,
  path: readonly Key[],
): GitopsFinding[] {
  const group = groupOf({ apiVersion });
  const version = apiVersion.slice(apiVersion.lastIndexOf('/') + 1);
  const finding = (severity: GitopsFinding['severity'], why: string, fix: string): GitopsFinding[] => [
    {
      rule: id,
      severity,
      at: resource.place(path),
      what: `${who} is written in ${apiVersion}.`,
      why: `${why}: Flux' dry run then fails with "no matches for kind", and with it the whole Kustomization.`,
      fix,
    },
  ];

  const own = served.get(`${group} ${kind}`);
  if (own !== undefined) {
    if (own.has(version)) return [];
    const versions = [...own].map((each) => `${group}/${each}`).join(' or ');
    return finding('error', `The CRD in the tree serves ${versions} alone`, `Write apiVersion: ${versions}.`);
  }
  const entry = unserved.find(
    (each) =>
      each.group === group &&
      each.versions.includes(version) &&
      (each.kinds === undefined || each.kinds.includes(kind)),
  );
  if (entry === undefined) return [];
  const { title, version: running } = versionOf(tree, entry.server);
  const reached = running === undefined ? undefined : reaches(running, entry.since);
  if (reached === false) return [];
  const fix =
    entry.use === undefined
      ? `Remove it: there is no such kind any more.`
      : `Write apiVersion: ${entry.use}, and check the fields against it.`;
  return reached === true
    ? finding('error', `${title} serves it no more since ${entry.since}, and the castle runs ${running}`, fix)
    : finding('warning', `${title} serves it no more since ${entry.since}`, fix);
}
