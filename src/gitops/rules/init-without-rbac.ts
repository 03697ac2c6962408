import { type ApiContainer, apiContainersOf } from '../api-pods.ts';
import { is, isWhole, named, resourcesOf } from '../inspect.ts';
import type { Need } from '../kubectl.ts';
import type { GitopsFinding, Rule, Tree } from '../model.ts';
import { projectsToken } from '../pods.ts';
import { accountIn, lacking, rightsOf } from '../rbac.ts';

const id = 'init-without-rbac';
const forbidden =
  'The call is refused as forbidden: the pod does not get past it, however long that which it waits for has been there.';

/** A pod that asks the API as an account which is not there, has no token, or may not do what is asked. */
export const initWithoutRbac: Rule = {
  id,
  look: (tree) => apiContainersOf(tree).flatMap((each) => judge(tree, each)),
};

function judge(tree: Tree, found: ApiContainer): readonly GitopsFinding[] {
  const { resource, pod, container, talk, account } = found;
  const { namespace } = resource;
  const who = `The ${container.init ? 'init container' : 'container'} ${container.name} of ${named(resource)}`;
  const whoNamespace = namespace === '' ? account : `${namespace}/${account}`;
  const at = resource.place([...pod.path, 'serviceAccountName']);
  const finding = (what: string, why: string, fix: string): GitopsFinding[] => [
    { rule: id, severity: 'error', at, what, why, fix },
  ];

  const manifest = accountIn(tree, namespace, account);
  if (manifest === undefined && account !== 'default') {
    if (isHelms(tree, namespace) || !isWhole(tree)) return [];
    return finding(
      `${who} talks to the API as the ServiceAccount ${whoNamespace}, which the tree does not have.`,
      'No pod is made for an account that does not exist: the workload stands at zero pods and says so only in an event.',
      `Add the ServiceAccount ${account} to the tree, with a Role for just what the container asks.`,
    );
  }

  const automount = pod.spec['automountServiceAccountToken'] ?? manifest?.['automountServiceAccountToken'];
  if (automount === false && !projectsToken(pod)) {
    return finding(
      `${who} talks to the API, and automountServiceAccountToken is off.`,
      'Without a token every call is anonymous and is refused: the pod never gets past it.',
      'Set automountServiceAccountToken: true on this pod.',
    );
  }

  const rights = rightsOf(tree, namespace, account);
  if (rights.unknown || !isWhole(tree)) return [];
  if (rights.grants.length === 0) {
    // What it asks may need no right at all: `kubectl version`.
    if (talk.whole && talk.needs.length === 0) return [];
    return finding(
      `${who} talks to the API as the ServiceAccount ${whoNamespace}, to which no role is bound.`,
      forbidden,
      `Bind a Role in ${namespace || 'its namespace'} to ${account}${asks(talk.needs)}.`,
    );
  }
  for (const need of talk.needs) {
    const verbs = lacking(need, rights.grants);
    if (verbs.length === 0) continue;
    return finding(
      `${who} needs ${verbs.join(', ')} on ${describe(need)}, which no role of the ServiceAccount ${whoNamespace} grants.`,
      forbidden,
      `Grant ${account}${asks([need])}.`,
    );
  }
  return [];
}

/** Whether a chart is released into the namespace: it may well bring the account. */
function isHelms(tree: Tree, namespace: string): boolean {
  return resourcesOf(tree).some((each) => {
    if (!is(each, 'helm.toolkit.fluxcd.io', 'HelmRelease')) return false;
    const spec = each.manifest['spec'];
    const target =
      typeof spec === 'object' && spec !== null ? Reflect.get(spec, 'targetNamespace') : undefined;
    return (typeof target === 'string' ? target : each.namespace) === namespace;
  });
}

function describe({ resource, group, name, namespace }: Need): string {
  const kind = group === '' ? resource : `${resource}.${group}`;
  const which = name === undefined ? `all ${kind}` : `${kind}/${name}`;
  return namespace === undefined || namespace === '' ? which : `${which} in ${namespace}`;
}

function asks(needs: readonly Need[]): string {
  if (needs.length === 0) return '';
  return ` with ${needs
    .map(({ verbs, ...need }) => `verbs [${verbs.join(', ')}] on ${describe({ verbs, ...need })}`)
    .join(' and ')}${needs.some(({ name }) => name !== undefined) ? ', by resourceNames' : ''}`;
}
