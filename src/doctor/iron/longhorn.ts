import type { Castle } from '../../castle/load.ts';
import { localModule, renderUnit } from '../../plan/render.ts';
import type { Subject } from '../check.ts';
import { textsBelow } from './texts.ts';

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
    const module = localModule(layer.dir, unit.source);
    if (module !== undefined && (await foundBelow(module))) return true;
  }
  return gitops !== undefined && foundBelow(gitops.dir);
}

async function foundBelow(dir: string): Promise<boolean> {
  return (await textsBelow(dir, /\.(?:tf|tofu|ya?ml|sh|mjs)$/)).some((text) => traces.test(text));
}
