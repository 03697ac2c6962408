import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { pins } from '../../src/toolchain/install.ts';
import { boxTools, eventually, openTestBox } from './box.ts';
import { goModule } from './go-module.ts';
import { tool } from './tools.ts';

export const modules = join(import.meta.dirname, '../../castle/modules');

export interface Said {
  readonly code: number | null;
  readonly output: string;
}

/** A real etcd and API server without nodes, and OpenTofu with the castle's modules against it. */
export async function openModuleCluster() {
  const [kubectl, tofu] = [await tool('kubectl'), await tool('tofu')];
  const box = await openTestBox({ tools: await boxTools() });
  await box.machine();
  const programs = join(box.dir, 'programs');
  await mkdir(programs);
  await symlink(kubectl, join(programs, 'kubectl'));
  const kubeconfig = join(box.dir, 'test-kubeconfig');
  await writeFile(kubeconfig, await box.kubeconfig(), { mode: 0o600 });
  const env = {
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    KUBECONFIG: kubeconfig,
    HOME: box.dir,
  };
  const copied = join(box.dir, 'modules');
  await cp(modules, copied, { recursive: true });

  const kube = async (args: readonly string[], input = ''): Promise<string> => {
    const running = promisify(execFile)(kubectl, [...args], { env, maxBuffer: 64 * 1024 * 1024 });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };
  const start = (
    file: string,
    args: readonly string[],
    more: Readonly<Record<string, string>>,
    cwd: string,
  ) => {
    const child = spawn(file, [...args], {
      cwd,
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return ended.then(([out, error, [code]]): Said => ({ code: code as number | null, output: out + error }));
  };
  const runTofu = (name: string, args: readonly string[]) =>
    start(tofu, [...args, '-no-color'], {}, join(copied, name));

  /** No controller runs here: what a Deployment's or DaemonSet's would say once its pods run is said by the test. */
  const sayRolledOut = async (namespace: string, kind: 'deployment' | 'daemonset', name: string) => {
    const { metadata } = JSON.parse(
      await kube(['get', kind, name, `--namespace=${namespace}`, '--output=json']),
    );
    const observedGeneration = metadata.generation;
    const status =
      kind === 'deployment'
        ? { observedGeneration, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }
        : {
            ...{ observedGeneration, desiredNumberScheduled: 1, currentNumberScheduled: 1 },
            ...{ updatedNumberScheduled: 1, numberAvailable: 1, numberReady: 1, numberMisscheduled: 0 },
          };
    await kube([
      ...['patch', kind, name, `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
      `--patch=${JSON.stringify({ status })}`,
    ]);
  };

  return {
    box,
    kube,
    /** Runs a script of the modules as a layer would. */
    gate: (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
      start(process.execPath, [join(copied, 'gate/gate.mjs'), ...args], more, copied),
    json: async (...args: string[]) => JSON.parse(await kube(['get', ...args, '--output=json'])),
    apply: (manifest: string) =>
      kube(['apply', '--server-side', '--force-conflicts', '--filename=-'], manifest),
    /** `tofu ACTION` of a module with these variables. */
    async tofu(
      name: string,
      action: 'validate' | 'plan' | 'apply' | 'destroy',
      variables: object = {},
    ): Promise<Said> {
      const given = join(copied, name, 'terraform.tfvars.json');
      await writeFile(given, JSON.stringify({ node: process.execPath, ...variables }));
      const made = await runTofu(name, ['init', '-input=false']);
      if (made.code !== 0) return made;
      const options = {
        validate: [],
        plan: ['-detailed-exitcode'],
        apply: ['-auto-approve'],
        destroy: ['-auto-approve'],
      };
      return runTofu(name, [action, ...options[action]]);
    },
    sayRolledOut,
    /** The same, for what is yet to be applied. */
    async rollOutWhenThere(namespace: string, kind: 'deployment' | 'daemonset', name: string) {
      await eventually(`${kind} ${name}`, 90, () =>
        kube(['get', kind, name, `--namespace=${namespace}`]).then(
          () => true,
          () => false,
        ),
      );
      await sayRolledOut(namespace, kind, name);
    },
    /** As the EndpointSlice controller would, once a pod of the Service is ready. */
    sayEndpoint: (namespace: string, service: string, ready: boolean) =>
      kube(
        ['apply', '--server-side', '--force-conflicts', '--filename=-'],
        JSON.stringify({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            name: `${service}-test`,
            namespace,
            labels: { 'kubernetes.io/service-name': service },
          },
          addressType: 'IPv4',
          endpoints: [{ addresses: ['192.0.2.99'], conditions: { ready } }],
          ports: [{ port: 9443 }],
        }),
      ),
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      await rm(copied, { recursive: true, force: true });
    },
  };
}

export type ModuleCluster = Awaited<ReturnType<typeof openModuleCluster>>;

/** The CRDs of a pinned operator, as its Go module has them. */
export async function crdsOf(
  name: 'external-secrets' | 'source-controller' | 'kustomize-controller',
): Promise<{ readonly source: string }[]> {
  if (name === 'external-secrets') {
    const folder = await goModule('github.com/external-secrets/external-secrets', `v${pins[name]}`);
    return [{ source: join(folder, 'deploy/crds/bundle.yaml') }];
  }
  const folder = join(await goModule(`github.com/fluxcd/${name}`, `v${pins[name]}`), 'config/crd/bases');
  return (await readdir(folder)).map((file) => ({ source: join(folder, file) }));
}
