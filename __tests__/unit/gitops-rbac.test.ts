import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initNoDeadline } from '../../src/gitops/rules/init-no-deadline.ts';
import { initWithoutRbac } from '../../src/gitops/rules/init-without-rbac.ts';
import { rbacTooMuch } from '../../src/gitops/rules/rbac-too-much.ts';
import { treeOf } from '../support/gitops-tree.ts';

const account = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: app, namespace: db }
`;

const role = (rules: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: wait, namespace: db }
rules: ${rules}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: wait, namespace: db }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: wait }
subjects: [{ kind: ServiceAccount, name: app, namespace: db }]
`;
const oneSecret =
  '[{ apiGroups: [""], resources: [secrets], resourceNames: [creds], verbs: [get, list, watch] }]';

const wait = '[wait, --for=create, secret/creds, --timeout=15m]';

function deployment(init: string, pod = 'serviceAccountName: app'): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: db }
spec:
  template:
    spec:
      ${pod}
      initContainers:
        - { name: wait, ${init} }
      containers: [{ name: app, image: "docker.io/app/app:1.2.3" }]
`;
}
const kubectl = (args: string) => `image: "registry.k8s.io/kubectl:v1.34.1", args: ${args}`;
const shell = (script: string) =>
  `image: "docker.io/alpine/k8s:1.34.1", command: [sh, -c], args: [${JSON.stringify(script)}]`;
const all = (...documents: string[]) => documents.join('---\n');

describe('init-without-rbac', () => {
  const found = (...documents: string[]) => initWithoutRbac.look(treeOf(all(...documents)));

  test('lets a pod be that may do just what it asks', () => {
    expect(found(account, role(oneSecret), deployment(kubectl(wait)))).toEqual([]);
  });

  test('finds an account that is not in the tree', () => {
    expect(found(role(oneSecret), deployment(kubectl(wait)))).toMatchObject([
      {
        severity: 'error',
        what: expect.stringContaining('db/app, which the tree does not have'),
        at: { file: 'spec.template.spec.serviceAccountName' },
      },
    ]);
  });

  test('takes an account on trust where a chart is released into the namespace', () => {
    const release = `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: app, namespace: flux-system }
spec: { targetNamespace: db }
`;
    expect(found(release, role(oneSecret), deployment(kubectl(wait)))).toEqual([]);
    expect(
      found(release.replace(': db', ': other'), role(oneSecret), deployment(kubectl(wait))),
    ).toHaveLength(1);
  });

  test('finds the default account, which may do nothing', () => {
    expect(found(deployment(kubectl(wait), 'restartPolicy: Always'))).toMatchObject([
      { what: expect.stringContaining('db/default, to which no role is bound') },
    ]);
  });

  test('finds automounting that is off, on the pod or on the account, unless the token is projected', () => {
    const off = 'serviceAccountName: app\n      automountServiceAccountToken: false';
    expect(found(account, role(oneSecret), deployment(kubectl(wait), off))).toMatchObject([
      { what: expect.stringContaining('automountServiceAccountToken is off') },
    ]);
    const closed = account.replace('metadata', 'automountServiceAccountToken: false\nmetadata');
    expect(found(closed, role(oneSecret), deployment(kubectl(wait)))).toHaveLength(1);
    const on = 'serviceAccountName: app\n      automountServiceAccountToken: true';
    expect(found(closed, role(oneSecret), deployment(kubectl(wait), on))).toEqual([]);
    const projected = `${off}\n      volumes: [{ name: token, projected: { sources: [{ serviceAccountToken: { path: token } }] } }]`;
    expect(found(account, role(oneSecret), deployment(kubectl(wait), projected))).toEqual([]);
  });

  test.each([
    ['another name', oneSecret.replace('creds', 'other'), 'get on secrets/creds in db'],
    ['another verb', oneSecret.replace('get, list, watch', 'list'), 'get on secrets/creds'],
    ['another kind', oneSecret.replace('secrets', 'configmaps'), 'get on secrets/creds'],
    ['another group', oneSecret.replace('""', 'apps'), 'get on secrets/creds'],
  ])('finds a role for %s', (_, rules, missing) => {
    expect(found(account, role(rules), deployment(kubectl(wait)))).toMatchObject([
      { what: expect.stringContaining(missing) },
    ]);
  });

  test('knows that a wait for a condition lists and watches, and that one for an object to be there does not', () => {
    const get = oneSecret.replace('get, list, watch', 'get');
    expect(found(account, role(get), deployment(kubectl(wait)))).toEqual([]);
    const ready = "[wait, '--for=condition=Ready', secret/creds, --timeout=15m]";
    expect(found(account, role(oneSecret), deployment(kubectl(ready)))).toEqual([]);
    expect(found(account, role(get), deployment(kubectl(ready)))).toMatchObject([
      { what: expect.stringContaining('needs list, watch on secrets/creds in db') },
    ]);
  });

  test('judges nothing as missing where a part of the tree lies elsewhere', () => {
    for (const documents of [
      [role(oneSecret)],
      [account],
      [account, role(oneSecret.replace('creds', 'x'))],
    ]) {
      const yaml = all(...documents, deployment(kubectl(wait)));
      expect(initWithoutRbac.look(treeOf(yaml))).toHaveLength(1);
      expect(initWithoutRbac.look(treeOf(yaml, { whole: false }))).toEqual([]);
    }
  });

  test('finds a role that is bound in another namespace than the one that is asked', () => {
    const other = wait.replace('--for', '--namespace=other, --for');
    expect(found(account, role(oneSecret), deployment(kubectl(other)))).toMatchObject([
      { what: expect.stringContaining('secrets/creds in other') },
    ]);
  });

  test('reads scripts: loops, substitutions, short names and what is after a pipe', () => {
    for (const script of [
      'until kubectl get secret creds -n db >/dev/null 2>&1; do sleep 2; done',
      'kubectl -n db get secrets/creds -o jsonpath={.data.uri} | base64 -d',
      'until [ -n "$(kubectl get secret creds -o name)" ]; do sleep 1; done',
      'timeout 60 kubectl \\\n  get secret creds',
    ]) {
      expect(found(account, role(oneSecret), deployment(shell(script)))).toEqual([]);
      expect(found(account, role(oneSecret.replace('creds', 'x')), deployment(shell(script)))).toHaveLength(
        1,
      );
    }
    expect(found(account, role(oneSecret), deployment(shell('kubectl get svc app')))).toMatchObject([
      { what: expect.stringContaining('get on services/app') },
    ]);
    expect(found(account, role(oneSecret), deployment(shell('kubectl get secrets')))).toMatchObject([
      { what: expect.stringContaining('list on all secrets in db') },
    ]);
  });

  test('judges no call that it cannot read, nor a role that the tree does not have', () => {
    expect(found(account, role(oneSecret), deployment(shell('kubectl get secret $NAME')))).toEqual([]);
    expect(found(account, role(oneSecret), deployment(shell('kubectl get widgets x')))).toEqual([]);
    const [, binding = ''] = role(oneSecret).split('---');
    expect(found(account, binding, deployment(kubectl(wait)))).toEqual([]);
  });

  test('looks at containers of every kind that makes pods, and at calls by hand', () => {
    const job = `
