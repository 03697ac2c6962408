import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { pins } from '../../src/toolchain/install.ts';
import { canariesOf } from '../support/box-canaries.ts';
import { processesOf } from '../support/processes.ts';
import { expectClean } from '../support/refusals.ts';
import { tool } from '../support/tools.ts';
import { copyBoxCastle, makeWorld, type World, warmTools } from '../support/world.ts';

const seed = 1871;
const boxTools = ['etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const;

beforeAll(
  () => warmTools(['tofu', 'terragrunt', ...boxTools, 'source-controller', 'kustomize-controller']),
  1_800_000,
);

test('one command rebuilds the castle of the box: every layer, the claim, GitOps, milestones, and a ledger that closes', async () => {
  await using world = await makeWorld();
  const running = await world.start([...(await copyBoxCastle(world, seed)), '--json']);
  await running.sees(/token proved/);
  const claimed = await claimedSecret(world);
  const programs = (await processesOf(world.mark)).map(({ command }) =>
    basename(command.split(' ')[0] ?? ''),
  );
  const ended = await running.ended;

  expect(ended.code, ended.stderr).toBe(0);
  const report = reportSchema.parse(JSON.parse(ended.stdout));
  expect(report).toEqual(ended.report);
  expect(report).toMatchObject({ verdict: 'reborn', mode: 'rehearsal', error: null, failures: [] });

  const verdicts = Object.fromEntries(report.layers.map(({ name, verdict }) => [name, verdict]));
  expect(verdicts).toEqual({
    secrets: 'applied',
    platform: 'applied',
    engine: 'applied',
    networking: 'applied',
    storage: 'applied',
    gitops: 'applied',
  });
  expect(report.gates).toMatchObject([{ name: 'claim', after: 'engine', verdict: 'passed' }]);
  expect(report.milestones).toMatchObject([
    { name: 'blog', met: true },
    { name: 'stack', met: true },
  ]);
  expect(report.versions).toMatchObject({ tofu: pins.tofu, terragrunt: pins.terragrunt, etcd: pins.etcd });
  // What only `--node kwok` needs costs nobody else anything.
  expect(Object.keys(report.versions)).not.toEqual(expect.arrayContaining(['kwok']));

  // The Secret that Flux pulls with was made by External Secrets itself, which really runs, out of Infisical.
  const { metadata, data } = claimed;
  expect(metadata.ownerReferences).toMatchObject([{ kind: 'ExternalSecret', name: 'github-api-token' }]);
  expect(metadata.managedFields.map(({ manager }) => manager).join(' ')).toMatch(/external-?secrets/i);
  expect(metadata.managedFields.map(({ manager }) => manager)).not.toContain('phoenix');
  expect(decoded(data['username'])).toBe('git');
  expect(decoded(data['password'])).toBe(canariesOf(seed).get('GITHUB_TOKEN'));
  expect(programs).toEqual(expect.arrayContaining(['etcd', 'kube-apiserver', 'external-secrets']));

  // The ledger: each second belongs somewhere, and the critical path is a chain of what waited for one another.
  expect(report.unattributedSeconds / report.wallSeconds).toBeLessThanOrEqual(0.02);
  const { criticalPath } = report;
  expect(criticalPath.slice(0, 3)).toEqual(['secrets', 'platform', 'engine']);
  const waits = new Map<string, readonly string[]>([
    ...report.layers.map(({ name, dependencies }) => [name, dependencies] as const),
    ...report.gates.map(({ name, after }) => [name, [after]] as const),
  ]);
  for (const [index, name] of criticalPath.entries()) {
    if (index > 0) expect(waits.get(name)).toContain(criticalPath[index - 1]);
  }
  expect(report.criticalPathSeconds).toBeLessThan(report.wallSeconds);
  const blog = report.milestones.find(({ name }) => name === 'blog');
  const claimEnd = report.spans.find(({ name, kind }) => name === 'claim' && kind === 'gate')?.to;
  expect(blog?.seconds).toBeGreaterThan(claimEnd ?? Number.POSITIVE_INFINITY);

  expect(report.leaks.found).toEqual([]);
  expect(report.leaks.checked).toBeGreaterThan(300);
  expectClean(ended.output, canariesOf(seed));
  expect(await world.leftovers()).toEqual([]);
});

interface Claimed {
  readonly metadata: {
    readonly ownerReferences: readonly object[];
    readonly managedFields: readonly { readonly manager: string }[];
  };
  readonly data: Readonly<Record<string, string>>;
}

/** Secret flux-system/flux-system as the API server has it, read with the kubeconfig in the run's vault. */
async function claimedSecret({ vault }: World): Promise<Claimed> {
  const [name = ''] = (await readdir(vault)).filter((entry) => entry.startsWith('phoenix-vault-'));
  const kubeconfig = join(vault, name, 'kubeconfig');
  const { code, stdout, stderr } = await capture(await tool('kubectl'), [
    `--kubeconfig=${kubeconfig}`,
    '--namespace=flux-system',
    'get',
    'secret/flux-system',
    '--show-managed-fields',
    '--output=json',
  ]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function decoded(text: string | undefined): string {
  return Buffer.from(text ?? '', 'base64').toString('utf8');
}
