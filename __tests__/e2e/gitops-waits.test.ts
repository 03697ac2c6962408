import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { eventually } from '../support/box.ts';
import { tool } from '../support/tools.ts';
import { copyBoxCastle, makeWorld, type World, warmTools } from '../support/world.ts';

const boxTools = ['etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const;
const fluxTools = ['source-controller', 'kustomize-controller'] as const;
const nodeTools = ['kube-controller-manager', 'kube-scheduler', 'kwok'] as const;

beforeAll(() => warmTools(['tofu', 'terragrunt', ...boxTools, ...fluxTools, ...nodeTools]), 3_600_000);

test('with every wait of the castle on, the blog stands before the database, which stands once it is restored', async () => {
  await using world = await makeWorld();
  const args = await copyBoxCastle(world, 2207);
  await waitAsTheCastleDoes(world);
  const running = await world.start([...args, '--node', 'kwok', '--json']);
  await running.sees(/\[gitops\] applied/, 240);

  const ready = async (name: string) => (await conditions(world)).get(name);
  await eventually('the blog is Ready', 120, async () => (await ready('apps-static'))?.status === 'True');
  const asked = ['get', 'postgrescluster/tazlab-db', '--namespace=tazlab-db', '--output=name'];
  await eventually('the database is asked for', 120, () =>
    kubectl(world, asked).then(
      () => true,
      () => false,
    ),
  );
  expect(await ready('instances')).not.toMatchObject({ status: 'True' });

  // The test does what the operator would, which no pod here is.
  await restored(world, {
    conditions: [{ ...initialised, status: 'False', reason: 'PGBackRestRestoreFailed' }],
  });
  const failed = async () => {
    const { status, reason } = (await ready('instances')) ?? {};
    return status === 'False' && reason === 'HealthCheckFailed';
  };
  await eventually('the failed restore is told at once', 60, failed);
  // Pods fail minutes before the operator gives the restore up; and a later one may succeed.
  const pods = (of: object) => ({ pgbackrest: { restore: { id: '', ...of } } });
  await restored(world, { conditions: [], ...pods({ active: 1, failed: 1 }) });
  await eventually('one failed pod is no failed restore', 60, async () => !(await failed()));
  await restored(world, pods({ active: 1, failed: 2 }));
  await eventually('a second failed pod is told at once', 60, failed);
  await restored(world, {
    ...pods({ active: 0, failed: 2, succeeded: 1 }),
    conditions: [{ ...initialised, status: 'True', reason: 'PGBackRestRestoreComplete' }],
    instances: [{ name: 'instance1', replicas: 1, readyReplicas: 1 }],
  });
  await restored(world, { pgbackrest: { repos: [{ name: 'repo1', stanzaCreated: true }] } });

  const ended = await running.ended;
  const { report } = ended;
  expect(report).toMatchObject({ verdict: 'reborn', error: null, failures: [], leaks: { found: [] } });
  expect(ended.code).toBe(0);
  const milestones = report?.milestones ?? [];
  const [blog, stack] = milestones;
  expect(milestones).toMatchObject([
    { name: 'blog', met: true },
    { name: 'stack', met: true },
  ]);
  expect(blog?.seconds).toBeLessThan(stack?.seconds ?? 0);
  expect(await world.leftovers()).toEqual([]);
}, 900_000);

const initialised = {
  type: 'PostgresDataInitialized',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

/** Takes from the box's tree the patch that spares it to wait for workloads, and gives its milestones more time. */
async function waitAsTheCastleDoes({ dir }: World): Promise<void> {
  const change = async (file: string, from: RegExp, to: string) => {
    const text = await readFile(join(dir, 'castle', file), 'utf8');
    expect(text).toMatch(from);
    await writeFile(join(dir, 'castle', file), text.replace(from, to));
  };
  await change(
    'gitops/clusters/box/kustomization.yaml',
    /name: operators-core\|operators-data\|instances\|apps-static\|apps-data/,
    'name: none-of-them',
  );
  await change('live/box/phoenix.yaml', /within: 60s, all/, 'within: 4m, all');
  await change('live/box/phoenix.yaml', /within: 90s, all/, 'within: 6m, all');
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

interface Listed {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** The condition Ready of each Kustomization that has one, by name. */
async function conditions(world: World): Promise<Map<string, Condition>> {
  const said = await kubectl(world, ['get', 'kustomizations', '--namespace=flux-system', '--output=json']);
  const { items } = JSON.parse(said) as { readonly items: readonly Listed[] };
  const named = items.flatMap(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready === undefined ? [] : [[metadata.name, ready] as const];
  });
  return new Map(named);
}

async function restored(world: World, status: object): Promise<void> {
  const patch = ['patch', 'postgrescluster/tazlab-db', '--namespace=tazlab-db', '--subresource=status'];
  await kubectl(world, [...patch, '--type=merge', `--patch=${JSON.stringify({ status })}`]);
}

async function kubectl({ vault, dir }: World, args: readonly string[]): Promise<string> {
  const [name = ''] = (await readdir(vault)).filter((entry) => entry.startsWith('phoenix-vault-'));
  const kubeconfig = `--kubeconfig=${join(vault, name, 'kubeconfig')}`;
  const cache = `--cache-dir=${join(dir, 'kubectl-cache')}`;
  const { code, stdout, stderr } = await capture(await tool('kubectl'), [kubeconfig, cache, ...args]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
