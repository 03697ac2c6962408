import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Castle } from '../../castle/load.ts';
import { renderUnit } from '../../plan/render.ts';
import type { Subject } from '../check.ts';

/** Longhorn's driver, images or chart in a layer's inputs or module, or in the GitOps tree. */
const traces =
  /driver\.longhorn\.io|longhornio\/longhorn|\blonghorn-manager\b|charts\.longhorn\.io|\bchart\s*[:=]\s*"?longhorn\b/;

export async function usesLonghorn(
  { gitops }: Pick<Castle, 'gitops'>,
  { planned, signal }: Pick<Subject, 'planned' | 'signal'>,
): Promise<boolean> {
  const found = await planned();
  if ('status' in found) return false;
  for (const layer of found.plan.layers.values()) {
    const unit = await renderUnit(layer, { ...found.terragrunt, signal });
    if (typeof unit === 'string') continue;
    if (traces.test(JSON.stringify(unit.inputs ?? {}))) return true;
    const { source } = unit;
    if (
      source !== undefined &&
      /^[./]/.test(source) &&
      (await foundBelow(resolve(layer.dir, source.replace('//', '/'))))
    )
      return true;
  }
  return gitops !== undefined && foundBelow(gitops.dir);
}

const most = 5_000;

async function foundBelow(dir: string): Promise<boolean> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile() && /\.(?:tf|tofu|ya?ml|sh|mjs)$/.test(entry.name))
    .slice(0, most);
  for (const file of files)
    if (traces.test(await readFile(join(file.parentPath, file.name), 'utf8').catch(() => ''))) return true;
  return false;
}
