import { is, listAt, type Manifest, mapAt, resourcesOf, textAt, textsAt } from './inspect.ts';
import type { Need } from './kubectl.ts';
import type { Key, Resource, Tree } from './model.ts';

export interface Grant {
  readonly verbs: readonly string[];
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  /** Empty: all of them. */
  readonly names: readonly string[];
  /** Undefined: in every namespace. */
  readonly namespace: string | undefined;
  /** The role that grants it, and the rule in it. */
  readonly role: Resource;
  readonly path: readonly Key[];
}

export interface Rights {
  readonly grants: readonly Grant[];
  /** Bindings to a role that the tree does not have: what they grant cannot be told. */
  readonly unknown: boolean;
  /** Bindings to cluster-admin. */
  readonly admin: readonly Resource[];
  /** Bindings to the roles `admin` and `edit` that every cluster has: both read every Secret of their reach. */
  readonly builtIn: readonly Resource[];
}

const rbac = 'rbac.authorization.k8s.io';

/** What the roles of the tree let an account do. */
export function rightsOf(tree: Tree, namespace: string, account: string): Rights {
  const all = resourcesOf(tree);
  const grants: Grant[] = [];
  const admin: Resource[] = [];
  const builtIn: Resource[] = [];
  let unknown = false;
  for (const binding of all) {
    const wide = is(binding, rbac, 'ClusterRoleBinding');
    if (!wide && !is(binding, rbac, 'RoleBinding')) continue;
    if (!listAt(binding.manifest, ['subjects']).some((subject) => means(subject, namespace, account)))
      continue;
    const { kind, name } = mapAt(binding.manifest, ['roleRef']);
    if (kind === 'ClusterRole' && name === 'cluster-admin') admin.push(binding);
    const role = all.find(
      (each) =>
        each.name === name &&
        is(each, rbac, kind === 'ClusterRole' ? 'ClusterRole' : 'Role') &&
        (kind === 'ClusterRole' || each.namespace === binding.namespace),
    );
    if (kind === 'ClusterRole' && (name === 'admin' || name === 'edit') && role === undefined)
      builtIn.push(binding);
    // Other roles add themselves to one that aggregates, also such as a chart brings.
    if (role === undefined || role.manifest['aggregationRule'] !== undefined) unknown = true;
    else grants.push(...grantsOf(role, wide ? undefined : binding.namespace));
  }
  return { grants, unknown, admin, builtIn };
}

function grantsOf(role: Resource, namespace: string | undefined): Grant[] {
  return listAt(role.manifest, ['rules']).map((rule, index) => ({
    verbs: textsAt(rule, ['verbs']),
    groups: textsAt(rule, ['apiGroups']),
    resources: textsAt(rule, ['resources']),
    names: textsAt(rule, ['resourceNames']),
    namespace,
    role,
    path: ['rules', index],
  }));
}

function means(subject: unknown, namespace: string, account: string): boolean {
  const kind = textAt(subject, ['kind']);
  const name = textAt(subject, ['name']);
  if (kind === 'ServiceAccount') return name === account && textAt(subject, ['namespace']) === namespace;
  if (kind === 'User') return name === `system:serviceaccount:${namespace}:${account}`;
  if (kind !== 'Group') return false;
  return (
    name === 'system:serviceaccounts' ||
    name === `system:serviceaccounts:${namespace}` ||
    name === 'system:authenticated'
  );
}

const has = (list: readonly string[], word: string) => list.includes('*') || list.includes(word);

/** The verbs of `need` that nothing grants. */
export function lacking(need: Need, grants: readonly Grant[]): readonly string[] {
  const fitting = grants.filter(
    ({ groups, resources, names, namespace }) =>
      has(groups, need.group) &&
      has(resources, need.resource) &&
      (names.length === 0 || (need.name !== undefined && names.includes(need.name))) &&
      (namespace === undefined || (need.namespace !== undefined && namespace === need.namespace)),
  );
  return need.verbs.filter((verb) => !fitting.some(({ verbs }) => has(verbs, verb)));
}

/** Whether a grant lets read every Secret of its reach. */
export function readsAllSecrets({ verbs, groups, resources, names }: Grant): boolean {
  return (
    names.length === 0 &&
    has(groups, '') &&
    has(resources, 'secrets') &&
    ['get', 'list', 'watch'].some((verb) => has(verbs, verb))
  );
}

const powers = [
  { resource: 'pods/exec', means: 'run commands in every pod' },
  { resource: 'serviceaccounts/token', means: 'make tokens of every ServiceAccount' },
] as const;

/** What a grant lets do that amounts to every Secret of its reach, by another way. */
export function powerOf({ verbs, groups, resources, names }: Grant): string | undefined {
  if (names.length > 0 || !has(groups, '') || !has(verbs, 'create')) return undefined;
  return powers.find(({ resource }) => has(resources, resource))?.means;
}

/** The account itself, where the tree has it. */
export function accountIn(tree: Tree, namespace: string, name: string): Manifest | undefined {
  return resourcesOf(tree).find(
    (each) => is(each, '', 'ServiceAccount') && each.name === name && each.namespace === namespace,
  )?.manifest;
}
