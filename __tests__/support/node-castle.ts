import { cp, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { assertNodeHost } from '../../src/doctor/node/assert.ts';
import { makeWorld, type World, warmTools } from './world.ts';

const repository = join(import.meta.dirname, '../..');

/** Whether this machine can hold a real node: Linux, root, containerd, runc and the rest of `doctor --node real`. */
export const canHoldNode = await assertNodeHost({
  env: process.env,
  signal: AbortSignal.timeout(30_000),
}).then(
  () => true,
  () => false,
);

export const warmNodeTools = () =>
  warmTools([
    ...(['tofu', 'terragrunt', 'kubectl', 'etcd', 'kube-apiserver', 'kube-controller-manager'] as const),
    ...(['kube-scheduler', 'kubelet', 'kube-proxy', 'coredns', 'versitygw', 'external-secrets'] as const),
    ...(['source-controller', 'kustomize-controller', 'metallb-controller'] as const),
  ]);

export interface NodeCastle extends AsyncDisposable {
  readonly world: World;
  /** `phoenix COMMAND` of the castle with a real node, in the world's own copy of it. */
  run(command: 'drill' | 'rehearse', more?: readonly string[]): ReturnType<World['run']>;
}

/**
 * The castle with a real node, copied into a world of its own. `stackWithin`: the target of its milestone, twice which it
 * is waited for.
 */
export async function nodeCastle({ stackWithin }: { readonly stackWithin: string }): Promise<NodeCastle> {
  const world = await makeWorld();
  const made = /(^|\/)(\.phoenix|\.terragrunt-cache|\.terraform)$/;
  await cp(join(repository, 'castle'), join(world.dir, 'castle'), {
    recursive: true,
    filter: (source) => !made.test(source),
  });
  const file = join(world.dir, 'castle/live/box/node.yaml');
  const text = await readFile(file, 'utf8');
  const target = /(\n {2}stack:\n {4}within: )\S+/;
  if (!target.test(text)) throw new Error('the castle has no milestone `stack` with a target');
  await writeFile(file, text.replace(target, `$1${stackWithin}`));
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return {
    world,
    run: (command, more = []) =>
      world.run([command, '--castle', file, '--node', 'real', ...more], { XDG_CACHE_HOME: cache }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Cgroups of nodes that are there. */
export async function nodeCgroups(): Promise<string[]> {
  const { glob } = await import('node:fs/promises');
  const found: string[] = [];
  for await (const path of glob('/sys/fs/cgroup/{,*/}phoenix-????????')) found.push(path);
  return found.toSorted();
}
