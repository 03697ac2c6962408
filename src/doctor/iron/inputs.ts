import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Castle } from '../../castle/load.ts';
import { localModule, renderUnit } from '../../plan/render.ts';
import { type Finding, type Subject, skipped } from '../check.ts';

/** A machine as the layer that makes them is told to make it. */
export interface PlannedMachine {
  readonly key: string;
  readonly vmid: number;
  readonly address: string;
  /** `controlplane`, `worker`; undefined where the layer does not say. */
  readonly role: string | undefined;
}

/** What the layer that brings the cluster up is told, as far as its inputs have the names of castle/modules/platform. */
export interface Platform {
  readonly layer: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Text of its inputs, of its own HCL, and of its modules as far as they lie on this machine. */
  readonly text: string;
  /** Whether that is all: a module that is fetched from elsewhere is not read. */
  readonly whole: boolean;
}

const machines = z.record(
  z.string(),
  z.looseObject({
    vmid: z.number().int(),
    address: z.string(),
    role: z.string().optional(),
  }),
);

type Asked = Pick<Subject, 'planned' | 'edge'>;

/** By the plan that it is of: half the checks of the iron ask for it, and each answer is a run of Terragrunt. */
const known = new WeakMap<Asked['planned'], Promise<Platform | Finding>>();

/** A finding says why it is not known; what is wrong with the plan itself is the finding of another check. */
export function platformOf(castle: Castle, asked: Asked): Promise<Platform | Finding> {
  const found = known.get(asked.planned) ?? readPlatform(castle, asked);
  known.set(asked.planned, found);
  return found;
}

async function readPlatform(
  { kubeconfig }: Castle,
  { planned, edge: { signal } }: Asked,
): Promise<Platform | Finding> {
  if (kubeconfig === undefined) return skipped('the castle file names no layer that brings the cluster up');
  const found = await planned().catch(() => skipped('the tree cannot be planned'));
  if ('status' in found) return skipped(found.saw);
  const layer = found.plan.layers.get(kubeconfig.layer);
  if (layer === undefined) return skipped(`there is no layer ${kubeconfig.layer}`);
  const unit = await renderUnit(layer, { ...found.terragrunt, signal });
  if (typeof unit === 'string') return skipped(unit);
  if (unit.inputs === undefined)
    return skipped(`the inputs of ${layer.name} take an output of another layer`);
  const { source } = unit;
  const module = source === undefined ? layer.dir : localModule(layer.dir, source);
  const own = module === undefined ? '' : await moduleText(module);
  const text = [JSON.stringify(unit.inputs), ...unit.generated, own].join('\n');
  return { layer: layer.name, inputs: unit.inputs, text, whole: module !== undefined };
}

/** The machines that the layer is to make; a finding where its inputs have none of that form. */
export function machinesOf({ layer, inputs }: Platform): readonly PlannedMachine[] | Finding {
  const parsed = machines.safeParse(inputs['machines']);
  if (!parsed.success)
    return skipped(
      `${layer} has no input \`machines\` that tells VM ids and addresses, as castle/modules/platform has`,
    );
  return Object.entries(parsed.data).map(([key, { vmid, address, role }]) => ({ key, vmid, address, role }));
}

const calls = /^\s*source\s*=\s*"(\.{1,2}\/[^"]+)"/gm;

/** The files of a module, and of those that it calls by a path; each folder once. */
async function moduleText(root: string): Promise<string> {
  const seen = new Set<string>();
  const read = async (dir: string): Promise<string> => {
    if (seen.has(dir)) return '';
    seen.add(dir);
    const names = (await readdir(dir).catch(() => [])).filter((name) =>
      /\.(?:tf|tofu|tftpl|tpl|ya?ml)$/.test(name),
    );
    const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
    const text = texts.join('\n');
    const called = [...text.matchAll(calls)].map(([, source = '']) => resolve(dir, source));
    return [text, ...(await Promise.all(called.map(read)))].join('\n');
  };
  return read(root);
}
