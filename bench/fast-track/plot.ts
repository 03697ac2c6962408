import { appendFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

export const orders = ['fast track', 'V1'] as const;
export type Order = (typeof orders)[number];

/** A copy of the castle with a real node, in one of the two orders. */
export interface Plot {
  /** Its castle file. */
  readonly castle: string;
  /** PHOENIX_STATE of its drills: what they keep is no history of the castle. */
  readonly state: string;
}

const repository = join(import.meta.dirname, '..', '..');

/**
 * What V1 waits for besides. Of the layers networking, storage and gitops come one after the other behind the engine; of
 * the tree every app comes once the database is up, which itself waits for its Secrets as it does on the fast track.
 */
const layersOfV1 = { storage: 'networking', gitops: 'storage' } as const;
const appsOfV1 = ['apps-static', 'apps-data'] as const;

/** Makes `folder` anew. The reference castle itself never has V1's order: its own lint refuses that. */
export async function plot(order: Order, folder: string): Promise<Plot> {
  const made = /(^|\/)(\.phoenix|\.terragrunt-cache|\.terraform)$/;
  await rm(folder, { recursive: true, force: true });
  // What a castle file names must lie in its repository.
  await mkdir(join(folder, '.git'), { recursive: true });
  await cp(join(repository, 'castle'), join(folder, 'castle'), {
    recursive: true,
    filter: (source) => !made.test(source),
  });
  const live = join(folder, 'castle', 'live', 'box');
  if (order === 'V1') {
    await chainLayers(live);
    await chainApps(join(folder, 'castle', 'gitops', 'clusters', 'node'));
  }
  return { castle: join(live, 'node.yaml'), state: join(folder, 'state') };
}

async function chainLayers(live: string): Promise<void> {
  for (const [layer, before] of Object.entries(layersOfV1)) {
    const unit = join(live, layer, 'terragrunt.hcl');
    if (/^dependencies\b/m.test(await readFile(unit, 'utf8')))
      throw new Error(`${layer} has \`dependencies\` of its own: V1's order would be a second such block`);
    await appendFile(unit, `\ndependencies {\n  paths = ["../${before}"]\n}\n`);
  }
}

const kustomization = z.looseObject({ patches: z.array(z.unknown()) });

async function chainApps(cluster: string): Promise<void> {
  const file = join(cluster, 'kustomization.yaml');
  const own = kustomization.parse(parse(await readFile(file, 'utf8')));
  const patches = appsOfV1.map((name) => ({
    target: { kind: 'Kustomization', name },
    patch: stringify([{ op: 'add', path: '/spec/dependsOn', value: [{ name: 'instances' }] }]),
  }));
  await writeFile(file, stringify({ ...own, patches: [...own.patches, ...patches] }));
}