apiVersion: batch/v1
kind: CronJob
metadata: { name: app, namespace: db }
spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: c, image: "x/y:1.0.0", command: [sh, -c, "curl -H x https://kubernetes.default.svc/api"] }] } } } } }
`;
    expect(found(job)).toMatchObject([
      { what: expect.stringMatching(/^The container c of CronJob db\/app/) },
    ]);
  });

  test('lets pods be that do not talk to the API', () => {
    for (const init of [
      'image: "docker.io/busybox:1.36.1", command: [sh, -c, "nc -z db 5432"]',
      shell('command -v kubectl'),
      shell('kubectl --kubeconfig=/etc/other get secret x'),
    ])
      expect(found(deployment(init, 'restartPolicy: Always'))).toEqual([]);
  });
});

describe('rbac-too-much', () => {
  const found = (...documents: string[]) => rbacTooMuch.look(treeOf(all(...documents)));
  const every = '[{ apiGroups: [""], resources: [secrets], verbs: [get, list] }]';

  test('finds a waiter that may read every Secret, and names the one that it needs', () => {
    expect(found(account, role(every), deployment(kubectl(wait)))).toMatchObject([
      {
        severity: 'error',
        what: 'Role db/wait lets the ServiceAccount db/app of Deployment db/app read every Secret of db.',
        fix: 'Give the rule resourceNames: [creds] and verbs: [get].',
        at: { file: 'rules.0.resources' },
      },
    ]);
    expect(found(account, role(every.replace('secrets', '"*"')), deployment(kubectl(wait)))).toHaveLength(1);
  });

  test('lets the same role be with a name, without Secrets, or where all of them are asked for', () => {
    expect(found(account, role(oneSecret), deployment(kubectl(wait)))).toEqual([]);
    expect(found(account, role(every.replace('secrets', 'configmaps')), deployment(kubectl(wait)))).toEqual(
      [],
    );
    expect(found(account, role(every), deployment(shell('kubectl get secrets -o name')))).toEqual([]);
  });

  test('finds every verb, and cluster-admin', () => {
    const verbs = '[{ apiGroups: [""], resources: [configmaps], verbs: ["*"] }]';
    expect(found(account, role(verbs), deployment(kubectl(wait)))).toMatchObject([
      { severity: 'warning', what: expect.stringContaining('verbs "*"') },
    ]);
    const admin = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: app }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: app, namespace: db }]
`;
    expect(found(account, admin, deployment(kubectl(wait)))).toMatchObject([
      { severity: 'error', what: expect.stringContaining('cluster-admin') },
    ]);
  });

  test.each(['edit', 'admin'])(
    'finds the role %s that every cluster has, unless the tree has its own',
    (name) => {
      const binding = role(oneSecret)
        .split('---')
        .at(-1)
        ?.replace('kind: Role, name: wait', `kind: ClusterRole, name: ${name}`);
      const documents = [account, binding ?? '', deployment(kubectl(wait))];
      expect(found(...documents)).toMatchObject([
        {
          severity: 'error',
          what: expect.stringContaining(`ClusterRole ${name}`),
          at: { file: 'roleRef.name' },
        },
      ]);
      const own = `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: ${name} }\nrules: ${oneSecret}\n`;
      expect(found(own, ...documents)).toEqual([]);
      expect(found(account, (binding ?? '').replace(name, 'view'), deployment(kubectl(wait)))).toEqual([]);
    },
  );

  test.each([
    ['pods/exec', 'run commands in every pod of db'],
    ['serviceaccounts/token', 'make tokens of every ServiceAccount of db'],
  ])('finds a waiter that may create %s', (resource, says) => {
    const rules = `[{ apiGroups: [""], resources: [${resource}], verbs: [create] }]`;
    expect(found(account, role(rules), deployment(kubectl(wait)))).toMatchObject([
      { severity: 'error', what: expect.stringContaining(says) },
    ]);
    expect(found(account, role(rules.replace('create', 'list')), deployment(kubectl(wait)))).toEqual([]);
    // What it runs is just that, as far as can be read.
    expect(found(account, role(rules), deployment(shell('kubectl exec db-0 -- true')))).toEqual([]);
  });

  test('lets operators be, whose own program asks for every Secret', () => {
    const operator = deployment('image: "docker.io/library/busybox:1.36.1", command: [sh, -c, "echo ready"]');
    expect(found(account, role(every), operator)).toEqual([]);
  });
});

