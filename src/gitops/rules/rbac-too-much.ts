import { type ApiContainer, apiContainersOf } from '../api-pods.ts';
import { named as nameOf, textAt } from '../inspect.ts';
import type { GitopsFinding, Rule, Tree } from '../model.ts';
import { type Grant, powerOf, readsAllSecrets, rightsOf } from '../rbac.ts';

const id = 'rbac-too-much';

/**
 * The account of a pod that only waits or looks by kubectl, and may far more. Operators need Secrets everywhere, and
 * are left alone: they talk to the API by their own program, not by kubectl, and that is what this rule looks for.
 */
export const rbacTooMuch: Rule = {
  id,
  look: (tree) => {
    const accounts = new Map<string, ApiContainer[]>();
    for (const each of apiContainersOf(tree)) {
      const key = `${each.resource.namespace}/${each.account}`;
      accounts.set(key, [...(accounts.get(key) ?? []), each]);
    }
    return [...accounts].flatMap(([account, users]) => judge(tree, account, users));
  },
};

function judge(tree: Tree, account: string, users: readonly ApiContainer[]): readonly GitopsFinding[] {
  const [first] = users;
  if (first === undefined) return [];
  const { grants, admin, builtIn } = rightsOf(tree, first.resource.namespace, first.account);
  const whose = `the ServiceAccount ${account} of ${nameOf(first.resource)}`;
  const init = users.some(({ container }) => container.init);
  const needsAll = users.some(({ talk }) =>
    talk.needs.some(
      ({ resource, group, name }) => resource === 'secrets' && group === '' && name === undefined,
    ),
  );
  const named = users.flatMap(({ talk }) =>
    talk.needs.filter(
      ({ resource, group, name }) => resource === 'secrets' && group === '' && name !== undefined,
    ),
  );
  const names = [...new Set(named.map(({ name }) => name))].join(', ');
  const verbs = [...new Set(named.flatMap((need) => need.verbs))].join(', ');
  const whole = users.every(({ talk }) => talk.whole);
  const findings: GitopsFinding[] = admin.map((binding) => ({
    rule: id,
    severity: init ? 'error' : 'warning',
    at: binding.place(['roleRef', 'name']),
    what: `${nameOf(binding)} makes cluster-admin of ${whose}.`,
    why: 'Whoever takes over this one pod has the whole castle, with every secret in it.',
    fix: 'Bind a Role of the namespace with just the verbs and names that the container asks for.',
  }));
  for (const binding of needsAll ? [] : builtIn) {
    const role = textAt(binding.manifest, ['roleRef', 'name']) ?? '';
    const reach = binding.kind === 'RoleBinding' ? `of ${binding.namespace}` : 'of every namespace';
    findings.push({
      rule: id,
      severity: init && whole ? 'error' : 'warning',
      at: binding.place(['roleRef', 'name']),
      what: `${nameOf(binding)} gives the built-in ClusterRole ${role} to ${whose}, which reads every Secret ${reach} with it.`,
      why: 'Whoever takes over this one pod has all of these Secrets, and may change nearly everything beside them.',
      fix: 'Bind a Role of the namespace with just the verbs and names that the container asks for.',
    });
  }
  for (const grant of grants) {
    const why = reason(grant, whose, needsAll, whole);
    if (why === undefined) continue;
    findings.push({
      rule: id,
      severity: why.severe && init && whole ? 'error' : 'warning',
      at: grant.role.place([...grant.path, why.key]),
      what: why.what,
      why: 'An init container needs one object; whoever takes over the pod has all the rest with it.',
      fix:
        named.length > 0
          ? `Give the rule resourceNames: [${names}] and verbs: [${verbs}].`
          : 'Name the objects by resourceNames, and only the verbs that are used.',
    });
  }
  return findings;
}

function reason(
  grant: Grant,
  whose: string,
  needsAll: boolean,
  whole: boolean,
): { readonly what: string; readonly key: string; readonly severe: boolean } | undefined {
  const role = nameOf(grant.role);
  const reach = grant.namespace === undefined ? 'of every namespace' : `of ${grant.namespace}`;
  if (readsAllSecrets(grant) && !needsAll)
    return { what: `${role} lets ${whose} read every Secret ${reach}.`, key: 'resources', severe: true };
  if (grant.verbs.includes('*'))
    return {
      what: `${role} lets ${whose} do everything (verbs "*") with ${grant.resources.join(', ')} ${reach}.`,
      key: 'verbs',
      severe: grant.resources.includes('*') || grant.resources.includes('secrets'),
    };
  // Of a call that could not be read (`kubectl exec`, `kubectl create token`) it may be the very right.
  const power = whole ? powerOf(grant) : undefined;
  if (power !== undefined)
    return { what: `${role} lets ${whose} ${power} ${reach}.`, key: 'resources', severe: true };
  return undefined;
}
