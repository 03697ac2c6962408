import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { type Deployment, imageRepository } from './container.ts';
import type { KubeApi } from './kube-api.ts';
import { type Run, runDeployment } from './node-run.ts';
import type { Followed } from './node-status.ts';
import type { Supervisor } from './supervisor.ts';

export interface NodeOptions {
  readonly api: KubeApi;
  /** For the kubeconfigs of what runs. */
  readonly server: string;
  readonly ca: string;
  readonly supervisor: Supervisor;
  readonly followed: Followed;
  /** The program that stands for an image, by the image's repository. */
  readonly programs: ReadonlyMap<string, { readonly name: string; readonly file: string }>;
  /** On the RAM filesystem: kubeconfigs with tokens, homes, volumes, logs. */
  readonly dir: string;
  readonly log: (source: string, text: string) => void;
}

const reconnectMs = 200;

const list = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
});
const event = z.object({ type: z.string(), object: z.unknown() });

/**
 * The box's stand-in for a node: workloads of images that it has a program for become processes of this machine, with
 * a real ServiceAccount's token and no more rights than the manifests give it. Others are left alone. Ends, with all
 * that it runs, when disposed of.
 */
export function startNode(options: NodeOptions): AsyncDisposable {
  const { api, followed } = options;
  const stopping = new AbortController();
  const runs = new Map<string, Run>();
  const turns = new Map<string, Promise<void>>();

  /** One workload's changes one after another, different ones side by side. */
  const inTurn = (key: string, work: () => Promise<void>) => {
    const next = (turns.get(key) ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => options.log('box-node', `${key}: ${messageOf(error)}`));
    turns.set(key, next);
  };
  const wanted = (manifest: Deployment) => {
    const program = programOf(manifest, options.programs);
    if (program === undefined) return;
    const key = keyOf(manifest);
    runs.get(key)?.supersededBy(manifest);
    inTurn(key, async () => {
      const current = runs.get(key);
      if (stopping.signal.aborted || (current !== undefined && (await current.keeps(manifest)))) return;
      await current?.end();
      runs.delete(key);
      if (manifest.spec.replicas > 0) runs.set(key, runDeployment(options, manifest, program));
      else await followed.released(api, manifest);
    });
  };
  const gone = (key: string) => {
    runs.get(key)?.cancel();
    inTurn(key, async () => {
      await runs.get(key)?.end();
      runs.delete(key);
    });
  };
  const follow = async () => {
    const listed = list.parse((await api.request('GET', followed.path)).body);
    const present = listed.items.flatMap((item) => followed.read(item));
    const keys = new Set(present.map(keyOf));
    for (const key of runs.keys()) if (!keys.has(key)) gone(key);
    present.forEach(wanted);
    const address = `${followed.path}&resourceVersion=${listed.metadata.resourceVersion}`;
    for await (const line of api.watch(address, stopping.signal)) {
      const { type, object } = event.parse(line);
      if (type === 'ERROR') return;
      for (const manifest of followed.read(object)) {
        if (type === 'DELETED') gone(keyOf(manifest));
        else wanted(manifest);
      }
    }
  };
  const following = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (!stopping.signal.aborted) options.log('box-node', `watching again: ${messageOf(error)}`);
      }
      await sleep(reconnectMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      for (const run of runs.values()) run.cancel();
      await following;
      await Promise.all(turns.values());
      await Promise.all([...runs.values()].map((run) => run.end()));
    },
  };
}

const keyOf = ({ metadata }: Deployment) => `${metadata.namespace}/${metadata.name}`;

/** A pod of several containers, or with init containers, is more than one process can stand for. */
function programOf({ spec }: Deployment, programs: NodeOptions['programs']) {
  const { containers, initContainers } = spec.template.spec;
  const [only] = containers;
  if (only === undefined || containers.length > 1 || initContainers.length > 0) return undefined;
  return programs.get(imageRepository(only.image));
}