describe('init-no-deadline', () => {
  const found = (init: string, pod?: string) => initNoDeadline.look(treeOf(deployment(init, pod)));

  test.each([
    ['until kubectl get secret creds; do sleep 2; done', 'until'],
    ['while ! nc -z db 5432; do sleep 1; done', 'while'],
    ['while true; do\n  nc -z db 5432 && break\n  sleep 1\ndone', 'while'],
    ['until pg_isready -h db\ndo\n  echo waiting\n  sleep 2\ndone', 'until'],
    ['echo start; until [ -f /x ]; do sleep 1; done; echo end', 'until'],
    ['while :; do kubectl get secret x && exit 0; sleep 2; done', 'while'],
    ['until curl -s http://db/date; do sleep 2; done', 'until'],
    ['kubectl rollout status deploy/db', 'rollout status'],
    ['kubectl wait --for=create secret/x --timeout=-1s', 'negative'],
    ['kubectl get pods -w', 'never ends'],
  ])('finds the endless %j', (script, says) => {
    expect(found(shell(script))).toMatchObject([
      { severity: 'warning', what: expect.stringContaining(says) },
    ]);
  });

  test('finds kubectl wait without --timeout, whose own 30 seconds are no wait', () => {
    expect(found(kubectl('[wait, --for=create, secret/creds]'))).toMatchObject([
      {
        why: expect.stringContaining('30 seconds'),
        at: { file: 'spec.template.spec.initContainers.0.args' },
      },
    ]);
  });

  test.each([
    'timeout 900 sh -c "until nc -z db 5432; do sleep 1; done"',
    'n=0; until nc -z db 5432; do n=$((n+1)); [ $n -gt 90 ] && exit 1; sleep 2; done',
    'while :; do kubectl get secret x && exit 0; [ "$(date +%s)" -ge "$end" ] && exit 1; sleep 2; done',
    'until nc -z db 5432; do [ "$(date +%H)" = 12 ] && break; sleep 1; done',
    'until nc -z db 5432; do sleep 1; give_up && exit 3; done',
    'for i in $(seq 60); do nc -z db 5432 && exit 0; sleep 1; done; exit 1',
    'kubectl wait --for=create secret/creds --timeout=15m',
    'while read -r line; do echo "$line"; done < /etc/hosts',
    'kubectl rollout status deploy/db --timeout=5m',
    'echo until the end; do_it; echo done',
    'nc -zv db 5432',
  ])('lets %j be', (script) => {
    expect(found(shell(script))).toEqual([]);
  });

  test('lets a loop be that the pod, its Job or the command itself ends', () => {
    const loop = 'until nc -z db 5432; do sleep 1; done';
    expect(found(shell(loop), 'activeDeadlineSeconds: 600')).toEqual([]);
    expect(found(`image: "x/y:1.0.0", command: [timeout, "60", sh, -c, "${loop}"]`)).toEqual([]);
    expect(found(`restartPolicy: Always, ${shell(loop)}`)).toEqual([]);
  });

  test('says nothing of containers that are meant to run on', () => {
    const yaml = deployment(kubectl(wait)).replace(
      'name: app, image',
      'name: app, command: [sh, -c, "while true; do sleep 1; done"], image',
    );
    expect(initNoDeadline.look(treeOf(yaml))).toEqual([]);
  });

  test('reads any script without failing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'until whiledokubectlsne;&|$()"\'`\\\n!') }),
        (script) => {
          expect(Array.isArray(found(shell(script)))).toBe(true);
        },
      ),
    );
  });
});
