import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runChild } from '../child.ts';
import { type Cluster, connectCluster } from '../cluster/client.ts';
import { PhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { outputsOf } from '../layer/state.ts';
import type { Layer } from '../plan/discover.ts';
import { learnMade, learnOnce } from '../vault/made.ts';
import type { Run } from './run.ts';
import type { RunSecrets } from './secrets.ts';
import type { Workspace } from './workspace.ts';

export interface Access {
  readonly file: string;
  readonly cluster: Cluster;
}

/** Puts the kubeconfig that a layer gave out into the vault and connects with it. */
export async function takeKubeconfig(run: Run, outputs: ReadonlyMap<string, unknown>): Promise<Access> {
  const { layer, output } = run.castle.kubeconfig ?? { layer: '', output: '' };
  const text = outputs.get(output);
  if (typeof text !== 'string' || text === '') {
    const known = [...outputs.keys()].join(', ') || 'none';
    throw new PhoenixError({
      code: 'PHX-KUBECONFIG-MISSING',
      class: 'plan',
      what: `Layer ${layer} gives no kubeconfig.`,
      why: `Its state has no output \`${output}\` that is text; outputs: ${known}.`,
      next: `Add \`output "${output}"\` to the layer's module, or name another in kubeconfig.output of the castle file.`,
    });
  }
  // A destroy before it may have had one, of a cluster that is gone.
  await rm(join(run.vault.dir, 'kubeconfig'), { force: true });
  const file = await run.vault.write(run.vault.dir, 'kubeconfig', text);
  for (const key of ['client-key-data', 'token']) {
    const found = new RegExp(`^\\s*${key}:\\s*["']?([^\\s"']+)`, 'm').exec(text)?.[1];
    if (found === undefined) continue;
    learnOnce(run.redactor, `kubeconfig ${key}`, found);
    // The key itself too, as a program would print or store it.
    if (key === 'client-key-data')
      learnOnce(run.redactor, 'kubeconfig client key', Buffer.from(found, 'base64').toString('utf8'));
  }
  return { file, cluster: await connectCluster(file) };
}

const readWithinMs = 120_000;

/** The kubeconfig of a castle whose layer is not run this time, from the layer's state. */
export async function readKubeconfig(
  run: Run,
  workspace: Workspace,
  layers: ReadonlyMap<string, Layer>,
  secrets: RunSecrets,
): Promise<Access> {
  const name = run.castle.kubeconfig?.layer ?? '';
  const files = secrets.varFiles(name).map((file) => `-var-file=${file}`);
  const args = [
    'run',
    '--working-dir',
    layers.get(name)?.dir ?? '',
    '--non-interactive',
    '--no-color',
    '--',
    'output',
    '-json',
  ];
  const env = workspace.environment({ TG_TF_PATH: workspace.engine, ...secrets.environment(name) });
  const { code, stdout, stderr, trouble } = await runChild(workspace.terragrunt, [...args, ...files], {
    env,
    signal: run.signal,
    timeoutMs: readWithinMs,
  });
  const outputs = code === 0 ? outputsFormat.safeParse(parseJson(stdout)) : undefined;
  if (outputs?.success !== true) {
    throw new PhoenixError({
      code: 'PHX-KUBECONFIG-STATE',
      class: 'plan',
      what: `The kubeconfig cannot be read from the state of layer ${name}.`,
      why: trouble ?? (stderr.trim().split('\n').at(-1) || 'Its outputs are not JSON.'),
      next: `Run the whole rebirth, or --from ${name}, so that the layer gives it anew.`,
    });
  }
  const read = outputsOf(outputs.data);
  learnMade(run.redactor, name, read.sensitive);
  return takeKubeconfig(run, read.outputs);
}

const outputsFormat = z.record(
  z.string(),
  z.object({ value: z.unknown(), sensitive: z.boolean().optional() }),
);
