import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Mood, startAdmissionWebhook } from '../support/admission-webhook.ts';
import { eventually } from '../support/box.ts';
import { expectCode } from '../support/codes.ts';
import { goModule } from '../support/go-module.ts';
import { type ModuleCluster, modules, openModuleCluster } from '../support/module-cluster.ts';
import { processesOf } from '../support/processes.ts';
import { warmTools } from '../support/world.ts';

const namespace = 'gate';
const gateScript = join(modules, 'gate/gate.mjs');
const crd = 'crd/ipaddresspools.metallb.io';

let cluster: ModuleCluster;
let webhook: Awaited<ReturnType<typeof startAdmissionWebhook>>;
let objects: string;

beforeAll(async () => {
  await warmTools(['etcd', 'kube-apiserver', 'kubectl', 'tofu']);
  cluster = await openModuleCluster();
  webhook = await startAdmissionWebhook();
  const bases = join(await goModule('go.universe.tf/metallb', 'v0.16.2'), 'config/crd/bases');
  for (const name of ['ipaddresspools', 'l2advertisements'])
    await cluster.apply(await readFile(join(bases, `metallb.io_${name}.yaml`), 'utf8'));
  await cluster.kube(['create', 'namespace', namespace]);
  await cluster.kube(['create', 'serviceaccount', 'default', `--namespace=${namespace}`]);
  const pool = await readFile(join(modules, 'networking/pool.yaml'), 'utf8');
  objects = pool
    .replaceAll('metallb-system', namespace)
    .replace('$' + '{addresses}', '[10.0.0.240-10.0.0.250]');
}, 900_000);

afterAll(async () => {
  await webhook?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

/** The webhook is asked about pools alone, as MetalLB's own; it hangs for longer than the API server waits. */
beforeEach(async () => {
  await cluster.apply(
    JSON.stringify({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'pools' },
      webhooks: [
        {
          name: 'pools.test.invalid',
          clientConfig: { url: webhook.url, caBundle: webhook.caBundle },
          rules: [
            {
              ...{ apiGroups: ['metallb.io'], apiVersions: ['v1beta1'] },
              ...{ operations: ['CREATE', 'UPDATE'], resources: ['ipaddresspools'] },
            },
          ],
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          timeoutSeconds: 2,
        },
      ],
    }),
  );
  await cluster.kube(['delete', kinds, '--all', `--namespace=${namespace}`, '--ignore-not-found']);
});

const pass = (within: string, conditions: readonly string[], given = '') =>
  cluster.gate([within, ...conditions], { GATE_OBJECTS: given, GATE_MANAGER: 'gate' });
/** The webhook is asked about pools alone: an advertisement without one would be half of what was asked for. */
const kinds = 'ipaddresspools.metallb.io,l2advertisements.metallb.io';
const made = async () => (await cluster.json(kinds, `--namespace=${namespace}`)).items.length;
const seconds = async <T>(work: Promise<T>): Promise<[T, number]> => {
  const started = performance.now();
  return [await work, (performance.now() - started) / 1000];
};

describe('the pool of the load balancer', () => {
  test.each<[Mood, RegExp]>([
    ['refuses', /failed calling webhook .*connection refused/],
    ['503', /failed calling webhook .*unable to handle the request/],
    ['hangs', /failed calling webhook .*(deadline exceeded|timeout|Timeout)/],
  ])('waits for a webhook that %s, and comes once it admits', async (mood, words) => {
    await webhook.become(mood);
    const passing = pass('60s', [crd], objects);
    await sleep(3_500);
    expect(await made()).toBe(0);
    await webhook.become('admits');
    const passed = await passing;
    expect(passed.code, passed.output).toBe(0);
    expect(passed.output).toMatch(words);
    expect(await made()).toBe(2);
  });

  test('never comes past a webhook that stays away: the deadline says what was last seen', async () => {
    await webhook.become('503');
    const [passed, took] = await seconds(pass('4s', [crd], objects));
    expect(passed.code, passed.output).toBe(1);
    expect(passed.output).toMatch(
      /the webhook answers: not within 4s\.\n {2}why: {2}last seen: .*failed calling webhook/,
    );
    expect(took).toBeLessThan(10);
    expect(await made()).toBe(0);
  });

  test('that the webhook denies is refused at once, in its words', async () => {
    await webhook.become({ denies: 'invalid CIDR "10.0.0.300"' });
    const [passed, took] = await seconds(pass('60s', [crd], objects));
    expect(passed.code, passed.output).toBe(1);
    expect(passed.output).toContain('denied the request: invalid CIDR "10.0.0.300"');
    expect(took).toBeLessThan(10);
    expect(await made()).toBe(0);
  });

  test('is asked about again where the webhook cannot read its own objects yet', async () => {
    await webhook.become({ denies: 'failed to get existing addresspools' });
    const passing = pass('60s', [crd], objects);
    await sleep(2_000);
    await webhook.become('admits');
    expectCode(await passing, 0);
  });

  test('with a field that its CRD does not know is refused at once', async () => {
    await webhook.become('admits');
    const [passed, took] = await seconds(pass('60s', [crd], objects.replace('addresses:', 'adresses:')));
    expect(passed.code, passed.output).toBe(1);
    expect(passed.output).toMatch(/adresses/);
    expect(took).toBeLessThan(10);
  });
});

describe('a gate', () => {
  test('waits for what is not there yet, which kubectl wait does not', async () => {
    const passing = pass('60s', ['deployment/gate/late', 'daemonset/gate/late', 'service/gate/late']);
    await sleep(1_500);
    for (const kind of ['Deployment', 'DaemonSet']) {
      const labels = { app: 'late' };
      const template = {
        metadata: { labels },
        spec: { containers: [{ name: 'a', image: 'a.invalid/a:1' }] },
      };
      await cluster.apply(
        JSON.stringify({
          ...{ apiVersion: 'apps/v1', kind, metadata: { name: 'late', namespace } },
          spec: { selector: { matchLabels: labels }, template },
        }),
      );
    }
    await sleep(1_500);
    await cluster.sayRolledOut(namespace, 'deployment', 'late');
    await cluster.sayRolledOut(namespace, 'daemonset', 'late');
    await cluster.sayEndpoint(namespace, 'late', true);
    const passed = await passing;
    expect(passed.code, passed.output).toBe(0);
    expect(passed.output).toMatch(/deployment\/gate\/late: not yet, it does not exist yet/);
    expect(passed.output).toMatch(/deployment\/gate\/late: not yet, 0 of 1 available/);
  });

  test.each([
    ['crd/ipaddresspools.metallb.io,pools.invalid', 'not established: pools.invalid'],
    ['deployment/gate/never', 'it does not exist yet'],
    ['service/gate/never', 'it has no EndpointSlice'],
    ['webhook/never', 'it does not exist yet'],
  ])('at its deadline says of %s what it last saw', async (condition, words) => {
    const passed = await pass('2s', [condition]);
    expect(passed.code, passed.output).toBe(1);
    expect(passed.output).toContain(`${condition}: not within 2s.\n  why:  last seen: ${words}`);
  });

  test('tells of the image that a workload waits for', async () => {
    const pod = { name: 'stuck', namespace };
    const spec = {
      containers: [{ name: 'a', image: 'ghcr.invalid/a:1' }],
      automountServiceAccountToken: false,
    };
    await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: pod, spec }));
    const waiting = { reason: 'ErrImagePull', message: 'toomanyrequests: rate exceeded' };
    const status = {
      containerStatuses: [
        { name: 'a', image: 'a', imageID: '', ready: false, restartCount: 0, state: { waiting } },
      ],
    };
    await cluster.kube([
      ...['patch', 'pod', 'stuck', `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
      `--patch=${JSON.stringify({ status })}`,
    ]);
    const passed = await pass('2s', ['deployment/gate/never']);
    expect(passed.output).toContain('stuck: ErrImagePull toomanyrequests: rate exceeded');
  });

  test('ends with the shell that a cancelled layer kills', async () => {
    const shell = spawn(
      'sh',
      ['-c', `"${process.execPath}" "${gateScript}" 60s ${crd} deployment/gate/never; true`],
      {
        env: { ...process.env, KUBECONFIG: join(cluster.box.dir, 'test-kubeconfig') },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [first] = await once(shell.stdout, 'data');
    expect(String(first)).toContain(crd);
    const [gate] = await processesOf(gateScript);
    shell.kill('SIGKILL');
    await eventually('the gate has ended', 30, async () => (await processesOf(gateScript)).length === 0);
    expect(gate).toBeDefined();
  });

  test('is not waited for where no kubeconfig is named', async () => {
    const [passed, took] = await seconds(cluster.gate(['60s', crd], { KUBECONFIG: '' }));
    expect(passed.code, passed.output).toBe(1);
    expect(passed.output).toContain('KUBECONFIG');
    expect(took).toBeLessThan(10);
  });

  test('says of an API server that is not there what kubectl said', async () => {
    const file = join(cluster.box.dir, 'nowhere');
    await writeFile(
      file,
      (await cluster.box.kubeconfig()).replace(/server: \S+/, 'server: https://127.0.0.1:1'),
    );
    const passed = await cluster.gate(['2s', crd], { KUBECONFIG: file });
    expect(passed.code, passed.output).toBe(1);
    expect(passed.output).toMatch(/last seen: .*refused/);
  });
});
